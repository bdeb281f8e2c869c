// SpecialTokens.swift — finding special tokens in trusted text.

import Base

/// The special tokens' texts, sorted by bytes, so that those with a common start lie together.
struct SpecialTokens: Sendable {
  private let texts: [(bytes: [UInt8], id: TokenID)]
  /// Whether any text starts with the byte.
  private let isFirst: [Bool]

  init(_ specials: [String: TokenID]) {
    texts = specials.map { (Array($0.key.utf8), $0.value) }
      .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    var isFirst = [Bool](repeating: false, count: 256)
    for text in texts where !text.bytes.isEmpty { isFirst[Int(text.bytes[0])] = true }
    self.isFirst = isFirst
  }

  /// The first special token at or after `start`; of several at one place the longest.
  func next(
    in bytes: UnsafeBufferPointer<UInt8>, from start: Int
  ) -> (id: TokenID, range: Range<Int>)? {
    for index in start..<bytes.count where isFirst[Int(bytes[index])] {
      if let found = longest(in: bytes, at: index) { return found }
    }
    return nil
  }

  /// Narrows the texts that match so far, byte by byte.
  private func longest(
    in bytes: UnsafeBufferPointer<UInt8>, at start: Int
  ) -> (id: TokenID, range: Range<Int>)? {
    var matching = texts.indices
    var found: (id: TokenID, range: Range<Int>)?
    for index in start..<bytes.count {
      let depth = index - start
      // Sorted, so a text that ends here comes before those that go on.
      if texts[matching.lowerBound].bytes.count == depth { matching.removeFirst() }
      let lower = firstIndex(in: matching) { texts[$0].bytes[depth] >= bytes[index] }
      let upper = firstIndex(in: lower..<matching.upperBound) {
        texts[$0].bytes[depth] > bytes[index]
      }
      guard lower < upper else { break }
      matching = lower..<upper
      if texts[lower].bytes.count == depth + 1 { found = (texts[lower].id, start..<index + 1) }
    }
    return found
  }

  /// The first index from which on `isPast` holds.
  private func firstIndex(in range: Range<Int>, where isPast: (Int) -> Bool) -> Int {
    var lower = range.lowerBound
    var upper = range.upperBound
    while lower < upper {
      let middle = lower + (upper - lower) / 2
      if isPast(middle) { upper = middle } else { lower = middle + 1 }
    }
    return lower
  }
}
