// ByteSearch.swift — one byte looked for in many, as fast as the C library does it.

import Glibc

extension UnsafeBufferPointer<UInt8> {
  /// Where `byte` stands first, from `start` on; the end where it does not.
  func place(of byte: UInt8, from start: Int = 0) -> Int {
    guard let base = baseAddress, start < count,
      let found = memchr(base + start, Int32(byte), count - start)
    else { return count }
    return UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
  }
}
