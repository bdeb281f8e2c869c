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
}
