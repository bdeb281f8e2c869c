// Streams.swift — vocabularies and token streams that the tests of Harmony share.

import Base
import Harmony
import TestKit
import Tokenizer

enum Streams {
  /// o200k_harmony, loaded once.
  static let full = Result {
    try HarmonyVocabulary(
      Tokenizer(tiktokenFile: Repository.path("Models/o200k_harmony/o200k_base.tiktoken")))
  }

  /// A thousand tokens, with other ids for the special ones.
  static let tiny = Result {
    try HarmonyVocabulary(Tokenizer(tokenizerJSON: Vectors.path("tiny-gpt-oss/tokenizer.json")))
  }

  static let tools: Set<String> = [
    "functions.get_weather", "functions.manage_cart", "functions.shell", "browser.search",
    "python",
  ]

  /// The ids in a vector's list.
  static func ids(_ value: JSONValue?) -> [TokenID] {
    (value?.arrayValue ?? []).compactMap(\.intValue).map { TokenID(Int32(clamping: $0)) }
  }

  /// Parses what stands behind `<|start|>assistant`, special tokens spelled out.
  static func parse(_ text: String, knownTools: Set<String>? = nil) throws -> HarmonyTranscript {
    let vocabulary = try full.get()
    return HarmonyTranscript(
      vocabulary.tokenizer.encodeWithSpecials(text), vocabulary, knownTools: knownTools)
  }

  /// Whether the transcript has all text of `ids`: every piece of content, in order, and beside it
  /// nothing but header words that became a field.
  static func keepsText(
    _ transcript: HarmonyTranscript, of ids: [TokenID], _ vocabulary: HarmonyVocabulary
  ) -> Bool {
    var accounting = TextAccounting(
      words: HarmonyRole.allCases.map(\.rawValue) + ["to=", ":"]
        + HarmonyChannel.all.flatMap { channel in
          (4...channel.rawValue.count).map { String(channel.rawValue.prefix($0)) }
        })
    for parsed in transcript.messages {
      let message = parsed.message
      accounting.expect(withoutMarkers(message.text, vocabulary))
      for word in [message.name, message.recipient, message.contentTypeWord] {
        accounting.allow(word ?? "")
      }
      accounting.allow(message.channel?.rawValue ?? "")
      accounting.allow(message.recipient?.replacing("functions.", with: "") ?? "")
    }
    return accounting.accounts(for: text(of: ids, vocabulary))
  }

  /// The text of the ordinary tokens, characters joined only where nothing stood in between.
  private static func text(of ids: [TokenID], _ vocabulary: HarmonyVocabulary) -> String {
    ids.split { vocabulary.tokenizer.isSpecial($0) || !vocabulary.tokenizer.hasToken($0) }
      .map { withoutMarkers(vocabulary.tokenizer.decode($0), vocabulary) }.joined()
  }

  /// Markers may be kept as content, or spelled out by ordinary tokens: they are not text.
  private static func withoutMarkers(_ text: String, _ vocabulary: HarmonyVocabulary) -> String {
    guard text.contains("<|") else { return text }
    return vocabulary.tokenizer.specials.keys.reduce(text) { $0.replacing($1, with: "") }
  }
}
