// WeightDecoderTests.swift — stored numbers, decoded as their formats define them.

import Base
import ModelFiles
import TestKit
import Testing

@Suite struct `A row of weights` {
  /// Vectors: gguf-py's and transformers' decoders on quantised and on random blocks. ggml's table
  /// has no negative zero; the specification has one.
  @Test(arguments: WeightFormat.allCases)
  func `decodes to the reference's numbers`(format: WeightFormat) throws {
    var count = 0
    for line in try Vectors.jsonLines("weight_blocks.jsonl")
    where line["format"]?.stringValue == format.rawValue {
      let columns = try #require(line["columns"]?.intValue)
      let bytes = try #require(line["bytes"]?.hexBytes)
      let matrix = try row(format, bytes, scales: line["scales"]?.hexBytes, columns: columns)
      let expected = try #require(line["floats"]?.hexBytes)
      for (column, value) in matrix.row(0).enumerated() {
        let wanted = Float(
          bitPattern: (0..<4).reduce(0) { $0 | UInt32(expected[4 * column + $1]) << (8 * $1) })
        let isSame = value.bitPattern == wanted.bitPattern || value.isNaN && wanted.isNaN
        #expect(
          isSame || format == .mxfp4 && value == 0 && wanted == 0,
          "\(format.rawValue), column \(column): \(value), not \(wanted)")
      }
      count += 1
    }
    #expect(count > 0)
  }

  /// The OCP specification's codes and scales, down to the denormal ones. Byte 0x21 has the elements
  /// 0.5 and 1, 0xF0 has 0 and -6.
  @Test(arguments: [
    (UInt8(127), Float(1)), (126, 0.5), (0, 0x1p-127), (1, 0x1p-126), (2, 0x1p-125), (252, 0x1p125),
  ])
  func `multiplies MXFP4 codes by a power of two`(scale: UInt8, factor: Float) throws {
    let codes = [0x21, 0xF0] + [UInt8](repeating: 0, count: 14)
    let split = try row(.mxfp4Split, codes, scales: [scale], columns: 32)
    #expect(split.row(0).prefix(4) == [0.5 * factor, factor, 0, -6 * factor])
    let ggml = try row(.mxfp4, [scale] + codes, scales: nil, columns: 32).row(0)
    #expect([ggml[0], ggml[16], ggml[1], ggml[17]] == [0.5 * factor, factor, 0, -6 * factor])
  }

  @Test func `keeps the sign of an MXFP4 zero`() throws {
    let codes = [0x88] + [UInt8](repeating: 0, count: 15)
    let values = try row(.mxfp4Split, codes, scales: [127], columns: 32).row(0)
    #expect(values[0].sign == .minus)
    #expect(values[2].sign == .plus)
  }

  @Test(arguments: [WeightFormat.mxfp4, .mxfp4Split])
  func `is NaN where the MXFP4 scale says so`(format: WeightFormat) throws {
    let codes = [UInt8](repeating: 0x12, count: 16)
    let matrix =
      format == .mxfp4
      ? try row(format, [255] + codes, scales: nil, columns: 32)
      : try row(format, codes, scales: [255], columns: 32)
    #expect(matrix.row(0).filter(\.isNaN).count == 32)
  }

  @Test func `follows the strides of a transposed and interleaved matrix`() throws {
    // (3 in, 4 out) float32, the number at (in, out) being 10 in + out.
    var bytes: [UInt8] = []
    for input in 0..<3 {
      for output in 0..<4 { bytes.append(littleEndian: Float(10 * input + output).bitPattern) }
    }
    let file = try MappedFile(copying: bytes, path: "test")
    let odd = WeightMatrix(
      name: "w", format: .f32, rows: 2, columns: 3,
      bytes: MappedBytes(file: file, offset: 4, count: 44), rowStride: 8, columnStride: 16)
    #expect(odd.row(0) == [1, 11, 21])
    #expect(odd.row(1) == [3, 13, 23])
    let vector = WeightVector(
      name: "v", format: .f32, count: 3, bytes: MappedBytes(file: file, offset: 0, count: 36),
      stride: 16)
    #expect(vector.floats() == [0, 10, 20])
  }

  /// A matrix of one row, off the machine's alignment.
  private func row(
    _ format: WeightFormat, _ bytes: [UInt8], scales: [UInt8]?, columns: Int
  ) throws -> WeightMatrix {
    let file = try MappedFile(copying: [0] + bytes + (scales ?? []), path: "test")
    return WeightMatrix(
      name: "w", format: format, rows: 1, columns: columns,
      bytes: MappedBytes(file: file, offset: 1, count: bytes.count), rowStride: bytes.count,
      columnStride: format.isDense ? format.blockBytes : 0,
      scales: scales.map { MappedBytes(file: file, offset: 1 + bytes.count, count: $0.count) },
      scaleRowStride: scales?.count ?? 0)
  }
}

extension JSONValue {
  /// A string of hexadecimal digits as bytes.
  fileprivate var hexBytes: [UInt8]? {
    guard let text = stringValue, text.utf8.count.isMultiple(of: 2) else { return nil }
    let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count == text.utf8.count else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
