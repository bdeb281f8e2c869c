// TokenMeter.swift — how much of a page one display shows: as many lines as 1,024 tokens are.

package import Tokenizer

/// Counts tokens of the model that reads the display.
package enum TokenMeter: Sendable {
  /// The model's own vocabulary.
  case exact(Tokenizer)
  /// Where no vocabulary is at hand: four bytes of ASCII, or four thirds of a scalar, make a token.
  case estimate

  /// Tokens of one display.
  static let tokenCountMax = 1024

  /// How many lines of `page` from `first` one display shows, at least 1: those that the first 1,024
  /// tokens reach into.
  func lineCount(of page: Page, from first: Int) -> Int {
    let all = page.lineCount - first
    // Far more than the tokens can reach; most of a long page is never looked at.
    var text: [UInt8] = []
    var next = first
    var limit = 8 << 10
    while true {
      while next < page.lineCount, text.count < limit {
        if next > first { text.append(0x0A) }
        page.appendNumbered(next, to: &text)
        next += 1
      }
      let isWhole = next == page.lineCount
      // A token is one character at least.
      if isWhole, text.count <= Self.tokenCountMax || Self.scalarCount(text) <= Self.tokenCountMax {
        return all
      }
      if let end = end(in: text, isWhole: isWhole) {
        return text[..<end].reduce(into: 1) { count, byte in if byte == 0x0A { count += 1 } }
      }
      if isWhole { return all }
      limit *= 2
    }
  }

  private static func scalarCount(_ text: [UInt8]) -> Int {
    text.reduce(into: 0) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } }
  }

  /// Where token 1,024 begins, counted from 0; nil where the text has no more than 1,024, or, unless
  /// `isWhole`, might be cut too near.
  private func end(in text: [UInt8], isWhole: Bool) -> Int? {
    switch self {
    case .exact(let tokenizer):
      let ids = tokenizer.encode(String(decoding: text, as: UTF8.self))
      // Where the text is cut, its last tokens may be others than in the whole.
      guard ids.count > Self.tokenCountMax + (isWhole ? 0 : 64) else { return nil }
      var bytes: [UInt8] = []
      for id in ids.prefix(Self.tokenCountMax) { tokenizer.appendBytes(of: id, to: &bytes) }
      return min(bytes.count, text.count)
    case .estimate:
      // In twelfths of a token.
      var left = Self.tokenCountMax * 12
      for (index, byte) in text.enumerated() {
        left -= byte < 0x80 ? 3 : byte & 0xC0 == 0x80 ? 0 : 9
        if left < 0 { return index }
      }
      return nil
    }
  }
}
