// SafetensorsWriter.swift — writes safetensors files for tests, as bytes.

import Base

/// Collects tensors and writes them as one safetensors file, data in the order they were added.
public struct SafetensorsWriter {
  private var header = JSONObject()
  private var data: [UInt8] = []

  public init() {}

  /// `type` is the header's word, "BF16"; `shape` is row-major.
  public mutating func add(_ name: String, _ type: String, shape: [Int], _ bytes: [UInt8]) {
    header[name] = [
      "dtype": .string(type), "shape": .array(shape.map { .number(.integer(Int64($0))) }),
      "data_offsets": [
        .number(.integer(Int64(data.count))), .number(.integer(Int64(data.count + bytes.count))),
      ],
    ]
    data += bytes
  }

  /// The whole file.
  public var bytes: [UInt8] {
    Self.file(header: JSONValue.object(header).compactText, data: data)
  }

  /// A file with this header text, whatever it says, and this data.
  public static func file(header: String, data: [UInt8] = []) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(header.utf8.count))
    return bytes + Array(header.utf8) + data
  }
}

extension [UInt8] {
  /// Appends the bytes of a number, the lowest first.
  public mutating func append(littleEndian value: some FixedWidthInteger) {
    for shift in stride(from: 0, to: value.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
