// WeightsFingerprint.swift — which weights these are, without reading all of them.

import Digests
import ModelFiles

extension GPTOSSWeights {
  /// The files that the weights lie in, each once, in order of first use.
  var files: [MappedFile] {
    var seen: Set<ObjectIdentifier> = []
    return matrices.map(\.bytes.file).filter { seen.insert(ObjectIdentifier($0)).inserted }
  }

  private var matrices: [WeightMatrix] {
    let inner = layers.flatMap { layer in
      [layer.query, layer.key, layer.value, layer.attentionOutput]
        + layer.experts.flatMap { [$0.gate, $0.up, $0.down] }
    }
    return [embedding] + inner + [unembedding]
  }

  /// A digest of the files' sizes and times of change, and of samples of their contents: another
  /// model gives another one, and so does a file that was written again.
  var fingerprint: Digest {
    var hash = SHA256()
    for file in files {
      hash.update(Array("\(file.count) \(file.changed)\n".utf8))
      let sample = min(file.count, Self.sampleByteCount)
      for index in 0...Self.sampleCount {
        let start = (file.count - sample) / Self.sampleCount * index
        hash.update(UnsafeRawBufferPointer(rebasing: file.bytes[start..<start + sample]))
      }
    }
    return hash.finish()
  }

  private static let sampleCount = 64
  private static let sampleByteCount = 4096
}
