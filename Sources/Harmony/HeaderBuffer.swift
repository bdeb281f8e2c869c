// HeaderBuffer.swift — the parser's stores: a header being read, and a message being read.

import Base
import Tokenizer

/// A header as far as it has come.
struct HeaderBuffer: Sendable {
  /// The place of its first token in the stream.
  let start: Int
  /// The author, where something else than the header named it.
  let role: HarmonyRole?
  /// Whether it began without `<|start|>`, and so may be no header at all.
  var isImplicit = false
  var repairs: Set<HarmonyRepair> = []
  /// All tokens but `<|start|>`.
  private(set) var tokens: [TokenID] = []
  /// Without bytes that are half a character yet.
  private(set) var pieces: [HeaderPiece] = []
  private(set) var decoder = StreamingDecoder()

  init(start: Int, role: HarmonyRole?) {
    self.start = start
    self.role = role
  }

  mutating func append(_ token: TokenID, _ vocabulary: HarmonyVocabulary) {
    tokens.append(token)
    if token == vocabulary.tokens.channel {
      finishText()
      pieces.append(.channel)
    } else if token == vocabulary.tokens.constrain {
      finishText()
      pieces.append(.constrain)
    } else if vocabulary.tokenizer.isSpecial(token) {
      finishText()
      pieces.append(.text(""))
      repairs.insert(.strayToken)
    } else {
      var bytes: [UInt8] = []
      if vocabulary.tokenizer.appendBytes(of: token, to: &bytes) {
        append(decoder.append(bytes))
      } else {
        finishText()
        repairs.insert(.unknownToken)
      }
    }
  }

  /// Settles bytes that will not become a character any more.
  mutating func finishText() { append(decoder.finish()) }

  private mutating func append(_ text: String) {
    guard !text.isEmpty else { return }
    if case .text(let before) = pieces.last {
      pieces[pieces.count - 1] = .text(before + text)
    } else {
      pieces.append(.text(text))
    }
  }

  /// The pieces if nothing more comes.
  var closedPieces: [HeaderPiece] {
    var closed = self
    closed.finishText()
    return closed.pieces
  }

  var hasMarker: Bool { pieces.contains(.channel) || pieces.contains(.constrain) }

  /// All the text, for a header that turns out to be none. White space alone is nothing.
  var strayText: HeaderReading {
    let text = pieces.reduce(into: "") { text, piece in
      if case .text(let more) = piece { text += more }
    }
    let isBlank = text.unicodeScalars.allSatisfy(\.properties.isWhitespace)
    return HeaderReading(
      message: HarmonyMessage(role: .assistant, content: []), leftover: isBlank ? "" : text,
      repairs: [])
  }

  /// Whether text that began without `<|start|>` begins with a word that no header begins with.
  var isProse: Bool {
    guard isImplicit, !hasMarker, let word = firstWord(of: pieces.first) else { return false }
    let heads =
      HarmonyChannel.all.map(\.rawValue)
      + [HarmonyRole.assistant.rawValue, HeaderReader.recipientMark]
    return !heads.contains { $0.hasPrefix(word) || word.hasPrefix($0) }
  }

  /// Whether what follows the first channel marker is, or may become, a channel's name.
  var mayNameChannel: Bool {
    guard pieces.count > 1, let word = firstWord(of: pieces[1]) else { return true }
    return HarmonyChannel.all.contains {
      $0.rawValue.hasPrefix(word) || word.hasPrefix($0.rawValue)
    }
  }

  private func firstWord(of piece: HeaderPiece?) -> String? {
    guard case .text(let text) = piece else { return nil }
    let word = text.unicodeScalars.drop(while: \.properties.isWhitespace)
      .prefix { !$0.properties.isWhitespace }
    return word.isEmpty ? nil : String(word)
  }
}

/// A message whose header is complete.
struct OpenMessage: Sendable {
  var message: HarmonyMessage
  /// The place of its first token in the stream.
  let start: Int
  var repairs: Set<HarmonyRepair>
  var text = ""
  var decoder = StreamingDecoder()

  init(_ message: HarmonyMessage, start: Int, repairs: Set<HarmonyRepair>) {
    self.message = message
    self.start = start
    self.repairs = repairs
  }
}
