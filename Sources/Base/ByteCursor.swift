// ByteCursor.swift — reading little-endian fields from bytes that nobody vouches for.

/// A field that reaches past the end of what there is.
public struct OutOfBytes: Error, Equatable, Sendable {
  /// What was being read, as the format's document calls it.
  public var field: String
  /// Byte offset of the field.
  public var offset: Int
  public var needed: UInt64
  public var remaining: Int

  public init(field: String, offset: Int, needed: UInt64, remaining: Int) {
    self.field = field
    self.offset = offset
    self.needed = needed
    self.remaining = remaining
  }
}

/// A position in untrusted bytes. Every read is bounded and says what it was reading.
///
/// The bytes are passed to each call rather than stored, so the cursor is a plain value.
public struct ByteCursor: Sendable {
  /// Byte offset of the next unread byte.
  public private(set) var offset: Int
  /// Reads never pass this offset.
  public let end: Int

  public init(offset: Int = 0, end: Int) {
    self.offset = offset
    self.end = max(offset, end)
  }

  public var remaining: Int { end - offset }

  /// Reads one little-endian integer.
  public mutating func read<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self, _ field: String, from bytes: UnsafeRawBufferPointer
  ) throws(OutOfBytes) -> Value {
    let start = try take(UInt64(MemoryLayout<Value>.size), field)
    return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: Value.self))
  }

  /// Steps over `count` bytes and returns the offset at which they start.
  public mutating func take(_ count: UInt64, _ field: String) throws(OutOfBytes) -> Int {
    guard count <= UInt64(remaining) else {
      throw OutOfBytes(field: field, offset: offset, needed: count, remaining: remaining)
    }
    defer { offset += Int(count) }
    return offset
  }
}
