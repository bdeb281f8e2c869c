// SafetensorsHeaderTests.swift — what a safetensors header may say, what not, and the refusals.

import ModelFiles
import TestKit
import Testing

@Suite struct `A safetensors header` {
  @Test func `lists its tensors in order, in file offsets`() throws {
    let header = try parse(
      #"{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,1],"data_offsets":[2,10]},"#
        + #""a":{"data_offsets":[0,2],"shape":[],"dtype":"BF16","later":{"x":[1]}}}"#,
      data: [UInt8](repeating: 0, count: 10))
    #expect(header.metadata == ["format": "pt"])
    #expect(header.entries.map(\.name) == ["b", "a"])
    #expect(header.entries.map(\.shape) == [[2, 1], []])
    #expect(header.entries.map(\.type.name) == ["F32", "BF16"])
    #expect(header.entries.map(\.offset) == [169, 167])
    #expect(header.entries.map(\.count) == [8, 2])
  }

  /// As the reference library 0.8.0 does.
  @Test(arguments: [
    ("{}", 0), ("{}   ", 0),
    (#"{"a":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]}}"#, 0),
    (
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
        + #""z":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},"#
        + #""b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#, 5
    ),
    (#"{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}"#, 2),
    (#"{"a":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]}}"#, 3),
  ])
  func `may be empty, padded, uneven or full of nothing`(text: String, dataBytes: Int) throws {
    _ = try parse(text, data: [UInt8](repeating: 0, count: dataBytes))
  }

  /// A header before eight bytes of data, and what comes after the file's name.
  private static let refused: [(String, String)] = [
    ("", #": the header does not start with "{". It is not a safetensors file."#),
    (" {}", #": the header does not start with "{". It is not a safetensors file."#),
    ("[]", #": the header does not start with "{". It is not a safetensors file."#),
    ("{} x", ", header, line 1, column 4: there is more text after the end of the value."),
    ("{}\u{0}", ", header, line 1, column 3: there is more text after the end of the value."),
    (#"{"a":7}"#, ", header, line 1, column 6: found \"7\" where an object should be."),
    (#"{"a":{"shape":[],"data_offsets":[0,0]}}"#, #", tensor "a": "dtype" is missing."#),
    (#"{"a":{"dtype":"U8","data_offsets":[0,0]}}"#, #", tensor "a": "shape" is missing."#),
    (#"{"a":{"dtype":"U8","shape":[0]}}"#, #", tensor "a": "data_offsets" is missing."#),
    (
      #"{"a":{"dtype":"I4","shape":[0],"data_offsets":[0,0]}}"#,
      #", tensor "a": the type "I4" is not one that safetensors defines."#
    ),
    (
      #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}}"#,
      #", tensor "a": "data_offsets" has 1 numbers; begin and end are needed."#
    ),
    (
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}}"#,
      #", tensor "a": the data begins at 2 and ends before, at 1."#
    ),
    (
      #"{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}"#,
      ", tensor \"a\": the data ends at 9, and the file has 8 bytes of data. "
        + "The download is probably incomplete; fetch it again."
    ),
    (
      #"{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#,
      #", tensor "a": the shape [4294967296, 4294967296] has more elements than can be counted."#
    ),
    (
      #"{"a":{"dtype":"F64","shape":[9223372036854775808],"data_offsets":[0,8]}}"#,
      ", tensor \"a\": F64 elements in the shape [9223372036854775808] do not fill whole bytes "
        + "that can be counted."
    ),
    (
      #"{"a":{"dtype":"U8","shape":[0,9223372036854775808],"data_offsets":[0,0]}}"#,
      #", tensor "a": the shape [0, 9223372036854775808] has more elements than can be counted."#
    ),
    (
      #"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}"#,
      ", tensor \"a\": F4 elements in the shape [3] do not fill whole bytes that can be counted."
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,8]}}"#,
      #", tensor "a": F32 elements in the shape [1, 1] are 4 bytes, and its data has 8."#
    ),
    (
      #"{"a":{"dtype":"U8","shape":[7],"data_offsets":[1,8]}}"#,
      #", tensor "a": the data bytes 0..<1 before it belong to no tensor."#
    ),
    (
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
        + #""b":{"dtype":"U8","shape":[5],"data_offsets":[3,8]}}"#,
      #", tensor "b": the data bytes 2..<3 before it belong to no tensor."#
    ),
    (
      #"{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"#
        + #""b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
      #", tensor "b": its data begins at 4, inside that of "a", which ends at 5."#
    ),
    (
      #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"#
        + #""b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
      #", tensor "b": its data begins at 0, inside that of "a", which ends at 8."#
    ),
    (
      #"{"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]}}"#,
      ": 2 bytes after the last tensor belong to no tensor."
    ),
    (
      #"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}"#,
      ", header, line 1, column 31: a whole number, 0 or more, should be here."
    ),
    (
      #"{"a":{"dtype":"U8","shape":[8.0],"data_offsets":[0,8]}}"#,
      ", header, line 1, column 32: a whole number, 0 or more, should be here."
    ),
    (
      #"{"__metadata__":{"a":1}}"#,
      ", header, line 1, column 22: found \"1\" where a string should be."
    ),
    (#"{"__metadata__":{"a":"","a":""}}"#, #" has the metadata key "a" twice."#),
    (
      #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"#
        + #""a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
      #" has the tensor "a" twice."#
    ),
    (
      #"{"a":{"dtype":"U8","dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
      #" has the field of tensor "a" "dtype" twice."#
    ),
    (
      #"{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,8],"data_offsets":[0,8]}}"#,
      #" has 9 dimensions in tensor "a"; the limit is 8."#
    ),
    (
      #"{"a":{"x":[[[[[1]]]]],"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
      ", header, line 1, column 15: nested deeper than 4 levels."
    ),
  ]

  @Test(arguments: refused)
  func `is refused with a sentence`(text: String, rest: String) {
    #expect(sentence { try parse(text, data: [UInt8](repeating: 0, count: 8)) } == "test" + rest)
  }

  @Test func `is refused where it is no UTF-8`() {
    let bytes: [UInt8] = [6, 0, 0, 0, 0, 0, 0, 0] + Array("{\"".utf8) + [0xFF] + Array("\":1".utf8)
    #expect(sentence { try parse(bytes) } == "test: the header is not valid UTF-8.")
  }

  @Test func `is refused where a name is long, and cut short in the sentence`() {
    let name = String(repeating: "n", count: 1025)
    let text = #"{"\#(name)":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#
    #expect(
      sentence { try parse(text, data: []) }
        == "test has 1025 bytes in a tensor's name; the limit is 1024.")
    let shorter = String(name.prefix(1000))
    #expect(
      sentence { try parse(#"{"\#(shorter)":{}}"#, data: []) }
        == "test, tensor \"\(name.prefix(100))…\": \"dtype\" is missing.")
  }

  @Test func `keeps its words from moving a terminal's cursor`() {
    #expect(
      sentence { try parse(#"{"a\u001b[2J\u202e":{}}"#, data: []) }
        == #"test, tensor "a?[2J?": "dtype" is missing."#)
  }

  @Test(arguments: [
    (UInt64(3), "test ends inside \"header\": byte 8 needs 3 bytes, 2 left. "),
    (100_000_000, "test ends inside \"header\": byte 8 needs 100000000 bytes, 2 left. "),
    (100_000_001, "test has 100000001 bytes in the header; the limit is 100000000."),
    (1 << 63, "test has 9223372036854775808 bytes in the header; the limit is 100000000."),
    (.max, "test has 18446744073709551615 bytes in the header; the limit is 100000000."),
  ])
  func `is never believed to be longer than the file`(length: UInt64, start: String) {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: length)
    #expect(sentence { try parse(bytes + Array("{}".utf8)) }.hasPrefix(start))
  }

  @Test func `may not have more tensors than the limit`() {
    let lines = (0...SafetensorsHeader.tensorCountMax).map {
      #""\#($0)":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
    }
    #expect(
      sentence { try parse("{" + lines.joined(separator: ",") + "}", data: []) }
        == "test has 131073 tensors; the limit is 131072.")
  }

  @Test func `cut anywhere is refused`() throws {
    let bytes = TinyModel().tensors.safetensors
    for length in 0..<bytes.count {
      #expect(throws: ModelFileError.self, "cut at \(length)") {
        try parse(Array(bytes.prefix(length)))
      }
    }
    _ = try parse(bytes)
  }

  @Test func `with any bit turned is refused or still lies in its file`() throws {
    var bytes = TinyModel().tensors.safetensors
    let header = try parse(bytes)
    let headerBytes = header.entries.map(\.offset).min() ?? 0
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

  private func parse(_ bytes: [UInt8]) throws -> SafetensorsHeader {
    try bytes.withUnsafeBytes { try SafetensorsHeader($0, path: "test") }
  }

  private func parse(_ header: String, data: [UInt8]) throws -> SafetensorsHeader {
    try parse(SafetensorsWriter.file(header: header, data: data))
  }
}
