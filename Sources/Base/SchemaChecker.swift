// SchemaChecker.swift — a value against a schema's nodes: the first thing that is wrong, or nothing.

/// One walk through one value.
struct SchemaChecker {
  /// A bound ran out. The value counts as wrong.
  enum Overrun: Error {
    case steps, levels

    var clause: String {
      switch self {
      case .steps:
        """
        the schema takes more than \(SchemaChecker.stepCountMax) steps to check this; simplify one \
        of them
        """
      case .levels:
        """
        the schema refers to itself more than \(SchemaChecker.levelsMax) times to check this; \
        simplify it
        """
      }
    }
  }

  /// Some nanoseconds each. References can multiply a small schema to any number of them.
  static let stepCountMax = 10_000_000
  /// Schemas within schemas at once: a bound on the stack.
  static let levelsMax = 512

  let nodes: [SchemaNode]
  private var place = JSONPointer()
  private var stepsLeft = stepCountMax
  private var level = 0

  /// What is wrong with `value`, by the schema at `root`; nil where nothing is.
  static func finding(
    _ nodes: [SchemaNode], _ value: JSONValue, root: Int = 0
  ) -> SchemaFinding? {
    var checker = SchemaChecker(nodes: nodes)
    guard !value.isDeeper(than: SchemaReader.depthMax) else {
      return checker.found(
        "arrays and objects are nested deeper than \(SchemaReader.depthMax) levels")
    }
    do { return try checker.finding(root, value) } catch {
      // Where the walk stood by then says nothing.
      checker.place = JSONPointer()
      return checker.found(error.clause)
    }
  }

  private init(nodes: [SchemaNode]) { self.nodes = nodes }

  mutating func finding(
    _ index: Int, _ value: JSONValue
  ) throws(Overrun) -> SchemaFinding? {
    guard level < Self.levelsMax else { throw .levels }
    level += 1
    defer { level -= 1 }
    try spend(nodes[index].stepCount)
    for check in nodes[index].checks {
      if let finding = try finding(check, value, in: index) {
        // What the sentence cost.
        try spend(50)
        return finding
      }
    }
    return nil
  }

  mutating func finding(
    _ index: Int, _ value: JSONValue, at step: JSONPointer.Step
  ) throws(Overrun) -> SchemaFinding? {
    place.steps.append(step)
    let finding = try finding(index, value)
    place.steps.removeLast()
    return finding
  }

  mutating func spend(_ steps: Int) throws(Overrun) {
    stepsLeft -= steps
    guard stepsLeft >= 0 else { throw .steps }
  }

  /// A finding at this place, or (for what is missing) about something just below it.
  func found(
    _ clause: String, isBelow: Bool = false, isLiteral: Bool = false
  )
    -> SchemaFinding
  {
    SchemaFinding(
      place: place, clause: clause,
      rank: 2 * (place.steps.count + (isBelow ? 1 : 0)) + (isLiteral ? 0 : 1))
  }

  // MARK: Checks

  private mutating func finding(
    _ check: SchemaCheck, _ value: JSONValue, in node: Int
  ) throws(Overrun) -> SchemaFinding? {
    switch check {
    case .nothing: return found("no value is allowed here")
    case .types(let types):
      if types.accept(value) { return nil }
      let isFraction = types.contains(.integer) && value.doubleValue != nil
      let kind = isFraction ? "a number with a fraction" : Words.kind(of: value)
      return found("\(types.phrase) is expected, and this is \(kind)")
    case .values(let list):
      let canonical = CanonicalJSON(value)
      try spend(canonical.bytes.count / 8)
      return list.values.contains(canonical)
        ? nil : found(list.clause(for: value), isLiteral: true)
    case .reference(let index): return try finding(index, value)
    case .all(let indices):
      for index in indices {
        if let finding = try finding(index, value) { return finding }
      }
      return nil
    case .any(let indices): return try findingOfAny(indices, value)
    case .one(let indices): return try findingOfOne(indices, value)
    case .not(let index):
      guard try finding(index, value) == nil else { return nil }
      let schema = JSONValue.string(nodes[index].pointer.clipped(to: 200)).compactText
      return found("this value matches the schema's \(schema), and must not")
    case .condition(let condition, let then, let otherwise):
      let branch = try finding(condition, value) == nil ? then : otherwise
      return try branch.flatMap { index throws(Overrun) in try finding(index, value) }
    case .bound, .multiple:
      guard case .number(let number) = value else { return nil }
      return try finding(check, number)
    case .charactersMin, .charactersMax, .pattern:
      guard case .string(let text) = value else { return nil }
      return try finding(check, text)
    case .elements, .elementsMin, .elementsMax, .elementsUnique, .contains:
      guard case .array(let elements) = value else { return nil }
      return try finding(check, elements)
    case .members, .membersMin, .membersMax, .memberNames, .required, .requiredBeside,
      .schemaBeside:
      guard case .object(let object) = value else { return nil }
      return try finding(check, object)
    }
  }

  private mutating func finding(
    _ check: SchemaCheck, _ number: JSONNumber
  ) throws(Overrun) -> SchemaFinding? {
    switch check {
    case .bound(let bound, let limit):
      let order = number.order(to: limit)
      let (isKept, phrase) =
        switch bound {
        case .least: (order == 0 || order == 1, "of at least")
        case .most: (order == 0 || order == -1, "of at most")
        case .above: (order == 1, "above")
        case .below: (order == -1, "below")
        }
      return isKept
        ? nil : found("a number \(phrase) \(limit.text) is expected, and this is \(number.text)")
    case .multiple(let divisor):
      try spend(20)
      return number.isMultiple(of: divisor)
        ? nil : found("a multiple of \(divisor.text) is expected, and this is \(number.text)")
    default: return nil
    }
  }

  private mutating func finding(
    _ check: SchemaCheck, _ text: String
  ) throws(Overrun) -> SchemaFinding? {
    switch check {
    case .charactersMin(let least):
      try spend(text.utf8.count / 16)
      let count = text.unicodeScalars.count
      return count >= least ? nil : found(.least, least, "character", "string", count)
    case .charactersMax(let most):
      try spend(text.utf8.count / 16)
      let count = text.unicodeScalars.count
      return count <= most ? nil : found(.most, most, "character", "string", count)
    case .pattern(let pattern):
      try spend(pattern.stepCount(in: text))
      guard !pattern.occurs(in: text) else { return nil }
      let quoted = JSONValue.string(pattern.text.clipped(to: 200)).compactText
      return found("a string that matches the pattern \(quoted) is expected, and this one does not")
    default: return nil
    }
  }

  func found(
    _ bound: SchemaCheck.Bound, _ limit: Int, _ noun: String, _ whole: String, _ count: Int
  ) -> SchemaFinding {
    found(
      """
      at \(bound == .least ? "least" : "most") \(Words.count(limit, noun)) \
      \(limit == 1 ? "is" : "are") expected, and this \(whole) has \(count)
      """)
  }

  // MARK: Alternatives

  private mutating func findingOfAny(
    _ indices: [Int], _ value: JSONValue
  ) throws(Overrun) -> SchemaFinding? {
    var closest: SchemaFinding?
    for index in indices {
      guard let finding = try finding(index, value) else { return nil }
      if finding.rank > closest?.rank ?? -1 { closest = finding }
    }
    return noneFits("anyOf", indices.count, closest: closest)
  }

  private mutating func findingOfOne(
    _ indices: [Int], _ value: JSONValue
  ) throws(Overrun) -> SchemaFinding? {
    var closest: SchemaFinding?
    var fitting: Int?
    for (position, index) in indices.enumerated() {
      if let finding = try finding(index, value) {
        if finding.rank > closest?.rank ?? -1 { closest = finding }
      } else if let fitting {
        return found(
          """
          only one of the \(indices.count) alternatives of "oneOf" may fit, and those at \
          \(fitting) and \(position) both do
          """)
      } else {
        fitting = position
      }
    }
    return fitting == nil ? noneFits("oneOf", indices.count, closest: closest) : nil
  }

  private func noneFits(
    _ keyword: String, _ count: Int, closest: SchemaFinding?
  ) -> SchemaFinding? {
    guard let closest else { return nil }
    if count == 1 { return closest }
    let detail =
      closest.place == place ? closest.clause : "at \(closest.place.quoted) \(closest.clause)"
    return SchemaFinding(
      place: place,
      clause: "none of the \(count) alternatives of \"\(keyword)\" fits; by the closest, \(detail)",
      rank: closest.rank)
  }
}
