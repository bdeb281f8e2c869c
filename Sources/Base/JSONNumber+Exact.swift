// JSONNumber+Exact.swift — numbers compared as what they are, never after rounding one of them.

extension JSONNumber {
  /// Whether `self` is below (-1), equal to (0) or above (1) `other`; nil where one is not a number.
  func order(to other: JSONNumber) -> Int? {
    switch (whole, other.whole) {
    case (let left?, let right?): return (left > right ? 1 : 0) - (left < right ? 1 : 0)
    case (let left?, nil): return Self.order(left, to: other.doubleValue)
    case (nil, let right?): return Self.order(right, to: doubleValue).map { -$0 }
    case (nil, nil):
      let (left, right) = (doubleValue, other.doubleValue)
      guard !left.isNaN, !right.isNaN else { return nil }
      return (left > right ? 1 : 0) - (left < right ? 1 : 0)
    }
  }

  /// Whether the number has no fraction: 1.0 and 1e300 have none.
  var isWhole: Bool {
    guard case .double(let value) = self else { return true }
    return value.isFinite && value == value.rounded()
  }

  /// Whether the number is a whole multiple of `divisor`, both taken as the decimals that they are
  /// written as: 0.0075 is 75 times 0.0001, though as binary fractions they are not.
  func isMultiple(of divisor: JSONNumber) -> Bool {
    guard let left = decimal, let right = divisor.decimal, right.digits > 0 else { return false }
    if left.digits == 0 { return true }
    if left.exponent < right.exponent {
      var whole = right.digits
      for _ in left.exponent..<right.exponent {
        let (product, isTooLarge) = whole.multipliedReportingOverflow(by: 10)
        if isTooLarge { return false }
        whole = product
      }
      return left.digits % whole == 0
    }
    // At most some 650 rounds, from the smallest double to the largest.
    var remainder = left.digits % right.digits
    for _ in right.exponent..<left.exponent {
      if remainder == 0 { break }
      remainder = UInt64(UInt128(remainder) * 10 % UInt128(right.digits))
    }
    return remainder == 0
  }

  /// A text that two numbers share exactly if they are equal.
  var exactText: String {
    guard case .double(let value) = self else { return text }
    if let whole = Int64(exactly: value) { return String(whole) }
    if let whole = UInt64(exactly: value) { return String(whole) }
    return "\(value)"
  }

  private var whole: Int128? {
    switch self {
    case .integer(let value): Int128(value)
    case .unsigned(let value): Int128(value)
    case .double: nil
    }
  }

  private static func order(_ whole: Int128, to double: Double) -> Int? {
    guard !double.isNaN else { return nil }
    if double >= 0x1p64 { return -1 }
    if double < -0x1p63 { return 1 }
    let floor = double.rounded(.down)
    if whole != Int128(floor) { return whole < Int128(floor) ? -1 : 1 }
    return floor == double ? 0 : -1
  }

  /// The size of the number as `digits` times ten to `exponent`, without trailing zeros.
  private var decimal: (digits: UInt64, exponent: Int)? {
    var digits: UInt64 = 0
    var exponent = 0
    switch self {
    case .integer(let value): digits = value.magnitude
    case .unsigned(let value): digits = value
    case .double(let value):
      guard value.isFinite else { return nil }
      let parts = "\(value.magnitude)".split(separator: "e")
      let sides = parts[0].split(separator: ".")
      // The shortest text of a double has at most 17 digits and a ".0".
      guard let all = UInt64(sides.joined()) else { return nil }
      digits = all
      exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) - (sides.count > 1 ? sides[1].count : 0)
    }
    while digits > 0, digits % 10 == 0 {
      digits /= 10
      exponent += 1
    }
    return (digits, exponent)
  }
}
