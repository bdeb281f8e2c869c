// ByteSet.swift — a set of byte values, for scanners.

/// A set of byte values: four words, one bit each.
struct ByteSet: Equatable, Sendable {
  private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  init(_ text: StaticString = "", ranges: [ClosedRange<UInt8>] = []) {
    text.withUTF8Buffer { for byte in $0 { insert(byte) } }
    for range in ranges { for byte in range { insert(byte) } }
  }

  func contains(_ byte: UInt8) -> Bool {
    let word =
      switch byte >> 6 {
      case 0: words.0
      case 1: words.1
      case 2: words.2
      default: words.3
      }
    return word >> UInt64(byte & 63) & 1 == 1
  }

  func union(_ text: StaticString) -> ByteSet {
    var result = self
    text.withUTF8Buffer { for byte in $0 { result.insert(byte) } }
    return result
  }

  private mutating func insert(_ byte: UInt8) {
    let bit = UInt64(1) << UInt64(byte & 63)
    switch byte >> 6 {
    case 0: words.0 |= bit
    case 1: words.1 |= bit
    case 2: words.2 |= bit
    default: words.3 |= bit
    }
  }

  static func == (left: ByteSet, right: ByteSet) -> Bool { left.words == right.words }

  static let digits = ByteSet(ranges: [0x30...0x39])
  static let upper = ByteSet(ranges: [0x41...0x5A])
  static let lower = ByteSet(ranges: [0x61...0x7A])
  static let letters = ByteSet(ranges: [0x41...0x5A, 0x61...0x7A])
  static let alphanumeric = ByteSet(ranges: [0x30...0x39, 0x41...0x5A, 0x61...0x7A])
  static let upperDigits = ByteSet(ranges: [0x30...0x39, 0x41...0x5A])
  static let hex = ByteSet(ranges: [0x30...0x39, 0x41...0x46, 0x61...0x66])
  static let lowerHex = ByteSet(ranges: [0x30...0x39, 0x61...0x66])
  /// Letters, digits, `_` and `-`: base64url, and most tokens.
  static let word = alphanumeric.union("_-")
  static let base64 = alphanumeric.union("+/")
  /// Both alphabets of base64.
  static let anyBase64 = alphanumeric.union("+/_-")
}
