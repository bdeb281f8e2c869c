// Rule+Reading.swift — rules as a policy file writes them.

extension PolicyNode {
  /// One element of "rules".
  func rule(_ context: ReadingContext) throws(PolicyError) -> Rule {
    var fields = try Fields(self)
    let id = try fields.need("id").decisionID()
    let verdict = try fields.need("effect").word(Verdict.self)
    let tools = try fields.need("tool").namePatterns()
    let rule = Rule(
      id: id, verdict: verdict, tools: tools,
      otherTools: try fields.take("notTool")?.namePatterns() ?? [],
      arguments: try fields.take("args")?.argumentMatchers(context) ?? .named([]),
      actors: try fields.take("actor")?.words(),
      condition: try fields.condition(context),
      manifestDigest: try fields.take("manifest")?.manifestDigest(),
      sandboxProfile: try fields.take("sandbox")?.identifier(),
      budget: try fields.take("budget")?.identifier(),
      reason: try fields.take("reason")?.text())
    try fields.finish()
    try check(rule)
    try checkOrigins(rule)
    try checkCondition(rule)
    return rule
  }

  /// An id that may stand among the deciding rules of a decision.
  func decisionID() throws(PolicyError) -> String {
    let id = try identifier()
    guard !DecidingRule.reservedIDs.contains(id) else { throw error(.reservedIdentifier(id)) }
    return id
  }

  /// `"any"`, or an object of matchers.
  func argumentMatchers(_ context: ReadingContext) throws(PolicyError) -> Rule.Arguments {
    if case .string(let word) = content {
      guard word == "any" else { throw error(.notOneOf(word, known: ["any"])) }
      return .any
    }
    var matchers: [Rule.NamedMatcher] = []
    for member in try members() {
      matchers.append(
        Rule.NamedMatcher(name: member.key, matcher: try member.node.matcher(context)))
    }
    return .named(matchers)
  }

  private func manifestDigest() throws(PolicyError) -> String {
    let value = try string()
    let digits = value.utf8.dropFirst(7)
    guard value.utf8.starts(with: Array("sha256:".utf8)), digits.count == 64,
      digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else {
      throw error(.notUsable("a manifest is named as \"sha256:\" and 64 lower-case hex digits."))
    }
    return String(decoding: digits, as: UTF8.self)
  }

  /// The same of the conditions; and what an unknown tool can do is never known to be little.
  private func checkCondition(_ rule: Rule) throws(PolicyError) {
    let condition = rule.condition
    if rule.verdict == .allow {
      if !condition.after.isEmpty {
        throw error(
          .notUsable(
            "a rule that allows cannot say \"after\": reading something would open it. Remove it."))
      }
      if condition.notFrom != nil { throw error(.notUsable(Self.allowsNotFrom)) }
    }
    guard rule.verdict == .deny else { return }
    if condition.from != nil { throw error(.notUsable(Self.deniesFrom)) }
    if condition.canOnly != nil {
      throw error(
        .notUsable(
          "a rule that denies cannot say \"canOnly\": a tool that nobody described would escape it. "
            + "Write \"can\"."))
    }
  }

  private static let deniesFrom =
    "a rule that denies cannot say \"from\": a copy that was changed a little would escape it. Write "
    + "\"notFrom\"."
  private static let allowsNotFrom =
    "a rule that allows cannot say \"notFrom\": it would allow what nobody said. Write \"from\"."

  /// What comes from somebody can be proven, that it does not cannot: a copy that was changed a little
  /// is nobody's. So only what grants says "from", and only what restrains says "notFrom".
  private func checkOrigins(_ rule: Rule) throws(PolicyError) {
    guard case .named(let matchers) = rule.arguments else { return }
    for matcher in matchers {
      for check in matcher.matcher.allChecks {
        if rule.verdict == .deny, case .from = check {
          throw error(.notUsable(Self.deniesFrom))
        }
        if rule.verdict == .allow, case .notFrom = check {
          throw error(.notUsable(Self.allowsNotFrom))
        }
      }
    }
  }

  /// What a rule that denies cannot have: it grants nothing that could be walled, counted or pinned.
  private func check(_ rule: Rule) throws(PolicyError) {
    if rule.actors?.isEmpty == true { throw error(.empty("the list \"actor\"")) }
    guard rule.verdict == .deny else { return }
    if rule.sandboxProfile != nil || rule.budget != nil {
      throw error(.notUsable("a rule that denies has no sandbox and no budget. Remove them."))
    }
    if rule.manifestDigest != nil {
      throw error(
        .notUsable(
          "a rule that denies cannot be pinned: a changed tool would escape it. Remove \"manifest\"."
        ))
    }
  }
}

extension Fields {
  /// "can", "canOnly", "after", "from" and "notFrom" of a rule.
  fileprivate mutating func condition(
    _ context: ReadingContext
  ) throws(PolicyError) -> RuleCondition {
    var condition = RuleCondition()
    if let node = take("can") {
      let kinds = Set(try node.words(Effect.Kind.self))
      guard !kinds.isEmpty else { throw node.error(.empty("the list \"can\"")) }
      condition.can = kinds
    }
    if let node = take("canOnly") { condition.canOnly = Set(try node.words(Effect.Kind.self)) }
    if let node = take("after") { condition.after = try node.labelNames() }
    if let node = take("from") { condition.from = try node.originMatcher(.value, context) }
    if let node = take("notFrom") { condition.notFrom = try node.originMatcher(.value, context) }
    return condition
  }
}
