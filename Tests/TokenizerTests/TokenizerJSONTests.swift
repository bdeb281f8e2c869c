// TokenizerJSONTests.swift — tokenizer.json: what loads, and what is refused in which words.

import Base
import TestKit
import Testing
import Tokenizer

@Suite struct `A tokenizer.json` {
  @Test func `of a cut vocabulary finds its special tokens by text`() throws {
    let tokenizer = try Vocabularies.tiny.get()
    let harmony = try HarmonyTokens(tokenizer)
    #expect(harmony.start == 1008)
    #expect(harmony.return == 1004)
    #expect(tokenizer.vocabularySize == 1021)
    #expect(tokenizer.special("<|endofprompt|>") == 1020)
    #expect(tokenizer.decode(tokenizer.encode("héllo 日本 \u{1F680}")) == "héllo 日本 \u{1F680}")
  }
}
