// FieldReader.swift — bounded reads from one file's bytes, in this target's own errors.

import Base

/// A `ByteCursor` with the bytes and the file's name beside it.
struct FieldReader {
  let bytes: UnsafeRawBufferPointer
  let path: String
  private var cursor: ByteCursor

  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
    cursor = ByteCursor(end: bytes.count)
  }

  /// Byte offset of the next unread byte.
  var offset: Int { cursor.offset }

  var remaining: Int { cursor.remaining }

  /// Reads one little-endian integer.
  mutating func read<Value: FixedWidthInteger & BitwiseCopyable>(
    _ field: @autoclosure () -> String, as type: Value.Type = Value.self
  ) throws(ModelFileError) -> Value {
    let start = try take(UInt64(MemoryLayout<Value>.size), field())
    return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: Value.self))
  }

  /// Steps over `count` bytes and returns the offset at which they start.
  mutating func take(
    _ count: UInt64, _ field: @autoclosure () -> String
  ) throws(ModelFileError) -> Int {
    guard count <= UInt64(remaining) else {
      throw .truncated(
        path: path, field: field(), offset: offset, needed: count, remaining: remaining)
    }
    do throws(OutOfBytes) { return try cursor.take(count, "") } catch {
      throw .truncated(
        path: path, field: field(), offset: error.offset, needed: count,
        remaining: error.remaining)
    }
  }
}
