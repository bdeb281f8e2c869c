// Vocabularies.swift — the vocabularies that the tests use.

import Base
import TestKit
import Tokenizer

/// Vocabularies of the repository, each loaded once.
enum Vocabularies {
  /// The full o200k_harmony.
  static let full = Result {
    try Tokenizer(tiktokenFile: Repository.path("Models/o200k_harmony/o200k_base.tiktoken"))
  }

  /// The first thousand ranks of it, as a tokenizer.json.
  static let tiny = Result {
    try Tokenizer(tokenizerJSON: Vectors.path("tiny-gpt-oss/tokenizer.json"))
  }
}

/// A tokenizer.json of the 256 bytes and two merges, made to be changed.
struct SmallFile {
  /// The byte-level letters, by byte.
  static let letters: [String] = (0..<256).map { byte in
    let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174
    let shiftedBefore = (0..<byte).count { other in
      !((33...126).contains(other) || (161...172).contains(other) || other >= 174)
    }
    let scalar = UnicodeScalar(UInt32(isPrintable ? byte : 256 + shiftedBefore))
    return scalar.map { String(Character($0)) } ?? ""
  }

  var json: JSONObject
  var model: JSONObject

  init() throws {
    let tiny = try JSONReader.value(
      try Vectors.bytes("tiny-gpt-oss/tokenizer.json"), source: "tiny")
    json = tiny.objectValue ?? [:]
    model = json["model"]?.objectValue ?? [:]
    var vocabulary = JSONObject()
    for (byte, letter) in Self.letters.enumerated() {
      vocabulary[letter] = .number(.integer(Int64(byte)))
    }
    vocabulary["ab"] = 256
    vocabulary["abc"] = 257
    model["vocab"] = .object(vocabulary)
    model["merges"] = [["a", "b"], ["ab", "c"]]
    json["added_tokens"] = [Self.added("<|start|>", 258), Self.added("<|startling|>", 259)]
  }

  static func added(_ text: String, _ id: Int64, special: Bool = true) -> JSONValue {
    ["content": .string(text), "id": .number(.integer(id)), "special": .bool(special)]
  }

  var bytes: [UInt8] {
    var json = json
    if json["model"] != nil { json["model"] = .object(model) }
    return Array(JSONValue.object(json).compactText.utf8)
  }

  func load() throws(TokenizerError) -> Tokenizer {
    try Tokenizer(json: bytes, source: "small.json")
  }

  /// The sentence with which the file is refused; nil where it loads.
  var refusal: String? {
    do throws(TokenizerError) {
      _ = try load()
      return nil
    } catch {
      return error.description
    }
  }
}
