// PolicyExplanation.swift — a decision with everything that led to it, for people and auditors.

public import Base

/// Why a decision is what it is: every layer, every rule that is for the tool, what each lacked.
public struct PolicyExplanation: Equatable, Sendable {
  /// One rule that is for the tool.
  public struct ConsideredRule: Equatable, Sendable {
    public var id: String
    public var verdict: Verdict
    /// The first condition that the effect does not meet; nil where the rule matches.
    public var mismatch: String?
  }

  /// One layer and what it came to.
  public struct ConsideredLayer: Equatable, Sendable {
    /// The ids of its files.
    public var policies: [String]
    public var place: PolicySource.Place
    public var rules: [ConsideredRule]
    /// Rules for other tools.
    public var otherRuleCount: Int
    /// Nil where the layer has no opinion.
    public var verdict: Verdict?
  }

  /// One flow rule that could concern the tool.
  public struct ConsideredFlow: Equatable, Sendable {
    public var id: String
    public var verdict: Verdict
    /// What is not there that it waits for; nil where it applies.
    public var missing: String?
  }

  public var tool: String
  public var decision: PolicyDecision
  /// What the tool can do, as far as the policies and its manifest know.
  public var kinds: [Effect.Kind]
  public var layers: [ConsideredLayer]
  public var flows: [ConsideredFlow]
  /// Limits and use of the budgets that would be charged: "exec: 10 of 10 calls per turn".
  public var budgets: [String]
  /// What would have to change for another verdict, a sentence; nil for what is allowed.
  public var change: String?
}

extension PolicyEngine {
  /// Decides as ``judge(_:_:)`` does, and says how it came to that.
  public func explain(_ effect: Effect, _ state: PolicyState) -> PolicyExplanation {
    let subject = subject(effect, state)
    let judgement = judgement(effect, state)
    let kinds = kinds(of: subject, claimed: effect.claimedKinds)
    return PolicyExplanation(
      tool: effect.tool, decision: judgement.decision(in: self),
      kinds: Effect.Kind.allCases.filter(kinds.contains),
      layers: layers.map { considered($0, subject) },
      flows: layers.flatMap(\.files).flatMap(\.flows).filter { !$0.sinks.isDisjoint(with: kinds) }
        .map { flow in
          PolicyExplanation.ConsideredFlow(
            id: flow.id, verdict: flow.verdict, missing: flow.missing(in: judgement))
        },
      budgets: judgement.charges(budgets).compactMap { charge in
        budgets[charge.budget]?.use(state.used[charge.budget] ?? BudgetAmounts())
      }, change: change(judgement.decision(in: self), subject))
  }

  /// The first thing that stands between this decision and a milder one.
  private func change(_ decision: PolicyDecision, _ subject: Subject) -> String? {
    let rule = decision.decidedBy.first
    let last = decision.ruleIDs.last ?? ""
    switch (decision.verdict, last) {
    case (.allow, _): return nil
    case (.ask, _):
      let lease = decision.mayLease ? ", or a lease" : ""
      return "an answer of the user\(lease)."
    case (.deny, "headless"): return "somebody to ask, or a lease where the policy allows leases."
    case (.deny, "audit"): return "a ledger that can be written."
    case (.deny, "size"): return "smaller arguments."
    case (.deny, "call-shape"): return "a call that can be read in one way."
    case (.deny, "model-gate"): return "\"models\" would have to show the tool to this model."
    case (.deny, "sandbox"): return "a machine with a stronger sandbox tier."
    case (.deny, _) where last.hasPrefix("budget:"):
      return "the budget's next period, or a larger budget in every layer."
    case (.deny, _) where last.hasPrefix("cloud."):
      return "\"cloud\" in the policies, or a context without the labels."
    case (.deny, _) where rule?.id.hasPrefix("noMatch:") ?? false:
      return grant(in: rule?.policy ?? "", subject)
    case (.deny, _):
      let id = rule?.id ?? ""
      let isFlow = layers.flatMap(\.files).flatMap(\.flows).contains { $0.id == id }
      return isFlow
        ? "a run that has not read, and arguments that do not hold, what \"\(id)\" waits for."
        : "nothing lifts a deny: \"\(id)\" of \"\(rule?.policy ?? "")\" would have to be narrower."
    }
  }

  /// What the layer of `policy` would need to grant the call.
  private func grant(in policy: String, _ subject: Subject) -> String {
    let layer = layers.first { layer in layer.files.contains { $0.id == policy } }
    for rule in layer?.files.flatMap(\.rules) ?? [] where rule.verdict != .deny {
      guard let mismatch = rule.mismatch(subject), mismatch != .tool else { continue }
      return "\"\(rule.id)\" would match, but \(mismatch)."
    }
    return "\"\(policy)\" would need a rule for the tool."
  }

  private func considered(
    _ layer: Layer, _ subject: Subject
  ) -> PolicyExplanation.ConsideredLayer {
    var granting: [Rule] = []
    var rules: [PolicyExplanation.ConsideredRule] = []
    var otherRuleCount = 0
    for rule in layer.files.flatMap(\.rules) {
      let mismatch = rule.mismatch(subject)
      if mismatch == .tool {
        otherRuleCount += 1
      } else {
        rules.append(
          PolicyExplanation.ConsideredRule(
            id: rule.id, verdict: rule.verdict, mismatch: mismatch?.description))
      }
    }
    return PolicyExplanation.ConsideredLayer(
      policies: layer.files.map(\.id), place: layer.files.first?.source.place ?? .shipped,
      rules: rules, otherRuleCount: otherRuleCount,
      verdict: opinions(of: layer, on: subject, granting: &granting).first?.verdict)
  }
}

extension FlowRule {
  fileprivate func missing(in judgement: Judgement) -> String? {
    let context = contextLabels.subtracting(judgement.state.labels).sorted()
    let arguments = argumentLabels.subtracting(judgement.argumentLabels).sorted()
    var parts: [String] = []
    if !context.isEmpty {
      parts.append("what has been read is not \(context.joined(separator: ", "))")
    }
    if !arguments.isEmpty {
      parts.append("the arguments are not \(arguments.joined(separator: ", "))")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}

extension Budget {
  fileprivate func use(_ used: BudgetAmounts) -> String {
    let lines: [(limit: Int?, used: Int, unit: String)] = [
      (calls, used.calls, "calls"), (bytes, used.bytes, "bytes"), (tokens, used.tokens, "tokens"),
      (microdollars, used.microdollars, "microdollars"),
    ]
    let parts = lines.compactMap { line in
      line.limit.map { "\(line.used) of \($0) \(line.unit)" }
    }
    return "\(id): \(parts.joined(separator: ", ")) per \(period.rawValue)"
  }
}

// MARK: For people

extension PolicyExplanation: CustomStringConvertible {
  /// Several lines of plain text, the decision first, no newline at the end.
  public var description: String {
    var lines = [
      "\(decision.verdict.rawValue)  \(tool)  by \(decision.ruleIDs.joined(separator: ", "))"
    ]
    lines.append("  \(decision.reason)")
    let words = kinds.map(\.rawValue).joined(separator: ", ")
    lines.append("  the tool can: \(words.isEmpty ? "nothing" : words)")
    for (index, layer) in layers.enumerated() {
      let role = index == 0 ? "base" : "narrows"
      let verdict = layer.verdict?.rawValue ?? "no opinion"
      lines.append(
        "\(layer.policies.joined(separator: ", ")) (\(layer.place.rawValue), \(role)): \(verdict)")
      for rule in layer.rules {
        lines.append(
          "  \(rule.id) \(rule.verdict.rawValue): \(rule.mismatch.map { "no match, \($0)" } ?? "matches")"
        )
      }
      if layer.otherRuleCount > 0 {
        lines.append(
          layer.otherRuleCount == 1
            ? "  1 rule for other tools" : "  \(layer.otherRuleCount) rules for other tools")
      }
    }
    for flow in flows {
      lines.append(
        "flow \(flow.id) \(flow.verdict.rawValue): \(flow.missing.map { "not now, \($0)" } ?? "applies")"
      )
    }
    for budget in budgets { lines.append("budget \(budget)") }
    if let change { lines.append("to change that: \(change)") }
    return lines.joined(separator: "\n")
  }
}

// MARK: For programs

extension PolicyDecision {
  /// The decision as `martlet policy check` prints it: verdict, rules, reason, then what else there
  /// is to know.
  public var json: JSONValue {
    var object: JSONObject = [
      "verdict": .string(verdict.rawValue),
      "rules": .array(ruleIDs.map { .string($0) }),
      "reason": .string(reason),
    ]
    if verdict == .deny { object["refusal"] = .string(refusal.rawValue) }
    if !sandboxProfiles.isEmpty { object["sandbox"] = .array(sandboxProfiles.map { .string($0) }) }
    if !resultLabels.isEmpty {
      object["resultLabels"] = .array(resultLabels.sorted().map { .string($0) })
    }
    if !argumentLabels.isEmpty {
      object["argumentLabels"] = .array(argumentLabels.sorted().map { .string($0) })
    }
    if !charges.isEmpty { object["budgets"] = .array(charges.map { .string($0.budget) }) }
    return .object(object)
  }
}
