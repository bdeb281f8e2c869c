// FieldReader.swift — bounded reads from one file's bytes, in this target's own errors.

import Base

/// A `ByteCursor` with the bytes and the file's name beside it.
struct FieldReader {
  let bytes: UnsafeRawBufferPointer
  let path: String
  private var cursor: ByteCursor

  /// Reads never pass `limit` bytes, nor the end of `bytes`.
  init(_ bytes: UnsafeRawBufferPointer, path: String, limit: Int = .max) {
    self.bytes = bytes
    self.path = path
    cursor = ByteCursor(end: min(bytes.count, limit))
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
    do throws(OutOfBytes) { return try cursor.take(count, "") } catch {
      throw outOfBytes(needed: error.needed, field())
    }
  }

  /// Fails unless `count` things of at least `byteCountMin` bytes each can still follow, so that a
  /// count is never believed before there is room for what it counts.
  func expectRoom(
    for count: UInt64, ofAtLeast byteCountMin: UInt64, _ field: @autoclosure () -> String
  ) throws(ModelFileError) {
    let (needed, overflow) = count.multipliedReportingOverflow(by: byteCountMin)
    guard !overflow, needed <= UInt64(remaining) else {
      throw outOfBytes(needed: overflow ? .max : needed, field())
    }
  }

  private func outOfBytes(needed: UInt64, _ field: String) -> ModelFileError {
    guard cursor.end == bytes.count else {
      let (found, overflow) = UInt64(offset).addingReportingOverflow(needed)
      return .overLimit(
        path: path, what: "bytes in the header", found: overflow ? .max : found,
        limit: UInt64(cursor.end))
    }
    return .truncated(
      path: path, field: field, offset: offset, needed: needed, remaining: remaining)
  }
}
