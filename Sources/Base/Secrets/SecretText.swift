// SecretText.swift — random or written by a person: what a value looks like.

enum SecretText {
  /// Whether a token's tail may be random: many different bytes, none six times in a row.
  static func isRandom(_ bytes: ArraySlice<UInt8>, needsDigit: Bool) -> Bool {
    var seen = [Int](repeating: 0, count: 256)
    var distinct = 0
    var digits = 0
    var run = 0
    var last: UInt8?
    for byte in bytes {
      if seen[Int(byte)] == 0 { distinct += 1 }
      seen[Int(byte)] += 1
      if ByteSet.digits.contains(byte) { digits += 1 }
      run = byte == last ? run + 1 : 1
      if run >= 6 { return false }
      last = byte
    }
    return distinct >= min(7, bytes.count) && (!needsDigit || digits > 0)
  }

  /// Shannon's entropy of the bytes' frequencies, in bits a byte.
  ///
  /// C. E. Shannon, "A Mathematical Theory of Communication" (1948), section 6.
  static func entropy(_ bytes: ArraySlice<UInt8>) -> Double {
    var counts = [Int](repeating: 0, count: 256)
    for byte in bytes { counts[Int(byte)] += 1 }
    let total = Double(bytes.count)
    return counts.reduce(0) { sum, count in
      guard count > 0 else { return sum }
      let share = Double(count) / total
      return sum - share * log2(share)
    }
  }

  /// Base-2 logarithm of a share in 0...1, to about 1e-5: this target imports no C library.
  private static func log2(_ share: Double) -> Double {
    // share = significand * 2^exponent with the significand in 1..<2.
    let ratio = (share.significand - 1) / (share.significand + 1)
    let square = ratio * ratio
    let series = ratio * (2 + square * (2.0 / 3 + square * (2.0 / 5 + square * (2.0 / 7))))
    return Double(share.exponent) + series / 0.693147180559945
  }

  /// Stands where a secret would stand, and is none: `${TOKEN}`, `<your key>`, `os.environ["X"]`.
  static func isPlaceholder(_ value: ArraySlice<UInt8>) -> Bool {
    guard let first = value.first else { return true }
    if opening.contains(first) { return true }
    let lowered = value.map { ByteSet.upper.contains($0) ? $0 | 0x20 : $0 }
    return words.contains(lowered) || marks.contains { occurs($0, in: lowered) }
  }

  private static let opening = ByteSet("$<{[(*@%")

  private static let words: Set<[UInt8]> = Set(
    [
      "null", "none", "nil", "true", "false", "undefined", "password", "passwd", "secret", "token",
      "string", "required", "optional", "hidden", "redacted",
    ].map { Array($0.utf8) })

  private static let marks: [[UInt8]] = [
    "changeme", "change-me", "change_me", "placeholder", "your-", "your_", "yourpass", "xxxx",
    "****", "....", "process.env", "os.environ", "getenv", "secrets.", "vault:", "${", "{{",
    "redacted:", "env.", "config.", "not-a-", "dummy",
  ].map { Array($0.utf8) }

  /// Whether `part` occurs in `text`; both short.
  static func occurs(_ part: [UInt8], in text: [UInt8]) -> Bool {
    guard part.count <= text.count else { return false }
    return (0...text.count - part.count).contains { start in
      text[start] == part[0] && text[start..<start + part.count].elementsEqual(part)
    }
  }
}
