// SchemaChecker+Contents.swift — what is in arrays and objects, against a schema.

extension SchemaChecker {
  // MARK: Arrays

  mutating func finding(
    _ check: SchemaCheck, _ elements: [JSONValue]
  ) throws(Overrun) -> SchemaFinding? {
    switch check {
    case .elementsMin(let least):
      return elements.count >= least
        ? nil : found(.least, least, "element", "array", elements.count)
    case .elementsMax(let most):
      return elements.count <= most ? nil : found(.most, most, "element", "array", elements.count)
    case .elements(let prefix, let rest):
      for (position, element) in elements.enumerated() {
        guard let index = position < prefix.count ? prefix[position] : rest else { return nil }
        if let finding = try finding(index, element, at: .index(position)) { return finding }
      }
      return nil
    case .elementsUnique:
      var positions: [CanonicalJSON: Int] = [:]
      for (position, element) in elements.enumerated() {
        let canonical = CanonicalJSON(element)
        try spend(1 + canonical.bytes.count / 8)
        if let earlier = positions.updateValue(position, forKey: canonical) {
          return found(
            "no two elements may be equal, and those at \(earlier) and \(position) are")
        }
      }
      return nil
    case .contains(let index, let least, let most):
      var count = 0
      for (position, element) in elements.enumerated()
      where try finding(index, element, at: .index(position)) == nil {
        count += 1
      }
      if count >= least, count <= most ?? .max { return nil }
      let schema = JSONValue.string(nodes[index].pointer.clipped(to: 200)).compactText
      let bound =
        count < least
        ? "at least \(Words.count(least, "element")) must"
        : "at most \(Words.count(most ?? 0, "element")) may"
      return found("\(bound) match the schema's \(schema), and \(count) do")
    default: return nil
    }
  }

  // MARK: Objects

  mutating func finding(
    _ check: SchemaCheck, _ object: JSONObject
  ) throws(Overrun) -> SchemaFinding? {
    switch check {
    case .members(let rules): return try finding(rules, object)
    case .membersMin(let least):
      return object.count >= least ? nil : found(.least, least, "member", "object", object.count)
    case .membersMax(let most):
      return object.count <= most ? nil : found(.most, most, "member", "object", object.count)
    case .memberNames(let index):
      for key in object.keys {
        guard var finding = try finding(index, .string(key), at: .key(key)) else { continue }
        finding.clause = "the name of this member does not fit: \(finding.clause)"
        return finding
      }
      return nil
    case .required(let names):
      return names.first { object[$0] == nil }.map {
        found("the member \(Words.quoted($0)) is missing", isBelow: true)
      }
    case .requiredBeside(let name, let others):
      guard object[name] != nil, let missing = others.first(where: { object[$0] == nil }) else {
        return nil
      }
      let (missingName, presentName) = (Words.quoted(missing), Words.quoted(name))
      return found(
        "the member \(missingName) is missing, which has to stand beside \(presentName)",
        isBelow: true)
    case .schemaBeside(let name, let index):
      return object[name] == nil ? nil : try finding(index, .object(object))
    default: return nil
    }
  }

  private mutating func finding(
    _ rules: MemberRules, _ object: JSONObject
  ) throws(Overrun) -> SchemaFinding? {
    for (key, value) in object {
      try spend(1 + key.utf8.count / 16)
      var isCovered = false
      if let index = rules.named[ByteKey(text: key)] {
        isCovered = true
        if let finding = try finding(index, value, at: .key(key)) { return finding }
      }
      for (pattern, index) in rules.patterns {
        try spend(pattern.stepCount(in: key))
        guard pattern.occurs(in: key) else { continue }
        isCovered = true
        if let finding = try finding(index, value, at: .key(key)) { return finding }
      }
      guard !isCovered, let index = rules.others else { continue }
      guard var finding = try finding(index, value, at: .key(key)) else { continue }
      if let refusal = rules.refusal {
        finding.clause = "the member \(Words.quoted(key)) is not allowed here; \(refusal)"
      }
      return finding
    }
    return nil
  }
}
