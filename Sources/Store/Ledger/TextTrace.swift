// TextTrace.swift — finding a text in bytes, also where JSON escaped it or base64 hides it.

import Glibc

/// A text to look for in stored bytes.
///
/// A tool's arguments are JSON, an answer can be JSON inside JSON, and every writer escapes as it
/// likes ("é", "\u00e9", "\u00E9"). So the bytes are also searched with their escapes undone, again
/// and again. That finds more than it has to in a text that shows escapes; erasing errs that way. What
/// a tool said for programs can hold whole files as base64, so what reads as base64 is searched, too.
struct TextTrace {
  /// JSON inside JSON inside JSON: a result in a protocol line in an event.
  private static let depthMax = 3
  private let wanted: [UInt8]

  /// Nil for the empty text, which is everywhere.
  init?(_ text: String) {
    guard !text.isEmpty else { return nil }
    wanted = Array(text.utf8)
  }

  func isFound(in bytes: UnsafeRawBufferPointer) -> Bool {
    if contains(bytes) || containsInBase64(bytes) { return true }
    guard bytes.contains(UInt8(ascii: "\\")) else { return false }
    var layer = Array(bytes)
    for _ in 0..<Self.depthMax {
      layer = Self.unescaped(layer)
      if layer.withUnsafeBytes({ contains($0) || containsInBase64($0) }) { return true }
      if !layer.contains(UInt8(ascii: "\\")) { return false }
    }
    return false
  }

  private func contains(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard var start = bytes.baseAddress else { return false }
    let end = start + bytes.count
    while end - start >= wanted.count,
      let found = memchr(start, Int32(wanted[0]), end - start - wanted.count + 1)
    {
      if memcmp(found, wanted, wanted.count) == 0 { return true }
      start = UnsafeRawPointer(found) + 1
    }
    return false
  }

  /// Looks into every run of base64's digits (RFC 4648, sections 4 and 5) that is long enough.
  private func containsInBase64(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // So many digits are the least that hold so many bytes.
    let digitCountMin = (wanted.count * 8 + 5) / 6
    let values = Self.base64Values
    var decoded: [UInt8] = []
    var pending: UInt32 = 0
    var digitCount = 0
    for byte in bytes {
      if let digit = values[Int(byte)] {
        pending = pending << 6 | UInt32(digit)
        digitCount += 1
        // After the first digit of four no byte is whole.
        if digitCount % 4 != 1 {
          decoded.append(UInt8(truncatingIfNeeded: pending >> (6 - UInt32(digitCount - 1) % 4 * 2)))
        }
        continue
      }
      if digitCount >= digitCountMin, decoded.withUnsafeBytes(contains) { return true }
      decoded.removeAll(keepingCapacity: true)
      digitCount = 0
    }
    return digitCount >= digitCountMin && decoded.withUnsafeBytes(contains)
  }

  /// What each byte is worth as a digit of base64, in either alphabet; nil where it is none.
  private static let base64Values: [UInt8?] = {
    var values = [UInt8?](repeating: nil, count: 256)
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    for (value, digit) in letters.utf8.enumerated() { values[Int(digit)] = UInt8(value) }
    for digit in "+-".utf8 { values[Int(digit)] = 62 }
    for digit in "/_".utf8 { values[Int(digit)] = 63 }
    return values
  }()

  /// `bytes` with JSON's escapes (RFC 8259, section 7) undone wherever they stand. What is no escape
  /// stays as it is.
  static func unescaped(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      guard byte == UInt8(ascii: "\\"), index + 1 < bytes.count else {
        out.append(byte)
        index += 1
        continue
      }
      index += 2
      switch bytes[index - 1] {
      case UInt8(ascii: "\""): out.append(UInt8(ascii: "\""))
      case UInt8(ascii: "\\"): out.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "/"): out.append(UInt8(ascii: "/"))
      case UInt8(ascii: "b"): out.append(0x08)
      case UInt8(ascii: "f"): out.append(0x0C)
      case UInt8(ascii: "n"): out.append(0x0A)
      case UInt8(ascii: "r"): out.append(0x0D)
      case UInt8(ascii: "t"): out.append(0x09)
      case UInt8(ascii: "u"):
        if let scalar = scalar(in: bytes, at: &index) {
          out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        } else {
          out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "u")])
        }
      case let other: out.append(contentsOf: [UInt8(ascii: "\\"), other])
      }
    }
    return out
  }

  /// Reads what follows `\u`, a surrogate pair as one, and moves `index` past it; nil if that is no
  /// scalar.
  private static func scalar(in bytes: [UInt8], at index: inout Int) -> UnicodeScalar? {
    guard let high = unit(in: bytes, at: index) else { return nil }
    guard UTF16.isLeadSurrogate(high) else {
      guard let scalar = UnicodeScalar(high) else { return nil }
      index += 4
      return scalar
    }
    guard index + 5 < bytes.count, bytes[index + 4] == UInt8(ascii: "\\"),
      bytes[index + 5] == UInt8(ascii: "u"), let low = unit(in: bytes, at: index + 6),
      UTF16.isTrailSurrogate(low)
    else { return nil }
    index += 10
    return UnicodeScalar(0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
  }

  private static func unit(in bytes: [UInt8], at index: Int) -> UInt16? {
    guard index + 4 <= bytes.count else { return nil }
    var unit: UInt16 = 0
    for byte in bytes[index..<index + 4] {
      guard byte < 0x80, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        return nil
      }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }
}
