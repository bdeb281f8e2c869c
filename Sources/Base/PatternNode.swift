// PatternNode.swift — a pattern as a tree, and the sets of characters in its leaves.

/// A set of characters, as a class in brackets or a single character writes it.
struct ScalarSet: Equatable, Sendable {
  /// Ascending, with gaps between them, so that a search is short whatever the class.
  let ranges: [ClosedRange<UInt32>]
  let isNegated: Bool

  static let all = ScalarSet([], isNegated: true)

  init(_ ranges: [ClosedRange<UInt32>], isNegated: Bool = false) {
    var joined: [ClosedRange<UInt32>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = joined.last, range.lowerBound <= last.upperBound + 1 {
        joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    self.ranges = joined
    self.isNegated = isNegated
  }

  init(_ scalar: Unicode.Scalar) { self.init([scalar.value...scalar.value]) }

  func contains(_ scalar: UInt32) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
    }
    return (low < ranges.count && ranges[low].lowerBound <= scalar) != isNegated
  }

  /// The characters that are not in the set.
  var complement: [ClosedRange<UInt32>] {
    guard !isNegated else { return ranges }
    var gaps: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges {
      if next < range.lowerBound { gaps.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
    return gaps
  }
}

/// A pattern's structure; counted repetitions are multiplied out.
indirect enum PatternNode: Equatable, Sendable {
  case empty
  case character(ScalarSet)
  case sequence(PatternNode, PatternNode)
  case either(PatternNode, PatternNode)
  /// Zero or more.
  case star(PatternNode)
  case optional(PatternNode)
}
