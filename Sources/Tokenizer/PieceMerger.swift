// PieceMerger.swift — byte-pair encoding of one piece: merge the pair of lowest rank until none is left.

import Base

/// Working memory for merging, reused from piece to piece.
struct PieceMerger {
  private static let none = MergeTable.none

  /// The piece's tokens; a merged one stands where its left part stood.
  private var tokens: [UInt32] = []
  /// By place: the rank of the token there with its right neighbour.
  private var ranks: [UInt32] = []
  private var scan = ScanPlaces()

  init() {}

  /// Appends the tokens of `piece`, which is not empty, to `out`.
  mutating func merge(
    _ piece: UnsafeRawBufferPointer, _ vocabulary: Vocabulary, _ merges: MergeTable,
    into out: inout [TokenID]
  ) {
    if piece.count <= ScanPlaces.countMax {
      scan.merge(piece, vocabulary, merges, into: &out)
      return
    }
    tokens.removeAll(keepingCapacity: true)
    ranks.removeAll(keepingCapacity: true)
    for index in 0..<piece.count {
      tokens.append(vocabulary.byteTokens[Int(piece[index])])
      let isLast = index + 1 == piece.count
      ranks.append(
        isLast ? Self.none : merges.byteRanks[Int(piece[index]) << 8 | Int(piece[index + 1])])
    }
    mergeByHeap(merges, into: &out)
  }

  /// n log n: a linked list of tokens and a heap of pairs, ordered by rank, then place. An entry whose
  /// rank is no longer its place's is stale and skipped.
  private mutating func mergeByHeap(_ merges: MergeTable, into out: inout [TokenID]) {
    let count = tokens.count
    var next = Array(1...count)
    var previous = Array(-1..<count - 1)
    var heap = PairHeap(ranks)
    while let (rank, at) = heap.popFirst() {
      guard ranks[at] == rank else { continue }
      let right = next[at]
      let after = next[right]
      tokens[at] = merges.token(rank: rank)
      ranks[right] = Self.none
      next[at] = after
      if after < count { previous[after] = at }
      setRank(at, after < count ? merges.rank(tokens[at], tokens[after]) : Self.none, &heap)
      let before = previous[at]
      if before >= 0 { setRank(before, merges.rank(tokens[before], tokens[at]), &heap) }
    }
    var index = 0
    while index < count {
      out.append(TokenID(Int32(truncatingIfNeeded: tokens[index])))
      index = next[index]
    }
  }

  private mutating func setRank(_ index: Int, _ rank: UInt32, _ heap: inout PairHeap) {
    ranks[index] = rank
    if rank != Self.none { heap.insert(rank, index) }
  }
}

/// A binary min-heap of (rank, place), packed as rank << 40 | place.
private struct PairHeap {
  private var entries: [UInt64]

  init(_ ranks: [UInt32]) {
    entries = []
    entries.reserveCapacity(ranks.count)
    for (index, rank) in ranks.enumerated() where rank != MergeTable.none {
      entries.append(UInt64(rank) << 40 | UInt64(index))
    }
    for index in stride(from: entries.count / 2, through: 0, by: -1) { siftDown(index) }
  }

  mutating func insert(_ rank: UInt32, _ index: Int) {
    entries.append(UInt64(rank) << 40 | UInt64(index))
    var child = entries.count - 1
    while child > 0, entries[child] < entries[(child - 1) / 2] {
      entries.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func popFirst() -> (rank: UInt32, index: Int)? {
    guard let first = entries.first, let last = entries.popLast() else { return nil }
    if !entries.isEmpty {
      entries[0] = last
      siftDown(0)
    }
    return (UInt32(first >> 40), Int(first & 0xFF_FFFF_FFFF))
  }

  private mutating func siftDown(_ start: Int) {
    var parent = start
    while 2 * parent + 1 < entries.count {
      var child = 2 * parent + 1
      if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
      guard entries[child] < entries[parent] else { return }
      entries.swapAt(child, parent)
      parent = child
    }
  }
}

/// Merging a short piece by looking at every pair each time: quadratic, but with a very small factor,
/// since the lowest of a row of plain numbers is found without a branch.
private struct ScanPlaces {
  /// Places have seven bits.
  static let countMax = 128
  private static let none = Int32.max

  private var tokens = [UInt32](repeating: 0, count: countMax)
  /// By place: rank << 7 | place of the pair that starts here, or `none`. Ranks have 24 bits.
  private var keys = [Int32](repeating: 0, count: countMax)
  private var next = [UInt8](repeating: 0, count: countMax)
  private var previous = [UInt8](repeating: 0, count: countMax)

  mutating func merge(
    _ piece: UnsafeRawBufferPointer, _ vocabulary: Vocabulary, _ merges: MergeTable,
    into out: inout [TokenID]
  ) {
    let count = piece.count
    for index in 0..<count {
      tokens[index] = vocabulary.byteTokens[Int(piece[index])]
      next[index] = UInt8(index + 1)
      previous[index] = UInt8(truncatingIfNeeded: index - 1)
      let isLast = index + 1 == count
      keys[index] =
        isLast
        ? Self.none
        : Self.key(merges.byteRanks[Int(piece[index]) << 8 | Int(piece[index + 1])], index)
    }
    while let (rank, at) = lowest(count) {
      let right = Int(next[at])
      let after = Int(next[right])
      tokens[at] = merges.token(rank: rank)
      keys[right] = Self.none
      keys[at] = Self.none
      next[at] = UInt8(after)
      if after < count {
        previous[after] = UInt8(at)
        keys[at] = Self.key(merges.rank(tokens[at], tokens[after]), at)
      }
      if at > 0 {
        let before = Int(previous[at])
        keys[before] = Self.key(merges.rank(tokens[before], tokens[at]), before)
      }
    }
    var index = 0
    while index < count {
      out.append(TokenID(Int32(truncatingIfNeeded: tokens[index])))
      index = Int(next[index])
    }
  }

  @inline(__always)
  private static func key(_ rank: UInt32, _ place: Int) -> Int32 {
    rank == MergeTable.none ? none : Int32(truncatingIfNeeded: rank << 7 | UInt32(place))
  }

  /// The pair of lowest rank, of equals the leftmost.
  @inline(__always)
  private func lowest(_ count: Int) -> (rank: UInt32, place: Int)? {
    let key = keys.withUnsafeBufferPointer { keys in
      var lowest = Self.none
      for index in 0..<count { lowest = min(lowest, keys[index]) }
      return lowest
    }
    return key == Self.none ? nil : (UInt32(key) >> 7, Int(key) & 127)
  }
}
