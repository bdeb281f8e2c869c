// ScalarAutomatonTests.swift — automata read texts as what they were made of does.

import Base
import Testing

@Suite struct `An automaton over scalars` {
  private struct NoPattern: Error {}

  private func pattern(_ text: String) throws -> SchemaPattern {
    let schema = try JSONSchema(["pattern": .string(text)], source: "s")
    guard case .pattern(let pattern) = try #require(schema.nodes[0].checks.first) else {
      throw NoPattern()
    }
    return pattern
  }

  private func automaton(_ text: String) throws -> ScalarAutomaton.Made {
    var stepsLeft = 100_000
    return try pattern(text).automaton(stepsLeft: &stepsLeft)
  }

  /// What the automaton calls the text; nil where it does not take it.
  private func label(_ text: String, _ automaton: ScalarAutomaton) -> Int? {
    var state = 0
    for scalar in text.unicodeScalars {
      guard let next = automaton.next(scalar.value, from: state) else { return nil }
      state = next
    }
    return automaton.label(state)
  }

  private static let pieces = ["a", "b", "ab", "-", "1", "é", "🚀", "\n", " ", "x"]

  private func text(_ random: inout SplitMix64) -> String {
    (0..<Int.random(in: 0...7, using: &random))
      .map { _ in Self.pieces.randomElement(using: &random) ?? "" }.joined()
  }

  @Test(arguments: [
    "", "a", "^a", "a$", "^a$", "ab|^b", "^a|b$", "^$|^1", "^(|a|ab)$", "(ab)+", "^(ab)*$",
    "^[a-z]+-\\d$", "é|🚀$", "^.{2,4}$", "^[^ab]*$", "^\\w*\\s", "a[ab]{3}b$", "^(a|b)*a(a|b)$",
    "a*$",
  ])
  func `takes the texts in which a pattern occurs`(pattern text: String) throws {
    let pattern = try pattern(text)
    guard case .made(let automaton) = try automaton(text) else {
      Issue.record("no automaton")
      return
    }
    var random = SplitMix64(seed: 3)
    for _ in 0..<3_000 {
      let text = self.text(&random)
      #expect((label(text, automaton) != nil) == pattern.occurs(in: text), "\(text)")
    }
  }

  @Test func `is none where no text would do, and too large where states would multiply`() throws {
    guard case .none = try automaton("^[]$") else {
      Issue.record("an automaton without texts")
      return
    }
    guard case .tooLarge = try automaton("a[ab]{30}c") else {
      Issue.record("an automaton of a billion states")
      return
    }
  }

  @Test func `takes texts of a bounded length`() throws {
    guard case .made(let pairs) = try automaton("^(ab)*$"),
      case .made(let bounded) = pairs.bounded(least: 3, most: 5, stateCountMax: 100),
      case .made(let long) = pairs.bounded(least: 3, most: nil, stateCountMax: 100)
    else {
      Issue.record("no automaton")
      return
    }
    for count in 0..<9 {
      let text = String(repeating: "ab", count: count)
      #expect((label(text, bounded) != nil) == (count == 2))
      #expect((label(text, long) != nil) == (count >= 2))
    }
    // From everywhere there is a way to an end.
    #expect(bounded.next(0x61, from: 0) != nil)
    var state = 0
    for scalar in "abab".unicodeScalars {
      state = try #require(bounded.next(scalar.value, from: state))
    }
    #expect(bounded.edges(from: state).isEmpty)
    guard case .none = pairs.bounded(least: 3, most: 3, stateCountMax: 100) else {
      Issue.record("a text of three")
      return
    }
    guard case .tooLarge = pairs.bounded(least: 1_000, most: nil, stateCountMax: 100) else {
      Issue.record("a thousand states in a hundred")
      return
    }
  }

  @Test func `tells words apart from each other and from all others`() throws {
    let words: [(String, Int?)] = [("a", 0), ("ab", 1), ("é🚀", nil), ("", 3)]
    let only = try #require(ScalarAutomaton(words: words.map { (text: $0.0, label: $0.1) }))
    let open = try #require(
      ScalarAutomaton(words: words.map { (text: $0.0, label: $0.1) }, others: 9))
    for (text, word) in words {
      #expect(label(text, only) == word)
      #expect(label(text, open) == word)
    }
    for text in ["b", "abc", "é", "\u{10FFFF}", "\0"] {
      #expect(label(text, only) == nil)
      #expect(label(text, open) == 9)
    }
    // A word without a label is a dead end, and left out.
    #expect(only.next(0xE9, from: 0) == nil)
    #expect(ScalarAutomaton(words: [(text: "a", label: nil)]) == nil)
  }
}
