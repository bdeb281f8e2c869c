// NumberState.swift — inside a JSON number, byte by byte.

/// The numbers that a schema lets be.
struct NumberShape: Hashable, Sendable {
  /// Without fraction and exponent.
  var isWhole = false
  var mayBeNegative = true
  /// Digits before the point.
  var wholeDigitsMax = Self.wholeDigitsLimit

  /// A double has no more, and a text with more is none.
  static let wholeDigitsLimit = 308
  /// No double needs more to be told from its neighbours; a model that repeats itself gets no further.
  static let fractionDigitsMax = 40

  static let free = NumberShape()
}

/// Where a number stands.
struct NumberState: Hashable, Sendable {
  enum Part: Hashable, Sendable {
    case sign, zero, whole, point, fraction, exponent, exponentSign, exponentDigits
  }

  private(set) var part: Part
  /// Of the digits before the point.
  private var wholeCount: Int16 = 0
  /// Of the fraction's digits; in an exponent, its size.
  private var count: Int16 = 0
  private var exponentDigitCount: Int8 = 0
  private var beginsWithOne = false
  private var isShrinking = false

  /// The first byte; nil where no number of the shape begins with it.
  init?(_ byte: UInt8, _ shape: NumberShape) {
    switch byte {
    case UInt8(ascii: "-") where shape.mayBeNegative: part = .sign
    case UInt8(ascii: "0"): (part, wholeCount) = (.zero, 1)
    case UInt8(ascii: "1")...UInt8(ascii: "9"): (part, wholeCount) = (.whole, 1)
    default: return nil
    }
    beginsWithOne = byte == UInt8(ascii: "1")
  }

  /// Whether the number may end here.
  var isComplete: Bool {
    switch part {
    case .zero, .whole, .fraction, .exponentDigits: true
    case .sign, .point, .exponent, .exponentSign: false
    }
  }

  func taking(_ byte: UInt8, _ shape: NumberShape) -> NumberState? {
    var next = self
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      return next.takeDigit(Int16(byte) - 0x30, shape) ? next : nil
    case UInt8(ascii: "."):
      guard !shape.isWhole, part == .zero || part == .whole else { return nil }
      (next.part, next.count) = (.point, 0)
    case UInt8(ascii: "e"), UInt8(ascii: "E"):
      guard !shape.isWhole, [.zero, .whole, .fraction].contains(part) else { return nil }
      (next.part, next.count) = (.exponent, 0)
    case UInt8(ascii: "+"), UInt8(ascii: "-"):
      guard part == .exponent else { return nil }
      next.part = .exponentSign
      next.isShrinking = byte == UInt8(ascii: "-")
    default: return nil
    }
    return next
  }

  private mutating func takeDigit(_ digit: Int16, _ shape: NumberShape) -> Bool {
    switch part {
    case .sign:
      part = digit == 0 ? .zero : .whole
      wholeCount = 1
      beginsWithOne = digit == 1
    case .zero: return false
    case .whole:
      wholeCount += 1
      return Int(wholeCount) <= shape.wholeDigitsMax
    case .point, .fraction:
      part = .fraction
      count += 1
      return Int(count) <= NumberShape.fractionDigitsMax
    case .exponent, .exponentSign, .exponentDigits:
      part = .exponentDigits
      exponentDigitCount += 1
      count = count * 10 + digit
      // The largest double is 1.8e308. The smallest is 5e-324, and what is below is zero.
      let most = isShrinking ? 330 : 308 - Int(wholeCount) + (beginsWithOne ? 1 : 0)
      return exponentDigitCount <= 3 && Int(count) <= most
    }
    return true
  }
}
