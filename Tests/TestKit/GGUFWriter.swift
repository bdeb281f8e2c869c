// GGUFWriter.swift — writes GGUF files for tests, as bytes.

/// Collects metadata and tensors and writes them as one GGUF file, all in the order they were added.
public struct GGUFWriter {
  /// A metadata value with the type that it is written in.
  public enum Value: Sendable {
    case u8(UInt8)
    case u16(UInt16)
    case u32(UInt32)
    case i32(Int32)
    case u64(UInt64)
    case f32(Float)
    case bool(Bool)
    case string(String)
    case strings([String])
    case i32s([Int32])
    case bools([UInt8])
    /// A type number and bytes as they are.
    case raw(type: UInt32, [UInt8])
  }

  public var version: UInt32 = 3
  public var alignment = 32
  public private(set) var metadata: [(key: String, value: Value)] = []
  private var tensors: [(name: String, extents: [UInt64], type: UInt32, bytes: [UInt8])] = []

  public init() {}

  /// Sets a metadata value, in the place of an older one of the same key.
  public mutating func set(_ key: String, _ value: Value) {
    if let index = metadata.firstIndex(where: { $0.key == key }) {
      metadata[index].value = value
    } else {
      metadata.append((key, value))
    }
  }

  /// Adds a key without looking whether it is there.
  public mutating func addAgain(_ key: String, _ value: Value) { metadata.append((key, value)) }

  public mutating func remove(_ key: String) { metadata.removeAll { $0.key == key } }

  /// `shape` is row-major, and is written turned around; `type` is ggml's number.
  public mutating func add(_ name: String, type: UInt32, shape: [Int], _ bytes: [UInt8]) {
    tensors.append((name, shape.reversed().map { UInt64($0) }, type, bytes))
  }

  /// The whole file.
  public var bytes: [UInt8] {
    var out = Array("GGUF".utf8)
    out.append(littleEndian: version)
    out.append(littleEndian: UInt64(tensors.count))
    out.append(littleEndian: UInt64(metadata.count))
    for (key, value) in metadata {
      out.append(text: key)
      value.write(into: &out)
    }
    var offset = 0
    for tensor in tensors {
      out.append(text: tensor.name)
      out.append(littleEndian: UInt32(tensor.extents.count))
      for extent in tensor.extents { out.append(littleEndian: extent) }
      out.append(littleEndian: tensor.type)
      out.append(littleEndian: UInt64(offset))
      offset += padded(tensor.bytes.count)
    }
    for tensor in tensors {
      out += [UInt8](repeating: 0, count: padded(out.count) - out.count)
      out += tensor.bytes
    }
    return out + [UInt8](repeating: 0, count: padded(out.count) - out.count)
  }

  private func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}

extension GGUFWriter.Value {
  fileprivate func write(into out: inout [UInt8]) {
    switch self {
    case .u8(let value): out.append(type: 0, value)
    case .u16(let value): out.append(type: 2, value)
    case .u32(let value): out.append(type: 4, value)
    case .i32(let value): out.append(type: 5, value)
    case .f32(let value): out.append(type: 6, value.bitPattern)
    case .bool(let value): out.append(type: 7, UInt8(value ? 1 : 0))
    case .string(let text):
      out.append(littleEndian: UInt32(8))
      out.append(text: text)
    case .u64(let value): out.append(type: 10, value)
    case .strings(let texts):
      out.appendArray(type: 8, count: texts.count)
      for text in texts { out.append(text: text) }
    case .i32s(let values):
      out.appendArray(type: 5, count: values.count)
      for value in values { out.append(littleEndian: value) }
    case .bools(let values):
      out.appendArray(type: 7, count: values.count)
      out += values
    case .raw(let type, let bytes):
      out.append(littleEndian: type)
      out += bytes
    }
  }
}

extension [UInt8] {
  /// A GGUF string: length and bytes.
  public mutating func append(text: String) {
    append(littleEndian: UInt64(text.utf8.count))
    self += Array(text.utf8)
  }

  fileprivate mutating func append(type: UInt32, _ value: some FixedWidthInteger) {
    append(littleEndian: type)
    append(littleEndian: value)
  }

  fileprivate mutating func appendArray(type: UInt32, count: Int) {
    append(littleEndian: UInt32(9))
    append(littleEndian: type)
    append(littleEndian: UInt64(count))
  }
}
