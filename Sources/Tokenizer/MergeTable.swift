// MergeTable.swift — which two neighbouring tokens become one, and which pair goes first.

/// The merges of a byte-pair encoding: (left, right) to rank, and rank to merged token.
///
/// A lower rank goes first. Where ranks are the merged tokens' own ids, as in o200k, the second step
/// is the identity and takes no memory.
struct MergeTable: Sendable {
  /// Ranks have 24 bits, and one value stands for none.
  static let countMax = (1 << 24) - 1
  /// The rank of a pair that does not merge.
  static let none = UInt32.max

  /// Open addressing, linear probing: left << 44 | right << 24 | rank.
  private var slots: [UInt64]
  private let shift: UInt64
  private let hash = ByteHash()
  /// By rank; empty where a rank is the token's id.
  private let mergedTokens: [UInt32]
  /// By two bytes, first << 8 | second: most lookups are of these.
  private(set) var byteRanks: [UInt32]

  private static let emptySlot = UInt64.max

  /// One merge: left << 44 | right << 24 | rank.
  static func entry(_ left: UInt32, _ right: UInt32, rank: UInt32) -> UInt64 {
    UInt64(left) << 44 | UInt64(right) << 24 | UInt64(rank)
  }

  /// - Parameters:
  ///   - entries: At most `countMax`; of two with the same pair the later one holds.
  ///   - mergedTokens: By rank; empty where a rank is the token's id.
  ///   - byteTokens: The token of each single byte.
  init(_ entries: [UInt64], mergedTokens: [UInt32], byteTokens: [UInt32]) {
    var bits = 8
    while 1 << bits < 2 * entries.count { bits += 1 }
    slots = [UInt64](repeating: Self.emptySlot, count: 1 << bits)
    shift = UInt64(64 - bits)
    self.mergedTokens = mergedTokens
    byteRanks = []
    for entry in entries { insert(entry) }
    byteRanks.reserveCapacity(1 << 16)
    for first in byteTokens {
      for second in byteTokens { byteRanks.append(rank(first, second)) }
    }
  }

  /// The rank of the pair, or `none`.
  @inline(__always)
  func rank(_ left: UInt32, _ right: UInt32) -> UInt32 {
    let key = UInt64(left) << 20 | UInt64(right)
    var index = Int(hash(key) >> shift)
    while true {
      let slot = slots[index]
      if slot >> 24 == key { return UInt32(truncatingIfNeeded: slot & 0xFF_FFFF) }
      if slot == Self.emptySlot { return Self.none }
      index = (index + 1) & (slots.count - 1)
    }
  }

  /// The token that a pair of this rank becomes.
  @inline(__always)
  func token(rank: UInt32) -> UInt32 { mergedTokens.isEmpty ? rank : mergedTokens[Int(rank)] }

  private mutating func insert(_ entry: UInt64) {
    var index = Int(hash(entry >> 24) >> shift)
    while slots[index] != Self.emptySlot, slots[index] >> 24 != entry >> 24 {
      index = (index + 1) & (slots.count - 1)
    }
    slots[index] = entry
  }
}
