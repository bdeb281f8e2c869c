// ReferenceNumber.swift — JSON numbers as the reference renderer prints them.
//
// The model reads default values in the spelling of openai-harmony, which is that of the Rust crate
// serde_json. It differs from Swift's in where exponents begin and how they look (1e16 and 1e-6, not
// 1e+16 and 1e-06), and its reader is off by one unit in the last place for some numbers of 16 or
// more digits. Checked against the library (openai-harmony 0.0.8).

import Base

extension JSONValue {
  /// Compact JSON in the reference's spelling.
  var referenceText: String {
    switch self {
    case .null, .bool, .string: compactText
    case .number(let number): number.referenceText
    case .array(let elements): "[" + elements.map(\.referenceText).joined(separator: ",") + "]"
    case .object(let object):
      "{"
        + object.map { JSONValue.string($0.key).compactText + ":" + $0.value.referenceText }
        .joined(separator: ",") + "}"
    }
  }
}

extension JSONNumber {
  fileprivate var referenceText: String {
    switch self {
    case .integer(let value): String(value)
    case .unsigned(let value): String(value)
    case .double(let value):
      value.isFinite ? Decimal(Decimal(value).asReferenceReads).referenceText : "null"
    }
  }
}

/// A finite double as sign, digits and exponent: `±digits · 10^exponent`, the fewest digits that read
/// back as the same double.
private struct Decimal {
  private let isNegative: Bool
  /// At most 17, no leading and no trailing zeros; "0" for zero.
  private let digits: [UInt8]
  private let exponent: Int

  init(_ value: Double) {
    var digits: [UInt8] = []
    var exponent = 0
    var isFraction = false
    let text = "\(value.magnitude)".utf8
    let mark = text.firstIndex(of: UInt8(ascii: "e")) ?? text.endIndex
    for byte in text[..<mark] {
      guard byte != UInt8(ascii: ".") else {
        isFraction = true
        continue
      }
      digits.append(byte)
      if isFraction { exponent -= 1 }
    }
    if mark < text.endIndex, let written = Int(String(text[text.index(after: mark)...]) ?? "") {
      exponent += written
    }
    digits = Array(digits.drop { $0 == UInt8(ascii: "0") })
    while digits.last == UInt8(ascii: "0") {
      digits.removeLast()
      exponent += 1
    }
    isNegative = value.sign == .minus
    self.digits = digits.isEmpty ? [UInt8(ascii: "0")] : digits
    self.exponent = digits.isEmpty ? 0 : exponent
  }

  /// The layout of the Rust crate ryu: plain up to 16 digits before the point and 5 zeros after it,
  /// an exponent otherwise.
  var referenceText: String {
    let sign = isNegative ? "-" : ""
    let text = String(decoding: digits, as: UTF8.self)
    let pointAt = digits.count + exponent
    if exponent >= 0, pointAt <= 16 {
      return sign + text + String(repeating: "0", count: exponent) + ".0"
    }
    if (1...16).contains(pointAt) {
      return sign + String(decoding: digits[..<pointAt], as: UTF8.self) + "."
        + String(decoding: digits[pointAt...], as: UTF8.self)
    }
    if (-4...0).contains(pointAt) {
      return sign + "0." + String(repeating: "0", count: -pointAt) + text
    }
    let head = String(decoding: digits[..<1], as: UTF8.self)
    let tail = digits.count > 1 ? "." + String(decoding: digits[1...], as: UTF8.self) : ""
    return "\(sign)\(head)\(tail)e\(pointAt - 1)"
  }

  /// The double that serde_json's reader makes of this number as Python prints it: digits as a whole
  /// number, rounded, then one multiplication or division by a power of ten, rounded again.
  var asReferenceReads: Double {
    var digits = digits
    var exponent = exponent
    // Python writes whole numbers below 1e16 with ".0", which the reader takes for one more digit.
    if exponent >= 0, digits.count + exponent <= 16 {
      digits += [UInt8](repeating: UInt8(ascii: "0"), count: exponent + 1)
      exponent = -1
    }
    var value = Double(UInt64(String(decoding: digits, as: UTF8.self)) ?? 0)
    if exponent < -308 {
      value /= 1e308
      exponent += 308
    }
    let power = Double("1e\(exponent.magnitude)") ?? 1
    value = exponent < 0 ? value / power : value * power
    return isNegative ? -value : value
  }
}
