// Support.swift — what several suites here need.

import Base
import Glibc
import ModelFiles
import TestKit
import Testing

/// The sentence of the error that `body` throws; fails the test where it throws none.
func sentence(
  at location: SourceLocation = #_sourceLocation, _ body: () throws -> some Any
) -> String {
  do {
    _ = try body()
    Issue.record("nothing was thrown", sourceLocation: location)
    return ""
  } catch {
    return "\(error)"
  }
}

/// Tests/Vectors/tiny-gpt-oss, read once.
enum Tiny {
  static let folder = Vectors.path("tiny-gpt-oss")

  static func checkpoint() throws -> GPTOSSCheckpoint { try GPTOSSCheckpoint(path: folder) }

  /// The tensors of its safetensors file.
  static func tensors() throws -> [TestTensor] {
    let bytes = try Vectors.bytes("tiny-gpt-oss/model.safetensors")
    return try bytes.withUnsafeBytes { raw in
      try SafetensorsHeader(raw, path: "tiny").entries.map { entry in
        TestTensor(
          name: entry.name, type: entry.type.name, shape: entry.shape,
          bytes: Array(raw[entry.offset..<entry.offset + entry.count]))
      }
    }
  }

  static func configuration() throws -> JSONObject {
    let json = try JSONReader.value(Vectors.bytes("tiny-gpt-oss/config.json"), source: "tiny")
    return try #require(json.objectValue)
  }

  /// The tiny checkpoint's dimensions, for metadata.
  static var shape: TinyModel {
    var shape = TinyModel()
    (shape.layers, shape.hidden, shape.intermediate) = (4, 128, 96)
    (shape.heads, shape.kvHeads, shape.headSize) = (4, 2, 64)
    (shape.experts, shape.expertsPerToken, shape.vocabulary, shape.window) = (8, 4, 1024, 16)
    return shape
  }
}

extension TemporaryFolder {
  /// Writes a model folder: config.json and, under these names, safetensors files.
  @discardableResult
  func writeModel(
    _ configuration: JSONValue, _ files: [String: [TestTensor]]
  ) throws -> String {
    try write("config.json", Array(configuration.compactText.utf8))
    for (name, tensors) in files { try write(name, tensors.safetensors) }
    return path
  }
}

extension TemporaryFolder {
  /// Makes a folder in the folder.
  @discardableResult
  func makeFolder(_ name: String) throws -> String {
    let inner = path + "/" + name
    try #require(mkdir(inner, 0o755) == 0)
    return inner
  }
}

/// Fails where two models differ in any number. Bit patterns are compared.
func expectSameNumbers(
  _ left: GPTOSSWeights, _ right: GPTOSSWeights, at location: SourceLocation = #_sourceLocation
) {
  let (first, second) = (left.parts, right.parts)
  #expect(first.count == second.count, sourceLocation: location)
  for (mine, yours) in zip(first, second) where mine.numbers() != yours.numbers() {
    Issue.record("\(mine.name) and \(yours.name) differ", sourceLocation: location)
  }
}

/// A matrix or a vector.
struct WeightPart {
  var name: String
  var numbers: () -> [UInt32]

  init(_ matrix: WeightMatrix) {
    name = matrix.name
    numbers = { (0..<matrix.rows).flatMap { matrix.row($0).map(\.bitPattern) } }
  }

  init(_ vector: WeightVector) {
    name = vector.name
    numbers = { vector.floats().map(\.bitPattern) }
  }
}

extension GPTOSSWeights {
  /// Everything in one order.
  var parts: [WeightPart] {
    var parts = [WeightPart(embedding), WeightPart(unembedding), WeightPart(outputNorm)]
    for layer in layers {
      parts += [layer.query, layer.key, layer.value, layer.attentionOutput, layer.router]
        .map { WeightPart($0) }
      parts += [
        layer.attentionNorm, layer.queryBias, layer.keyBias, layer.valueBias,
        layer.attentionOutputBias, layer.sinks, layer.mlpNorm, layer.routerBias,
      ].map { WeightPart($0) }
      for expert in layer.experts {
        parts += [expert.gate, expert.up, expert.down].map { WeightPart($0) }
        parts += [expert.gateBias, expert.upBias, expert.downBias].map { WeightPart($0) }
      }
    }
    return parts
  }
}
