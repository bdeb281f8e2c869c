// PackingPlan.swift — which matrices are packed, how, and where each lies in the packed weights.

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
  init(_ model: PreparedModel) throws(InferenceError) {
    var entries: [PackingEntry] = []
    var offset = 0
    for matrix in model.packable {
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

extension PreparedModel {
  /// The matrices that `Precision.q8` packs.
  var packable: [PreparedMatrix] {
    var matrices: [PreparedMatrix] = []
    for layer in layers {
      matrices += [layer.query, layer.key, layer.value, layer.output]
      for expert in layer.experts { matrices += [expert.gate, expert.up, expert.down] }
    }
    return matrices + [unembedding]
  }

  /// Takes packed matrices in the order of ``packable``.
  mutating func adopt(_ packed: [PackedMatrix]) {
    var rest = packed[...]
    for layer in layers.indices {
      layers[layer].query.packed = rest.popFirst()
      layers[layer].key.packed = rest.popFirst()
      layers[layer].value.packed = rest.popFirst()
      layers[layer].output.packed = rest.popFirst()
      for expert in layers[layer].experts.indices {
        layers[layer].experts[expert].gate.packed = rest.popFirst()
        layers[layer].experts[expert].up.packed = rest.popFirst()
        layers[layer].experts[expert].down.packed = rest.popFirst()
      }
    }
    unembedding.packed = rest.popFirst()
  }
}
