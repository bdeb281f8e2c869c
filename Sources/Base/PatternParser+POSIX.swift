// PatternParser+POSIX.swift — the brackets and escapes of POSIX: IEEE Std 1003.1, chapter 9.

extension PatternParser {
  /// The character after a backslash, which is behind us.
  mutating func posixEscape() throws(PatternProblem) -> ScalarSet {
    guard let escaped = peek() else { throw .unclosed("\\") }
    guard ".[]()*+?{}|^$\\/-".unicodeScalars.contains(escaped) else {
      throw .unknownEscape(String(Character(escaped)))
    }
    index += 1
    return ScalarSet(escaped)
  }

  /// The set that brackets write; the opening one is behind us. In brackets a backslash is itself.
  mutating func posixBracket() throws(PatternProblem) -> ScalarSet {
    let isNegated = skip("^")
    var ranges: [ClosedRange<UInt32>] = []
    var isFirst = true
    while true {
      guard let scalar = peek() else { throw .unclosed("[") }
      if scalar == "]", !isFirst {
        index += 1
        return ScalarSet(ranges, isNegated: isNegated)
      }
      isFirst = false
      index += 1
      if scalar == "[", let sign = peek(), ":.=".unicodeScalars.contains(sign) {
        ranges += try namedClass()
        if peek() == "-", index + 1 < scalars.count, scalars[index + 1] != "]" { throw .badRange }
      } else {
        ranges.append(try range(from: scalar))
      }
    }
  }

  /// The character `low`, or the range that it begins.
  private mutating func range(
    from low: Unicode.Scalar
  ) throws(PatternProblem) -> ClosedRange<UInt32> {
    guard peek() == "-", index + 1 < scalars.count, scalars[index + 1] != "]" else {
      return low.value...low.value
    }
    let high = scalars[index + 1]
    guard low.value <= high.value, high != "[" else { throw .badRange }
    index += 2
    return low.value...high.value
  }

  /// The inside of `[:name:]`; its "[" is behind us.
  private mutating func namedClass() throws(PatternProblem) -> [ClosedRange<UInt32>] {
    let sign = scalars[index]
    index += 1
    var name = ""
    while let scalar = peek(), scalar != sign, scalar != "]", name.utf8.count < 16 {
      name.unicodeScalars.append(scalar)
      index += 1
    }
    guard sign == ":", let ranges = Self.classes[name] else { throw .unknownClass(name) }
    guard index + 1 < scalars.count, scalars[index] == ":", scalars[index + 1] == "]" else {
      throw .unclosed("[:")
    }
    index += 2
    return ranges
  }

  /// The classes of the POSIX locale: ASCII alone.
  private static let classes: [String: [ClosedRange<UInt32>]] = [
    "alpha": [0x41...0x5A, 0x61...0x7A],
    "digit": [0x30...0x39],
    "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A],
    "upper": [0x41...0x5A],
    "lower": [0x61...0x7A],
    "space": [0x09...0x0D, 0x20...0x20],
    "blank": [0x09...0x09, 0x20...0x20],
    "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E],
    "print": [0x20...0x7E],
    "graph": [0x21...0x7E],
    "cntrl": [0x00...0x1F, 0x7F...0x7F],
    "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
  ]
}
