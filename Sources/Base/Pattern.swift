// Pattern.swift — a pattern ready to match: linear in the text, whatever the text.
//
// Glushkov's construction (1961): each character of the pattern is a position, and a set of
// positions is a state. Nothing is ever tried twice, so there is no input on which matching blows
// up, as it does in Swift's Regex (exponential on "^(a+)+$") and in NSRegularExpression.

/// Up to 256 positions as bits.
struct PositionSet: Hashable, Sendable {
  private var words: SIMD4<UInt64> = .zero

  static let empty = PositionSet()

  var isEmpty: Bool { words == .zero }

  mutating func insert(_ position: Int) { words[position >> 6] |= 1 << UInt64(position & 63) }

  mutating func formUnion(_ other: PositionSet) { words |= other.words }

  func union(_ other: PositionSet) -> PositionSet {
    var result = self
    result.formUnion(other)
    return result
  }

  func intersection(_ other: PositionSet) -> PositionSet {
    var result = self
    result.words &= other.words
    return result
  }

  func forEach(_ body: (Int) -> Void) {
    for wordIndex in 0..<4 {
      var word = words[wordIndex]
      while word != 0 {
        body(wordIndex << 6 | word.trailingZeroBitCount)
        word &= word - 1
      }
    }
  }
}

/// A compiled regular expression: POSIX, extended. ``SchemaPattern`` reads the other syntax.
public struct Pattern: Sendable {
  /// As it was written.
  public let text: String
  let isAnchoredAtStart: Bool
  let isAnchoredAtEnd: Bool
  /// The characters that each position takes.
  let sets: [ScalarSet]
  /// The positions that take each ASCII character, so that the common case needs no search.
  private let positionsByASCII: [PositionSet]
  let follow: [PositionSet]
  let first: PositionSet
  let last: PositionSet
  let acceptsEmpty: Bool

  var positionCount: Int { sets.count }

  /// Compiles `text`; ``PatternProblem`` says what stands in the way.
  public init(_ text: String) throws(PatternProblem) {
    self.init(text, try PatternParser.parse(text))
  }

  /// Compiles what a parser has made of `text`.
  init(_ text: String, _ parsed: PatternParser.Parsed) {
    var builder = Builder()
    let ends = builder.add(parsed.node)
    self.text = text
    isAnchoredAtStart = parsed.isAnchoredAtStart
    isAnchoredAtEnd = parsed.isAnchoredAtEnd
    sets = builder.sets
    follow = builder.follow
    first = ends.first
    last = ends.last
    acceptsEmpty = ends.acceptsEmpty
    positionsByASCII = (0..<128).map { (scalar: UInt32) in
      var positions = PositionSet.empty
      for (position, set) in builder.sets.enumerated() where set.contains(scalar) {
        positions.insert(position)
      }
      return positions
    }
  }

  /// Whether the pattern matches the whole of `text`.
  public func matchesWhole(_ text: String) -> Bool {
    var isAtStart = true
    var active = PositionSet.empty
    for scalar in text.unicodeScalars {
      var candidates = isAtStart ? first : .empty
      isAtStart = false
      active.forEach { candidates.formUnion(follow[$0]) }
      active = taking(scalar, from: candidates)
      if active.isEmpty { return false }
    }
    return isAtStart ? acceptsEmpty : !active.intersection(last).isEmpty
  }

  /// Whether the pattern matches any part of `text`.
  public func occurs(in text: String) -> Bool {
    if acceptsEmpty, !isAnchoredAtEnd || !isAnchoredAtStart || text.isEmpty { return true }
    var isAtStart = true
    var active = PositionSet.empty
    for scalar in text.unicodeScalars {
      var candidates = isAtStart || !isAnchoredAtStart ? first : .empty
      isAtStart = false
      active.forEach { candidates.formUnion(follow[$0]) }
      active = taking(scalar, from: candidates)
      if !isAnchoredAtEnd, !active.intersection(last).isEmpty { return true }
      if isAnchoredAtStart, active.isEmpty { return false }
    }
    return !active.intersection(last).isEmpty
  }

  /// Byte ranges of the UTF-8 of `text` that some match covers, joined where they touch, in order.
  ///
  /// Every match counts, not only the first and longest of each place: what a redaction leaves
  /// visible must not depend on which reading of the pattern won.
  public func coveredRanges(in text: String) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var starts: [Int: Int] = [:]
    var offset = 0
    for scalar in text.unicodeScalars {
      let end = offset + UTF8.width(scalar)
      starts = step(starts, at: offset, taking: scalar)
      var active = PositionSet.empty
      for position in starts.keys { active.insert(position) }
      let isEnd = !isAnchoredAtEnd || end == text.utf8.count
      var earliest: Int?
      if isEnd {
        active.intersection(last).forEach { position in
          earliest = min(earliest ?? .max, starts[position] ?? .max)
        }
      }
      if let earliest { Self.add(earliest..<end, to: &ranges) }
      offset = end
    }
    return ranges
  }

  /// The positions after `scalar`, each with the earliest offset at which its match began.
  private func step(
    _ starts: [Int: Int], at offset: Int, taking scalar: Unicode.Scalar
  ) -> [Int: Int] {
    var next: [Int: Int] = [:]
    func reach(_ candidates: PositionSet, from start: Int) {
      taking(scalar, from: candidates).forEach { position in
        next[position] = min(next[position] ?? .max, start)
      }
    }
    for (position, start) in starts { reach(follow[position], from: start) }
    if offset == 0 || !isAnchoredAtStart { reach(first, from: offset) }
    return next
  }

  private static func add(_ range: Range<Int>, to ranges: inout [Range<Int>]) {
    var joined = range
    while let previous = ranges.last, previous.upperBound >= joined.lowerBound {
      joined = min(previous.lowerBound, joined.lowerBound)..<joined.upperBound
      ranges.removeLast()
    }
    ranges.append(joined)
  }

  func taking(_ scalar: Unicode.Scalar, from candidates: PositionSet) -> PositionSet {
    if scalar.value < 128 {
      return candidates.intersection(positionsByASCII[Int(scalar.value)])
    }
    var result = PositionSet.empty
    candidates.forEach { position in
      if sets[position].contains(scalar.value) { result.insert(position) }
    }
    return result
  }
}

extension Pattern: Equatable {
  public static func == (left: Pattern, right: Pattern) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }
}

/// Numbers the positions of a tree and finds which may follow which.
private struct Builder {
  struct Ends {
    var acceptsEmpty: Bool
    var first = PositionSet.empty
    var last = PositionSet.empty
  }

  var sets: [ScalarSet] = []
  var follow: [PositionSet] = []

  mutating func add(_ node: PatternNode) -> Ends {
    switch node {
    case .empty: return Ends(acceptsEmpty: true)
    case .character(let set):
      var own = PositionSet.empty
      own.insert(sets.count)
      sets.append(set)
      follow.append(.empty)
      return Ends(acceptsEmpty: false, first: own, last: own)
    case .sequence(let left, let right):
      let before = add(left)
      let after = add(right)
      link(before.last, to: after.first)
      return Ends(
        acceptsEmpty: before.acceptsEmpty && after.acceptsEmpty,
        first: before.acceptsEmpty ? before.first.union(after.first) : before.first,
        last: after.acceptsEmpty ? before.last.union(after.last) : after.last)
    case .either(let left, let right):
      let one = add(left)
      let other = add(right)
      return Ends(
        acceptsEmpty: one.acceptsEmpty || other.acceptsEmpty,
        first: one.first.union(other.first), last: one.last.union(other.last))
    case .star(let inner):
      var ends = add(inner)
      link(ends.last, to: ends.first)
      ends.acceptsEmpty = true
      return ends
    case .optional(let inner):
      var ends = add(inner)
      ends.acceptsEmpty = true
      return ends
    }
  }

  private mutating func link(_ before: PositionSet, to after: PositionSet) {
    before.forEach { follow[$0].formUnion(after) }
  }
}
