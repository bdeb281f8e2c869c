// PackedMatrix.swift — the door to the packed kernels: ckpacked.h by Swift's types.

import CKernels

/// How packed weights are stored.
enum Packing: UInt8, Sendable {
  /// The values of the checkpoint's MXFP4, in another order.
  case mxfp4 = 0
  /// Eight bits and a scale for each 32.
  case q8 = 1

  fileprivate var kernelPacking: ck_packing {
    switch self {
    case .mxfp4: CK_PACKED_MXFP4
    case .q8: CK_PACKED_Q8
    }
  }

  /// Bytes of a (rows, columns) matrix.
  func byteCount(rows: Int, columns: Int) -> Int {
    PackedMatrix.groupCount(rows) * groupByteCount(columns: columns)
  }

  fileprivate func groupByteCount(columns: Int) -> Int {
    ck_packed_group_bytes(kernelPacking, columns)
  }
}

/// A (rows, columns) matrix in packed form. Whoever keeps it keeps its memory, too.
struct PackedMatrix: Sendable {
  let rows: Int
  let columns: Int
  /// Safe to share: nothing writes there once the matrix is packed.
  fileprivate nonisolated(unsafe) let raw: ck_packed

  /// `start` is 64-byte aligned and holds `packing.byteCount(rows:columns:)` bytes.
  init(_ start: UnsafeRawPointer, packing: Packing, rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    raw = ck_packed(
      groups: start.assumingMemoryBound(to: UInt8.self), rows: rows, columns: columns,
      packing: packing.kernelPacking)
  }

  var byteCount: Int {
    Self.groupCount(rows) * ck_packed_group_bytes(raw.packing, columns)
  }

  /// Valid as long as the memory is.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: raw.groups, count: byteCount) }

  /// Rows that are computed together.
  static let groupRowCount = Int(CK_GROUP_ROWS)

  static func groupCount(_ rows: Int) -> Int { (rows + groupRowCount - 1) / groupRowCount }
}

/// Room for rows of 15-bit activations.
final class QuantizedRows: Sendable {
  private let values: Buffer<Int8>
  private let scales: Buffer<Float>
  private let sums: Buffer<Int32>

  /// `rowCount` rows of up to `columns` numbers.
  init(rowCount: Int, columns: Int) throws(InferenceError) {
    let blocks = ck_block_count(columns)
    let purpose = "activations"
    values = try Buffer(
      shape: rowCount, blocks, Int(CK_ACTIVATION_BYTES), purpose: purpose)
    scales = try Buffer(shape: rowCount, blocks, purpose: purpose)
    sums = try Buffer(shape: rowCount, blocks, purpose: purpose)
  }

  /// `count` rows of `columns` numbers that are multiplied together, behind `first` other rows of
  /// the same width.
  func rows(from first: Int, count: Int, columns: Int) -> QuantizedView {
    let start = first * ck_block_count(columns)
    return QuantizedView(
      raw: ck_activations(
        values: values.base + start * Int(CK_ACTIVATION_BYTES), scales: scales.base + start,
        sums: sums.base + start, count: count),
      columns: columns)
  }
}

/// Rows of 15-bit activations; shared as ``Buffer`` says.
struct QuantizedView: Sendable {
  fileprivate nonisolated(unsafe) let raw: ck_activations
  fileprivate let columns: Int
}

extension Kernels {
  /// Makes row `row` of `out` from float32.
  func quantize(_ x: Floats, to out: QuantizedView, row: Int) {
    withUnsafePointer(to: out.raw) { ck_quantize_row(level, $0, row, x, out.columns) }
  }

  /// `out[t, row] = matrix[row] · x[t] + bias[row]` for rows of whole groups: `groups` counts eights.
  func multiply(
    _ matrix: PackedMatrix, groups: Range<Int>, x: QuantizedView, bias: Floats?, out: Floats,
    outStride: Int
  ) {
    withUnsafePointer(to: matrix.raw) { matrix in
      withUnsafePointer(to: x.raw) { x in
        ck_packed_matmul(
          level, out, outStride, matrix, groups.lowerBound, groups.upperBound, x, bias)
      }
    }
  }
}

extension MatrixView {
  /// Packs the whole matrix to `out`. False where a weight is not a finite number.
  func pack(_ packing: Packing, to out: UnsafeMutableRawPointer) -> Bool {
    let stride = packing.groupByteCount(columns: columns)
    let out = out.assumingMemoryBound(to: UInt8.self)
    return withUnsafePointer(to: raw) { raw in
      (0..<PackedMatrix.groupCount(rows)).allSatisfy { group in
        ck_pack_group(out + group * stride, packing.kernelPacking, raw, rows, group) == 0
      }
    }
  }
}
