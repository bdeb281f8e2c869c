// PackingPlan.swift — which matrices are packed, how, and where each lies in the packed weights.

import Digests
import ModelFiles

/// One matrix's place.
struct PackingEntry: Sendable {
  let source: PreparedMatrix
  let packing: Packing
  /// Bytes from the first matrix.
  let offset: Int
  let byteCount: Int
}

/// All matrices of a model that are packed, in the order in which a token meets them.
struct PackingPlan: Sendable {
  let entries: [PackingEntry]
  /// Bytes of all of them, a multiple of `alignment`.
  let byteCount: Int

  /// Each matrix begins on a page of its own.
  static let alignment = 4096

  /// - Throws: `unsupportedModel` for sizes that do not fit an integer.
  init(_ model: PreparedModel, _ precision: Precision) throws(InferenceError) {
    var entries: [PackingEntry] = []
    var offset = 0
    for matrix in model.packable(precision) {
      let packing: Packing =
        switch matrix.weights.format {
        case .mxfp4, .mxfp4Split: .mxfp4
        default: .q8
        }
      let byteCount = packing.byteCount(rows: matrix.view.rows, columns: matrix.view.columns)
      entries.append(
        PackingEntry(source: matrix, packing: packing, offset: offset, byteCount: byteCount))
      let (end, overflow) = offset.addingReportingOverflow(byteCount + Self.alignment - 1)
      guard !overflow else { throw .unsupportedModel(reason: "its weights are too large") }
      offset = end & ~(Self.alignment - 1)
    }
    self.entries = entries
    byteCount = offset
  }

  /// The packed matrices, in memory that begins at `start`.
  func matrices(at start: UnsafeRawPointer) -> [PackedMatrix] {
    entries.map { entry in
      PackedMatrix(
        start + entry.offset, packing: entry.packing, rows: entry.source.view.rows,
        columns: entry.source.view.columns)
    }
  }
}

extension PackingPlan {
  /// A digest of the weights and of what is made of them.
  func key(_ fingerprint: Digest) -> Digest {
    var hash = SHA256()
    hash.update(fingerprint.bytes)
    for entry in entries { hash.update(Array("\(entry.offset) \(entry.packing.rawValue)\n".utf8)) }
    return hash.finish()
  }
}

/// Which parts of a layer are packed: those whose matrices meet the same activations, all or none.
private struct PackedParts {
  let attentionInputs: Bool
  let attentionOutput: Bool
  let experts: Bool

  init(_ layer: PreparedLayer, _ precision: Precision) {
    func isPacked(_ matrix: PreparedMatrix) -> Bool {
      switch matrix.weights.format {
      case .mxfp4, .mxfp4Split, .q8_0: true
      default: precision == .q8
      }
    }
    attentionInputs = [layer.query, layer.key, layer.value].allSatisfy(isPacked)
    attentionOutput = isPacked(layer.output)
    experts = layer.experts.allSatisfy { [$0.gate, $0.up, $0.down].allSatisfy(isPacked) }
  }
}

extension PreparedModel {
  /// The matrices that a precision packs.
  func packable(_ precision: Precision) -> [PreparedMatrix] {
    var matrices: [PreparedMatrix] = []
    for layer in layers {
      let parts = PackedParts(layer, precision)
      if parts.attentionInputs { matrices += [layer.query, layer.key, layer.value] }
      if parts.attentionOutput { matrices.append(layer.output) }
      if parts.experts { matrices += layer.experts.flatMap { [$0.gate, $0.up, $0.down] } }
    }
    return matrices + [unembedding]
  }

  /// Takes packed matrices in the order of ``packable(_:)``.
  mutating func adopt(_ packed: [PackedMatrix], _ precision: Precision) {
    var rest = packed[...]
    for layer in layers.indices {
      let parts = PackedParts(layers[layer], precision)
      if parts.attentionInputs {
        layers[layer].query.packed = rest.popFirst()
        layers[layer].key.packed = rest.popFirst()
        layers[layer].value.packed = rest.popFirst()
      }
      if parts.attentionOutput { layers[layer].output.packed = rest.popFirst() }
      guard parts.experts else { continue }
      for expert in layers[layer].experts.indices {
        layers[layer].experts[expert].gate.packed = rest.popFirst()
        layers[layer].experts[expert].up.packed = rest.popFirst()
        layers[layer].experts[expert].down.packed = rest.popFirst()
      }
    }
    unembedding.packed = rest.popFirst()
  }
}
