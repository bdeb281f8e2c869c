// TokenizerFuzz.swift — damaged vocabularies: each loads, and then keeps any text, or is refused.

import Base
import Foundation
import TestKit
import Tokenizer

/// Feeds damaged tokenizer.json and .tiktoken files to the tokenizer.
///
/// Most bytes of a JSON file break it at once where they are damaged. So each input is also the seed
/// of a file that is good JSON and a damaged vocabulary.
func tokenizerTarget() throws -> FuzzTarget {
  let cut = try CutVocabulary()
  return FuzzTarget(
    name: "tokenizer", corpus: try cut.corpus(),
    body: { bytes in
      try load(bytes) { bytes throws(TokenizerError) in
        try Tokenizer(json: bytes, source: "fuzz")
      }
      try load(bytes) { bytes throws(TokenizerError) in
        try Tokenizer(tiktoken: bytes, source: "fuzz")
      }
      try load(cut.damaged(by: bytes)) { bytes throws(TokenizerError) in
        try Tokenizer(json: bytes, source: "fuzz")
      }
    })
}

/// A vocabulary that loads has all bytes, so whatever it was before the damage, text survives it. One
/// that does not is refused in a sentence.
private func load(
  _ bytes: [UInt8], _ read: ([UInt8]) throws(TokenizerError) -> Tokenizer
) throws {
  let tokenizer: Tokenizer
  do throws(TokenizerError) { tokenizer = try read(bytes) } catch {
    guard error.description.hasPrefix("fuzz") else {
      throw FuzzFinding(what: "a refusal does not name the file")
    }
    return
  }
  let texts = [
    "The 1234 cats' tails,\r\n\tisn't it?  日本語 e\u{301}🚀 <|start|><|end|>",
    String(repeating: "the in er", count: 20),
    String(decoding: bytes.suffix(300), as: UTF8.self),
  ]
  for text in texts {
    let ids = tokenizer.encode(text)
    guard tokenizer.decode(ids).utf8.elementsEqual(text.utf8) else {
      throw FuzzFinding(what: "encode lost text")
    }
    guard !ids.contains(where: tokenizer.isSpecial) else {
      throw FuzzFinding(what: "encode recognised a special token")
    }
    guard tokenizer.decode(tokenizer.encodeWithSpecials(text)).utf8.elementsEqual(text.utf8) else {
      throw FuzzFinding(what: "encodeWithSpecials lost text")
    }
  }
}

/// The tiny vocabulary cut down to 320 tokens, so that an input takes little time.
private struct CutVocabulary {
  private static let keptCount = 320

  private let json: JSONObject
  private let model: JSONObject
  private let tokens: [(text: String, id: Int64)]
  private let merges: [[String]]
  private let added: [JSONValue]

  init() throws {
    let tiny = try JSONReader.value(
      try Vectors.bytes("tiny-gpt-oss/tokenizer.json"), source: "tiny-gpt-oss/tokenizer.json")
    json = tiny.objectValue ?? [:]
    model = tiny["model"]?.objectValue ?? [:]
    tokens = (model["vocab"]?.objectValue ?? [:]).compactMap { text, id in
      id.intValue.flatMap { $0 < Self.keptCount ? (text, Int64($0)) : nil }
    }
    let texts = Set(tokens.map(\.text))
    merges = (model["merges"]?.arrayValue ?? []).compactMap { pair in
      let parts = (pair.arrayValue ?? []).compactMap(\.stringValue)
      return texts.isSuperset(of: parts + [parts.joined()]) ? parts : nil
    }
    added = (tiny["added_tokens"]?.arrayValue ?? []).enumerated().map { offset, token in
      var object = token.objectValue ?? [:]
      object["id"] = .number(.integer(Int64(Self.keptCount + offset)))
      return .object(object)
    }
  }

  /// The spellings that occur: merges as arrays and as strings, in order and not.
  func corpus() throws -> [[UInt8]] {
    let arrays = file(tokens, merges.map(Self.asArray), added, ignoresMerges: true)
    let tokenizer = try Tokenizer(json: arrays, source: "the cut vocabulary")
    let lines = (0..<Int32(Self.keptCount)).map { id in
      "\(Data(tokenizer.bytes(of: TokenID(id)) ?? []).base64EncodedString()) \(id)\n"
    }
    return [
      arrays, file(tokens, merges.map(Self.asString), added, ignoresMerges: false),
      file(tokens, merges.reversed().map(Self.asString), added, ignoresMerges: true),
      Array(lines.joined().utf8),
    ]
  }

  /// The vocabulary with up to four things wrong or merely changed, chosen by `seed`.
  func damaged(by seed: [UInt8]) -> [UInt8] {
    let hash = seed.reduce(UInt64(seed.count)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    var random = SplitMix64(seed: hash)
    var tokens = tokens
    var added = added
    var merges = Bool.random(using: &random) ? merges : merges.shuffled(using: &random)
    let asMerge = Bool.random(using: &random) ? Self.asArray : Self.asString
    for _ in 0..<Int.random(in: 0...4, using: &random) {
      let first = Int.random(in: 0..<tokens.count, using: &random)
      let second = Int.random(in: 0..<tokens.count, using: &random)
      let merge = Int.random(in: 0...merges.count, using: &random)
      switch Int.random(in: 0..<12, using: &random) {
      case 0:
        (tokens[first].id, tokens[second].id) = (tokens[second].id, tokens[first].id)
      case 1: tokens[first].id = Int64.random(in: -1...2_000_000, using: &random)
      case 2: tokens[max(first, 256)].text += tokens[second].text
      case 3: tokens[first].text = tokens[second].text
      case 4: tokens.remove(at: max(first, 256))
      case 5: tokens.append((tokens[first].text + tokens[second].text, Int64(1000 + first)))
      case 6, 7: merges.insert([tokens[first].text, tokens[second].text], at: merge)
      case 8: merges.removeFirst(merge)
      case 9: merges.insert([tokens[first].text], at: merge)
      case 10: added.append(Self.special(tokens[first].text, tokens[second].id))
      default:
        added.append(
          Self.special("<|start" + tokens[first].text, Int64.random(in: 0...900, using: &random)))
      }
    }
    return file(tokens, merges.map(asMerge), added, ignoresMerges: Bool.random(using: &random))
  }

  private func file(
    _ tokens: [(text: String, id: Int64)], _ merges: [JSONValue], _ added: [JSONValue],
    ignoresMerges: Bool
  ) -> [UInt8] {
    var vocabulary = JSONObject()
    for (text, id) in tokens { vocabulary[text] = .number(.integer(id)) }
    var model = model
    model["ignore_merges"] = .bool(ignoresMerges)
    model["vocab"] = .object(vocabulary)
    model["merges"] = .array(merges)
    var json = json
    json["added_tokens"] = .array(added)
    json["model"] = .object(model)
    return Array(JSONValue.object(json).compactText.utf8)
  }

  private static func asArray(_ merge: [String]) -> JSONValue { .array(merge.map { .string($0) }) }

  private static func asString(_ merge: [String]) -> JSONValue {
    .string(merge.joined(separator: " "))
  }

  private static func special(_ text: String, _ id: Int64) -> JSONValue {
    ["content": .string(text), "id": .number(.integer(id)), "special": true]
  }
}
