// ScalarAutomaton.swift — sets of texts as deterministic automata over Unicode scalars.
//
// For whoever has to know, in the middle of a text, how it can go on. Every state can reach an end:
// whoever follows edges never gets stuck.

/// A deterministic automaton that reads a text scalar by scalar, from state 0.
package struct ScalarAutomaton: Sendable {
  /// Scalars from `first` through `last` lead to `next`.
  package struct Edge: Equatable, Sendable {
    package var first: UInt32
    package var last: UInt32
    package var next: Int

    package init(first: UInt32, last: UInt32, next: Int) {
      self.first = first
      self.last = last
      self.next = next
    }
  }

  /// A state that is still being built: edges ascend without overlap and hold no surrogates.
  package struct State: Sendable {
    package var edges: [Edge]
    /// Set where a text may end: what has been read.
    package var label: Int?

    package init(edges: [Edge] = [], label: Int? = nil) {
      self.edges = edges
      self.label = label
    }
  }

  /// All scalars: everything but surrogates.
  static let scalarRanges: [ClosedRange<UInt32>] = [0...0xD7FF, 0xE000...0x10FFFF]

  /// Any text.
  package static let anything = ScalarAutomaton(
    states: [
      State(
        edges: scalarRanges.map { Edge(first: $0.lowerBound, last: $0.upperBound, next: 0) },
        label: 0)
    ])

  private let edges: [Edge]
  /// Where each state's edges start, and one more.
  private let starts: [Int]
  private let labels: [Int32]

  package var stateCount: Int { labels.count }

  /// Takes states as they are.
  ///
  /// - Precondition: Every state can reach a label, and 0 is one of them.
  private init(states: [State]) {
    var edges: [Edge] = []
    var starts: [Int] = []
    for state in states {
      starts.append(edges.count)
      edges += state.edges
    }
    self.edges = edges
    self.starts = starts + [edges.count]
    labels = states.map { Int32(clamping: $0.label ?? -1) }
  }

  /// Leaves out the states from which no text ends. Nil where that is all of them.
  package init?(live states: [State]) {
    var sources = [[Int]](repeating: [], count: states.count)
    for (index, state) in states.enumerated() {
      for edge in state.edges { sources[edge.next].append(index) }
    }
    var isLive = states.map { $0.label != nil }
    var open = states.indices.filter { isLive[$0] }
    while let state = open.popLast() {
      for source in sources[state] where !isLive[source] {
        isLive[source] = true
        open.append(source)
      }
    }
    guard isLive.first == true else { return nil }
    var numbers = [Int](repeating: 0, count: states.count)
    var count = 0
    for state in states.indices where isLive[state] {
      numbers[state] = count
      count += 1
    }
    self.init(
      states: states.indices.filter { isLive[$0] }.map { index in
        var state = states[index]
        state.edges = state.edges.filter { isLive[$0.next] }
        for edge in state.edges.indices {
          state.edges[edge].next = numbers[state.edges[edge].next]
        }
        return state
      })
  }

  // MARK: Reading

  /// What a text that ends here is; nil where none may end.
  package func label(_ state: Int) -> Int? { labels[state] < 0 ? nil : Int(labels[state]) }

  package func edges(from state: Int) -> ArraySlice<Edge> {
    edges[starts[state]..<starts[state + 1]]
  }

  /// The state that a scalar leads to; nil where it cannot stand here.
  @inline(__always)
  package func next(_ scalar: UInt32, from state: Int) -> Int? {
    let index = firstEdge(reaching: scalar, from: state)
    return index < starts[state + 1] && edges[index].first <= scalar ? edges[index].next : nil
  }

  /// The states that the scalars of a range lead to.
  package func edges(
    from state: Int, first: UInt32, last: UInt32
  ) -> ArraySlice<Edge> {
    let start = firstEdge(reaching: first, from: state)
    var end = start
    while end < starts[state + 1], edges[end].first <= last { end += 1 }
    return edges[start..<end]
  }

  /// The first edge of the state that is not wholly below `scalar`.
  @inline(__always)
  private func firstEdge(reaching scalar: UInt32, from state: Int) -> Int {
    var low = starts[state]
    var high = starts[state + 1]
    while low < high {
      let middle = (low + high) / 2
      if edges[middle].last < scalar { low = middle + 1 } else { high = middle }
    }
    return low
  }

  // MARK: Making

  /// Exactly these words, each with its label, or none where it is nil; with `others`, every other
  /// text too, with that label. Nil where that is no text at all.
  ///
  /// Without `others`, every edge leads to a higher number.
  package init?(words: [(text: String, label: Int?)], others: Int? = nil) {
    var states = [State(label: others)]
    for word in words {
      var state = 0
      for scalar in word.text.unicodeScalars.lazy.map(\.value) {
        let place =
          states[state].edges.firstIndex { $0.first >= scalar } ?? states[state].edges.count
        if place < states[state].edges.count, states[state].edges[place].first == scalar {
          state = states[state].edges[place].next
        } else {
          states[state].edges.insert(
            Edge(first: scalar, last: scalar, next: states.count), at: place)
          state = states.count
          states.append(State(label: others))
        }
      }
      states[state].label = word.label
    }
    guard let others else {
      self.init(live: states)
      return
    }
    let sink = states.count
    for state in states.indices {
      states[state].edges = Self.filled(states[state].edges, with: sink)
    }
    states.append(State(edges: Self.filled([], with: sink), label: others))
    self.init(live: states)
  }

  /// `edges`, and edges to `sink` for all other scalars.
  private static func filled(_ edges: [Edge], with sink: Int) -> [Edge] {
    var result: [Edge] = []
    var rest = edges[...]
    for range in scalarRanges {
      var next = range.lowerBound
      while let edge = rest.first, edge.first <= range.upperBound {
        if next < edge.first { result.append(Edge(first: next, last: edge.first - 1, next: sink)) }
        result.append(edge)
        next = edge.last + 1
        rest.removeFirst()
      }
      if next <= range.upperBound {
        result.append(Edge(first: next, last: range.upperBound, next: sink))
      }
    }
    return result
  }

  /// Those of its texts that have from `least` to `most` scalars. `none` where there are none;
  /// `tooLarge` where that would take more than `stateCountMax` states.
  package func bounded(least: Int, most: Int?, stateCountMax: Int) -> Made {
    let cap = most ?? least
    guard cap < stateCountMax else { return .tooLarge }
    struct Place: Hashable {
      var state: Int
      var count: Int
    }
    var numbers = [Place(state: 0, count: 0): 0]
    var places = [Place(state: 0, count: 0)]
    var states: [State] = []
    while states.count < places.count {
      let place = places[states.count]
      var state = State(label: place.count >= least ? label(place.state) : nil)
      if place.count < most ?? .max {
        for var edge in edges(from: place.state) {
          let next = Place(state: edge.next, count: min(cap, place.count + 1))
          edge.next = numbers[next] ?? places.count
          if edge.next == places.count {
            guard places.count < stateCountMax else { return .tooLarge }
            numbers[next] = places.count
            places.append(next)
          }
          state.edges.append(edge)
        }
      }
      states.append(state)
    }
    return ScalarAutomaton(live: states).map(Made.made) ?? .none
  }

  /// What came of making one.
  package enum Made: Sendable {
    case made(ScalarAutomaton)
    /// No text would do.
    case none
    case tooLarge
  }
}
