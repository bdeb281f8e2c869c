// RuleIndex.swift — a layer's rules by the tools that they are for, so that a call meets only its own.

import Base

/// The rules of one layer, compiled once. What it finds is what a walk over all rules would find.
struct RuleIndex: Sendable {
  /// A rule that is shared and not copied.
  final class Entry: Sendable {
    let rule: Rule
    /// The id of its file.
    let policy: String

    init(rule: Rule, policy: String) {
      self.rule = rule
      self.policy = policy
    }
  }

  /// In the order of files and rules.
  private let entries: [Entry]
  /// Positions of rules that name the tool in full.
  private let exact: [[UInt8]: [Int]]
  /// Positions of rules with a name that leaves its end open.
  private let open: [Int]

  init(_ files: [PolicyFile]) {
    var entries: [Entry] = []
    var exact: [[UInt8]: [Int]] = [:]
    var open: [Int] = []
    for file in files {
      for rule in file.rules {
        let position = entries.count
        entries.append(Entry(rule: rule, policy: file.id))
        if rule.tools.contains(where: { $0.text.utf8.last == UInt8(ascii: "*") }) {
          open.append(position)
        } else {
          for name in Set(rule.tools.map { Array($0.text.utf8) }) {
            exact[name, default: []].append(position)
          }
        }
      }
    }
    self.entries = entries
    self.exact = exact
    self.open = open
  }

  /// Hands the rules that may be for `subject` to `body`, in the order of the files.
  func forEach(for subject: Subject, _ body: (Entry) -> Void) {
    if subject.names.count == 1 {
      merge(exact[subject.names[0]] ?? [], open, body)
      return
    }
    // A tool with several names: a rule that names two of them is met once.
    let named = Set(subject.names.flatMap { exact[$0] ?? [] }).sorted()
    merge(named, open, body)
  }

  private func merge(_ left: [Int], _ right: [Int], _ body: (Entry) -> Void) {
    var leftIndex = 0
    var rightIndex = 0
    while leftIndex < left.count || rightIndex < right.count {
      let takesLeft =
        rightIndex == right.count || leftIndex < left.count && left[leftIndex] < right[rightIndex]
      body(entries[takesLeft ? left[leftIndex] : right[rightIndex]])
      if takesLeft { leftIndex += 1 } else { rightIndex += 1 }
    }
  }
}
