// GGUFHeader.swift — the directory of one GGUF file: metadata and tensor table. Never the weights.
//
// Layout, all little-endian (source: ggml `docs/gguf.md`, versions 2 and 3, and `gguf.cpp`):
//
//      0  u32  magic, "GGUF"
//      4  u32  version
//      8  u64  tensor count
//     16  u64  metadata count
//     24  ...  per metadata: key, u32 value type, value
//         ...  per tensor: name, u32 axes, u64 extents (fastest first), u32 type, u64 offset
//         ...  zeros up to a multiple of `general.alignment`, 32 where that is absent
//         ...  data; tensor offsets count from here, each tensor padded to the alignment
//
// A string is a u64 number of bytes and UTF-8; an array is a u32 element type, a u64 count and the
// elements. As in `gguf.cpp`, tensors follow each other in the table's order without holes.

/// The directory of one GGUF file.
public struct GGUFHeader: Sendable {
  public let version: UInt32
  public let metadata: [String: GGUFValue]
  /// In the file's order; names are unique.
  public let entries: [TensorEntry]

  /// The header of gpt-oss-20b has 13 MB, nearly all of it tokens and merges.
  public static let headerBytesMax: UInt64 = 256 << 20
  /// No known model comes near; gpt-oss-120b has 687.
  public static let tensorCountMax: UInt64 = 1 << 17
  /// gpt-oss files have some 40.
  public static let metadataCountMax: UInt64 = 1 << 16
  public static let keyBytesMax: UInt64 = 65_535
  /// `GGML_MAX_NAME` less its terminator.
  public static let nameBytesMax: UInt64 = 63
  public static let dimensionCountMax: UInt64 = 4

  /// "GGUF", read as a little-endian number.
  static let magic: UInt32 = 0x4655_4747

  /// Reads the directory of a whole file in `bytes` and checks it against the bytes there are.
  /// `path` is what messages call the file.
  public init(_ bytes: UnsafeRawBufferPointer, path: String) throws(ModelFileError) {
    var parser = GGUFHeaderParser(bytes, path: path)
    try parser.parse()
    version = parser.version
    metadata = parser.metadata
    entries = parser.entries
  }
}
