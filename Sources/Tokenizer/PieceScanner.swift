// PieceScanner.swift — cuts text into pieces as o200k's pattern does, without a regex engine.
//
// The pattern (openai/harmony, tiktoken_ext/public_encodings.rs), alternatives in order:
//
//   1  [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//   2  [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//   3  \p{N}{1,3}
//   4   ?[^\s\p{L}\p{N}]+[\r\n/]*
//   5  \s*[\r\n]+
//   6  \s+(?!\S)
//   7  \s+
//
// Leftmost match, first alternative that matches, greedy with backtracking. Together the alternatives
// match any text, so pieces lie end to end. Each scalar is looked at a bounded number of times.

/// Walks over UTF-8 text, piece by piece.
package struct PieceScanner {
  private let bytes: UnsafeBufferPointer<UInt8>
  private let classes = ScalarClasses.shared
  /// The longest run of digits in one piece: 3 in o200k.
  private let digitRunMax: Int
  private let textEnd: Int
  private var offset: Int

  /// Walks over `part` of `bytes`, which must be valid UTF-8 and outlive the scanner.
  package init(_ bytes: UnsafeBufferPointer<UInt8>, _ part: Range<Int>, digitRunMax: Int) {
    self.bytes = bytes
    self.digitRunMax = digitRunMax
    offset = part.lowerBound
    textEnd = part.upperBound
  }

  /// The next piece, never empty; nil at the end of the text.
  package mutating func next() -> Range<Int>? {
    let start = offset
    guard start < textEnd else { return nil }
    offset = pieceEnd(from: start)
    return start..<offset
  }

  private func pieceEnd(from start: Int) -> Int {
    let (first, length) = scalar(at: start)
    if first.has(anyOf: .letter) { return wordEnd(from: start) ?? start + length }
    if first.has(anyOf: .number) { return numberEnd(from: start) }
    if first == .mark {
      // A mark may be the prefix of alternative 1, else it is that alternative's whole word, and only
      // after that alternative 2 would be tried.
      return smallWordEnd(from: start + length) ?? contractionEnd(from: start + length)
    }
    if !first.has(anyOf: .newline), let end = wordEnd(from: start + length) { return end }
    if let end = symbolsEnd(from: start) { return end }
    return spaceEnd(from: start)
  }

  // MARK: Alternatives 1 and 2

  /// The end of a word without prefix that starts here, by alternative 1, else 2.
  @inline(__always)
  private func wordEnd(from start: Int) -> Int? {
    let head = headRun(from: start)
    if let end = smallWordEnd(after: head) { return end }
    return head.end > start ? contractionEnd(from: head.end) : nil
  }

  /// The end of a word without prefix that starts here, by alternative 1 alone.
  private func smallWordEnd(from start: Int) -> Int? { smallWordEnd(after: headRun(from: start)) }

  /// Alternative 1, its first set having run: the second set needs at least one scalar, and where the
  /// run left none it takes back the last one that is in both sets.
  @inline(__always)
  private func smallWordEnd(after head: (end: Int, lastInBothEnd: Int?)) -> Int? {
    let tailEnd = tailRunEnd(from: head.end)
    if tailEnd > head.end { return contractionEnd(from: tailEnd) }
    guard let end = head.lastInBothEnd else { return nil }
    return contractionEnd(from: end)
  }

  /// The longest run of the first set, and where in it the last scalar ends that is in both sets.
  @inline(__always)
  private func headRun(from start: Int) -> (end: Int, lastInBothEnd: Int?) {
    var end = start
    var lastInBothEnd: Int?
    while end < textEnd {
      let (kind, length) = scalar(at: end)
      guard kind.has(anyOf: .wordHead) else { break }
      end += length
      if kind.has(anyOf: .wordTail) { lastInBothEnd = end }
    }
    return (end, lastInBothEnd)
  }

  @inline(__always)
  private func tailRunEnd(from start: Int) -> Int {
    var end = start
    while end < textEnd {
      let (kind, length) = scalar(at: end)
      guard kind.has(anyOf: .wordTail) else { break }
      end += length
    }
    return end
  }

  /// Steps over `(?i:'s|'t|'re|'ve|'m|'ll|'d)?`.
  @inline(__always)
  private func contractionEnd(from start: Int) -> Int {
    guard start + 1 < textEnd, bytes[start] == UInt8(ascii: "'") else { return start }
    let second = start + 2 < textEnd ? bytes[start + 2] : 0
    switch bytes[start + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "S"), UInt8(ascii: "t"), UInt8(ascii: "T"),
      UInt8(ascii: "m"), UInt8(ascii: "M"), UInt8(ascii: "d"), UInt8(ascii: "D"):
      return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "R"), UInt8(ascii: "v"), UInt8(ascii: "V"):
      return second | 0x20 == UInt8(ascii: "e") ? start + 3 : start
    case UInt8(ascii: "l"), UInt8(ascii: "L"):
      return second | 0x20 == UInt8(ascii: "l") ? start + 3 : start
    case 0xC5:  // U+017F, the long s, is an s without regard to case.
      return second == 0xBF ? start + 3 : start
    default: return start
    }
  }

  // MARK: Alternatives 3 to 7

  private func numberEnd(from start: Int) -> Int {
    var end = start
    var count = 0
    while end < textEnd, count < digitRunMax {
      let (kind, length) = scalar(at: end)
      guard kind.has(anyOf: .number) else { break }
      end += length
      count += 1
    }
    return end
  }

  private func symbolsEnd(from start: Int) -> Int? {
    let symbolsStart = bytes[start] == UInt8(ascii: " ") ? start + 1 : start
    var end = symbolsStart
    while end < textEnd {
      let (kind, length) = scalar(at: end)
      if kind.has(anyOf: [.space, .letter, .number]) { break }
      end += length
    }
    guard end > symbolsStart else { return nil }
    while end < textEnd,
      bytes[end] == 0x0D || bytes[end] == 0x0A || bytes[end] == UInt8(ascii: "/")
    { end += 1 }
    return end
  }

  /// White space: up to its last line break, else all of it at the end of the text, else all but the
  /// last scalar, which may belong to the next word, unless there is only that one.
  private func spaceEnd(from start: Int) -> Int {
    var end = start
    var lastStart = start
    var lastNewlineEnd: Int?
    while end < textEnd {
      let (kind, length) = scalar(at: end)
      guard kind.has(anyOf: .space) else { break }
      lastStart = end
      end += length
      if kind.has(anyOf: .newline) { lastNewlineEnd = end }
    }
    if let lastNewlineEnd { return lastNewlineEnd }
    return end == textEnd || lastStart == start ? end : lastStart
  }

  // MARK: Scalars

  /// The class of the scalar at `index` and its length in bytes.
  @inline(__always)
  private func scalar(at index: Int) -> (ScalarClass, Int) {
    let lead = bytes[index]
    if lead < 0x80 { return (classes[ascii: lead], 1) }
    return longScalar(lead, at: index)
  }

  @inline(__always)
  private func longScalar(_ lead: UInt8, at index: Int) -> (ScalarClass, Int) {
    let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    guard index + length <= textEnd else { return ([], textEnd - index) }
    var value = UInt32(lead) & (0x7F >> UInt32(length))
    for next in index + 1..<index + length { value = value << 6 | UInt32(bytes[next] & 0x3F) }
    return (classes[value], length)
  }
}
