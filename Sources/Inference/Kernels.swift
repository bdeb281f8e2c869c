// Kernels.swift — the door to CKernels: every pointer that C sees passes through here.

import CKernels
import ModelFiles

/// A weight matrix as the kernels take it, checked to lie within its mapped bytes.
///
/// Holds no reference to the mapping: whoever keeps the view keeps the weights too.
struct MatrixView: Sendable {
  let rows: Int
  let columns: Int
  /// Safe to share: the bytes are mapped read-only.
  nonisolated(unsafe) let raw: ck_matrix

  /// - Throws: `unsupportedModel` where the view and its bytes do not agree; the kernels read
  ///   without looking.
  init(_ matrix: WeightMatrix) throws(InferenceError) {
    let format = matrix.format
    let blocks = matrix.columns / format.blockElementCount
    let spans = Self.fits(
      matrix.bytes, rows: matrix.rows, rowStride: matrix.rowStride,
      items: format.isDense ? matrix.columns : blocks,
      itemStride: format.isDense ? matrix.columnStride : format.blockBytes,
      itemBytes: format.blockBytes)
    let scalesFit =
      matrix.scales.map {
        Self.fits(
          $0, rows: matrix.rows, rowStride: matrix.scaleRowStride, items: blocks, itemStride: 1,
          itemBytes: 1)
      } ?? (format != .mxfp4Split)
    guard spans, scalesFit, matrix.rows > 0, matrix.columns > 0,
      matrix.columns % format.blockElementCount == 0,
      let weight = matrix.bytes.pointer.bindMemory(to: UInt8.self).baseAddress
    else {
      throw .unsupportedModel(
        reason: """
          the tensor "\(matrix.name)" is smaller than its shape of \(matrix.rows) by \
          \(matrix.columns) needs
          """)
    }
    rows = matrix.rows
    columns = matrix.columns
    raw = ck_matrix(
      weight: weight, scales: matrix.scales?.pointer.bindMemory(to: UInt8.self).baseAddress,
      row_stride: matrix.rowStride, column_stride: matrix.columnStride,
      scale_row_stride: matrix.scaleRowStride, columns: matrix.columns, format: format.kernelFormat)
  }

  /// Positions of one head in the KV cache: `rows` rows of `columns` numbers.
  init(cached: UnsafePointer<UInt8>, format: KVFormat, rows: Int, columns: Int) {
    let size = format.byteCount
    self.rows = rows
    self.columns = columns
    raw = ck_matrix(
      weight: cached, scales: nil, row_stride: size * columns, column_stride: size,
      scale_row_stride: 0, columns: columns, format: format.kernelFormat)
  }

  private static func fits(
    _ bytes: MappedBytes, rows: Int, rowStride: Int, items: Int, itemStride: Int, itemBytes: Int
  ) -> Bool {
    guard rows > 0, items > 0, rowStride >= 0, itemStride >= 0 else { return false }
    let (lastRow, first) = (rows - 1).multipliedReportingOverflow(by: rowStride)
    let (lastItem, second) = (items - 1).multipliedReportingOverflow(by: itemStride)
    let (start, third) = lastRow.addingReportingOverflow(lastItem)
    return !first && !second && !third && bytes.count >= itemBytes
      && start <= bytes.count - itemBytes
  }
}

extension WeightFormat {
  fileprivate var kernelFormat: ck_format {
    switch self {
    case .f32: CK_F32
    case .f16: CK_F16
    case .bf16: CK_BF16
    case .q4_0: CK_Q4_0
    case .q4_1: CK_Q4_1
    case .q5_0: CK_Q5_0
    case .q5_1: CK_Q5_1
    case .q8_0: CK_Q8_0
    case .q4_K: CK_Q4_K
    case .q5_K: CK_Q5_K
    case .q6_K: CK_Q6_K
    case .mxfp4: CK_MXFP4
    case .mxfp4Split: CK_MXFP4_SPLIT
    }
  }
}

extension KVFormat {
  fileprivate var kernelFormat: ck_format {
    switch self {
    case .f32: CK_F32
    case .f16: CK_F16
    }
  }
}

/// The kernels at one level. Shapes and aliasing as in `ckernels.h`.
struct Kernels: Sendable {
  typealias Floats = UnsafeMutablePointer<Float>

  let level: ck_level

  /// `out[t, row] = matrix[row] · x[t] + bias[row]` for `t` in `0..<count`.
  func multiply(
    _ matrix: MatrixView, rows: Range<Int>, x: Floats, xStride: Int, count: Int,
    bias: Floats? = nil, out: Floats, outStride: Int
  ) {
    withUnsafePointer(to: matrix.raw) { raw in
      ck_matmul(
        level, out, outStride, raw, rows.lowerBound, rows.upperBound, x, xStride, count, bias)
    }
  }

  func rmsNorm(_ x: Floats, gain: Floats, count: Int, epsilon: Float, out: Floats) {
    ck_rms_norm(level, out, x, gain, count, epsilon)
  }

  func rotate(_ x: Floats, heads: Int, half: Int, cosines: Floats, sines: Floats) {
    ck_rope(level, x, heads, half, cosines, sines)
  }

  func swiglu(gate: Floats, up: Floats, count: Int, alpha: Float, limit: Float, out: Floats) {
    ck_swiglu(level, out, gate, up, count, alpha, limit)
  }

  func softmax(_ scores: Floats, count: Int, scale: Float, sink: Float) {
    ck_softmax_sink(level, scores, count, scale, sink)
  }

  func accumulate(
    _ values: UnsafePointer<UInt8>, format: KVFormat, count: Int, width: Int, weights: Floats,
    weightStride: Int, groups: Int, out: Floats
  ) {
    ck_accumulate(
      level, out, width, format.kernelFormat, values, count, width, weights, weightStride, groups)
  }

  /// Stores numbers in the cache.
  func store(_ x: Floats, count: Int, format: KVFormat, out: UnsafeMutablePointer<UInt8>) {
    let out = UnsafeMutableRawPointer(out)
    switch format {
    case .f32:
      out.copyMemory(from: x, byteCount: count * format.byteCount)
    case .f16:
      ck_encode_f16(level, out.bindMemory(to: UInt16.self, capacity: count), x, count)
    }
  }

  func add(_ x: Floats, scale: Float = 1, count: Int, to out: Floats) {
    ck_add_scaled(level, out, x, count, scale)
  }
}
