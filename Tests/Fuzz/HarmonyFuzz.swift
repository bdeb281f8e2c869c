// HarmonyFuzz.swift — streams of tokens that no model would emit, through parser and grammar.

import Base
import Harmony
import TestKit
import Tokenizer

/// Bytes become tokens: markers and words of headers often, any token sometimes, ids out of range too.
struct HarmonyFuzz {
  private static let headerWords = [
    "assistant", "user", "tool", " to=", "to=", "functions.f", "functions.", "python", "analysis",
    "commentary", "final", "Final", "comment", "json", " json", " code", " ", "\n", "?", "{", "é",
    "🚀", "<|channel|>", "text",
  ]
  private static let tools: Set<String> = ["functions.f", "functions.get_weather", "python"]

  private let vocabulary: HarmonyVocabulary
  private let markers: [TokenID]
  private let words: [[TokenID]]
  private let grammar: HeaderGrammar

  init() throws {
    vocabulary = try HarmonyVocabulary(
      Tokenizer(tokenizerJSON: Vectors.path("tiny-gpt-oss/tokenizer.json")))
    let tokens = vocabulary.tokens
    markers = [
      tokens.start, tokens.channel, tokens.message, tokens.constrain, tokens.end, tokens.call,
      tokens.return, tokens.endOfText,
    ]
    words = Self.headerWords.map(vocabulary.tokenizer.encode)
    grammar = try HeaderGrammar(
      vocabulary,
      rules: HeaderRules(tools: [.function("functions.f"), .builtIn("python")]))
  }

  var target: FuzzTarget {
    FuzzTarget(name: "harmony", corpus: corpus, body: check)
  }

  /// Well-formed turns, in the bytes that ``tokens(_:)`` reads.
  private var corpus: [[UInt8]] {
    let call: [UInt8] = [1, 73, 67, 69, 3, 77, 2, 200, 201, 5]
    let turn: [UInt8] = [1, 72, 2, 230, 231, 4, 0, 64, 1, 74, 2, 240, 6]
    return [call, turn, turn + [0] + call, [67, 69, 1, 73, 78, 2, 5, 0, 64, 74, 2, 4]]
  }

  private func tokens(_ bytes: [UInt8]) -> [TokenID] {
    var ids: [TokenID] = []
    var index = 0
    while index < bytes.count {
      let byte = Int(bytes[index])
      index += 1
      switch byte {
      case 0..<64: ids.append(markers[byte % markers.count])
      case 64..<160: ids += words[(byte - 64) % words.count]
      case 160..<192:
        let low = index < bytes.count ? Int32(bytes[index]) : 0
        index += 1
        // Also special tokens beside the eight, and ids past the end.
        ids.append(TokenID(low * 5 + Int32(byte) - 160))
      case 192..<196: ids.append(TokenID([Int32.min, -1, 1 << 20, Int32.max][byte - 192]))
      default: ids += vocabulary.tokenizer.encode(String(UnicodeScalar(UInt8(byte - 150))))
      }
    }
    return ids
  }

  private func check(_ bytes: [UInt8]) throws {
    let ids = tokens(bytes)
    for tools in [nil, Self.tools] { try checkParser(ids, tools: tools) }
    try checkGrammar(ids)
  }

  // MARK: Parser

  private func checkParser(_ ids: [TokenID], tools: Set<String>?) throws {
    var parser = HarmonyParser(vocabulary, knownTools: tools)
    var messages: [ParsedMessage] = []
    var open: String?
    for event in ids.flatMap({ parser.handle($0) }) + parser.finish() {
      switch event {
      case .messageBegan:
        guard open == nil else { throw FuzzFinding(what: "a message began inside another") }
        open = ""
      case .content(let text):
        guard let before = open, !text.isEmpty else { throw FuzzFinding(what: "stray content") }
        open = before + text
      case .messageEnded(let message):
        guard open == message.message.text else { throw FuzzFinding(what: "content differs") }
        open = nil
        messages.append(message)
      }
    }
    guard open == nil else { throw FuzzFinding(what: "a message did not end") }
    var end = 0
    for range in messages.map(\.tokenRange) {
      guard range.lowerBound >= end, range.upperBound <= ids.count else {
        throw FuzzFinding(what: "token ranges overlap")
      }
      end = range.upperBound
    }
    guard keepsText(messages, of: ids) else {
      throw FuzzFinding(what: "text was lost from \(vocabulary.tokenizer.decode(ids))")
    }
  }

  private func keepsText(_ messages: [ParsedMessage], of ids: [TokenID]) -> Bool {
    // A corrected name is not in the stream.
    guard !messages.contains(where: { $0.repairs.contains(.correctedName) }) else { return true }
    var accounting = TextAccounting(
      words: HarmonyRole.allCases.map(\.rawValue) + ["to=", ":"]
        + HarmonyChannel.all.flatMap { channel in
          (4...channel.rawValue.count).map { String(channel.rawValue.prefix($0)) }
        })
    for parsed in messages {
      let message = parsed.message
      accounting.expect(withoutMarkers(message.text))
      for word in [
        message.name, message.recipient, message.contentTypeWord, message.channel?.rawValue,
        message.recipient?.replacing("functions.", with: ""),
      ] {
        accounting.allow(word ?? "")
      }
    }
    let text = ids.split {
      vocabulary.tokenizer.isSpecial($0) || !vocabulary.tokenizer.hasToken($0)
    }
    .map { withoutMarkers(vocabulary.tokenizer.decode($0)) }.joined()
    return accounting.accounts(for: text)
  }

  private func withoutMarkers(_ text: String) -> String {
    guard text.contains("<|") else { return text }
    return vocabulary.tokenizer.specials.keys.reduce(text) { $0.replacing($1, with: "") }
  }

  // MARK: Grammar

  /// The grammar takes exactly what it allows, allows something until it is done, and what it took
  /// parses without repair.
  private func checkGrammar(_ ids: [TokenID]) throws {
    var grammar = grammar
    var taken: [TokenID] = []
    var allowed = grammar.allowed()
    for id in ids {
      let isTaken = grammar.advance(id)
      guard isTaken == (allowed.contains(id) && vocabulary.tokenizer.hasToken(id)) else {
        throw FuzzFinding(what: "the grammar takes other tokens than it allows")
      }
      guard isTaken else { continue }
      taken.append(id)
      allowed = grammar.allowed()
      guard grammar.isDone == (allowed == .only([])) else {
        throw FuzzFinding(what: "the grammar stands still")
      }
    }
    let transcript = HarmonyTranscript(taken, vocabulary, knownTools: Self.tools)
    let complete = grammar.isDone ? transcript.messages[...] : transcript.messages.dropLast()
    guard complete.allSatisfy(\.isWellFormed) else {
      throw FuzzFinding(what: "the grammar took a malformed message: \(complete)")
    }
  }
}
