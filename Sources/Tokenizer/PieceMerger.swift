// PieceMerger.swift — byte-pair encoding of one piece: merge the pair of lowest rank until none is left.

import Base

/// Working memory for merging, reused from piece to piece.
struct PieceMerger {
  /// Above this many bytes a heap finds the next pair; below it, looking at all of them is faster.
  private static let scanBytesMax = 96
  private static let none = MergeTable.none

  /// The piece's tokens so far.
  private var tokens: [UInt32] = []
  /// `ranks[i]`: the rank of `tokens[i]` with its right neighbour.
  private var ranks: [UInt32] = []

  init() {}

  /// Appends the tokens of `piece`, which is not empty, to `out`.
  mutating func merge(
    _ piece: UnsafeRawBufferPointer, _ vocabulary: Vocabulary, _ merges: MergeTable,
    into out: inout [TokenID]
  ) {
    tokens.removeAll(keepingCapacity: true)
    ranks.removeAll(keepingCapacity: true)
    for index in 0..<piece.count {
      tokens.append(vocabulary.byteTokens[Int(piece[index])])
      let isLast = index + 1 == piece.count
      ranks.append(
        isLast ? Self.none : merges.byteRanks[Int(piece[index]) << 8 | Int(piece[index + 1])])
    }
    if piece.count <= Self.scanBytesMax {
      mergeByScan(merges)
      for token in tokens { out.append(TokenID(Int32(truncatingIfNeeded: token))) }
    } else {
      mergeByHeap(merges, into: &out)
    }
  }

  /// Quadratic in the piece's length, with a small factor.
  private mutating func mergeByScan(_ merges: MergeTable) {
    while true {
      var best = Self.none
      var at = 0
      for index in ranks.indices where ranks[index] < best {
        best = ranks[index]
        at = index
      }
      guard best != Self.none else { return }
      tokens[at] = merges.token(rank: best)
      tokens.remove(at: at + 1)
      ranks.remove(at: at + 1)
      ranks[at] = at + 1 < tokens.count ? merges.rank(tokens[at], tokens[at + 1]) : Self.none
      if at > 0 { ranks[at - 1] = merges.rank(tokens[at - 1], tokens[at]) }
    }
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
