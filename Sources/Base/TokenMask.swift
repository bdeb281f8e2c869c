// TokenMask.swift — a set of tokens as bits, for sets that are a large part of a vocabulary.

/// A set of tokens, one bit a row. Two masks are equal if they have the same rows and the same tokens.
public struct TokenMask: Equatable, Sendable {
  private var words: [UInt64]

  /// An empty set of rows below `rowCount`; ``insert(_:)`` makes room for more.
  public init(rowCount: Int) { words = Array(repeating: 0, count: (max(0, rowCount) + 63) / 64) }

  public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// The only token; nil where there is none, or more than one.
  public var single: TokenID? {
    var found: Int?
    for (index, bits) in words.enumerated() where bits != 0 {
      guard found == nil, bits & (bits - 1) == 0 else { return nil }
      found = index << 6 | bits.trailingZeroBitCount
    }
    return found.map { TokenID(Int32(clamping: $0)) }
  }

  /// The rows in the set, ascending.
  public var indices: [Int] {
    var indices: [Int] = []
    indices.reserveCapacity(count)
    for (wordIndex, bits) in words.enumerated() {
      var rest = bits
      while rest != 0 {
        indices.append(wordIndex << 6 | rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
    return indices
  }

  public func contains(_ token: TokenID) -> Bool {
    let row = token.index
    return row >= 0 && row >> 6 < words.count && words[row >> 6] >> UInt64(row & 63) & 1 == 1
  }

  /// Adds a token. A negative one is none.
  public mutating func insert(_ token: TokenID) {
    let row = token.index
    guard row >= 0 else { return }
    if row >> 6 >= words.count {
      words.append(contentsOf: repeatElement(0, count: row >> 6 + 1 - words.count))
    }
    words[row >> 6] |= 1 << UInt64(row & 63)
  }

  public mutating func formUnion(_ other: TokenMask) {
    if other.words.count > words.count {
      words.append(contentsOf: repeatElement(0, count: other.words.count - words.count))
    }
    for index in other.words.indices { words[index] |= other.words[index] }
  }

  public mutating func subtract(_ other: TokenMask) {
    for index in 0..<min(words.count, other.words.count) { words[index] &= ~other.words[index] }
  }
}
