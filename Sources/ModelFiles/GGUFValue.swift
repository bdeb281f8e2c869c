// GGUFValue.swift — metadata values of a GGUF file. Long arrays stay in the file until asked for.

/// The types of metadata values, by their numbers in the file.
public enum GGUFValueType: UInt32, CaseIterable, Sendable {
  case u8, i8, u16, i16, u32, i32, f32, bool, string, array, u64, i64, f64

  /// Bytes of one value; nil for strings and arrays, whose length is in the file.
  var byteCount: Int? {
    switch self {
    case .u8, .i8, .bool: 1
    case .u16, .i16: 2
    case .u32, .i32, .f32: 4
    case .u64, .i64, .f64: 8
    case .string, .array: nil
    }
  }
}

/// One metadata value.
public enum GGUFValue: Equatable, Sendable {
  case unsigned(UInt64)
  case signed(Int64)
  /// From either width.
  case number(Double)
  case bool(Bool)
  /// Bytes that are no UTF-8 are shown as U+FFFD.
  case string(String)
  case array(GGUFArray)
}

/// An array's place in its file: checked to lie inside it, not decoded.
public struct GGUFArray: Equatable, Sendable {
  public let elementType: GGUFValueType
  public let count: Int
  /// Byte offset of the first element in the file.
  public let offset: Int
  /// Bytes of all elements, lengths of strings included.
  public let byteCount: Int
}

extension GGUFArray {
  /// The elements of an array of strings, nil for any other; `bytes` is the whole file's. Bytes that
  /// are no UTF-8 are shown as U+FFFD.
  func strings(in bytes: UnsafeRawBufferPointer) -> [String]? {
    guard elementType == .string else { return nil }
    var strings: [String] = []
    strings.reserveCapacity(count)
    var position = offset
    for _ in 0..<count {
      let length = Int(
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
      position += 8
      let utf8 = UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
      strings.append(String(decoding: utf8, as: UTF8.self))
      position += length
    }
    return strings
  }

  /// The elements of an array of whole numbers or booleans, nil for any other and where one does not
  /// fit `Int`; `bytes` is the whole file's.
  func integers(in bytes: UnsafeRawBufferPointer) -> [Int]? {
    guard let width = elementType.byteCount else { return nil }
    var integers: [Int] = []
    integers.reserveCapacity(count)
    for index in 0..<count {
      let value = elementType.value(at: offset + index * width, in: bytes)
      switch value {
      case .unsigned(let value):
        guard let value = Int(exactly: value) else { return nil }
        integers.append(value)
      case .signed(let value): integers.append(Int(value))
      case .bool(let value): integers.append(value ? 1 : 0)
      case .number, .string, .array, nil: return nil
      }
    }
    return integers
  }
}

extension GGUFValueType {
  /// The value of a type of fixed width at `offset`; nil for strings and arrays. The bytes must be
  /// there.
  func value(at offset: Int, in bytes: UnsafeRawBufferPointer) -> GGUFValue? {
    func load<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) -> Value {
      Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }
    return switch self {
    case .u8: .unsigned(UInt64(load(UInt8.self)))
    case .i8: .signed(Int64(load(Int8.self)))
    case .u16: .unsigned(UInt64(load(UInt16.self)))
    case .i16: .signed(Int64(load(Int16.self)))
    case .u32: .unsigned(UInt64(load(UInt32.self)))
    case .i32: .signed(Int64(load(Int32.self)))
    case .u64: .unsigned(load(UInt64.self))
    case .i64: .signed(load(Int64.self))
    case .f32: .number(Double(Float(bitPattern: load(UInt32.self))))
    case .f64: .number(Double(bitPattern: load(UInt64.self)))
    case .bool: .bool(load(UInt8.self) != 0)
    case .string, .array: nil
    }
  }
}
