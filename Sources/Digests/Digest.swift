// Digest.swift — the 32 bytes of a SHA-256, and how people write them.

/// The 32 bytes that SHA-256 makes of something.
public struct Digest: Hashable, Sendable {
  public static let byteCount = 32
  /// Always ``byteCount`` of them.
  public let bytes: [UInt8]

  /// Nil unless there are exactly ``byteCount`` bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// Reads 64 hexadecimal digits of either case; nil for anything else.
  public init?(hex: String) {
    let digits = Array(hex.utf8)
    guard digits.count == 2 * Self.byteCount else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.byteCount)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.value(ofDigit: digits[index]),
        let low = Self.value(ofDigit: digits[index + 1])
      else { return nil }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  init(uninitialized fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    bytes = Array(unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
      guard let start = buffer.baseAddress else { return }
      fill(start)
      count = Self.byteCount
    }
  }

  /// 64 hexadecimal digits, lower case.
  public var hex: String { Self.hex(of: bytes) }

  static func hex(of bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func value(ofDigit digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension Digest: CustomStringConvertible {
  public var description: String { hex }
}
