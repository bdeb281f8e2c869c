// PatternParser+ECMAScript.swift — patterns as JSON Schemas write them: ECMA-262, in part.
//
// Where they differ from POSIX:
//
//     "^" and "$" may stand at the ends of each outermost branch: "^a$|^b$"
//     a branch may be empty, a group may open with "(?:", a quantifier may be lazy
//     "." takes no line end; a backslash escapes in brackets, too; "[]" takes nothing, "[^]" all
//     \d \D \w \W \s \S, \t \n \v \f \r \0, \cX, \xHH, \uHHHH (pairs, too), \u{H…}, [\b]
//     a backslash before ASCII punctuation or a space is that character
//
// Refused, each with a sentence: look-around, named groups, back-references, \b and \B, \p, anchors
// inside groups, POSIX classes, counts of nothing, and whatever needs too many positions.

extension PatternParser {
  static let anyButLineEnds = ScalarSet(
    [0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029], isNegated: true)

  /// The outermost branches of `text`, at least one: it matches where one of them does.
  static func parseECMAScript(_ text: String) throws(PatternProblem) -> [Parsed] {
    var parser = PatternParser(Array(text.unicodeScalars), syntax: .ecmaScript)
    var branches: [Parsed] = []
    var positionCount = 0
    repeat {
      var parsed = Parsed(node: .empty, isAnchoredAtStart: parser.skip("^"))
      let piece = try parser.branch(depth: 0)
      parsed.node = piece.node
      parsed.isAnchoredAtEnd = parser.skip("$")
      guard !parsed.isAnchoredAtEnd || parser.peek() == nil || parser.peek() == "|" else {
        throw .anchorInside("$")
      }
      positionCount = try checked(positionCount + max(1, piece.positionCount))
      branches.append(parsed)
    } while parser.skip("|")
    guard parser.index == parser.scalars.count else { throw .unopened(")") }
    return branches
  }

  /// What may follow the opening of a group, which is behind us.
  mutating func groupOption() throws(PatternProblem) {
    guard skip("?") else { return }
    guard syntax == .ecmaScript else { throw .groupOption }
    guard skip(":") else { throw .unsupportedGroup }
  }

  // MARK: Brackets

  /// The set that brackets write; the opening one is behind us.
  mutating func ecmaScriptBracket() throws(PatternProblem) -> ScalarSet {
    let isNegated = skip("^")
    var ranges: [ClosedRange<UInt32>] = []
    while !skip("]") {
      let low = try bracketItem()
      if peek() == "-", index + 1 < scalars.count, scalars[index + 1] != "]" {
        index += 1
        let high = try bracketItem()
        guard let first = low.onlyScalar, let last = high.onlyScalar, first <= last else {
          throw .badRange
        }
        ranges.append(first...last)
      } else {
        ranges += low.ranges
      }
    }
    return ScalarSet(ranges, isNegated: isNegated)
  }

  private mutating func bracketItem() throws(PatternProblem) -> ScalarSet {
    guard let scalar = peek() else { throw .unclosed("[") }
    index += 1
    if scalar == "[", peek() == ":" { throw .posixClass }
    if scalar != "\\" { return ScalarSet(scalar) }
    if skip("b") { return ScalarSet("\u{8}") }
    return try ecmaScriptEscape()
  }

  // MARK: Escapes

  /// What a backslash, which is behind us, makes of the characters after it. Never negated.
  mutating func ecmaScriptEscape() throws(PatternProblem) -> ScalarSet {
    guard let scalar = peek() else { throw .danglingBackslash }
    index += 1
    switch scalar {
    case "d": return Self.digits
    case "D": return ScalarSet(Self.digits.complement)
    case "w": return Self.words
    case "W": return ScalarSet(Self.words.complement)
    case "s": return Self.spaces
    case "S": return ScalarSet(Self.spaces.complement)
    case "t": return ScalarSet("\t")
    case "n": return ScalarSet("\n")
    case "v": return ScalarSet("\u{B}")
    case "f": return ScalarSet("\u{C}")
    case "r": return ScalarSet("\r")
    case "0" where !(peek().map(Self.isDigit) ?? false): return ScalarSet("\0")
    case "c":
      guard let letter = peek(), letter.isASCIILetter else {
        throw .unsupportedEscape("c")
      }
      index += 1
      return ScalarSet([letter.value % 32...letter.value % 32])
    case "x": return try ScalarSet(codePoint(digitCount: 2, sign: "x"))
    case "u": return try unicodeEscape()
    default:
      guard scalar.isASCII, scalar == " " || scalar.isPunctuationOrSymbol else {
        throw .unsupportedEscape(String(Character(scalar)))
      }
      return ScalarSet(scalar)
    }
  }

  private mutating func unicodeEscape() throws(PatternProblem) -> ScalarSet {
    if skip("{") {
      let scalar = try codePoint(digitCount: nil, sign: "u")
      guard skip("}") else { throw .unsupportedEscape("u") }
      return ScalarSet(scalar)
    }
    let unit = try hexadecimal(digitCount: 4, sign: "u")
    guard (0xD800...0xDBFF).contains(unit) else { return ScalarSet(try Self.scalar(unit)) }
    guard skip("\\"), skip("u") else { throw .unsupportedEscape("u") }
    let low = try hexadecimal(digitCount: 4, sign: "u")
    guard (0xDC00...0xDFFF).contains(low) else { throw .unsupportedEscape("u") }
    return ScalarSet(try Self.scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)))
  }

  private mutating func codePoint(
    digitCount: Int?, sign: String
  ) throws(PatternProblem) -> Unicode.Scalar {
    try Self.scalar(try hexadecimal(digitCount: digitCount, sign: sign))
  }

  private static func scalar(_ value: UInt32) throws(PatternProblem) -> Unicode.Scalar {
    guard let scalar = Unicode.Scalar(value) else { throw .unsupportedEscape("u") }
    return scalar
  }

  /// So many hexadecimal digits, or (nil) one to six.
  private mutating func hexadecimal(
    digitCount: Int?, sign: String
  ) throws(PatternProblem) -> UInt32 {
    var value: UInt32 = 0
    var count = 0
    while count < digitCount ?? 6, let digit = peek().flatMap(Self.hexDigit) {
      value = value << 4 | UInt32(digit)
      count += 1
      index += 1
    }
    guard count > 0, count == digitCount ?? count else { throw .unsupportedEscape(sign) }
    return value
  }

  private static func hexDigit(_ scalar: Unicode.Scalar) -> Int? {
    scalar.isASCII ? Character(scalar).hexDigitValue : nil
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  private static let digits = ScalarSet([0x30...0x39])
  private static let words = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
  /// White space and line ends of ECMA-262.
  private static let spaces = ScalarSet([
    0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
    0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
  ])
}

extension ScalarSet {
  fileprivate var onlyScalar: UInt32? {
    guard ranges.count == 1, ranges[0].count == 1 else { return nil }
    return ranges[0].lowerBound
  }
}

extension Unicode.Scalar {
  fileprivate var isASCIILetter: Bool {
    ("a"..."z").contains(self) || ("A"..."Z").contains(self)
  }

  /// Of ASCII, neither letter, digit, space nor control.
  fileprivate var isPunctuationOrSymbol: Bool {
    ("!"..."/").contains(self) || (":"..."@").contains(self) || ("["..."`").contains(self)
      || ("{"..."~").contains(self)
  }
}
