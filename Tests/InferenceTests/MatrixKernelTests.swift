// MatrixKernelTests.swift — the matrix kernels: twins agree bit for bit, whatever is asked at once.

import Base
import CKernels
import ModelFiles
import TestKit
import Testing

@Suite struct `A matrix kernel` {
  @Test(arguments: KernelFormat.all)
  func `gives the same bits at every level`(format: KernelFormat) {
    let unit = format.blockElementCount
    // Edges: one element or block, short of and past 16 and 32 lanes, past a panel of 512 columns.
    for columns in unit == 1 ? [1, 15, 16, 17, 32, 45, 511, 545] : [unit, 3 * unit, 17 * unit] {
      let matrix = KernelMatrix(format, rows: 5, columns: columns, seed: UInt64(columns))
      var random = SplitMix64(seed: 9)
      for count in [1, 2, 3, 4, 5, 97] {
        let x = random.floats(count * columns)
        let bias = random.floats(5)
        let scalar = matrix.product(CK_SCALAR, x, count: count, bias: bias)
        for level in kernelLevels {
          #expect(bits(matrix.product(level, x, count: count, bias: bias)) == bits(scalar))
        }
      }
    }
  }

  /// Against ModelFiles' decoders, which were written from the formats alone, and double precision.
  @Test(arguments: KernelFormat.all)
  func `multiplies by what the format means`(format: KernelFormat) throws {
    let columns = 5 * max(32, format.blockElementCount)
    let matrix = KernelMatrix(format, rows: 6, columns: columns, seed: 12)
    let folder = try TemporaryFolder()
    let weights = try matrix.weights(in: folder)
    var random = SplitMix64(seed: 13)
    let x = random.floats(columns)
    let out = matrix.product(CK_SCALAR, x, count: 1)
    for row in 0..<6 {
      let terms = zip(weights.row(row), x).map { Double($0) * Double($1) }
      let scale = terms.reduce(0) { $0 + abs($1) }
      #expect(abs(Double(out[row]) - terms.reduce(0, +)) < 1e-6 * scale, "row \(row)")
    }
  }

  @Test(arguments: KernelFormat.all)
  func `does not care how rows and columns are cut`(format: KernelFormat) {
    let columns = 2 * max(32, format.blockElementCount)
    let matrix = KernelMatrix(format, rows: 7, columns: columns, seed: 3)
    var random = SplitMix64(seed: 4)
    let x = random.floats(9 * columns)
    for level in kernelLevels {
      let whole = matrix.product(level, x, count: 9)
      for row in 0..<7 {
        for t in 0..<9 {
          let one = matrix.product(
            level, Array(x[t * columns..<(t + 1) * columns]), count: 1, rows: row..<row + 1)
          #expect(one[row] == whole[t * 7 + row])
        }
      }
    }
  }

  @Test(arguments: KernelFormat.all.filter(\.isDense))
  func `reads a transposed matrix to the same sums`(format: KernelFormat) {
    let (rows, columns) = (70, 37)
    let matrix = KernelMatrix(format, rows: rows, columns: columns, seed: 5)
    var transposed = matrix
    let size = format.blockBytes
    for row in 0..<rows {
      for column in 0..<columns {
        for byte in 0..<size {
          transposed.bytes[(column * rows + row) * size + byte] =
            matrix.bytes[(row * columns + column) * size + byte]
        }
      }
    }
    var random = SplitMix64(seed: 6)
    let x = random.floats(6 * columns)
    for level in kernelLevels {
      let straight = matrix.product(level, x, count: 6, rows: 1..<69)
      #expect(transposed.product(level, x, count: 6, rows: 1..<69, transposed: true) == straight)
    }
  }

  @Test func `leaves rows outside the range alone`() {
    let matrix = KernelMatrix(KernelFormat.all[2], rows: 6, columns: 40, seed: 1)
    for level in kernelLevels {
      let out = matrix.product(
        level, [Float](repeating: 1, count: 40), count: 1, rows: 2..<4)
      #expect(out[0] == -1 && out[1] == -1 && out[4] == -1 && out[5] == -1)
      #expect(out[2] != -1 && out[3] != -1)
    }
  }

  @Test func `passes a NaN and an infinity on`() {
    let matrix = KernelMatrix(KernelFormat.all[0], rows: 2, columns: 33, seed: 1)
    for level in kernelLevels {
      var x = [Float](repeating: 1, count: 33)
      x[32] = .nan
      #expect(matrix.product(level, x, count: 1).allSatisfy { $0.isNaN })
      x[32] = .infinity
      #expect(matrix.product(level, x, count: 1).allSatisfy { !$0.isFinite })
    }
  }

  @Test func `takes the scale code 255 for NaN and 0 for two to the minus 127`() {
    for format in KernelFormat.all where [.mxfp4, .mxfp4Split].contains(format.weightFormat) {
      var matrix = KernelMatrix(format, rows: 1, columns: 32, seed: 1)
      // All codes 2, which is 1.0.
      for index in matrix.bytes.indices { matrix.bytes[index] = 0x22 }
      let x = [Float](repeating: 1, count: 32)
      for level in kernelLevels {
        for (code, sum) in [
          (UInt8(0), Float(sign: .plus, exponent: -122, significand: 1)),
          (1, 0x1p-121), (127, 32), (254, .infinity),
        ] {
          matrix.scales = [code]
          if format.weightFormat == .mxfp4 { matrix.bytes[0] = code }
          #expect(matrix.product(level, x, count: 1) == [sum])
        }
        matrix.scales = [255]
        if format.weightFormat == .mxfp4 { matrix.bytes[0] = 255 }
        #expect(matrix.product(level, x, count: 1)[0].isNaN)
      }
    }
  }
}
