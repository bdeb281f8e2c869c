// VectorKernelTests.swift — the kernels around the matrices: against doubles, and twin by twin.

import Base
import CKernels
import Foundation
import Testing

/// Short of, at and past the vector widths.
private let counts = [1, 7, 8, 16, 17, 45, 128]

@Suite struct `A vector kernel` {
  @Test(arguments: counts)
  func `normalises like the formula`(count: Int) {
    var random = SplitMix64(seed: 1)
    let (x, gain) = (random.floats(count), random.floats(count))
    let square = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
    let results = kernelLevels.map { level in
      var out = [Float](repeating: 0, count: count)
      ck_rms_norm(level, &out, x, gain, count, 1e-5)
      return out
    }
    for (index, value) in results[0].enumerated() {
      let exact = Double(x[index]) / (square + 1e-5).squareRoot() * Double(gain[index])
      #expect(abs(Double(value) - exact) < 1e-6)
    }
    #expect(results.allSatisfy { bits($0) == bits(results[0]) })
  }

  @Test(arguments: [1, 3, 8, 20, 32])
  func `rotates pairs half a head apart`(half: Int) {
    var random = SplitMix64(seed: 2)
    let x = random.floats(3 * 2 * half)
    let angles = random.floats(half)
    let (cosines, sines) = (angles.map { cos($0) }, angles.map { sin($0) })
    let results = kernelLevels.map { level in
      var out = x
      ck_rope(level, &out, 3, half, cosines, sines)
      return out
    }
    for head in 0..<3 {
      for i in 0..<half {
        let (first, second) = (head * 2 * half + i, head * 2 * half + half + i)
        let (c, s) = (Double(cosines[i]), Double(sines[i]))
        #expect(
          abs(Double(results[0][first]) - (Double(x[first]) * c - Double(x[second]) * s)) < 1e-6)
        #expect(
          abs(Double(results[0][second]) - (Double(x[second]) * c + Double(x[first]) * s)) < 1e-6)
      }
    }
    #expect(results.allSatisfy { bits($0) == bits(results[0]) })
  }

  @Test func `bounds the gate above only, and shifts the linear half by one`() {
    let gate: [Float] = [0, 1, -1, 7, 8, -100, 1e30, -1e30, .nan, 2]
    let up: [Float] = [0, -8, 8, 7, -7, 1, -1, 0.5, 1, .nan]
    let results = kernelLevels.map { level in
      var out = [Float](repeating: 0, count: gate.count)
      ck_swiglu(level, &out, gate, up, gate.count, 1.702, 7)
      return out
    }
    for (index, value) in results[0].enumerated() {
      guard !gate[index].isNaN, !up[index].isNaN else {
        #expect(value.isNaN)
        continue
      }
      let g = min(Double(gate[index]), 7)
      let l = min(max(Double(up[index]), -7), 7)
      let exact = g / (1 + exp(-1.702 * g)) * (l + 1)
      #expect(abs(Double(value) - exact) <= 1e-6 * max(1, abs(exact)))
    }
    #expect(results.allSatisfy { bits($0).elementsEqual(bits(results[0])) })
  }

  @Test(arguments: [0] + counts)
  func `gives the sink its share of a softmax`(count: Int) {
    var random = SplitMix64(seed: 3)
    let scores = random.floats(count).map { $0 * 30 }
    for sink in [Float(-50), 0, 3, 50] {
      let results = kernelLevels.map { level in
        var out = scores + [7]
        ck_softmax_sink(level, &out, count, 0.125, sink)
        return out
      }
      let total = scores.reduce(exp(Double(sink))) { $0 + exp(0.125 * Double($1)) }
      for (index, score) in scores.enumerated() {
        #expect(abs(Double(results[0][index]) - exp(0.125 * Double(score)) / total) < 1e-6)
      }
      #expect(results[0][count] == 7)
      #expect(results.allSatisfy { bits($0) == bits(results[0]) })
    }
  }

  @Test func `lets a NaN score spoil the whole softmax`() {
    for level in kernelLevels {
      var scores: [Float] = [1, .nan, 2]
      ck_softmax_sink(level, &scores, 3, 1, 0)
      #expect(scores.allSatisfy { $0.isNaN })
    }
  }

  @Test(arguments: [1, 15, 16, 40, 64], [CK_F32, CK_F16])
  func `accumulates values in order of position`(width: Int, format: ck_format) {
    var random = SplitMix64(seed: 4)
    let (count, groups) = (11, 6)
    let values = random.floats(count * width).map { format == CK_F16 ? Float(Float16($0)) : $0 }
    let p = random.floats(groups * count)
    let start = random.floats(groups * width)
    let bytes = values.flatMap { value in
      format == CK_F16
        ? withUnsafeBytes(of: Float16(value)) { Array($0) }
        : withUnsafeBytes(of: value) { Array($0) }
    }
    let results = kernelLevels.map { level in
      var whole = start
      ck_accumulate(level, &whole, width, format, bytes, count, width, p, count, groups)
      // In two parts, as where a ring wraps.
      var parts = start
      ck_accumulate(level, &parts, width, format, bytes, 4, width, p, count, groups)
      let rest = Array(bytes[(bytes.count / count * 4)...])
      ck_accumulate(
        level, &parts, width, format, rest, count - 4, width, Array(p[4...]), count, groups)
      #expect(bits(parts) == bits(whole))
      return whole
    }
    for g in 0..<groups {
      for d in 0..<width {
        let exact = (0..<count).reduce(Double(start[g * width + d])) {
          $0 + Double(p[g * count + $1]) * Double(values[$1 * width + d])
        }
        #expect(abs(Double(results[0][g * width + d]) - exact) < 1e-5)
      }
    }
    #expect(results.allSatisfy { bits($0) == bits(results[0]) })
  }

  @Test func `reads every float16 as Swift does`() {
    // As a 65,536 by 1 matrix times one: decoding and nothing else.
    let all = (0...UInt16.max).map { $0 }
    var matrix = KernelMatrix(KernelFormat.all[1], rows: 65536, columns: 1, seed: 1)
    matrix.bytes = all.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    for level in kernelLevels {
      let out = matrix.product(level, [1], count: 1)
      for (bits, value) in zip(all, out) {
        let expected = Float(Float16(bitPattern: bits))
        #expect(value == expected || (value.isNaN && expected.isNaN))
      }
    }
  }

  @Test func `writes float16 as Swift does, short of infinity`() {
    var random = SplitMix64(seed: 5)
    var x: [Float] = [0, -0.0, 65504, 65519, 65520, 1e9, -.infinity, 0x1p-24, 0x1p-25, 0x1.8p-25]
    x += (0..<20_000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
    x += (0..<20_000).map { _ in random.nextFloat() * 0x1p-13 }
    for level in kernelLevels {
      var out = [UInt16](repeating: 0, count: x.count)
      ck_encode_f16(level, &out, x, x.count)
      for (value, bits) in zip(x, out) {
        let half = Float16(bitPattern: bits)
        if value.isNaN {
          #expect(half.isNaN)
        } else {
          #expect(bits == Float16(min(max(value, -65504), 65504)).bitPattern)
        }
      }
    }
  }

  @Test func `computes exp within two units in the last place`() {
    let x = stride(from: Float(-87), through: 88, by: 0.0137).map { $0 }
    let results = kernelLevels.map { level in
      var out = [Float](repeating: 0, count: x.count)
      ck_exp(level, &out, x, x.count)
      return out
    }
    for (value, result) in zip(x, results[0]) {
      let exact = exp(Double(value))
      #expect(abs(Double(result) - exact) <= 2 * Double(Float(exact).ulp))
    }
    #expect(results.allSatisfy { bits($0) == bits(results[0]) })
    for level in kernelLevels {
      var out = [Float](repeating: 0, count: 4)
      ck_exp(level, &out, [.nan, -.infinity, .infinity, 1000], 4)
      #expect(out[0].isNaN && out[1] > 0 && out[2].isFinite && out[2] == out[3])
    }
  }

  @Test(arguments: counts)
  func `adds a scaled vector with one rounding`(count: Int) {
    var random = SplitMix64(seed: 6)
    let (x, start) = (random.floats(count), random.floats(count))
    for level in kernelLevels {
      var out = start
      ck_add_scaled(level, &out, x, count, 0.3)
      #expect(out == zip(start, x).map { $0.addingProduct(0.3, $1) })
    }
  }
}
