// ByteCursorTests.swift — bounded reads, and what an overrun says.

import Base
import Testing

@Suite struct `A byte cursor` {
  @Test func `reads little-endian fields at any alignment`() throws {
    let bytes: [UInt8] = [0xFF, 1, 0, 0, 0, 2, 0]
    var cursor = ByteCursor(offset: 1, end: bytes.count)
    let count = try bytes.withUnsafeBytes { try cursor.read(UInt32.self, "count", from: $0) }
    let kind = try bytes.withUnsafeBytes { try cursor.read(UInt16.self, "kind", from: $0) }
    #expect(count == 1)
    #expect(kind == 2)
    #expect(cursor.remaining == 0)
  }

  @Test(arguments: [UInt64(8), 1 << 32, .max])
  func `refuses to pass its end and stays where it was`(count: UInt64) {
    var cursor = ByteCursor(offset: 3, end: 10)
    let expected = OutOfBytes(field: "name", offset: 3, needed: count, remaining: 7)
    #expect(throws: expected) { try cursor.take(count, "name") }
    #expect(cursor.offset == 3)
  }

  @Test func `is empty where its end lies before its start`() {
    var cursor = ByteCursor(offset: 8, end: 2)
    #expect(cursor.remaining == 0)
    #expect(throws: OutOfBytes.self) { try cursor.take(1, "byte") }
  }
}
