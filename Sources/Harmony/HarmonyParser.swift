// HarmonyParser.swift — sampled token ids to messages, as they arrive.
//
//   between ──<|start|>──▶ header ──<|message|>──▶ content ──<|end|> <|call|> <|return|>──▶ between
//
// Structure is read from token ids alone: text that merely looks like a marker is text. The parser is
// total. On streams that openai-harmony's strict parser accepts it agrees with it, except where that is
// known to be wrong: a content type taken for a recipient, a doubled channel, words stuck to a channel's
// name, a whole message swallowed because the one before had no end. On all others it salvages: text
// outside a message becomes a message without a channel, a header that turns into prose becomes content.

public import Base
import Tokenizer

/// Turns a stream of token ids into messages. A value without waiting inside: one token in, events out.
public struct HarmonyParser: Sendable {
  /// A header whose words fit no message is given up after this many tokens.
  static let looseHeaderTokensMax = 48
  /// No header is longer; whatever follows is content.
  static let headerTokensMax = 256

  private enum Phase { case between, header, content, peek }

  private let vocabulary: HarmonyVocabulary
  private let tools: ToolNames?
  private var phase = Phase.between
  /// The header being read; in `peek`, tokens that are a header or content, which will turn out.
  private var header: HeaderBuffer
  /// The message being read.
  private var open: OpenMessage
  /// How many tokens have come.
  private var count = 0
  private var last: TokenID?

  /// - Parameters:
  ///   - vocabulary: The one that the tokens are of.
  ///   - role: The author whom the prompt named already: sampling goes on behind `<|start|>assistant`.
  ///     Nil if the stream begins with `<|start|>`.
  ///   - knownTools: All declared tools by full name, such as `functions.get_weather`; misspelled and
  ///     misplaced names are then recognised. Nil: recipients are taken as they are written, and a
  ///     lone word in a header is a recipient, as in openai-harmony.
  public init(
    _ vocabulary: HarmonyVocabulary, role: HarmonyRole? = .assistant,
    knownTools: Set<String>? = nil
  ) {
    self.vocabulary = vocabulary
    tools = knownTools.map(ToolNames.init)
    header = HeaderBuffer(start: 0, role: role)
    open = OpenMessage(HarmonyMessage(role: .assistant, content: []), start: 0, repairs: [])
    if role != nil { phase = .header }
  }

  /// Whether the stream ended, if it ended here, before the model was done: its last token is none of
  /// `<|return|>`, `<|call|>`, `<|endoftext|>` and `<|end|>`.
  public var isTruncated: Bool { last.flatMap(terminator) == nil }

  /// Takes the next token, whatever it is.
  public mutating func handle(_ token: TokenID) -> [HarmonyEvent] {
    var events: [HarmonyEvent] = []
    last = token
    switch phase {
    case .between: handleBetween(token, &events)
    case .header: handleHeader(token, &events)
    case .content: handleContent(token, &events)
    case .peek: handlePeek(token, &events)
    }
    count += 1
    return events
  }

  /// Takes the end of the stream. What was open ends without a terminator.
  public mutating func finish() -> [HarmonyEvent] {
    var events: [HarmonyEvent] = []
    switch phase {
    case .between: break
    case .header: giveUpHeader(nil, end: count, &events)
    case .content: close(nil, end: count, &events)
    case .peek:
      flushPeek(&events)
      close(nil, end: count, &events)
    }
    phase = .between
    return events
  }

  // MARK: Phases

  private mutating func handleBetween(_ token: TokenID, _ events: inout [HarmonyEvent]) {
    if token == vocabulary.tokens.start {
      beginHeader(role: nil)
    } else if terminator(token) == nil {
      beginHeader(role: .assistant)
      header.repairs = [.missingStart]
      header.isImplicit = true
      handleHeader(token, &events)
    }
  }

  private mutating func handleHeader(_ token: TokenID, _ events: inout [HarmonyEvent]) {
    if token == vocabulary.tokens.message {
      closeHeader(&events)
    } else if let terminator = terminator(token) {
      giveUpHeader(terminator, end: count + 1, &events)
    } else if token == vocabulary.tokens.start {
      giveUpHeader(nil, end: count, &events)
      beginHeader(role: nil)
    } else {
      header.append(token, vocabulary)
      if header.isProse || isTooLong { turnHeaderIntoContent(&events) }
    }
  }

  private mutating func handleContent(_ token: TokenID, _ events: inout [HarmonyEvent]) {
    let tokens = vocabulary.tokens
    if let terminator = terminator(token) {
      close(terminator, end: count + 1, &events)
    } else if token == tokens.start {
      open.repairs.insert(.missingEnd)
      close(nil, end: count, &events)
      beginHeader(role: nil)
    } else if token == tokens.channel {
      beginHeader(role: .assistant)
      header.repairs = [.missingStart]
      header.append(token, vocabulary)
      phase = .peek
    } else {
      appendContent(token, &events)
    }
  }

  /// A channel marker inside content: the next message if a complete header follows, else text.
  private mutating func handlePeek(_ token: TokenID, _ events: inout [HarmonyEvent]) {
    let tokens = vocabulary.tokens
    if token == tokens.message, isCompleteHeader {
      open.repairs.insert(.missingEnd)
      close(nil, end: header.start, &events)
      closeHeader(&events)
      return
    }
    let isOver = token == tokens.message || token == tokens.start || terminator(token) != nil
    if !isOver {
      header.append(token, vocabulary)
      guard !header.mayNameChannel || header.tokens.count > Self.looseHeaderTokensMax else {
        return
      }
    }
    flushPeek(&events)
    if isOver { handleContent(token, &events) }
  }

  // MARK: Headers

  private mutating func beginHeader(role: HarmonyRole?) {
    header = HeaderBuffer(start: count, role: role)
    phase = .header
  }

  private func readHeader(isClosed: Bool) -> HeaderReading {
    HeaderReader.read(
      isClosed ? header.closedPieces : header.pieces, role: header.role, tools: tools,
      isClosed: isClosed)
  }

  private var isTooLong: Bool {
    guard header.tokens.count > Self.looseHeaderTokensMax else { return false }
    return header.tokens.count > Self.headerTokensMax
      || !readHeader(isClosed: true).leftover.isEmpty
  }

  private var isCompleteHeader: Bool {
    let reading = readHeader(isClosed: true)
    return reading.leftover.isEmpty
      && reading.message.channel.map(HarmonyChannel.all.contains) == true
  }

  /// `<|message|>` has come. Words that fit no field go to the content; beside a recipient, whose
  /// content is arguments, they become a message of their own.
  private mutating func closeHeader(_ events: inout [HarmonyEvent]) {
    let reading = readHeader(isClosed: true)
    let repairs = header.repairs.union(reading.repairs)
    var leftover = reading.leftover
    var start = header.start
    if reading.message.recipient != nil, !leftover.isEmpty {
      beginMessage(
        HarmonyMessage(role: .assistant, content: []), start: start, [.strayText], &events)
      appendText(leftover, &events)
      close(nil, end: count, &events)
      leftover = ""
      start = count
    }
    beginMessage(reading.message, start: start, repairs, &events)
    appendText(leftover, &events)
  }

  /// The header ends without `<|message|>`: what is not header in it is all the content there is.
  private mutating func giveUpHeader(
    _ terminator: HarmonyTerminator?, end: Int, _ events: inout [HarmonyEvent]
  ) {
    header.finishText()
    if turnHeaderIntoContent(&events) { close(terminator, end: end, &events) }
    phase = .between
  }

  /// Begins a message with what the header holds so far, all of it content where it says nothing that
  /// a header says. Returns false, telling nothing, where there is nothing to tell.
  @discardableResult
  private mutating func turnHeaderIntoContent(_ events: inout [HarmonyEvent]) -> Bool {
    let isStray = header.isImplicit && !header.hasMarker
    let reading = isStray ? header.strayText : readHeader(isClosed: false)
    let message = reading.message
    guard
      !reading.leftover.isEmpty || message.channel != nil || message.recipient != nil
        || message.contentType != nil || message.name != nil
    else { return false }
    var repairs = header.repairs.union(reading.repairs)
    repairs.insert(isStray ? .strayText : .missingMessage)
    beginMessage(message, start: header.start, repairs, &events)
    open.decoder = header.decoder
    appendText(reading.leftover, &events)
    return true
  }

  // MARK: Messages

  private mutating func beginMessage(
    _ message: HarmonyMessage, start: Int, _ repairs: Set<HarmonyRepair>,
    _ events: inout [HarmonyEvent]
  ) {
    open = OpenMessage(message, start: start, repairs: repairs)
    phase = .content
    events.append(.messageBegan(message))
  }

  private mutating func appendContent(_ token: TokenID, _ events: inout [HarmonyEvent]) {
    var bytes: [UInt8] = []
    if !vocabulary.tokenizer.appendBytes(of: token, to: &bytes) {
      bytes = Array("\u{FFFD}".utf8)
      open.repairs.insert(.unknownToken)
    }
    appendText(open.decoder.append(bytes), &events)
  }

  private mutating func appendText(_ text: String, _ events: inout [HarmonyEvent]) {
    guard !text.isEmpty else { return }
    open.text += text
    events.append(.content(text))
  }

  private mutating func close(
    _ terminator: HarmonyTerminator?, end: Int, _ events: inout [HarmonyEvent]
  ) {
    appendText(open.decoder.finish(), &events)
    open.message.content = [.text(open.text)]
    events.append(
      .messageEnded(
        ParsedMessage(
          message: open.message, terminator: terminator, tokenRange: open.start..<end,
          repairs: open.repairs)))
    phase = .between
  }

  /// What was held back turns out to be content.
  private mutating func flushPeek(_ events: inout [HarmonyEvent]) {
    phase = .content
    for token in header.tokens { appendContent(token, &events) }
  }

  private func terminator(_ token: TokenID) -> HarmonyTerminator? {
    switch token {
    case vocabulary.tokens.end: .end
    case vocabulary.tokens.call: .call
    case vocabulary.tokens.return: .return
    case vocabulary.tokens.endOfText: .endOfText
    default: nil
    }
  }
}
