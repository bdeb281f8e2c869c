// ModelFilesFuzz.swift — damaged model files: headers, and what binds to a model all the same.

import Base
import ModelFiles
import TestKit

/// Damaged safetensors, bound to a tiny model's configuration where the header holds.
func safetensorsTarget() -> FuzzTarget {
  let model = TinyModel()
  let configuration = model.configuration
  let original = model.originalConfiguration
  return FuzzTarget(
    name: "safetensors",
    corpus: [
      model.tensors.safetensors, model.tensors.inOriginalLayout.safetensors,
      model.tensors.withDenseExperts("BF16", isTransposed: true).safetensors,
    ],
    body: { bytes in
      let file = try MappedFile(copying: bytes, path: "fuzz")
      guard let header = try? SafetensorsHeader(file.bytes, path: "fuzz") else { return }
      try check(header.entries, in: file)
      for json in [configuration, original] {
        guard
          let checkpoint = refusable({
            try GPTOSSCheckpoint(safetensors: file, configuration: json)
          })
        else { continue }
        try decodeSome(checkpoint)
      }
    })
}

/// Damaged GGUF files.
func ggufTarget() -> FuzzTarget {
  FuzzTarget(
    name: "gguf", corpus: [TinyModel().gguf.bytes],
    body: { bytes in
      let file = try MappedFile(copying: bytes, path: "fuzz")
      guard let header = try? GGUFHeader(file.bytes, path: "fuzz") else { return }
      try check(header.entries, in: file)
      guard let checkpoint = refusable({ try GPTOSSCheckpoint(gguf: file) }) else { return }
      _ = refusable { try checkpoint.tokenizer?.tokens() }
      _ = refusable { try checkpoint.tokenizer?.tokenTypes() }
      _ = refusable { try checkpoint.tokenizer?.merges() }
      try decodeSome(checkpoint)
    })
}

/// Damaged config.json files.
func configurationTarget() -> FuzzTarget {
  let model = TinyModel()
  return FuzzTarget(
    name: "configuration",
    corpus: [model.configuration, model.originalConfiguration].map { Array($0.compactText.utf8) },
    body: { bytes in
      guard let json = try? JSONReader.value(bytes, source: "fuzz"),
        let configuration = refusable({ try GPTOSSConfiguration(json: json, path: "fuzz") })
      else { return }
      guard configuration.layerIsSliding.count == configuration.layerCount,
        configuration.headCount.isMultiple(of: configuration.kvHeadCount),
        configuration.parameterCount > 0
      else { throw FuzzFinding(what: "a configuration that contradicts itself was accepted") }
    })
}

/// The value, or nil where it is refused, after saying why.
private func refusable<Value>(_ body: () throws -> Value?) -> Value? {
  do { return try body() } catch {
    _ = "\(error)".utf8.count
    return nil
  }
}

private func check(_ entries: [TensorEntry], in file: MappedFile) throws {
  for entry in entries
  where entry.offset < 0 || entry.count < 0 || entry.offset > file.count - entry.count {
    throw FuzzFinding(what: "the tensor \"\(entry.name)\" lies outside its file")
  }
}

/// Decodes the first and last row of every matrix, and every vector, checking their places.
private func decodeSome(_ checkpoint: GPTOSSCheckpoint) throws {
  let weights = checkpoint.weights
  var matrices = [weights.embedding, weights.unembedding]
  var vectors = [weights.outputNorm]
  for layer in weights.layers {
    matrices += [layer.query, layer.key, layer.value, layer.attentionOutput, layer.router]
    vectors += [
      layer.attentionNorm, layer.queryBias, layer.keyBias, layer.valueBias,
      layer.attentionOutputBias, layer.sinks, layer.mlpNorm, layer.routerBias,
    ]
    for expert in layer.experts {
      matrices += [expert.gate, expert.up, expert.down]
      vectors += [expert.gateBias, expert.upBias, expert.downBias]
    }
  }
  for matrix in matrices {
    for part in [matrix.bytes, matrix.scales].compactMap(\.self)
    where part.offset < 0 || part.count <= 0 || part.offset > part.file.count - part.count {
      throw FuzzFinding(what: "the matrix \"\(matrix.name)\" lies outside its file")
    }
    _ = matrix.row(0)
    _ = matrix.row(matrix.rows - 1)
  }
  for vector in vectors { _ = vector.floats() }
  _ = checkpoint.facts
}
