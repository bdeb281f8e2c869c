// PolicyEngine+Judging.swift — one effect in, one decision out: the evaluation rules in their order.

extension PolicyEngine {
  /// Decides about `effect` in the run's present `state`.
  ///
  /// Pure: the same effect, state and policies give the same decision, always.
  public func judge(_ effect: Effect, _ state: PolicyState) -> PolicyDecision {
    judgement(effect, state).decision(in: self)
  }

  /// The whole of a decision's making.
  func judgement(_ effect: Effect, _ state: PolicyState) -> Judgement {
    let subject = subject(effect, state)
    var judgement = Judgement(effect: effect, state: state, subject: subject)
    if let gate = entryGate(effect, subject, state) {
      judgement.gates.append(gate)
      return judgement
    }
    judgement.kinds = subject.kinds
    judgement.argumentLabels = effect.argumentLabels.union(contentLabels(in: effect))
    judgement.resultLabels = resultLabels(of: subject)
    for layer in layers {
      judgement.opinions += opinions(of: layer, on: subject, granting: &judgement.granting)
    }
    for (policy, flow) in flows where flow.applies(to: judgement) {
      judgement.opinions.append(
        Opinion(verdict: flow.verdict, policy: policy, voice: .flow(flow)))
    }
    if judgement.ruleVerdict != .deny {
      let gate = cloudGate(judgement) ?? budgetGate(judgement) ?? sandboxGate(judgement.state)
      if let gate { judgement.gates.append(gate) }
    }
    return judgement
  }

  /// The effect made ready to be matched, with what is known of the tool and of the run.
  func subject(_ effect: Effect, _ state: PolicyState) -> Subject {
    var subject = Subject(
      effect, context: state.context, labels: state.labels, records: state.records)
    subject.kinds = kinds(of: subject, claimed: effect.claimedKinds)
    return subject
  }

  // MARK: Rules

  /// What one layer says: its strictest matching rules, or else what its `noMatch` says.
  func opinions(
    of layer: Layer, on subject: Subject, granting: inout [Rule]
  ) -> [Opinion] {
    var strictest: Verdict?
    var opinions: [Opinion] = []
    for entry in layer.index.candidates(for: subject) {
      let rule = entry.rule
      guard rule.mismatch(subject) == nil else { continue }
      if rule.verdict != .deny { granting.append(rule) }
      if let strictest, rule.verdict < strictest { continue }
      if strictest != rule.verdict { opinions = [] }
      strictest = rule.verdict
      opinions.append(Opinion(verdict: rule.verdict, policy: entry.policy, voice: .rule(rule)))
    }
    guard opinions.isEmpty, layer.isClosed, let file = layer.files.first else { return opinions }
    return [Opinion(verdict: .deny, policy: file.id, voice: .noMatch)]
  }

  /// Checks that come before any rule (rules 8 and 15).
  private func entryGate(
    _ effect: Effect, _ subject: Subject, _ state: PolicyState
  ) -> Judgement.Gate? {
    if state.isLedgerDown { return .ledgerDown }
    if let flaw = subject.flaw { return .flaw(flaw) }
    if effect.actor == .model, let model = state.model, !isShown(subject.names, to: model) {
      return .modelGate(tool: effect.tool, model: model)
    }
    return nil
  }

  /// Whether every policy that speaks of models shows the tool to this one.
  func isShown(_ names: [[UInt8]], to model: String) -> Bool {
    let model = Array(model.utf8)
    return modelGates.allSatisfy { gates in
      gates.contains { gate in
        gate.model.matches(model) && gate.shown.contains { $0.matches(anyOf: names) }
      }
    }
  }

  // MARK: Labels and effects

  /// What the tool can do (rule 11). Later layers and manifests add, and never take away.
  func kinds(of subject: Subject, claimed: Set<Effect.Kind>?) -> Set<Effect.Kind> {
    var known: Set<Effect.Kind>? = claimed
    for (index, entries) in effects.enumerated() {
      for entry in entries where entry.tool.matches(anyOf: subject.names) {
        // A later layer that names an unknown tool's effects would otherwise lift flow rules off it.
        if index == 0 || known != nil { known = (known ?? []).union(entry.kinds) }
      }
    }
    return known ?? Set(Effect.Kind.allCases)
  }

  /// Labels of patterns that occur in the arguments, wherever they are in them.
  private func contentLabels(in effect: Effect) -> Set<String> {
    guard !contentPatterns.isEmpty else { return [] }
    var labels: Set<String> = []
    effect.arguments.forEachString { labels.formUnion(contentLabels(in: $0)) }
    return labels
  }

  private func resultLabels(of subject: Subject) -> Set<String> {
    var labels: Set<String> = []
    for source in labelSources where source.applies(to: subject) {
      labels.formUnion(source.labels)
    }
    return labels
  }

  // MARK: Gates after the rules

  func cloudGate(_ judgement: Judgement) -> Judgement.Gate? {
    guard judgement.kinds.contains(.cloud) else { return nil }
    if cloud.isEnabled == false { return .cloud(id: "cloud.enabled", "The cloud is switched off.") }
    let labels = cloud.denyLabels.intersection(
      judgement.state.labels.union(judgement.argumentLabels))
    if !labels.isEmpty {
      let names = labels.sorted().joined(separator: ", ")
      return .cloud(id: "cloud.denyLabels", "Nothing labelled \(names) may go to the cloud.")
    }
    if let endpoint = judgement.effect.cloudEndpoint, let known = cloud.endpoints,
      !known.contains(where: { $0.utf8.elementsEqual(endpoint.utf8) })
    {
      return .cloud(id: "cloud.endpoints", "The cloud endpoint is none of the policy's.")
    }
    if let reason = judgement.effect.cloudReason, let known = cloud.reasons,
      !known.contains(where: { $0.utf8.elementsEqual(reason.utf8) })
    {
      return .cloud(id: "cloud.reasons", "The policy does not know the reason \"\(reason)\".")
    }
    return nil
  }

  /// The first budget of a matching rule that has not enough left (rule 12).
  private func budgetGate(_ judgement: Judgement) -> Judgement.Gate? {
    for charge in judgement.charges(budgets) {
      guard let budget = budgets[charge.budget] else { continue }
      let used = judgement.state.used[charge.budget] ?? BudgetAmounts()
      if let spent = budget.shortfall(used: used, charge: charge.amounts) {
        return .budget(id: budget.id, spent)
      }
    }
    return nil
  }

  func sandboxGate(_ state: PolicyState) -> Judgement.Gate? {
    guard let tier = state.sandboxTier, let minimum = sandboxMinimum.tier, tier < minimum
    else { return nil }
    return .sandbox(tier: tier, minimum: minimum)
  }
}

extension FlowRule {
  func applies(to judgement: Judgement) -> Bool {
    contextLabels.isSubset(of: judgement.state.labels)
      && argumentLabels.isSubset(of: judgement.argumentLabels)
      && !sinks.isDisjoint(with: judgement.kinds)
  }
}

extension LabelSource {
  func applies(to subject: Subject) -> Bool {
    tools.contains { $0.matches(anyOf: subject.names) }
      && arguments.allSatisfy { matcher in
        guard let argument = subject.argument(matcher.nameBytes) else {
          return matcher.matcher.isOptional
        }
        return matcher.matcher.failure(on: argument.value, Reading(.denying)) == nil
      }
  }
}

extension Budget {
  /// What there is not enough of, as "10 of 10 calls a turn are used"; nil where there is enough.
  func shortfall(used: BudgetAmounts, charge: BudgetAmounts) -> String? {
    let lines: [(limit: Int?, used: Int, charge: Int, unit: String)] = [
      (calls, used.calls, charge.calls, "calls"), (bytes, used.bytes, charge.bytes, "bytes"),
      (tokens, used.tokens, charge.tokens, "tokens"),
      (microdollars, used.microdollars, charge.microdollars, "microdollars"),
    ]
    for line in lines {
      guard let limit = line.limit else { continue }
      let (sum, overflows) = line.used.addingReportingOverflow(max(0, line.charge))
      // A spent budget is spent also for an effect that does not know what it will cost.
      if overflows || sum > limit || line.used >= limit {
        return "\(line.used) of \(limit) \(line.unit) per \(period.rawValue) are used"
      }
    }
    return nil
  }
}
