// History.swift — what has been said, in order, and the two rules by which parts of it are left out.
//
// Chain of thought (published rule for gpt-oss): it stays while the turn is in its tool loop, and is
// dropped once a final answer has been given. Tool output: when the context fills up, old outputs
// are cut down to their beginning, the oldest first.

/// One piece of the conversation.
public enum HistoryItem: Equatable, Sendable {
  /// What the user wants.
  case task(String)
  case turn(HistoryTurn)
  case toolResult(HistoryToolResult)
  /// A word from the runtime to the model; to be rendered as a developer message.
  case note(String)
}

/// A generation as it stands in the history.
public struct HistoryTurn: Equatable, Sendable {
  public var turn: ModelTurn
  /// The prompt went on with the header of a final message, so the tokens begin inside of it.
  public var beginsInFinal: Bool
  /// False once a later answer made its chain of thought void: analysis messages without a
  /// recipient are then to be left out. Calls stay, whatever their channel.
  public var keepsThinking: Bool
  /// Names that the model misspelled, by the index of the message. Such a message is rendered
  /// again with the right name: repeated verbatim, the mistake would spread.
  public var renamed: [Int: String]

  public init(
    turn: ModelTurn, beginsInFinal: Bool = false, keepsThinking: Bool = true,
    renamed: [Int: String] = [:]
  ) {
    self.turn = turn
    self.beginsInFinal = beginsInFinal
    self.keepsThinking = keepsThinking
    self.renamed = renamed
  }
}

/// What the model was told came of a call.
public struct HistoryToolResult: Equatable, Sendable {
  /// The call's number in the run.
  public var call: Int
  /// The author of the message: the tool's name as it stands in the call.
  public var tool: String
  /// The channel of the call, which the result copies.
  public var channel: ModelMessage.Channel?
  public var text: String

  public init(call: Int, tool: String, channel: ModelMessage.Channel?, text: String) {
    self.call = call
    self.tool = tool
    self.channel = channel
    self.text = text
  }
}

/// Outputs to cut down, and to what.
public struct Compaction: Equatable, Sendable {
  public struct Cut: Equatable, Sendable {
    public var call: Int
    /// How much of the output's beginning stays.
    public var bytesKept: Int

    public init(call: Int, bytesKept: Int) {
      self.call = call
      self.bytesKept = bytesKept
    }
  }

  /// Never empty; the oldest call first.
  public var cuts: [Cut]

  public init(cuts: [Cut]) { self.cuts = cuts }
}

/// The conversation of a run.
struct History: Equatable, Sendable {
  private(set) var items: [HistoryItem] = []
  /// Roughly the tokens of the next prompt. The engine counts exactly; this only has to notice in
  /// time that the context fills up.
  private(set) var tokensEstimated = 0

  /// A cautious average for text of unknown kind.
  private static let bytesPerToken = 3
  private static let framingTokens = 12
  /// Results newer than these are left alone as long as the context is not full.
  private static let resultsSpared = 2
  private static let bytesKept = 256
  private static let bytesKeptOfSpared = 2_048
  /// Cutting off less than this is not worth a new rendering of the prompt.
  private static let bytesCutMin = 256

  mutating func append(_ item: HistoryItem) {
    switch item {
    case .task(let text), .note(let text): tokensEstimated += Self.tokens(text)
    case .toolResult(let result): tokensEstimated += Self.tokens(result.text)
    case .turn(let turn):
      let known = turn.turn.promptTokenCount
      tokensEstimated = (known > 0 ? known : tokensEstimated) + turn.turn.generatedTokenCount
    }
    items.append(item)
  }

  /// Voids the chain of thought of everything so far: an answer has been given.
  mutating func dropThinking() {
    for index in items.indices {
      guard case .turn(var turn) = items[index], turn.keepsThinking else { continue }
      turn.keepsThinking = false
      items[index] = .turn(turn)
    }
  }

  mutating func rename(message: Int, ofItem index: Int, to name: String) {
    guard items.indices.contains(index), case .turn(var turn) = items[index] else { return }
    turn.renamed[message] = name
    items[index] = .turn(turn)
  }

  private static func tokens(_ text: String) -> Int {
    text.utf8.count / bytesPerToken + framingTokens
  }

  // MARK: - Compaction

  /// What to cut so that about `tokensMax` tokens are left; nil where nothing can be cut. When the
  /// context `isFull`, the engine has refused the prompt: then everything that can go goes, and the
  /// estimate counts for nothing.
  func compaction(toTokens tokensMax: Int, isFull: Bool) -> Compaction? {
    let results = items.compactMap { item -> HistoryToolResult? in
      guard case .toolResult(let result) = item else { return nil }
      return result
    }
    var excess = isFull ? Int.max : (tokensEstimated - tokensMax) * Self.bytesPerToken
    var cuts: [Compaction.Cut] = []
    for (index, result) in results.enumerated() {
      guard excess > 0 else { break }
      let isSpared = index >= results.count - Self.resultsSpared
      guard isFull || !isSpared else { break }
      let kept = isSpared ? Self.bytesKeptOfSpared : Self.bytesKept
      guard result.text.utf8.count >= kept + Self.cutNoteBytesMax + Self.bytesCutMin else {
        continue
      }
      cuts.append(Compaction.Cut(call: result.call, bytesKept: kept))
      if !isFull { excess -= result.text.utf8.count - kept }
    }
    return cuts.isEmpty ? nil : Compaction(cuts: cuts)
  }

  mutating func apply(_ compaction: Compaction) {
    for cut in compaction.cuts {
      for index in items.indices {
        guard case .toolResult(var result) = items[index], result.call == cut.call else { continue }
        let before = result.text.utf8.count
        result.text = Self.cut(result.text, to: max(0, cut.bytesKept))
        items[index] = .toolResult(result)
        tokensEstimated -= max(0, before - result.text.utf8.count) / Self.bytesPerToken
      }
    }
    tokensEstimated = max(0, tokensEstimated)
  }

  /// Bounds the note below.
  private static let cutNoteBytesMax = 128

  private static func cut(_ text: String, to bytesKept: Int) -> String {
    guard text.utf8.count > bytesKept else { return text }
    var kept = ""
    var byteCount = 0
    for scalar in text.unicodeScalars {
      byteCount += UTF8.width(scalar)
      guard byteCount <= bytesKept else { break }
      kept.unicodeScalars.append(scalar)
    }
    let gone = text.utf8.count - kept.utf8.count
    return kept + "\n[\(gone) bytes of old output were removed to save room; call again if needed.]"
  }
}
