// OtherVocabularyTests.swift — other byte-level vocabularies, as the `tokenizers` library reads them.

import Base
import TestKit
import Testing
import Tokenizer

@Suite struct `Another byte-level vocabulary` {
  /// A trained one, and one whose merges are in no order of ids, repeat, and do not reach every token.
  @Test(arguments: [
    ("trained.json", false), ("shuffled.json", true), ("shuffled.json", false),
  ])
  func `encodes as the tokenizers library does`(file: String, ignoresMerges: Bool) throws {
    let text = String(decoding: try Vectors.bytes("tokenizer-bpe/" + file), as: UTF8.self)
      .replacing(#""ignore_merges":true"#, with: "\"ignore_merges\":\(ignoresMerges)")
    let tokenizer = try Tokenizer(json: Array(text.utf8), source: file)
    let vectors = try Vectors.jsonLines("tokenizer-bpe/vectors.jsonl").filter {
      $0["file"] == .string(file) && $0["ignore_merges"] == .bool(ignoresMerges)
    }
    #expect(vectors.count == 60)
    for vector in vectors {
      let text = try #require(vector["text"]?.stringValue)
      let ids = try #require(vector["ids"]?.arrayValue).map { TokenID(Int32($0.intValue ?? -1)) }
      #expect(tokenizer.encode(text) == ids)
      #expect(Array(tokenizer.decode(ids).utf8) == Array(text.utf8))
    }
  }
}

@Suite struct `A vocabulary from GGUF metadata` {
  let tokens: [String]
  let types: [Int32]
  let merges: [String]

  /// The tiny tokenizer.json as llama.cpp's conversion writes it, with three rows of padding.
  init() throws {
    let json = try JSONReader.value(
      try Vectors.bytes("tiny-gpt-oss/tokenizer.json"), source: "tiny")
    var tokens = (0..<1024).map { "[PAD\($0)]" }
    var types = [Int32](repeating: 5, count: 1024)
    for (text, id) in json["model"]?["vocab"]?.objectValue ?? [:] {
      tokens[id.intValue ?? 0] = text
      types[id.intValue ?? 0] = 1
    }
    for token in json["added_tokens"]?.arrayValue ?? [] {
      tokens[token["id"]?.intValue ?? 0] = token["content"]?.stringValue ?? ""
      types[token["id"]?.intValue ?? 0] = 3
    }
    self.tokens = tokens
    self.types = types
    merges =
      json["model"]?["merges"]?.arrayValue?.map { pair in
        (pair.arrayValue ?? []).compactMap(\.stringValue).joined(separator: " ")
      } ?? []
  }

  @Test func `is the tokenizer.json that it was made from`() throws {
    let tiny = try Vocabularies.tiny.get()
    let tokenizer = try load()
    for vector in try Vectors.jsonLines("tokenizer.jsonl") {
      let text = try #require(vector["text"]?.stringValue)
      #expect(tokenizer.encode(text) == tiny.encode(text))
    }
    #expect(
      tokenizer.encodeWithSpecials("<|start|>user") == tiny.encodeWithSpecials("<|start|>user"))
    #expect(tokenizer.specials == tiny.specials)
    #expect(tokenizer.vocabularySize == 1024)
    #expect(!tokenizer.hasToken(1023))
    #expect(try HarmonyTokens(tokenizer).reserved.contains(1023))
  }

  @Test func `is refused for another pre-tokenizer, other types and too few of them`() {
    #expect(
      refusal(preTokenizer: "llama-bpe") == """
        tiny.gguf has the pre-tokenizer "llama-bpe", which Martlet cannot do. \
        The one of gpt-oss, "gpt-4o", is supported.
        """)
    #expect(
      refusal(types: [2] + types.dropFirst()) == """
        tiny.gguf has a token of type 2, which Martlet cannot do. \
        Normal, control, user-defined and unused tokens (1, 3, 4, 5) are supported.
        """)
    #expect(
      refusal(types: [1]) == """
        tiny.gguf has 1024 tokens and 1 token types; there must be one type for each token.
        """)
  }

  private func load(
    preTokenizer: String = "gpt-4o", types: [Int32]? = nil
  ) throws(TokenizerError) -> Tokenizer {
    try Tokenizer(
      ggufTokens: tokens, merges: merges, tokenTypes: types ?? self.types,
      preTokenizer: preTokenizer, source: "tiny.gguf")
  }

  private func refusal(preTokenizer: String = "gpt-4o", types: [Int32]? = nil) -> String? {
    do throws(TokenizerError) {
      _ = try load(preTokenizer: preTokenizer, types: types)
      return nil
    } catch {
      return error.description
    }
  }
}
