// TinyModel.swift — the tiny checkpoints under Tests/Vectors, and what transformers made of them.

import Base
import Inference
import ModelFiles
import TestKit

/// A checkpoint with random weights: 4 layers, hidden 128, window 16, 1,024 entries.
enum TinyModel {
  static func engine(
    _ file: String = "", _ options: InferenceOptions = InferenceOptions(threadCount: 2)
  ) throws -> InferenceEngine {
    let checkpoint = try GPTOSSCheckpoint(path: Vectors.path("tiny-gpt-oss/" + file))
    return try InferenceEngine(
      configuration: checkpoint.configuration, weights: checkpoint.weights, options: options)
  }

  static func session(_ options: InferenceOptions) throws -> InferenceSession {
    try InferenceSession(engine: engine("", options))
  }

  /// Seeded tokens of its vocabulary.
  static func tokens(_ count: Int, seed: UInt64 = 1) -> [TokenID] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in TokenID(Int32.random(in: 0..<1024, using: &random)) }
  }
}

/// One line of logits.jsonl, made by transformers 5.23 in float32 with dequantised experts.
struct GoldenRow: CustomStringConvertible {
  let tokens: [TokenID]
  let lastLogits: [Float]
  let argmax: [TokenID]
  let negativeLogLikelihood: Double
  let greedy: [TokenID]

  var description: String { "\(tokens.count) tokens" }

  static func all() throws -> [GoldenRow] {
    try Vectors.jsonLines("tiny-gpt-oss/logits.jsonl").map(GoldenRow.init)
  }

  private init(_ line: JSONValue) throws {
    func ids(_ key: String) -> [TokenID] {
      (line[key]?.arrayValue ?? []).compactMap(\.intValue).map { TokenID(Int32($0)) }
    }
    tokens = ids("tokens")
    lastLogits = (line["last_logits"]?.arrayValue ?? []).compactMap(\.doubleValue).map { Float($0) }
    argmax = ids("argmax")
    negativeLogLikelihood = line["nll"]?.doubleValue ?? .nan
    greedy = ids("greedy")
  }
}

/// The largest distance between two vectors' entries.
func distance(_ left: [Float], _ right: [Float]) -> Float {
  guard left.count == right.count else { return .infinity }
  return zip(left, right).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
