// KernelFixtures.swift — seeded inputs for the kernels, and how to call them with arrays.

import Base
import CKernels
import ModelFiles
import TestKit

extension SplitMix64 {
  /// A float in -1..<1.
  mutating func nextFloat() -> Float { Float(nextUnit() * 2 - 1) }

  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in nextFloat() } }
}

/// An element format by both its names, and where a block of it keeps float16 numbers.
struct KernelFormat: Sendable, CustomStringConvertible {
  let weightFormat: WeightFormat
  let code: ck_format
  let halfOffsets: [Int]

  var description: String { weightFormat.rawValue }
  var blockElementCount: Int { weightFormat.blockElementCount }
  var blockBytes: Int { weightFormat.blockBytes }
  var isDense: Bool { weightFormat.isDense }

  static let all = [
    KernelFormat(.f32, CK_F32, []), KernelFormat(.f16, CK_F16, [0]),
    KernelFormat(.bf16, CK_BF16, []),
    KernelFormat(.q4_0, CK_Q4_0, [0]), KernelFormat(.q4_1, CK_Q4_1, [0, 2]),
    KernelFormat(.q5_0, CK_Q5_0, [0]), KernelFormat(.q5_1, CK_Q5_1, [0, 2]),
    KernelFormat(.q8_0, CK_Q8_0, [0]), KernelFormat(.q4_K, CK_Q4_K, [0, 2]),
    KernelFormat(.q5_K, CK_Q5_K, [0, 2]), KernelFormat(.q6_K, CK_Q6_K, [208]),
    KernelFormat(.mxfp4, CK_MXFP4, []), KernelFormat(.mxfp4Split, CK_MXFP4_SPLIT, []),
  ]

  private init(_ format: WeightFormat, _ code: ck_format, _ halves: [Int]) {
    weightFormat = format
    self.code = code
    halfOffsets = halves
  }
}

/// Weights of any format: random payload, scales of ordinary size.
struct KernelMatrix: Sendable {
  let format: KernelFormat
  let rows: Int
  let columns: Int
  var bytes: [UInt8]
  var scales: [UInt8]

  init(_ format: KernelFormat, rows: Int, columns: Int, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let blockCount = rows * columns / format.blockElementCount
    self.format = format
    self.rows = rows
    self.columns = columns
    bytes = []
    for _ in 0..<blockCount {
      var block = (0..<format.blockBytes).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      for offset in format.halfOffsets {
        let bits = Float16(random.nextFloat()).bitPattern
        block[offset] = UInt8(truncatingIfNeeded: bits)
        block[offset + 1] = UInt8(bits >> 8)
      }
      if format.weightFormat == .mxfp4 { block[0] = UInt8.random(in: 120...127, using: &random) }
      if format.weightFormat == .f32 || format.weightFormat == .bf16 {
        let bits = random.nextFloat().bitPattern
        block = (4 - format.blockBytes..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
      }
      bytes += block
    }
    scales = (0..<max(1, rows * columns / 32)).map { _ in
      UInt8.random(in: 120...127, using: &random)
    }
  }

  /// The same weights as ModelFiles sees them.
  func weights(in folder: TemporaryFolder) throws -> WeightMatrix {
    let file = try MappedFile(path: folder.write("weights", bytes + scales))
    let payload = MappedBytes(file: file, offset: 0, count: bytes.count)
    let isSplit = format.weightFormat == .mxfp4Split
    return WeightMatrix(
      name: "weights", format: format.weightFormat, rows: rows, columns: columns, bytes: payload,
      rowStride: rowBytes, columnStride: format.isDense ? format.blockBytes : 0,
      scales: isSplit ? MappedBytes(file: file, offset: bytes.count, count: scales.count) : nil,
      scaleRowStride: isSplit ? columns / 32 : 0)
  }

  var rowBytes: Int { columns / format.blockElementCount * format.blockBytes }

  /// The matrix as the kernels take it, during the call.
  func withMatrix<Result>(
    transposed: Bool = false, _ body: (ck_matrix) throws -> Result
  ) rethrows -> Result {
    try bytes.withUnsafeBufferPointer { bytes in
      try scales.withUnsafeBufferPointer { scales in
        guard let weight = bytes.baseAddress else { preconditionFailure("no weights") }
        return try body(
          ck_matrix(
            weight: weight, scales: format.weightFormat == .mxfp4Split ? scales.baseAddress : nil,
            row_stride: transposed ? format.blockBytes : rowBytes,
            column_stride: transposed ? format.blockBytes * rows : format.blockBytes,
            scale_row_stride: columns / 32, columns: columns, format: format.code))
      }
    }
  }

  /// `out[t, row] = weights · x[t] + bias` for some rows of the matrix; other rows stay at -1.
  /// Where `transposed`, the bytes are (columns, rows).
  func product(
    _ level: ck_level, _ x: [Float], count: Int, rows some: Range<Int>? = nil,
    bias: [Float]? = nil, transposed: Bool = false
  ) -> [Float] {
    var out = [Float](repeating: -1, count: count * rows)
    let some = some ?? 0..<rows
    withMatrix(transposed: transposed) { matrix in
      let outCount = out.count
      out.withUnsafeMutableBufferPointer { out in
        x.withUnsafeBufferPointer { x in
          guard outCount > 0, let out = out.baseAddress, let x = x.baseAddress else { return }
          withUnsafePointer(to: matrix) { matrix in
            ck_matmul(
              level, out, rows, matrix, some.lowerBound, some.upperBound, x, columns, count, bias)
          }
        }
      }
    }
    return out
  }
}

/// Every level that this machine has.
let kernelLevels = [CK_SCALAR, CK_AVX2, CK_AVX512].filter {
  $0.rawValue <= ck_level_best().rawValue
}

/// Bit patterns, so that a NaN equals itself.
func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }
