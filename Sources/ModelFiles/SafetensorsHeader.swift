// SafetensorsHeader.swift — the directory of one safetensors file: names, types, shapes, places.
//
// Layout (source: the safetensors format description; verdicts compared with its library, 0.8.0):
//
//      0   u64  bytes in the header, N, little-endian
//      8   N    one JSON object, UTF-8, padded with spaces:
//               name -> {"dtype": "BF16", "shape": [rows, columns], "data_offsets": [begin, end]}
//               "__metadata__" -> {string: string}
//      8+N      the data; offsets count from here and cover it without gap or overlap
//
// Stricter than that library: a key that appears twice is an error, and so are spaces before "{".

/// The directory of one safetensors file.
public struct SafetensorsHeader: Sendable {
  /// In the header's order; names are unique.
  public let entries: [TensorEntry]
  public let metadata: [String: String]

  /// As the reference library has it. The headers of gpt-oss are some 50 kB.
  public static let headerBytesMax: UInt64 = 100_000_000
  /// No known model comes near; gpt-oss-120b has 687, and 28 000 with an entry for each expert.
  public static let tensorCountMax: UInt64 = 1 << 17
  public static let nameBytesMax: UInt64 = 1_024
  public static let dimensionCountMax: UInt64 = 8

  /// Reads the directory of a whole file in `bytes` and checks it against the bytes there are.
  /// `path` is what messages call the file.
  public init(_ bytes: UnsafeRawBufferPointer, path: String) throws(ModelFileError) {
    var reader = FieldReader(bytes, path: path)
    let length: UInt64 = try reader.read("header length")
    guard length <= Self.headerBytesMax else {
      throw .overLimit(
        path: path, what: "bytes in the header", found: length, limit: Self.headerBytesMax)
    }
    let start = try reader.take(length, "header")
    let text = [UInt8](bytes[start..<reader.offset])
    var parser = SafetensorsHeaderParser(
      text, path: path, dataOffset: reader.offset, dataBytes: reader.remaining)
    try parser.parse()
    entries = parser.entries
    metadata = parser.metadata
  }
}
