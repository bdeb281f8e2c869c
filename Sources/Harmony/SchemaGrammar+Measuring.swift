// SchemaGrammar+Measuring.swift — leaves out of a grammar what no finite text can be.

import Base

extension SchemaGrammar {
  /// The grammar with levels, and without values that would never end; nil where none is left.
  ///
  /// Whoever follows what is left gets to an end, so sampling does not get stuck.
  func measured() -> SchemaGrammar? {
    var grammar = self
    let never = Self.levelsMax + 1
    for rule in rules.indices { grammar.rules[rule].levels = never }
    // Each round finds at least the rules with one level more, so there are few.
    var isSettled = false
    while !isSettled {
      isSettled = true
      for rule in rules.indices {
        let levels = rules[rule].choices.map { grammar.levels(of: $0.kind) }.min() ?? never
        guard levels < grammar.rules[rule].levels else { continue }
        grammar.rules[rule].levels = levels
        isSettled = false
      }
    }
    guard grammar.rules[root].levels <= Self.levelsMax else { return nil }
    for rule in rules.indices {
      grammar.rules[rule].choices = rules[rule].choices.compactMap { choice in
        let levels = grammar.levels(of: choice.kind)
        return levels < never ? Choice(kind: choice.kind, levels: levels) : nil
      }
    }
    for index in arrays.indices { grammar.close(array: index) }
    var known: [KeyAlphabet: Int] = [:]
    for index in objects.indices { grammar.close(object: index, &known) }
    return grammar
  }

  /// Levels that a value takes at least, so far as they are known; never more than one too many.
  private func levels(of kind: Choice.Kind) -> Int {
    switch kind {
    case .text, .word, .number: return 1
    case .array(let index):
      let shape = arrays[index]
      var inner = shape.prefix.prefix(shape.least).map { rules[$0].levels }
      if shape.least > shape.prefix.count { inner.append(rules[shape.rest].levels) }
      return min(1 + (inner.max() ?? 0), Self.levelsMax + 1)
    case .object(let index):
      let shape = objects[index]
      let inner = shape.rules.indices.lazy.filter(shape.required.contains)
        .map { rules[shape.rules[$0]].levels }
      return min(1 + (inner.max() ?? 0), Self.levelsMax + 1)
    }
  }

  /// Ends an array before the first element that cannot be.
  private mutating func close(array index: Int) {
    let shape = arrays[index]
    let elements = shape.prefix + [shape.rest]
    let end = elements.firstIndex { rules[$0].levels > Self.levelsMax }
    guard let end else { return }
    arrays[index].most = min(shape.most ?? .max, end)
  }

  /// Closes members that cannot be, and makes the automaton of the keys that are left.
  private mutating func close(object index: Int, _ known: inout [KeyAlphabet: Int]) {
    var shape = objects[index]
    if let others = shape.others, rules[others].levels > Self.levelsMax { shape.others = nil }
    for (key, rule) in shape.rules.enumerated() {
      if rules[rule].levels > Self.levelsMax {
        shape.closed.insert(key)
      } else {
        shape.levels = max(shape.levels, rules[rule].levels)
      }
    }
    if shape.names.isEmpty, shape.others != nil {
      shape.keys = Self.free
    } else {
      let alphabet = KeyAlphabet(
        names: shape.names.map(ByteKey.init), takesOthers: shape.others != nil)
      if let keys = known[alphabet] {
        shape.keys = keys
      } else if let automaton = alphabet.automaton {
        shape.keys = texts.count
        known[alphabet] = texts.count
        texts.append(TextShape(automaton: automaton))
      }
      if shape.others == nil { shape.spans = texts[shape.keys].automaton.labelSpans }
    }
    objects[index] = shape
  }
}

/// The keys of an object. Many objects have the same ones.
private struct KeyAlphabet: Hashable {
  var names: [ByteKey]
  var takesOthers: Bool

  /// Nil where there is no key; none is asked for then.
  var automaton: ScalarAutomaton? {
    ScalarAutomaton(
      words: names.enumerated().map { ($0.element.text, $0.offset) },
      others: takesOthers ? names.count : nil)
  }
}

extension ScalarAutomaton {
  /// For each state of a tree of words, the labels that it can lead to. They have no gaps if they
  /// ascend with the words.
  fileprivate var labelSpans: [Range<Int>] {
    var spans = [Range<Int>](repeating: 0..<0, count: stateCount)
    for state in (0..<stateCount).reversed() {
      var span = label(state).map { $0..<$0 + 1 }
      for edge in edges(from: state) {
        let next = spans[edge.next]
        span =
          span.map { min($0.lowerBound, next.lowerBound)..<max($0.upperBound, next.upperBound) }
          ?? next
      }
      spans[state] = span ?? 0..<0
    }
    return spans
  }
}
