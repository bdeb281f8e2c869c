// StreamingDecoder.swift — bytes that arrive in any portions, as text as soon as it is certain.

/// Turns a stream of bytes into text without ever showing half a character.
///
/// A UTF-8 sequence that is split between portions is held until the rest arrives. U+FFFD stands only
/// for bytes that are proven invalid. All the text together is what decoding all the bytes at once
/// gives.
public struct StreamingDecoder: Sendable {
  /// The start of a sequence that may still become valid; at most three bytes.
  private var held: [UInt8] = []

  public init() {}

  /// The text that is certain with `bytes`.
  public mutating func append(_ bytes: some Sequence<UInt8>) -> String {
    held.append(contentsOf: bytes)
    let certain = held.count - Self.openCount(held)
    defer { held.removeFirst(certain) }
    return String(decoding: held[..<certain], as: UTF8.self)
  }

  /// What is left at the end of the stream: nothing, or U+FFFD for a sequence that was cut off.
  public mutating func finish() -> String {
    defer { held.removeAll() }
    return String(decoding: held, as: UTF8.self)
  }

  /// How many bytes at the end are a valid start of a sequence that is not complete (Unicode 16,
  /// table 3-7).
  private static func openCount(_ bytes: [UInt8]) -> Int {
    for count in stride(from: 1, through: min(3, bytes.count), by: 1) {
      let lead = bytes[bytes.count - count]
      if lead & 0xC0 == 0x80 { continue }
      let needed =
        switch lead {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
      guard count < needed else { return 0 }
      return count == 1 || secondBytes(after: lead).contains(bytes[bytes.count - count + 1])
        ? count : 0
    }
    return 0
  }

  /// Which second bytes a lead byte allows.
  private static func secondBytes(after lead: UInt8) -> ClosedRange<UInt8> {
    switch lead {
    case 0xE0: 0xA0...0xBF
    case 0xED: 0x80...0x9F
    case 0xF0: 0x90...0xBF
    case 0xF4: 0x80...0x8F
    default: 0x80...0xBF
    }
  }
}
