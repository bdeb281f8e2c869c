// WeightDecoder.swift — weights to float32, one element at a time: what a stored number means.
//
// This is the definition that fast kernels are compared with, so each case is the format's formula
// and nothing else. `d` and `m` are float16, "lo" and "hi" are a byte's nibbles, products and sums
// round to float32 one by one. Sources: ggml `ggml-quants.c` and `ggml-common.h`; MXFP4: OCP
// Microscaling Formats 1.0, section 5.

extension WeightMatrix {
  /// Writes row `row` to `out` as float32.
  ///
  /// `out` has `columns` elements and `row` is below `rows`; anything else is a bug in the caller
  /// and traps. An MXFP4 scale of 255 makes its block NaN, as the specification has it.
  public func decodeRow(_ row: Int, into out: UnsafeMutableBufferPointer<Float>) {
    precondition(row >= 0 && row < rows && out.count == columns)
    let bytes = bytes.pointer
    let start = row * rowStride
    if format.isDense {
      for column in 0..<columns {
        out[column] = format.element(at: start + column * columnStride, in: bytes)
      }
      return
    }
    for block in 0..<columns / format.blockElementCount {
      let source = BlockBytes(bytes: bytes, start: start + block * format.blockBytes)
      let target = UnsafeMutableBufferPointer(
        rebasing: out[block * format.blockElementCount..<(block + 1) * format.blockElementCount])
      switch format {
      case .q4_0: source.decodeQ4(into: target, hasMinimum: false)
      case .q4_1: source.decodeQ4(into: target, hasMinimum: true)
      case .q5_0: source.decodeQ5(into: target, hasMinimum: false)
      case .q5_1: source.decodeQ5(into: target, hasMinimum: true)
      case .q8_0: source.decodeQ8(into: target)
      case .q4_K: source.decodeQ4K(into: target)
      case .q5_K: source.decodeQ5K(into: target)
      case .q6_K: source.decodeQ6K(into: target)
      case .mxfp4: source.decodeMXFP4(into: target)
      case .mxfp4Split:
        guard let scales else { preconditionFailure("\(name) has no scales") }
        let scale = scales.pointer[row * scaleRowStride + block]
        source.decodeMXFP4Split(into: target, scale: scale)
      case .f32, .f16, .bf16: preconditionFailure("\(format.rawValue) has no blocks")
      }
    }
  }

  /// Row `row` as float32, (columns,). See ``decodeRow(_:into:)``.
  public func row(_ row: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: columns) { out, count in
      decodeRow(row, into: UnsafeMutableBufferPointer(rebasing: out[..<columns]))
      count = columns
    }
  }
}

extension WeightVector {
  /// The whole vector as float32, (count,).
  public func floats() -> [Float] {
    let bytes = bytes.pointer
    return (0..<count).map { format.element(at: $0 * stride, in: bytes) }
  }
}

extension WeightFormat {
  /// The element of a dense format at byte `offset`.
  fileprivate func element(at offset: Int, in bytes: UnsafeRawBufferPointer) -> Float {
    switch self {
    case .f32: Float(bitPattern: bytes.word32(at: offset))
    case .f16: Float(Float16(bitPattern: bytes.word16(at: offset)))
    case .bf16: Float(bitPattern: UInt32(bytes.word16(at: offset)) << 16)
    default: preconditionFailure("\(rawValue) is not dense")
    }
  }
}

extension UnsafeRawBufferPointer {
  /// A little-endian number at any byte offset.
  func word16(at offset: Int) -> UInt16 {
    UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// A little-endian number at any byte offset.
  func word32(at offset: Int) -> UInt32 {
    UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}

/// The MXFP4 building blocks.
enum MXFP4 {
  /// E2M1 codes: a sign bit above an index into the magnitudes.
  static let values: [Float] = [
    0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6,
  ]

  /// 2^(code - 127). Code 0 is half the smallest normal float32; code 255 is NaN.
  static func scale(_ code: UInt8) -> Float {
    switch code {
    case 0: Float(bitPattern: 0x0040_0000)
    case 255: .nan
    default: Float(bitPattern: UInt32(code) << 23)
    }
  }
}

/// One block of a quantised row.
private struct BlockBytes {
  let bytes: UnsafeRawBufferPointer
  let start: Int

  subscript(index: Int) -> UInt8 { bytes[start + index] }

  func half(_ index: Int) -> Float { Float(Float16(bitPattern: bytes.word16(at: start + index))) }

  func signed(_ index: Int) -> Float { Float(Int8(bitPattern: self[index])) }

  /// d, [m], 16 bytes: byte j has elements j (lo) and j + 16 (hi). d·(n - 8), or d·n + m.
  func decodeQ4(into out: UnsafeMutableBufferPointer<Float>, hasMinimum: Bool) {
    let d = half(0)
    let codes = hasMinimum ? 4 : 2
    for j in 0..<16 {
      let (low, high) = (Float(self[codes + j] & 15), Float(self[codes + j] >> 4))
      out[j] = hasMinimum ? d * low + half(2) : d * (low - 8)
      out[j + 16] = hasMinimum ? d * high + half(2) : d * (high - 8)
    }
  }

  /// As Q4, with a fifth bit for each element from a u32: d·(n - 16), or d·n + m.
  func decodeQ5(into out: UnsafeMutableBufferPointer<Float>, hasMinimum: Bool) {
    let d = half(0)
    let bits = bytes.word32(at: start + (hasMinimum ? 4 : 2))
    let codes = hasMinimum ? 8 : 6
    for j in 0..<32 {
      let nibble = j < 16 ? self[codes + j] & 15 : self[codes + j - 16] >> 4
      let n = Float(UInt32(nibble) | (bits >> UInt32(j) & 1) << 4)
      out[j] = hasMinimum ? d * n + half(2) : d * (n - 16)
    }
  }

  /// d, 32 signed bytes: d·n.
  func decodeQ8(into out: UnsafeMutableBufferPointer<Float>) {
    let d = half(0)
    for j in 0..<32 { out[j] = d * signed(2 + j) }
  }

  /// Scale byte, 16 bytes: byte j has elements j (lo) and j + 16 (hi).
  func decodeMXFP4(into out: UnsafeMutableBufferPointer<Float>) {
    let scale = MXFP4.scale(self[0])
    for j in 0..<16 {
      out[j] = scale * MXFP4.values[Int(self[1 + j] & 15)]
      out[j + 16] = scale * MXFP4.values[Int(self[1 + j] >> 4)]
    }
  }

  /// 16 bytes: byte j has elements 2j (lo) and 2j + 1 (hi).
  func decodeMXFP4Split(into out: UnsafeMutableBufferPointer<Float>, scale code: UInt8) {
    let scale = MXFP4.scale(code)
    for j in 0..<16 {
      out[2 * j] = scale * MXFP4.values[Int(self[j] & 15)]
      out[2 * j + 1] = scale * MXFP4.values[Int(self[j] >> 4)]
    }
  }

  /// The 6-bit scale and minimum of each of eight groups of 32, packed in the 12 bytes from 4 on.
  private func scaleAndMinimum(_ group: Int) -> (scale: Float, minimum: Float) {
    func s(_ index: Int) -> UInt8 { self[4 + index] }
    guard group >= 4 else { return (Float(s(group) & 63), Float(s(group + 4) & 63)) }
    return (
      Float(s(group + 4) & 15 | (s(group - 4) >> 6) << 4),
      Float(s(group + 4) >> 4 | (s(group) >> 6) << 4)
    )
  }

  /// d, dmin, scales, 128 bytes: d·scale·n - dmin·minimum. Groups 2i and 2i + 1 are the lo and hi
  /// nibbles of the same 32 bytes.
  func decodeQ4K(into out: UnsafeMutableBufferPointer<Float>) {
    decodeK(into: out, codes: 16) { _, _ in 0 }
  }

  /// As Q4_K, with a fifth bit for each element: bit g of byte l of the 32 bytes from 16 on.
  func decodeQ5K(into out: UnsafeMutableBufferPointer<Float>) {
    decodeK(into: out, codes: 48) { group, l in (self[16 + l] >> UInt8(group) & 1) << 4 }
  }

  private func decodeK(
    into out: UnsafeMutableBufferPointer<Float>, codes: Int, highBit: (Int, Int) -> UInt8
  ) {
    for group in 0..<8 {
      let (scale, minimum) = scaleAndMinimum(group)
      let (d, m) = (half(0) * scale, half(2) * minimum)
      for l in 0..<32 {
        let byte = self[codes + 32 * (group / 2) + l]
        let nibble = group.isMultiple(of: 2) ? byte & 15 : byte >> 4
        out[32 * group + l] = d * Float(nibble | highBit(group, l)) - m
      }
    }
  }

  /// 128 bytes of low nibbles, 64 bytes of high pairs, 16 signed scales, d: d·scale·(n - 32).
  func decodeQ6K(into out: UnsafeMutableBufferPointer<Float>) {
    let d = half(208)
    for index in 0..<256 {
      let (part, quarter, l) = (index / 128, index % 128 / 32, index % 32)
      let byte = self[64 * part + 32 * (quarter & 1) + l]
      let low = quarter < 2 ? byte & 15 : byte >> 4
      let high = self[128 + 32 * part + l] >> UInt8(2 * quarter) & 3
      out[index] = d * signed(192 + index / 16) * (Float(low | high << 4) - 32)
    }
  }
}
