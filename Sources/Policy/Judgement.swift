// Judgement.swift — everything that was found on the way to a decision, and the decision from it.

import Base

/// What a rule, a flow rule, or a layer without a matching rule says.
struct Opinion: Equatable, Sendable {
  enum Voice: Equatable, Sendable {
    case rule(Rule)
    case flow(FlowRule)
    case noMatch
  }

  let verdict: Verdict
  /// The file's id.
  let policy: String
  let voice: Voice

  var id: String {
    switch voice {
    case .rule(let rule): rule.id
    case .flow(let flow): flow.id
    case .noMatch: "noMatch:\(policy)"
    }
  }
}

struct Judgement: Sendable {
  /// A check of the engine's own that denies.
  enum Gate: Equatable, Sendable {
    case ledgerDown
    case flaw(Effect.Flaw)
    case modelGate(tool: String, model: String)
    case cloud(id: String, String)
    case budget(id: String, String)
    case sandbox(tier: SandboxTier, minimum: SandboxTier)
  }

  let effect: Effect
  let state: PolicyState
  /// The effect made ready to be matched.
  let subject: Subject
  var gates: [Gate] = []
  var opinions: [Opinion] = []
  /// All matching rules that allow or ask, whatever became of it.
  var granting: [Rule] = []
  var kinds: Set<Effect.Kind> = []
  var argumentLabels: Set<String> = []
  var resultLabels: Set<String> = []

  init(effect: Effect, state: PolicyState, subject: Subject) {
    self.effect = effect
    self.state = state
    self.subject = subject
  }

  /// The strictest opinion; nil where no layer has one.
  var ruleVerdict: Verdict? { opinions.map(\.verdict).max() }

  var deciding: [Opinion] { opinions.filter { $0.verdict == ruleVerdict } }

  /// What the effect takes from each budget that a matching rule names; each once.
  func charges(_ budgets: [String: Budget]) -> [BudgetCharge] {
    var charges: [BudgetCharge] = []
    for id in granting.compactMap(\.budget) where !charges.contains(where: { $0.budget == id }) {
      guard let budget = budgets[id] else { continue }
      var amounts = effect.cost
      amounts.calls = 1
      charges.append(BudgetCharge(budget: id, period: budget.period, amounts: amounts))
    }
    return charges
  }

  // MARK: The decision

  func decision(in engine: PolicyEngine) -> PolicyDecision {
    var decision = PolicyDecision(
      verdict: ruleVerdict ?? .deny,
      decidedBy: deciding.map { DecidingRule(policy: $0.policy, id: $0.id) },
      reason: "", refusal: .tellModel,
      sandboxProfiles: granting.compactMap(\.sandboxProfile).uniqued(),
      sandboxMinimum: engine.sandboxMinimum, charges: [], contextLabels: state.labels,
      argumentLabels: argumentLabels, resultLabels: resultLabels, mayRemember: false,
      mayLease: false)
    if let gate = gates.first {
      decision.close(gate)
      return decision
    }
    switch decision.verdict {
    case .deny: decision.reason = denial(in: engine)
    case .ask:
      decision.reason = deciding.first.map(asking) ?? ""
      settleAsk(&decision, engine)
    case .allow: decision.reason = deciding.first.map(allowing) ?? ""
    }
    if decision.verdict != .deny { decision.charges = charges(engine.budgets) }
    return decision
  }

  /// An approval makes an ask an allow; where nobody can be asked it is a denial (rule 13).
  private func settleAsk(_ decision: inout PolicyDecision, _ engine: PolicyEngine) {
    if state.isApproved {
      decision.verdict = .allow
      decision.reason += " It has been approved."
    } else if state.isHeadless {
      decision.verdict = .deny
      decision.decidedBy.append(DecidingRule(policy: "", id: "headless"))
      decision.reason = "headless: \(decision.reason) Nobody is there to ask."
      decision.refusal = engine.headlessAsk == .deny ? .tellModel : .stopRun
    } else {
      let isFlow = opinions.contains { opinion in
        if case .flow = opinion.voice { true } else { false }
      }
      decision.mayRemember = engine.remembersApprovals && !isFlow
      decision.mayLease = engine.allowsLeases && !isFlow
    }
  }

  private func allowing(_ opinion: Opinion) -> String {
    "Rule \"\(opinion.id)\" of \"\(opinion.policy)\" allows it."
  }

  private func asking(_ opinion: Opinion) -> String {
    let reason = opinion.reason.map { ": \($0)" } ?? ""
    return sentence("\(opinion.subject) of \"\(opinion.policy)\" asks first\(reason)")
  }

  private func denial(in engine: PolicyEngine) -> String {
    guard let opinion = deciding.first else { return "No policy has a rule for this." }
    guard opinion.voice == .noMatch else {
      let reason = opinion.reason.map { ": \($0)" } ?? ""
      return sentence("\(opinion.subject) of \"\(opinion.policy)\" denies it\(reason)")
    }
    return noMatchReason(opinion.policy, in: engine)
  }

  /// Why no rule of the layer granted it: the first rule for the tool, and what it wants.
  private func noMatchReason(_ policy: String, in engine: PolicyEngine) -> String {
    let layer = engine.layers.first { $0.files.first?.id == policy }
    let reason = layer?.index.firstMention(of: subject) { entry -> String? in
      guard entry.rule.verdict != .deny, let mismatch = entry.rule.mismatch(subject),
        mismatch != .tool
      else { return nil }
      return "No rule of \"\(policy)\" allows this call of \"\(effect.shownTool)\". "
        + sentence("Rule \"\(entry.rule.id)\" does not match: \(mismatch)")
    }
    return reason ?? "No rule mentions the tool \"\(effect.shownTool)\"."
  }
}

extension Effect {
  /// The tool's name, no longer than a name should be: it may be the model's invention.
  fileprivate var shownTool: String { String(tool.prefix(128)) }
}

extension Opinion {
  fileprivate var reason: String? {
    switch voice {
    case .rule(let rule): rule.reason
    case .flow(let flow):
      flow.reason
        ?? Self.flowReason(context: flow.contextLabels, arguments: flow.argumentLabels)
    case .noMatch: nil
    }
  }

  fileprivate var subject: String {
    switch voice {
    case .rule(let rule): "Rule \"\(rule.id)\""
    case .flow(let flow): "Flow rule \"\(flow.id)\""
    case .noMatch: "No rule"
    }
  }

  private static func flowReason(context: Set<String>, arguments: Set<String>) -> String {
    var parts: [String] = []
    if !context.isEmpty { parts.append("what has been read is \(list(context))") }
    if !arguments.isEmpty { parts.append("what would be passed on is \(list(arguments))") }
    return parts.joined(separator: ", and ")
  }

  private static func list(_ labels: Set<String>) -> String {
    labels.sorted().joined(separator: " and ")
  }
}

/// `text` with a full stop at its end, if it has none.
private func sentence(_ text: String) -> String {
  text.hasSuffix(".") || text.hasSuffix("!") || text.hasSuffix("?") ? text : text + "."
}

extension PolicyDecision {
  /// Denies because of `gate`. The rules that would have decided stay named where they took part.
  fileprivate mutating func close(_ gate: Judgement.Gate) {
    verdict = .deny
    switch gate {
    case .ledgerDown:
      decidedBy = [DecidingRule(policy: "", id: "audit")]
      reason = "The decision cannot be recorded, so nothing is done."
      refusal = .stopRun
    case .flaw(.tooLarge):
      decidedBy = [DecidingRule(policy: "", id: "size")]
      reason = "The arguments are too large to be judged."
    case .flaw(.malformed(let why)):
      decidedBy = [DecidingRule(policy: "", id: "call-shape")]
      reason = "The call cannot be judged. \(why)"
    case .modelGate(let tool, let model):
      decidedBy = [DecidingRule(policy: "", id: "model-gate")]
      reason = "The tool \"\(tool.prefix(128))\" is not open to the model \"\(model)\"."
    case .cloud(let id, let why):
      decidedBy.append(DecidingRule(policy: "", id: id))
      reason = why
    case .budget(let id, let why):
      decidedBy = [DecidingRule(policy: "", id: "budget:\(id)")]
      reason = "The budget \"\(id)\" is spent: \(why)."
    case .sandbox(let tier, let minimum):
      decidedBy = [DecidingRule(policy: "", id: "sandbox")]
      reason =
        "The policy demands the sandbox tier \"\(minimum.rawValue)\", and this machine builds "
        + "\"\(tier.rawValue)\"."
    }
  }
}

extension Array where Element: Hashable {
  fileprivate func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}

extension JSONValue {
  /// Every string in the value, keys included.
  func forEachString(_ body: (String) -> Void) {
    switch self {
    case .null, .bool, .number: return
    case .string(let text): body(text)
    case .array(let elements): for element in elements { element.forEachString(body) }
    case .object(let object):
      for (key, value) in object {
        body(key)
        value.forEachString(body)
      }
    }
  }
}
