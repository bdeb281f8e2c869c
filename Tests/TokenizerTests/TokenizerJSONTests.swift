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
    #expect(harmony.reserved.count == 21 - 9)
    #expect(tokenizer.vocabularySize == 1021)
    #expect(tokenizer.special("<|endofprompt|>") == 1020)
    #expect(tokenizer.isSpecial(1020))
    #expect(!tokenizer.isSpecial(999))
    #expect(tokenizer.decode(tokenizer.encode("héllo 日本 🚀")) == "héllo 日本 🚀")
  }

  @Test func `loads with merges of either spelling and in any order of members`() throws {
    let pairs = try SmallFile()
    var strings = pairs
    strings.model["merges"] = ["a b", "ab c"]
    var reversed = pairs
    reversed.model = JSONObject()
    for member in Array(pairs.model).reversed() { reversed.model[member.key] = member.value }
    reversed.json = JSONObject()
    for member in Array(pairs.json).reversed() { reversed.json[member.key] = member.value }
    for file in [pairs, strings, reversed] {
      let tokenizer = try file.load()
      #expect(tokenizer.encode("abcab\u{0}") == [257, 256, 0])
      #expect(tokenizer.encodeWithSpecials("ab<|start|>c") == [256, 258, 99])
    }
  }

  @Test func `may name its special tokens in the vocabulary too`() throws {
    var file = try SmallFile()
    var vocabulary = try #require(file.model["vocab"]?.objectValue)
    vocabulary["<|start|>"] = 258
    vocabulary["<|a b|>"] = 260
    file.model["vocab"] = .object(vocabulary)
    file.json["added_tokens"] = [
      SmallFile.added("<|start|>", 258), SmallFile.added("<|a b|>", 260),
    ]
    let tokenizer = try file.load()
    #expect(tokenizer.encode("<|start|>").count == 9)
    #expect(tokenizer.encodeWithSpecials("<|start|><|a b|>") == [258, 260])
    #expect(tokenizer.decode([258, 260]) == "<|start|><|a b|>")
    #expect(!tokenizer.hasToken(259))
  }

  @Test func `may split its text in another spelling of the same`() throws {
    var file = try SmallFile()
    let split = try #require(file.json["pre_tokenizer"]?["pretokenizers"]?.arrayValue)
    var first = try #require(split[0].objectValue)
    first["behavior"] = "Removed"
    first["invert"] = true
    file.json["pre_tokenizer"] = [
      "type": "Sequence", "pretokenizers": [.object(first), split[1]],
    ]
    #expect(file.refusal == nil)
  }

  @Test func `takes the longest of the special tokens that start at one place`() throws {
    let tokenizer = try SmallFile().load()
    #expect(tokenizer.encodeWithSpecials("<|startling|><|start|>") == [259, 258])
    #expect(tokenizer.encodeWithSpecials("<|startlin").count == 10)
  }

  /// The lookahead of the pattern sees the end of a stretch of text, not the special token after it.
  @Test func `cuts the text between special tokens as if it stood alone`() throws {
    let tokenizer = try Vocabularies.full.get()
    #expect(
      tokenizer.encodeWithSpecials("a  <|end|>") == tokenizer.encode("a") + tokenizer.encode("  ")
        + [200007])
  }

  @Test(arguments: [
    ("normalizer", #"{"type":"NFC"}"#, "the normalizer NFC", normalizerAdvice),
    ("pre_tokenizer", "null", "the pre-tokenizer null", preTokenizerAdvice),
    (
      "pre_tokenizer", #"{"type":"Whitespace"}"#, "the pre-tokenizer Whitespace", preTokenizerAdvice
    ),
    (
      "pre_tokenizer",
      #"{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\w+"}},{}]}"#,
      #"the pre-tokenizer Split {"Regex":"\\w+"}"#, preTokenizerAdvice
    ),
    (
      "decoder", #"{"type":"WordPiece"}"#, "the decoder WordPiece",
      "The decoder ByteLevel is supported."
    ),
    (
      "added_tokens", #"[{"id":300,"content":"x","special":false}]"#,
      #"the added token "x" that is not special"#,
      "Added tokens must be special, as gpt-oss's are."
    ),
    (
      "added_tokens", #"[{"id":300,"content":"x","special":true,"lstrip":true}]"#,
      #"an added token with "lstrip": true"#, "Added tokens must match exactly their own text."
    ),
    (
      "added_tokens", "7", #""added_tokens" in another form"#,
      #"It should be an array of objects with "content" and "id"."#
    ),
    (
      "added_tokens", "[{}]", #""added_tokens" in another form"#,
      #"It should be an array of objects with "content" and "id"."#
    ),
  ])
  func `is refused by name`(member: String, value: String, found: String, advice: String) throws {
    var file = try SmallFile()
    file.json[member] = try JSONReader.value(value, source: "test")
    #expect(file.refusal == "small.json has \(found), which Martlet cannot do. \(advice)")
  }

  static let normalizerAdvice =
    "Only vocabularies without a normalizer are supported, as gpt-oss's is."
  static let preTokenizerAdvice =
    "Supported is gpt-oss's: o200k's pattern as an isolating Split, then ByteLevel without prefix "
    + "space and without regex."

  @Test(arguments: [
    ("type", #""Unigram""#), ("unk_token", #""<unk>""#), ("dropout", "0.1"),
    ("byte_fallback", "true"), ("continuing_subword_prefix", "\"##\""),
    ("end_of_word_suffix", #""</w>""#),
  ])
  func `is refused for a model that works otherwise`(member: String, value: String) throws {
    var file = try SmallFile()
    file.model[member] = try JSONReader.value(value, source: "test")
    #expect(
      file.refusal == """
        small.json has the model's "\(member)" \(value), which Martlet cannot do. Supported is a \
        model of type "BPE" over bytes, without unknown token, dropout, prefix or suffix.
        """)
  }

  @Test(
    arguments: [
      (
        "\u{100}", nil,
        "small.json has no token for the single byte 0, so some text could not be encoded. A byte-level vocabulary has all 256."
      ),
      ("xy", 255, "small.json gives the id 255 to two tokens."),
      ("", 260, "small.json: the token 260 is empty."),
      (
        "日", 260,
        "small.json: the token \"日\", id 260, is not written in the byte-level alphabet. Only byte-level BPE vocabularies are supported."
      ),
      ("xy", 1_048_575, "small.json has the token id 1048575; ids are 0 to 1048574."),
      ("xy", -1, "small.json has the token id -1; ids are 0 to 1048574."),
      (
        String(repeating: "x", count: 1025), 260,
        "small.json: the token 260 has 1025 bytes; at most 1024 are supported."
      ),
    ] as [(String, Int64?, String)])
  func `is refused for a token`(token: String, id: Int64?, sentence: String) throws {
    var file = try SmallFile()
    var vocabulary = try #require(file.model["vocab"]?.objectValue)
    vocabulary[token] = id.map { .number(.integer($0)) }
    file.model["vocab"] = .object(vocabulary)
    #expect(file.refusal == sentence)
  }

  @Test func `is refused for a token that it has twice`() throws {
    let text = String(decoding: try SmallFile().bytes, as: UTF8.self)
      .replacing(#""ab":256"#, with: #""ab":256,"ab":260"#)
    do {
      _ = try Tokenizer(json: Array(text.utf8), source: "small.json")
      Issue.record("it loaded")
    } catch {
      #expect(
        error.description == #"small.json has the token "ab" twice, with the ids 256 and 260."#)
    }
    var file = try SmallFile()
    file.json["added_tokens"] = [SmallFile.added("<|x|>", 260), SmallFile.added("<|x|>", 261)]
    #expect(file.refusal == #"small.json has the token "<|x|>" twice, with the ids 260 and 261."#)
    file.json["added_tokens"] = [SmallFile.added("<|x|>", 256)]
    #expect(file.refusal == "small.json gives the id 256 to two tokens.")
  }

  @Test(arguments: [
    (#"["a b c"]"#, #"small.json: merge 0 is not two tokens, written "a b" or ["a", "b"]."#),
    (
      #"[["a","b"],["a"]]"#, #"small.json: merge 1 is not two tokens, written "a b" or ["a", "b"]."#
    ),
    (#"[["a","b","c"]]"#, #"small.json: merge 0 is not two tokens, written "a b" or ["a", "b"]."#),
    (#"["ab "]"#, #"small.json: merge 0 is not two tokens, written "a b" or ["a", "b"]."#),
    (#"["日 b"]"#, #"small.json: merge 0 is not two tokens, written "a b" or ["a", "b"]."#),
    (#"["a b","x y"]"#, #"small.json: merge 1 needs the token "xy", which the vocabulary lacks."#),
    (#"["xy a"]"#, #"small.json: merge 0 needs the token "xy", which the vocabulary lacks."#),
  ])
  func `is refused for a merge`(merges: String, sentence: String) throws {
    var file = try SmallFile()
    file.model["merges"] = try JSONReader.value(merges, source: "test")
    #expect(file.refusal == sentence)
  }

  @Test func `is refused where a member is missing, twice there or of another type`() throws {
    for member in ["added_tokens", "pre_tokenizer", "decoder", "model"] {
      var file = try SmallFile()
      file.json[member] = nil
      #expect(
        file.refusal
          == "small.json has no \"\(member)\". It is incomplete, or not a tokenizer.json.")
    }
    for member in ["type", "vocab", "merges"] {
      var file = try SmallFile()
      file.model[member] = nil
      #expect(
        file.refusal
          == "small.json has no \"model.\(member)\". It is incomplete, or not a tokenizer.json.")
    }
    let twice = String(decoding: try SmallFile().bytes, as: UTF8.self)
      .replacing(#""model":{"#, with: #""model":{"vocab":{},"#)
    #expect(throws: TokenizerError.duplicateMember(source: "small.json", member: "model.vocab")) {
      try Tokenizer(json: Array(twice.utf8), source: "small.json")
    }
    #expect(
      TokenizerError.duplicateMember(source: "small.json", member: "model.vocab\u{1B}").description
        == #"small.json has the member "model.vocab?" twice. Remove one of them."#)
    var file = try SmallFile()
    file.model["vocab"] = ["a": "b"]
    let refusal = try #require(file.refusal)
    #expect(refusal.hasPrefix("small.json, line 1, column "))
    #expect(refusal.hasSuffix(": a number is malformed."))
  }

  @Test(arguments: 0..<40)
  func `cut anywhere says that it is not complete`(part: Int) throws {
    let bytes = try SmallFile().bytes
    let length = bytes.count * part / 40
    do {
      _ = try Tokenizer(json: Array(bytes.prefix(length)), source: "cut.json")
      Issue.record("it loaded")
    } catch {
      #expect(error.description.hasPrefix("cut.json, line 1, column "))
    }
  }

  @Test func `that is not there or no file says so`() {
    #expect(throws: TokenizerError.cannotRead(path: "/nowhere/tokenizer.json", errno: 2)) {
      try Tokenizer(tokenizerJSON: "/nowhere/tokenizer.json")
    }
    #expect(throws: TokenizerError.cannotRead(path: "/", errno: 21)) {
      try Tokenizer(tokenizerJSON: "/")
    }
    #expect(
      TokenizerError.cannotRead(path: "/", errno: 21).description
        == "/ cannot be read: Is a directory.")
  }

  @Test func `without Harmony's tokens says which is missing`() throws {
    let tokenizer = try SmallFile().load()
    do {
      _ = try HarmonyTokens(tokenizer)
      Issue.record("it has them all")
    } catch {
      #expect(
        error.description == """
          small.json has no special token "<|end|>", which Harmony needs. \
          The vocabulary is not one of gpt-oss's kind.
          """)
    }
  }
}
