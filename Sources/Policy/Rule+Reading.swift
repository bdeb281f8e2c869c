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
      arguments: try fields.take("args")?.argumentMatchers(context) ?? .named([]),
      actors: try fields.take("actor")?.words(),
      manifestDigest: try fields.take("manifest")?.manifestDigest(),
      sandboxProfile: try fields.take("sandbox")?.identifier(),
      budget: try fields.take("budget")?.identifier(),
      reason: try fields.take("reason")?.text())
    try fields.finish()
    try check(rule)
    try checkOrigins(rule)
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

  /// What comes from somebody can be proven, that it does not cannot: a copy that was changed a little
  /// is nobody's. So only what grants says "from", and only what restrains says "notFrom".
  private func checkOrigins(_ rule: Rule) throws(PolicyError) {
    guard case .named(let matchers) = rule.arguments else { return }
    for matcher in matchers {
      for check in matcher.matcher.allChecks {
        if rule.verdict == .deny, case .from = check {
          throw error(
            .notUsable(
              "a rule that denies cannot say \"from\": a copy that was changed a little would escape "
                + "it. Write \"notFrom\"."))
        }
        if rule.verdict == .allow, case .notFrom = check {
          throw error(
            .notUsable(
              "a rule that allows cannot say \"notFrom\": it would allow what nobody said. Write "
                + "\"from\"."))
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
