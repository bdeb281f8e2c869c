// PackedKernelTests.swift — packed weights: what packing keeps, and products that agree bit for bit.

import Base
import CKernels
import ModelFiles
import TestKit
import Testing

/// A matrix in packed form, with the memory that it lies in.
private struct Packed {
  let matrix: KernelMatrix
  let packing: ck_packing
  let groups: [[UInt8]]
  private let stride: Int

  /// Nil where packing refuses.
  init?(_ matrix: KernelMatrix, _ packing: ck_packing) {
    self.matrix = matrix
    self.packing = packing
    stride = ck_packed_group_bytes(packing, matrix.columns)
    var groups: [[UInt8]] = []
    for group in 0..<(matrix.rows + 7) / 8 {
      var out = [UInt8](repeating: 0xAA, count: stride)
      let failed = matrix.withMatrix { raw in
        withUnsafePointer(to: raw) { ck_pack_group(&out, packing, $0, matrix.rows, group) }
      }
      guard failed == 0 else { return nil }
      groups.append(out)
    }
    self.groups = groups
  }

  /// The weight at a place, as the header of ckpacked.h describes it.
  func weight(_ row: Int, _ column: Int) -> Double {
    let group = groups[row / 8]
    let (lane, block, within) = (row % 8, column / 32, column % 32)
    if packing == CK_PACKED_MXFP4 {
      let superblock = 1088 * (block / 8)
      let byte = group[
        superblock + 64 + 128 * (block % 8) + 32 * (within % 16 / 4) + 4 * lane + within % 4]
      let code = Int(within < 16 ? byte & 15 : byte >> 4)
      let value = [0, 1, 2, 3, 4, 6, 8, 12][code & 7] * (code < 8 ? 1.0 : -1.0)
      let exponent = UInt32(group[superblock + 8 * (block % 8) + lane])
      return value * Double(Float(bitPattern: exponent << 23))
    }
    let superblock = 1088 * (block / 4)
    let byte = group[
      superblock + 64 + 256 * (block % 4) + 32 * (within / 4) + 4 * lane + within % 4]
    let scale = superblock + 16 * (block % 4) + 2 * lane
    let bits = UInt16(group[scale]) | UInt16(group[scale + 1]) << 8
    return Double(Float16(bitPattern: bits)) * Double(Int8(bitPattern: byte))
  }

  /// The product with some rows of `x`; rows outside of the groups stay at -1.
  func product(
    _ level: ck_level, _ x: [Float], count: Int, groups some: Range<Int>? = nil,
    bias: [Float]? = nil
  ) -> [Float] {
    var out = [Float](repeating: -1, count: count * matrix.rows)
    let some = some ?? 0..<groups.count
    withActivations(level, x, count: count) { activations in
      groups.flatMap { $0 }.withUnsafeBufferPointer { bytes in
        guard let start = bytes.baseAddress else { return }
        var packed = ck_packed(
          groups: start, rows: matrix.rows, columns: matrix.columns, packing: packing)
        withUnsafePointer(to: activations) { activations in
          ck_packed_matmul(
            level, &out, matrix.rows, &packed, some.lowerBound, some.upperBound, activations, bias)
        }
      }
    }
    return out
  }

  /// Quantises `count` rows of x.
  func withActivations(
    _ level: ck_level, _ x: [Float], count: Int, _ body: (ck_activations) -> Void
  ) {
    let blocks = ck_block_count(matrix.columns)
    var values = [Int8](repeating: 99, count: 64 * blocks * count)
    var scales = [Float](repeating: -1, count: blocks * count)
    var sums = [Int32](repeating: -1, count: blocks * count)
    values.withUnsafeMutableBufferPointer { values in
      scales.withUnsafeMutableBufferPointer { scales in
        sums.withUnsafeMutableBufferPointer { sums in
          guard let values = values.baseAddress, let scales = scales.baseAddress,
            let sums = sums.baseAddress
          else { return }
          var out = ck_activations(values: values, scales: scales, sums: sums, count: count)
          x.withUnsafeBufferPointer { x in
            guard let x = x.baseAddress else { return }
            for row in 0..<count {
              ck_quantize_row(level, &out, row, x + row * matrix.columns, matrix.columns)
            }
          }
          body(out)
        }
      }
    }
  }
}

private let mxfp4 = KernelFormat.all.filter { [.mxfp4, .mxfp4Split].contains($0.weightFormat) }

/// A format, and how it is packed.
private struct Route: CustomTestStringConvertible {
  let format: KernelFormat
  let packing: ck_packing
  var testDescription: String { "\(format) as \(packing == CK_PACKED_Q8 ? "8 bits" : "MXFP4")" }

  static let all =
    mxfp4.map { Route(format: $0, packing: CK_PACKED_MXFP4) }
    + KernelFormat.all.map { Route(format: $0, packing: CK_PACKED_Q8) }
}

@Suite struct `A packed matrix` {
  @Test(arguments: Route.all)
  private func `gives the same bits at every level`(route: Route) throws {
    let unit = route.format.blockElementCount
    // Edges: one block, a superblock less one, more than one; columns that end within a block.
    let widths = unit == 1 ? [1, 31, 33, 64, 250, 545] : [unit, 3 * unit, 9 * unit]
    for columns in widths {
      // A last group of five rows.
      let matrix = KernelMatrix(route.format, rows: 21, columns: columns, seed: UInt64(columns))
      let packed = try #require(Packed(matrix, route.packing))
      var random = SplitMix64(seed: 9)
      for count in [1, 2, 3, 4, 65] {
        let x = random.floats(count * columns)
        let bias = random.floats(21)
        let scalar = packed.product(CK_SCALAR, x, count: count, bias: bias)
        for level in kernelLevels {
          #expect(bits(packed.product(level, x, count: count, bias: bias)) == bits(scalar))
        }
      }
    }
  }

  @Test(arguments: Route.all)
  private func `keeps its weights as well as it says`(route: Route) throws {
    let columns = 5 * max(32, route.format.blockElementCount)
    let matrix = KernelMatrix(route.format, rows: 11, columns: columns, seed: 12)
    let packed = try #require(Packed(matrix, route.packing))
    let weights = try matrix.weights(in: try TemporaryFolder())
    let isExact =
      route.packing == CK_PACKED_MXFP4 || route.format.weightFormat == .q8_0
    for row in 0..<11 {
      let exact = weights.row(row)
      for block in 0..<columns / 32 {
        let largest = exact[32 * block..<32 * block + 32].map(abs).max() ?? 0
        // Half a step, and the f16's own rounding.
        let tolerance = isExact ? 0 : Double(largest) * (0.5 / 127 + 1.0 / 2048)
        for column in 32 * block..<32 * block + 32 {
          let value = packed.weight(row, column)
          // The one value of 8 bits that has no negative.
          if route.format.weightFormat == .q8_0, value == Double(exact[column]) * 127 / 128 {
            continue
          }
          #expect(abs(value - Double(exact[column])) <= tolerance, "row \(row), \(column)")
        }
      }
    }
  }

  @Test(arguments: Route.all)
  private func `multiplies by what it keeps`(route: Route) throws {
    let columns = 3 * max(32, route.format.blockElementCount)
    let matrix = KernelMatrix(route.format, rows: 8, columns: columns, seed: 5)
    let packed = try #require(Packed(matrix, route.packing))
    var random = SplitMix64(seed: 6)
    let x = random.floats(columns)
    let out = packed.product(CK_SCALAR, x, count: 1)
    for row in 0..<8 {
      let terms = x.indices.map { packed.weight(row, $0) * Double(x[$0]) }
      let scale = x.indices.reduce(0) { $0 + abs(packed.weight(row, $1)) }
      // Values up to 1 in steps of 1 / 16256, each off by half a step at most.
      #expect(abs(Double(out[row]) - terms.reduce(0, +)) < scale * (0.5 / 16256 + 1e-6))
    }
  }

  @Test(arguments: Route.all)
  private func `does not care how rows and activations are cut`(route: Route) throws {
    let columns = 2 * max(32, route.format.blockElementCount)
    let matrix = KernelMatrix(route.format, rows: 20, columns: columns, seed: 3)
    let packed = try #require(Packed(matrix, route.packing))
    var random = SplitMix64(seed: 4)
    let x = random.floats(9 * columns)
    for level in kernelLevels {
      let whole = packed.product(level, x, count: 9)
      for group in 0..<3 {
        for t in 0..<9 {
          let row = Array(x[t * columns..<(t + 1) * columns])
          let one = packed.product(level, row, count: 1, groups: group..<group + 1)
          for row in 0..<20 {
            #expect(one[row] == (row / 8 == group ? whole[t * 20 + row] : -1))
          }
        }
      }
    }
  }

  @Test func `refuses weights that are not finite numbers`() throws {
    var split = KernelMatrix(try #require(mxfp4.last), rows: 8, columns: 64, seed: 1)
    split.scales[9] = 255
    #expect(Packed(split, CK_PACKED_MXFP4) == nil)
    var dense = KernelMatrix(KernelFormat.all[0], rows: 8, columns: 40, seed: 1)
    dense.bytes.replaceSubrange(400..<404, with: [0, 0, 0x80, 0x7F])
    #expect(Packed(dense, CK_PACKED_Q8) == nil)
    let q8 = try #require(KernelFormat.all.first { $0.weightFormat == .q8_0 })
    var halves = KernelMatrix(q8, rows: 8, columns: 64, seed: 1)
    halves.bytes.replaceSubrange(34..<36, with: [0, 0x7C])
    #expect(Packed(halves, CK_PACKED_Q8) == nil)
  }

  @Test func `takes tiny activations for zero and passes on what is no number`() throws {
    let matrix = KernelMatrix(KernelFormat.all[0], rows: 8, columns: 64, seed: 1)
    let packed = try #require(Packed(matrix, CK_PACKED_Q8))
    for level in kernelLevels {
      var x = [Float](repeating: 0x1p-101, count: 64)
      #expect(packed.product(level, x, count: 1).allSatisfy { $0 == 0 })
      for value in [Float.nan, -.nan, .infinity, -.infinity] {
        x[40] = value
        #expect(packed.product(level, x, count: 1).allSatisfy { $0.isNaN })
      }
      x[40] = .greatestFiniteMagnitude
      #expect(packed.product(level, x, count: 1).allSatisfy { !$0.isNaN })
    }
  }
}
