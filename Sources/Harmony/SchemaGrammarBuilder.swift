// SchemaGrammarBuilder.swift — from a schema's nodes to a grammar.
//
// Narrowed: type, enum, const, properties, required, additionalProperties, patternProperties (of the
// properties that are named), items, prefixItems, minItems, maxItems, minLength, maxLength, pattern,
// the sign and the number of digits that minimum and maximum leave, allOf, anyOf, oneOf (as anyOf),
// $ref.
//
// Not narrowed, since only a complete value shows it or a text's middle hardly can: not, if, contains,
// uniqueItems, multipleOf, propertyNames, minProperties, maxProperties, dependentRequired,
// dependentSchemas, the keys of patternProperties, exact bounds of numbers, a second pattern for one
// string, and whatever would pass a bound below. The values of an enum are filtered by all of these.

import Base

/// Makes one grammar. A rule stands for a set of nodes that all have to hold.
struct SchemaGrammarBuilder {
  /// Beyond these, the rest of the schema is not narrowed.
  static let ruleCountMax = 4_096
  static let branchCountMax = 64
  static let keyCountMax = 4_096
  /// Of one pattern together with bounds on the length.
  static let stateCountMax = 2_048
  /// Characters of all enums and keys together.
  static let wordBytesMax = 1 << 20

  private let schema: JSONSchema
  private var grammar = SchemaGrammar()
  private var ruleByNodes: [[Int]: Int] = [:]
  private var open: [(rule: Int, nodes: [Int])] = []
  /// For patterns: see ``SchemaPattern/automaton(stepsLeft:)``.
  private var stepsLeft = 200_000
  private var wordBytesLeft = wordBytesMax
  /// For all patterns with bounds on the length.
  private var statesLeft = 16_384
  /// Values that are still checked by the schema itself, each of which can take a tenth of a second.
  private var checksLeft = 1_000

  /// Nil where no value would do.
  static func grammar(of schema: JSONSchema) -> SchemaGrammar? {
    var builder = SchemaGrammarBuilder(schema: schema)
    builder.addFree()
    builder.grammar.root = builder.rule([0])
    while let (rule, nodes) = builder.open.popLast() {
      builder.grammar.rules[rule].choices = builder.choices(nodes)
    }
    return builder.grammar.measured()
  }

  private init(schema: JSONSchema) { self.schema = schema }

  /// The first of each kind, which lets everything be.
  private mutating func addFree() {
    grammar.texts = [.free]
    grammar.words = [WordShape(["true", "false", "null"])]
    grammar.arrays = [ArrayShape()]
    grammar.objects = [ObjectShape(others: SchemaGrammar.free)]
    let kinds: [SchemaGrammar.Choice.Kind] = [
      .text(0), .word(0), .array(0), .object(0), .number(.free),
    ]
    grammar.rules = [SchemaGrammar.Rule(choices: kinds.map { SchemaGrammar.Choice(kind: $0) })]
  }

  /// The rule of values that all of `nodes` accept.
  private mutating func rule(_ nodes: [Int]) -> Int {
    let nodes = Array(Set(nodes)).sorted()
    if nodes.isEmpty { return SchemaGrammar.free }
    if let rule = ruleByNodes[nodes] { return rule }
    guard grammar.rules.count < Self.ruleCountMax else { return SchemaGrammar.free }
    let rule = grammar.rules.count
    grammar.rules.append(SchemaGrammar.Rule())
    ruleByNodes[nodes] = rule
    open.append((rule, nodes))
    return rule
  }

  // MARK: Alternatives

  /// One way to meet a set of nodes, alternatives decided.
  private struct Branch {
    /// The nodes, and an alternative for each decision.
    var roots: [Int]
    /// Everything that has to hold.
    var checks: [SchemaCheck] = []
    /// Alternatives that are still to be decided.
    var undecided: [[Int]] = []
  }

  private func add(_ roots: [Int], to branch: inout Branch) {
    branch.roots += roots
    var seen: Set<Int> = []
    var open = roots
    while let node = open.popLast() {
      guard seen.insert(node).inserted else { continue }
      for check in schema.nodes[node].checks {
        switch check {
        case .reference(let index): open.append(index)
        case .all(let indices): open += indices
        case .any(let indices), .one(let indices): branch.undecided.append(indices)
        default: branch.checks.append(check)
        }
      }
    }
  }

  private mutating func choices(_ nodes: [Int]) -> [SchemaGrammar.Choice] {
    var first = Branch(roots: [])
    add(nodes, to: &first)
    var open = [first]
    var decidedCount = 0
    var choices: [SchemaGrammar.Choice] = []
    while var branch = open.popLast() {
      if let values = branch.checks.shortestList {
        choices += self.choices(accepted(values, by: branch))
        decidedCount += 1
        continue
      }
      guard let alternatives = branch.undecided.popLast() else {
        choices += self.choices(branch.checks)
        decidedCount += 1
        continue
      }
      // Too many: let this decision be anything.
      guard open.count + decidedCount + alternatives.count <= Self.branchCountMax else {
        open.append(branch)
        continue
      }
      for alternative in alternatives {
        var decided = branch
        add([alternative], to: &decided)
        open.append(decided)
      }
    }
    return choices
  }

  /// The values of an enum are checked one by one, by everything that has to hold; beyond a bound,
  /// all of them are let through.
  private mutating func accepted(_ values: [JSONValue], by branch: Branch) -> [JSONValue] {
    if branch.checks.count == 1, branch.undecided.isEmpty { return values }
    guard values.count <= checksLeft else { return values }
    checksLeft -= values.count
    return values.filter { value in
      branch.roots.allSatisfy { schema.accepts(value, at: $0) }
    }
  }

  // MARK: Values of an enum

  private mutating func choices(_ values: [JSONValue]) -> [SchemaGrammar.Choice] {
    var texts: [String] = []
    var words: [String] = []
    var choices: [SchemaGrammar.Choice] = []
    for value in values {
      switch value {
      case .string(let text): texts.append(text)
      case .null, .bool: words.append(value.compactText)
      case .number(let number): words += number.spellings
      case .array(let elements):
        let rules = elements.map { rule(exactly: $0) }
        choices.append(
          array(ArrayShape(prefix: rules, least: rules.count, most: rules.count)))
      case .object(let members):
        let keyed = members.map { (key: $0.key, rule: rule(exactly: $0.value)) }
        choices.append(object(keyed, required: members.keys, others: nil))
      }
    }
    if !words.isEmpty { choices.append(word(words)) }
    if !texts.isEmpty {
      let size = texts.reduce(0) { $0 + $1.utf8.count }
      if size > wordBytesLeft {
        choices.append(SchemaGrammar.Choice(kind: .text(SchemaGrammar.free)))
      } else if let automaton = ScalarAutomaton(words: texts.map { ($0, 0) }) {
        wordBytesLeft -= size
        choices.append(text(TextShape(automaton: automaton)))
      }
    }
    return choices
  }

  /// The rule of one value.
  private mutating func rule(exactly value: JSONValue) -> Int {
    guard grammar.rules.count < Self.ruleCountMax else { return SchemaGrammar.free }
    let rule = grammar.rules.count
    grammar.rules.append(SchemaGrammar.Rule())
    let choices = self.choices([value])
    grammar.rules[rule].choices = choices
    return rule
  }

  // MARK: Values by type

  private mutating func choices(_ checks: [SchemaCheck]) -> [SchemaGrammar.Choice] {
    if checks.isEmpty { return grammar.rules[SchemaGrammar.free].choices }
    guard !checks.contains(where: \.isNothing) else { return [] }
    let types = checks.types
    var choices: [SchemaGrammar.Choice] = []
    if types.contains(.string), let shape = texts(checks) { choices.append(text(shape)) }
    if types.contains(.number) || types.contains(.integer) {
      let shape = NumberShape(checks, isWhole: !types.contains(.number))
      choices.append(SchemaGrammar.Choice(kind: .number(shape)))
    }
    let words =
      (types.contains(.boolean) ? ["true", "false"] : []) + (types.contains(.null) ? ["null"] : [])
    if !words.isEmpty { choices.append(word(words)) }
    if types.contains(.array) { choices += array(checks) }
    if types.contains(.object) { choices += object(checks) }
    return choices
  }

  private mutating func text(_ shape: TextShape) -> SchemaGrammar.Choice {
    grammar.texts.append(shape)
    return SchemaGrammar.Choice(kind: .text(grammar.texts.count - 1))
  }

  private mutating func word(_ words: [String]) -> SchemaGrammar.Choice {
    grammar.words.append(WordShape(words))
    return SchemaGrammar.Choice(kind: .word(grammar.words.count - 1))
  }

  private mutating func array(_ shape: ArrayShape) -> SchemaGrammar.Choice {
    grammar.arrays.append(shape)
    return SchemaGrammar.Choice(kind: .array(grammar.arrays.count - 1))
  }

  /// Nil where no string would do.
  private mutating func texts(_ checks: [SchemaCheck]) -> TextShape? {
    var (least, most): (Int, Int?) = (0, nil)
    var patterns: [SchemaPattern] = []
    for check in checks {
      switch check {
      case .charactersMin(let count): least = max(least, count)
      case .charactersMax(let count): most = min(most ?? .max, count)
      case .pattern(let pattern): patterns.append(pattern)
      default: break
      }
    }
    guard least <= most ?? .max else { return nil }
    let free = TextShape(automaton: .anything, least: least, most: most, takesAnything: true)
    guard let pattern = patterns.first else { return free }
    switch pattern.automaton(stepsLeft: &stepsLeft) {
    case .none: return nil
    case .tooLarge: return free
    case .made(let automaton):
      guard least > 0 || most != nil else { return TextShape(automaton: automaton) }
      let stateCountMax = min(Self.stateCountMax, statesLeft)
      switch automaton.bounded(least: least, most: most, stateCountMax: stateCountMax) {
      case .none: return nil
      case .tooLarge: return TextShape(automaton: automaton)
      case .made(let bounded):
        statesLeft -= bounded.stateCount
        return TextShape(automaton: bounded)
      }
    }
  }

  private mutating func array(_ checks: [SchemaCheck]) -> [SchemaGrammar.Choice] {
    var shape = ArrayShape()
    var prefixCount = 0
    for check in checks {
      switch check {
      case .elementsMin(let count): shape.least = max(shape.least, count)
      case .elementsMax(let count): shape.most = min(shape.most ?? .max, count)
      case .elements(let prefix, _): prefixCount = max(prefixCount, prefix.count)
      default: break
      }
    }
    guard shape.least <= shape.most ?? .max else { return [] }
    shape.prefix = (0..<prefixCount).map { rule(checks.elementNodes(at: $0)) }
    shape.rest = rule(checks.elementNodes(at: prefixCount))
    return [array(shape)]
  }

  private mutating func object(_ checks: [SchemaCheck]) -> [SchemaGrammar.Choice] {
    var required: [String] = []
    var members: [MemberRules] = []
    for check in checks {
      switch check {
      case .required(let names): required += names
      case .members(let rules): members.append(rules)
      default: break
      }
    }
    var names = Set(required.map(ByteKey.init))
    for rules in members { names.formUnion(rules.named.keys) }
    let size = names.reduce(0) { $0 + $1.text.utf8.count }
    guard names.count <= Self.keyCountMax, size <= wordBytesLeft else {
      return [SchemaGrammar.Choice(kind: .object(SchemaGrammar.free))]
    }
    wordBytesLeft -= size
    let keyed = names.map { name in
      (key: name.text, rule: rule(members.flatMap { $0.nodes(for: name) }))
    }
    // What a pattern covers is free here, since which keys it covers is not known.
    let others =
      members.contains { !$0.patterns.isEmpty }
      ? SchemaGrammar.free : rule(members.compactMap(\.others))
    return [object(keyed, required: required, others: others)]
  }

  private mutating func object(
    _ members: [(key: String, rule: Int)], required: [String], others: Int?
  ) -> SchemaGrammar.Choice {
    // By bytes, so that the keys with one beginning stand side by side.
    let members = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    let required = Set(required.map(ByteKey.init))
    var shape = ObjectShape(
      names: members.map(\.key), rules: members.map(\.rule), others: others)
    for (index, member) in members.enumerated() where required.contains(ByteKey(text: member.key)) {
      shape.required.insert(index)
    }
    grammar.objects.append(shape)
    return SchemaGrammar.Choice(kind: .object(grammar.objects.count - 1))
  }
}

// MARK: - What checks say together

extension [SchemaCheck] {
  fileprivate var shortestList: [JSONValue]? {
    let lists = compactMap { check -> [JSONValue]? in
      guard case .values(let list) = check else { return nil }
      return list.list
    }
    return lists.min { $0.count < $1.count }
  }

  /// The types that are left. A whole number is a number.
  fileprivate var types: SchemaTypes {
    var types: SchemaTypes = [.null, .boolean, .integer, .number, .string, .array, .object]
    for case .types(var other) in self {
      if other.contains(.number) { other.insert(.integer) }
      types.formIntersection(other)
    }
    return types
  }

  fileprivate func elementNodes(at index: Int) -> [Int] {
    compactMap { check in
      guard case .elements(let prefix, let rest) = check else { return nil }
      return index < prefix.count ? prefix[index] : rest
    }
  }
}

extension SchemaCheck {
  fileprivate var isNothing: Bool {
    if case .nothing = self { true } else { false }
  }
}

extension MemberRules {
  /// What the value of a member has to be.
  fileprivate func nodes(for name: ByteKey) -> [Int] {
    let matching = patterns.filter { $0.pattern.occurs(in: name.text) }.map(\.schema)
    let covering = (named[name].map { [$0] } ?? []) + matching
    return covering.isEmpty ? others.map { [$0] } ?? [] : covering
  }
}

extension NumberShape {
  /// What the bounds among `checks` leave of signs and digits.
  fileprivate init(_ checks: [SchemaCheck], isWhole: Bool) {
    self.isWhole = isWhole
    var (least, most): (Double, Double) = (-.infinity, .infinity)
    for case .bound(let bound, let limit) in checks {
      switch bound {
      case .least, .above: least = Swift.max(least, limit.doubleValue)
      case .most, .below: most = Swift.min(most, limit.doubleValue)
      }
    }
    mayBeNegative = least < 0
    let largest = Swift.max(least.magnitude, most.magnitude)
    // Beyond that, doubles skip whole numbers.
    if largest < 1e15 { wholeDigitsMax = String(Int(largest)).utf8.count }
  }
}

extension JSONNumber {
  /// How a model may write it.
  fileprivate var spellings: [String] {
    let text = JSONValue.number(self).compactText
    guard case .double(let value) = self, let whole = Int64(exactly: value) else { return [text] }
    return [text, String(whole)]
  }
}
