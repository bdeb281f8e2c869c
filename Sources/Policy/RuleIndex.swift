// RuleIndex.swift — a layer's rules by the tools they are for and by what they demand of an argument, so
// that a call meets only those that it can match.

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
  /// Rules that name the tool in full.
  private let exact: [[UInt8]: RuleShelf]
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
    self.exact = exact.mapValues { positions in
      RuleShelf(positions.map { ($0, entries[$0].rule) })
    }
    self.open = open
  }

  /// The rules that may match `subject`, in the order of the files: all that do, and few that do not.
  func candidates(for subject: Subject) -> [Entry] {
    var positions = open
    for name in subject.names { exact[name]?.collect(for: subject, into: &positions) }
    return inOrder(positions)
  }

  /// Of the rules whose tools may be the one of `subject`, whatever its arguments, the first that is wanted.
  func firstMention<Wanted>(of subject: Subject, _ wanted: (Entry) -> Wanted?) -> Wanted? {
    var runs = subject.names.compactMap { exact[$0]?.all[...] } + [open[...]]
    while let position = runs.compactMap(\.first).min() {
      if let found = wanted(entries[position]) { return found }
      for index in runs.indices where runs[index].first == position { runs[index].removeFirst() }
    }
    return nil
  }

  /// A rule that names two of a tool's names is met once.
  private func inOrder(_ positions: [Int]) -> [Entry] {
    var last = -1
    return positions.sorted().compactMap { position in
      defer { last = position }
      return position == last ? nil : entries[position]
    }
  }
}

/// The rules of one tool, each under one demand that it makes: a rule cannot match a call that does not
/// meet the demand it stands under.
private struct RuleShelf: Sendable {
  /// A value of one argument that a rule cannot do without.
  private enum Key: Hashable {
    case literal([UInt8], Literal)
    /// The value is a path at or below the folder.
    case folder([UInt8], [[UInt8]])
  }

  private struct Argument: Sendable {
    let name: [UInt8]
    var literals: [Literal: [Int]] = [:]
    /// By the folder's components.
    var folders: [[[UInt8]]: [Int]] = [:]
    /// How many components the folders have.
    var depths: Set<Int> = []
  }

  /// All positions, in order.
  let all: [Int]
  /// Those of rules without a demand that can be looked up.
  private var others: [Int] = []
  private var arguments: [Argument] = []

  init(_ rules: [(position: Int, rule: Rule)]) {
    all = rules.map(\.position)
    // Of a rule's demands, the one that the fewest rules share leaves the fewest to be looked at.
    let demands = rules.map { Self.demands(of: $0.rule) }
    var shared: [Key: Int] = [:]
    for key in demands.joined().joined() { shared[key, default: 0] += 1 }
    let rank = { (keys: [Key]) in keys.map { shared[$0] ?? 0 }.max() ?? 0 }
    for ((position, _), demands) in zip(rules, demands) {
      guard let keys = demands.min(by: { rank($0) < rank($1) }) else {
        others.append(position)
        continue
      }
      for key in keys { insert(position, under: key) }
    }
  }

  /// For each demand of the rule its alternatives, one of which a matching call meets.
  private static func demands(of rule: Rule) -> [[Key]] {
    guard case .named(let matchers) = rule.arguments else { return [] }
    return matchers.filter { !$0.matcher.isOptional }.flatMap { named in
      named.matcher.checks.compactMap { check -> [Key]? in
        switch check {
        case .oneOf(let literals): literals.map { .literal(named.nameBytes, $0) }
        case .under(let folders): folders.map { .folder(named.nameBytes, $0.components) }
        default: nil
        }
      }
    }
  }

  private mutating func insert(_ position: Int, under key: Key) {
    let name =
      switch key {
      case .literal(let name, _), .folder(let name, _): name
      }
    let index =
      arguments.firstIndex { $0.name == name }
      ?? {
        arguments.append(Argument(name: name))
        return arguments.count - 1
      }()
    switch key {
    case .literal(_, let literal): arguments[index].literals[literal, default: []].append(position)
    case .folder(_, let components):
      arguments[index].folders[components, default: []].append(position)
      arguments[index].depths.insert(components.count)
    }
  }

  /// Adds the positions of the rules that the call can match.
  func collect(for subject: Subject, into positions: inout [Int]) {
    positions += others
    for argument in arguments {
      guard let value = subject.argument(argument.name)?.value else { continue }
      if !argument.literals.isEmpty, let literal = value.literal {
        positions += argument.literals[literal] ?? []
      }
      guard !argument.folders.isEmpty, let path = value.text?.path else { continue }
      for depth in argument.depths where depth <= path.components.count {
        positions += argument.folders[Array(path.components.prefix(depth))] ?? []
      }
    }
  }
}
