// ByteHash.swift — a fast hash of a few bytes, for the vocabulary's own table.

/// Hashes by folded multiplication, eight bytes a step.
///
/// The seed differs from table to table, so that no vocabulary can be written to make one slow.
struct ByteHash: Sendable {
  private let seed = UInt64.random(in: .min ... .max)

  @inline(__always)
  func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    let count = bytes.count
    var hash = seed ^ UInt64(truncatingIfNeeded: count)
    var last: UInt64
    if count > 8 {
      var offset = 0
      while offset < count - 8 {
        let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        hash = Self.fold(hash ^ word)
        offset += 8
      }
      last = bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
    } else if count >= 4 {
      last = UInt64(bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
      last |= UInt64(bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)) << 32
    } else if count > 0 {
      last = UInt64(bytes[0]) | UInt64(bytes[count / 2]) << 8 | UInt64(bytes[count - 1]) << 16
    } else {
      last = 0
    }
    return Self.fold(hash ^ last)
  }

  /// Hashes a number of up to 64 bits.
  @inline(__always)
  func callAsFunction(_ number: UInt64) -> UInt64 { Self.fold(seed ^ number) }

  @inline(__always)
  private static func fold(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
  }
}
