// GGUFHeaderTests.swift — what a GGUF header may say, what not, and the refusals.

import Glibc
import ModelFiles
import TestKit
import Testing

@Suite struct `A GGUF header` {
  @Test(arguments: [UInt32(2), 3])
  func `lists metadata and tensors, shapes turned around`(version: UInt32) throws {
    var writer = GGUFWriter()
    writer.version = version
    writer.alignment = 64
    writer.set("general.alignment", .u32(64))
    writer.set("u8", .u8(7))
    writer.set("i32", .i32(-7))
    writer.set("u64", .u64(.max))
    writer.set("f32", .f32(0.5))
    writer.set("yes", .bool(true))
    writer.set("text", .string("é"))
    writer.set("f64", .raw(type: 12, [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]))
    writer.set("i8", .raw(type: 1, [0xFF]))
    writer.set("i16", .raw(type: 3, [0xFE, 0xFF]))
    writer.set("i64", .raw(type: 11, [0xFD] + [UInt8](repeating: 0xFF, count: 7)))
    writer.set("names", .strings(["a", "", "bc"]))
    writer.add("q", type: 8, shape: [3, 32], [UInt8](repeating: 1, count: 102))
    writer.add("scalar", type: 0, shape: [], [0, 0, 128, 63])
    writer.add("nothing", type: 0, shape: [5, 0], [])
    writer.add("v", type: 1, shape: [1], [0, 60])
    let header = try parse(writer.bytes)
    #expect(header.version == version)
    #expect(header.metadata["u8"] == .unsigned(7))
    #expect(header.metadata["i32"] == .signed(-7))
    #expect(header.metadata["u64"] == .unsigned(.max))
    #expect(header.metadata["f32"] == .number(0.5))
    #expect(header.metadata["yes"] == .bool(true))
    #expect(header.metadata["text"] == .string("é"))
    #expect(header.metadata["f64"] == .number(1))
    #expect(header.metadata["i8"] == .signed(-1))
    #expect(header.metadata["i16"] == .signed(-2))
    #expect(header.metadata["i64"] == .signed(-3))
    guard case .array(let names) = header.metadata["names"] else {
      Issue.record("no array")
      return
    }
    #expect((names.elementType, names.count, names.byteCount) == (.string, 3, 27))
    #expect(header.entries.map(\.name) == ["q", "scalar", "nothing", "v"])
    #expect(header.entries.map(\.shape) == [[3, 32], [], [5, 0], [1]])
    #expect(header.entries.map(\.count) == [102, 4, 0, 2])
    let start = header.entries[0].offset
    #expect(start.isMultiple(of: 64))
    #expect(header.entries.map(\.offset) == [start, start + 128, start + 192, start + 192])
  }

  /// What follows the first four letters, and how the sentence starts.
  private static let badStarts: [(String, [UInt8], String)] = [
    ("", [], #"test ends inside "magic": byte 0 needs 4 bytes, 0 left. "#),
    ("GGML", [], #"test: the file does not start with "GGUF". It is not a GGUF file."#),
    ("GGUF", [3, 0], #"test ends inside "version": byte 4 needs 4 bytes, 2 left. "#),
    (
      "GGUF", [1, 0, 0, 0],
      "test: GGUF version 1 is not read; versions 2 and 3 are. Use a newer conversion."
    ),
    (
      "GGUF", [0, 0, 0, 0],
      "test: GGUF version 0 is not read; versions 2 and 3 are. Use a newer conversion."
    ),
    (
      "GGUF", [4, 0, 0, 0],
      "test: GGUF version 4 is not read; versions 2 and 3 are. Use a newer conversion."
    ),
    (
      "GGUF", [0, 0, 0, 3], "test: the file is big-endian. Use one for little-endian machines."
    ),
  ]

  @Test(arguments: badStarts)
  func `is refused by its first bytes`(letters: String, rest: [UInt8], start: String) {
    #expect(sentence { try parse(Array(letters.utf8) + rest) }.hasPrefix(start))
  }

  @Test(arguments: [
    (
      UInt64(131_073), UInt64(0), "test has 131073 tensors; the limit is 131072."
    ),
    (.max, 0, "test has 18446744073709551615 tensors; the limit is 131072."),
    (0, 65_537, "test has 65537 metadata values; the limit is 65536."),
    (
      0, 65_536,
      "test ends inside \"metadata\": byte 24 needs 851968 bytes, 64 left. "
        + "The download is probably incomplete; fetch it again."
    ),
    (
      131_072, 0,
      "test ends inside \"tensor table\": byte 24 needs 3145728 bytes, 64 left. "
        + "The download is probably incomplete; fetch it again."
    ),
  ])
  func `is never believed about counts`(tensors: UInt64, pairs: UInt64, expected: String) {
    var bytes = Array("GGUF".utf8) + [3, 0, 0, 0]
    bytes.append(littleEndian: tensors)
    bytes.append(littleEndian: pairs)
    #expect(sentence { try parse(bytes + [UInt8](repeating: 0, count: 64)) } == expected)
  }

  @Test(arguments: [
    (GGUFWriter.Value.raw(type: 13, [0]), "the value type 13 is not one that GGUF defines."),
    (.raw(type: 7, [2]), "a boolean is 2, neither 0 nor 1."),
    (.bools([0, 1, 9]), "a boolean is 9, neither 0 nor 1."),
    (
      .raw(type: 9, [9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
      "an array of arrays, which GGUF readers refuse."
    ),
    (.raw(type: 9, [99, 0, 0, 0]), "the value type 99 is not one that GGUF defines."),
  ])
  func `is refused for a value by its key`(value: GGUFWriter.Value, rest: String) {
    var writer = GGUFWriter()
    writer.set("k", value)
    #expect(sentence { try parse(writer.bytes) } == "test, key \"k\": " + rest)
  }

  @Test(arguments: [
    (UInt32(8), "test ends inside \"k\": byte "), (9, "test ends inside \"k\": byte "),
  ])
  func `is never believed about lengths`(type: UInt32, start: String) {
    for length in [UInt64(1) << 20, 1 << 40, 1 << 61, 1 << 63, .max] {
      var bytes: [UInt8] = []
      if type == 9 { bytes.append(littleEndian: UInt32(8)) }
      bytes.append(littleEndian: length)
      var writer = GGUFWriter()
      writer.set("k", .raw(type: type, bytes))
      #expect(sentence { try parse(writer.bytes) }.hasPrefix(start))
    }
  }

  @Test(arguments: [
    GGUFWriter.Value.u32(0), .u32(24), .u64(32), .i32(32), .string("32"),
  ])
  func `is refused for an alignment that is none`(value: GGUFWriter.Value) {
    var writer = GGUFWriter()
    writer.set("general.alignment", value)
    #expect(
      sentence { try parse(writer.bytes) }
        == #"test, key "general.alignment": the alignment must be a power of two, stored as u32."#)
  }

  @Test func `is refused for what is there twice, empty or no UTF-8`() {
    var writer = GGUFWriter()
    writer.addAgain("k", .u8(1))
    writer.addAgain("k", .u8(1))
    #expect(sentence { try parse(writer.bytes) } == "test has the metadata key \"k\" twice.")
    writer = GGUFWriter()
    writer.set("", .u8(1))
    #expect(sentence { try parse(writer.bytes) } == "test: a metadata key is empty.")
    writer = GGUFWriter()
    writer.set("k", .u8(1))
    var bytes = writer.bytes
    bytes[32] = 0xC0
    #expect(
      sentence { try parse(bytes) } == "test: the metadata key at byte 32 is not valid UTF-8.")
    writer = GGUFWriter()
    writer.add("t", type: 0, shape: [1], [0, 0, 0, 0])
    writer.add("t", type: 0, shape: [1], [0, 0, 0, 0])
    #expect(sentence { try parse(writer.bytes) } == "test has the tensor \"t\" twice.")
  }

  private static let badTensors: [(UInt32, [Int], String)] = [
    (
      4, [32],
      ": its type 4, Q4_2, has been removed from GGUF. Use a newer conversion, such as "
        + "ggml-org/gpt-oss-20b-GGUF."
    ),
    (
      38, [32],
      ": its type 38, IQ4_NL_8_8, has been removed from GGUF. Use a newer conversion, such as "
        + "ggml-org/gpt-oss-20b-GGUF."
    ),
    (42, [32], ": its type 42 is not one that GGUF defines."),
    (8, [2, 33], ": rows of 33 elements cannot be Q8_0, which comes in blocks of 32."),
    (39, [], ": rows of 1 elements cannot be MXFP4, which comes in blocks of 32."),
    (
      0, [1 << 32, 1 << 32],
      ": the extents [4294967296, 4294967296] have more elements than can be counted."
    ),
    (
      28, [1 << 61],
      ": the extents [2305843009213693952] have more elements than can be counted."
    ),
  ]

  @Test(arguments: badTensors)
  func `is refused for a tensor by its name`(type: UInt32, shape: [Int], rest: String) {
    var writer = GGUFWriter()
    writer.add("t", type: type, shape: shape, [])
    #expect(sentence { try parse(writer.bytes) } == "test, tensor \"t\"" + rest)
  }

  @Test func `is refused for more axes or longer names than ggml has`() {
    var writer = GGUFWriter()
    writer.add("t", type: 0, shape: [1, 1, 1, 1, 1], [0, 0, 0, 0])
    #expect(
      sentence { try parse(writer.bytes) } == #"test has 5 axes in tensor "t"; the limit is 4."#)
    writer = GGUFWriter()
    writer.add(String(repeating: "n", count: 64), type: 0, shape: [], [0, 0, 0, 0])
    #expect(
      sentence { try parse(writer.bytes) } == "test has 64 bytes in a tensor name; the limit is 63."
    )
  }

  /// The second tensor's offset is the header's last field before the padding.
  @Test(arguments: [(UInt64(0), "0"), (4, "4"), (64, "64"), (.max, "18446744073709551615")])
  func `is refused for a hole or an overlap`(offset: UInt64, found: String) throws {
    var writer = GGUFWriter()
    writer.add("a", type: 0, shape: [1], [0, 0, 0, 0])
    writer.add("b", type: 0, shape: [1], [0, 0, 0, 0])
    var bytes = writer.bytes
    let place = try #require(bytes.indices.last { bytes[$0] == 32 && $0 < 120 })
    var field: [UInt8] = []
    field.append(littleEndian: offset)
    bytes.replaceSubrange(place..<place + 8, with: field)
    #expect(
      sentence { try parse(bytes) }
        == "test, tensor \"b\": its data is at \(found), and the tensors before it end at 32.")
  }

  @Test func `may leave out the last padding and nothing more`() throws {
    var writer = GGUFWriter()
    writer.add("a", type: 0, shape: [1], [0, 0, 0, 0])
    let bytes = writer.bytes
    _ = try parse(Array(bytes.dropLast(28)))
    #expect(
      sentence { try parse(Array(bytes.dropLast(29))) } == """
        test ends inside "a": byte 64 needs 4 bytes, 3 left. The download is probably incomplete; \
        fetch it again.
        """)
    #expect(
      sentence { try parse(Array(bytes.prefix(60))) } == """
        test ends inside "padding before the data": byte 57 needs 7 bytes, 3 left. The download \
        is probably incomplete; fetch it again.
        """)
  }

  @Test func `may not be longer than the limit`() throws {
    var bytes = Array("GGUF".utf8) + [3, 0, 0, 0]
    bytes.append(littleEndian: UInt64(0))
    bytes.append(littleEndian: UInt64(1))
    bytes.append(text: "k")
    bytes += [9, 0, 0, 0, 0, 0, 0, 0]
    bytes.append(littleEndian: UInt64(300 << 20))
    let folder = try TemporaryFolder()
    let path = try folder.write("long.gguf", bytes)
    #expect(truncate(path, 301 << 20) == 0)
    let file = try MappedFile(path: path)
    #expect(
      sentence { try GGUFHeader(file.bytes, path: "test") }
        == "test has 314572849 bytes in the header; the limit is 268435456.")
  }

  @Test func `cut anywhere is refused`() throws {
    let bytes = TinyModel().gguf.bytes
    let header = try parse(bytes)
    let end = header.entries.map { $0.offset + $0.count }.max() ?? 0
    for length in 0..<end {
      #expect(throws: ModelFileError.self, "cut at \(length)") {
        try parse(Array(bytes.prefix(length)))
      }
    }
  }

  @Test func `with any bit turned is refused or still lies in its file`() throws {
    var bytes = TinyModel().gguf.bytes
    let headerBytes = try parse(bytes).entries.map(\.offset).min() ?? 0
    for index in 0..<headerBytes {
      for bit in 0..<8 {
        bytes[index] ^= 1 << bit
        if let damaged = try? parse(bytes) {
          let end = damaged.entries.map { $0.offset + $0.count }.max() ?? 0
          #expect(end <= bytes.count)
        }
        bytes[index] ^= 1 << bit
      }
    }
  }

  private func parse(_ bytes: [UInt8]) throws -> GGUFHeader {
    try bytes.withUnsafeBytes { try GGUFHeader($0, path: "test") }
  }
}
