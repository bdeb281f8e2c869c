// TokenizerTests.swift — o200k_harmony against golden vectors.

import Base
import TestKit
import Testing
import Tokenizer

@Suite struct `The o200k_harmony vocabulary` {
  let tokenizer: Tokenizer

  init() throws { tokenizer = try Vocabularies.full.get() }

  @Test func `encodes and decodes every golden vector`() throws {
    let vectors = try Vectors.jsonLines("tokenizer.jsonl")
    #expect(vectors.count == 400)
    for vector in vectors {
      let text = try #require(vector["text"]?.stringValue)
      let ids = try #require(vector["ids"]?.arrayValue).map { TokenID(Int32($0.intValue ?? -1)) }
      #expect(tokenizer.encode(text) == ids)
      #expect(Array(tokenizer.decode(ids).utf8) == Array(text.utf8))
    }
  }

  /// The examples of the fact sheet, from openai_harmony 0.0.8.
  @Test(
    arguments: [
      ("I'VE don't", [40, 6, 19511, 4128]), ("don't", [91418]),
      ("HTTPServer2024 x", [17893, 6444, 1323, 19, 1215]), ("  a\n\n b", [220, 261, 279, 287]),
      ("日本語テスト", [9048, 40909, 16056, 38236]), ("foo/bar///\n", [16660, 106617, 73672]),
      ("नमस्ते", [998, 1637, 14681, 628]), ("ที่", [12144]), ("3.14159", [18, 13, 16926, 4621]),
      ("\r\n\r\n", [1414]), ("    indented\n\tcode", [271, 1383, 23537, 198, 86873]),
      ("🚀🚀!", [112927, 222, 112927, 222, 0]), ("e\u{301}tude", [68, 13430, 83, 3525]),
      ("hello world", [24912, 2375]), ("", []),
    ] as [(String, [TokenID])])
  func `encodes the documented examples`(text: String, ids: [TokenID]) {
    #expect(tokenizer.encode(text) == ids)
  }

  @Test func `recognises special tokens only where asked`() {
    #expect(tokenizer.encode("<|start|>") == [27, 91, 5236, 91, 29])
    #expect(tokenizer.encodeWithSpecials("<|start|>") == [200006])
    #expect(
      tokenizer.encodeWithSpecials("<|channel|>final<|message|>2 + 2 = 4.<|return|>")
        == [200005, 17196, 200008, 17, 659, 220, 17, 314, 220, 19, 13, 200002])
  }

  @Test func `names Harmony's special tokens`() throws {
    let harmony = try HarmonyTokens(tokenizer)
    #expect(harmony.start == 200006)
    #expect(harmony.end == 200007)
    #expect(harmony.message == 200008)
    #expect(harmony.channel == 200005)
    #expect(harmony.constrain == 200003)
    #expect(harmony.return == 200002)
    #expect(harmony.call == 200012)
    #expect(harmony.endOfText == 199999)
    #expect(harmony.startOfText == 199998)
    #expect(harmony.reserved.count == 1090 - 9)
    #expect(harmony.reserved.contains(200018))
    #expect(tokenizer.vocabularySize == 201_088)
    #expect(tokenizer.decode([200018, 201_087]) == "<|reserved_200018|><|reserved_201087|>")
  }

  @Test func `has no token for ids outside of it`() {
    #expect(tokenizer.bytes(of: 201_088) == nil)
    #expect(tokenizer.bytes(of: -1) == nil)
    #expect(!tokenizer.isSpecial(-1))
    #expect(!tokenizer.hasToken(TokenID(Int32.max)))
    #expect(tokenizer.bytes(of: 24912) == Array("hello".utf8))
    #expect(tokenizer.decode([24912, -1, 201_088, 0]) == "hello\u{FFFD}\u{FFFD}!")
  }

  /// Tokens may end inside a character; only all of them together are text.
  @Test func `decodes token by token what it decodes at once`() throws {
    for vector in try Vectors.jsonLines("tokenizer.jsonl") {
      let text = try #require(vector["text"]?.stringValue)
      var decoder = StreamingDecoder()
      var out = ""
      var bytes: [UInt8] = []
      for id in tokenizer.encode(text) {
        bytes.removeAll()
        #expect(tokenizer.appendBytes(of: id, to: &bytes))
        out += decoder.append(bytes)
      }
      out += decoder.finish()
      #expect(Array(out.utf8) == Array(text.utf8))
    }
  }

  /// A quadratic merge or scan would take minutes to hours on each of these.
  @Test(.timeLimit(.minutes(1)), arguments: ["a", " ", "日A", "\u{301}A", "\n ", "ab!", "é", "'s"])
  func `encodes a million bytes of anything in no time`(part: String) {
    let text = String(repeating: part, count: 1_000_000 / part.utf8.count)
    #expect(Array(tokenizer.decode(tokenizer.encode(text)).utf8) == Array(text.utf8))
  }

  @Test(.timeLimit(.minutes(1)))
  func `encodes a million random letters in no time`() {
    var random = SplitMix64(seed: 1)
    let letters = (0..<1_000_000).map { _ in UInt8.random(in: 97...122, using: &random) }
    #expect(tokenizer.encode(String(decoding: letters, as: UTF8.self)).count > 100_000)
  }

  /// The same pieces again and again, beyond what is remembered of a text.
  @Test func `encodes a text as its lines`() throws {
    let lines = try Vectors.jsonLines("tokenizer.jsonl").compactMap { vector in
      vector["text"]?.stringValue.map { "q" + $0.replacing("\n", with: " ") + "x\n" }
    }
    #expect(tokenizer.encode((lines + lines).joined()) == (lines + lines).flatMap(tokenizer.encode))
  }
}
