// SchemaPattern+Automaton.swift — the texts in which a pattern occurs, as an automaton.

extension SchemaPattern {
  /// The states of its branches before one scalar of a text.
  private struct Places: Hashable {
    var isAtStart: Bool
    /// The pattern has occurred, and what follows is free.
    var isFree = false
    var active: [PositionSet]
  }

  /// The texts in which the pattern occurs.
  ///
  /// States can be exponentially many in the pattern's length: one step is taken off `stepsLeft`
  /// for each kind of character that is tried in each state, and without any left it is too large.
  package func automaton(stepsLeft: inout Int) -> ScalarAutomaton.Made {
    if branches.contains(where: \.occursEverywhere) { return .made(.anything) }
    let ranges = kindsOfScalars
    var numbers: [Places: Int] = [:]
    var open: [Places] = []
    var states: [ScalarAutomaton.State] = []
    func number(_ places: Places) -> Int {
      if let number = numbers[places] { return number }
      numbers[places] = open.count
      open.append(places)
      return open.count - 1
    }
    _ = number(Places(isAtStart: true, active: branches.map { _ in .empty }))
    while states.count < open.count {
      let places = open[states.count]
      var state = ScalarAutomaton.State(label: mayEnd(places) ? 0 : nil)
      guard !places.isFree else {
        state.edges = ScalarAutomaton.anything.edges(from: 0).map { edge in
          .init(first: edge.first, last: edge.last, next: states.count)
        }
        states.append(state)
        continue
      }
      for range in ranges {
        stepsLeft -= branches.count
        guard stepsLeft > 0 else { return .tooLarge }
        guard let next = step(places, range.lowerBound) else { continue }
        let edge = ScalarAutomaton.Edge(
          first: range.lowerBound, last: range.upperBound, next: number(next))
        if let last = state.edges.last, last.next == edge.next, last.last + 1 == edge.first {
          state.edges[state.edges.count - 1].last = edge.last
        } else {
          state.edges.append(edge)
        }
      }
      states.append(state)
    }
    return ScalarAutomaton(live: states).map(ScalarAutomaton.Made.made) ?? .none
  }

  /// The scalars cut into ranges within which no class of the pattern tells two apart.
  private var kindsOfScalars: [ClosedRange<UInt32>] {
    var cuts: Set<UInt32> = []
    for range in branches.flatMap(\.sets).flatMap(\.ranges) {
      cuts.insert(range.lowerBound)
      cuts.insert(range.upperBound + 1)
    }
    return ScalarAutomaton.scalarRanges.flatMap { range in
      let inner = cuts.filter { $0 > range.lowerBound && $0 <= range.upperBound }.sorted()
      let firsts = [range.lowerBound] + inner
      return zip(firsts, inner.map { $0 - 1 } + [range.upperBound]).map { $0...$1 }
    }
  }

  private func mayEnd(_ places: Places) -> Bool {
    if places.isFree { return true }
    return zip(branches, places.active).contains { branch, active in
      places.isAtStart && branch.acceptsEmpty || !active.intersection(branch.last).isEmpty
    }
  }

  /// Nil where the pattern cannot occur any more.
  private func step(_ places: Places, _ value: UInt32) -> Places? {
    guard let scalar = Unicode.Scalar(value) else { return nil }
    var next = Places(isAtStart: false, active: [])
    var isLive = false
    for (branch, before) in zip(branches, places.active) {
      var candidates: PositionSet =
        places.isAtStart || !branch.isAnchoredAtStart ? branch.first : .empty
      before.forEach { candidates.formUnion(branch.follow[$0]) }
      let active = branch.taking(scalar, from: candidates)
      if !branch.isAnchoredAtEnd, !active.intersection(branch.last).isEmpty {
        return Places(isAtStart: false, isFree: true, active: [])
      }
      isLive = isLive || !active.isEmpty || !branch.isAnchoredAtStart
      next.active.append(active)
    }
    return isLive ? next : nil
  }
}

extension Pattern {
  /// Whether there is no text in which it does not occur.
  fileprivate var occursEverywhere: Bool {
    acceptsEmpty && !(isAnchoredAtStart && isAnchoredAtEnd)
  }
}
