// PolicyEngine+Callable.swift — which tools could be called now, whatever their arguments.
//
// This drives what the model is shown and what the decoder may sample. It is conservative: a tool
// is left out only where every call of it would be denied, so no permitted call becomes
// unreachable. The judgement of the call itself stays the authority.

extension PolicyEngine {
  /// The tools that some call of the model could be allowed to use, or asked about, in `state`.
  /// With the state in which a run begins: what the run can ever use.
  ///
  /// - Parameters:
  ///   - tools: Full names.
  ///   - claimedKinds: What the tools' manifests say they do, by name.
  ///   - state: As for ``judge(_:_:)``.
  /// - Returns: Some of `tools`, in their order.
  public func callableTools(
    among tools: [String], claimedKinds: [String: Set<Effect.Kind>] = [:], _ state: PolicyState
  ) -> [String] {
    guard !state.isLedgerDown, sandboxGate(state) == nil else { return [] }
    return tools.filter { tool in
      var effect = Effect(tool: tool)
      effect.claimedKinds = claimedKinds[tool]
      return isCallable(Subject(effect), effect, state)
    }
  }

  private func isCallable(_ subject: Subject, _ effect: Effect, _ state: PolicyState) -> Bool {
    if let model = state.model, !isShown(subject.names, to: model) { return false }
    if isAlwaysStopped(subject, effect, state) { return false }
    return layers.allSatisfy { layer in
      let rules = layer.files.flatMap(\.rules).filter { $0.mayMatch(subject) }
      if rules.contains(where: { $0.deniesEveryCall }) { return false }
      let granting = rules.filter { $0.verdict != .deny }
      if layer.isClosed, granting.isEmpty { return false }
      guard layer.isClosed else { return true }
      return granting.contains { rule in
        guard let id = rule.budget, let budget = budgets[id] else { return true }
        let used = state.used[id] ?? BudgetAmounts()
        return budget.shortfall(used: used, charge: BudgetAmounts(calls: 1)) == nil
      }
    }
  }

  /// Whether a flow rule or the cloud's conditions deny the tool on account of the context alone.
  private func isAlwaysStopped(
    _ subject: Subject, _ effect: Effect, _ state: PolicyState
  ) -> Bool {
    var judgement = Judgement(effect: effect, state: state, subject: subject)
    judgement.kinds = kinds(of: subject, claimed: effect.claimedKinds)
    return cloudGate(judgement) != nil
      || layers.flatMap(\.files).flatMap(\.flows).contains {
        $0.verdict == .deny && $0.applies(to: judgement)
      }
  }
}

extension Rule {
  /// Whether some call of the model could match.
  fileprivate func mayMatch(_ subject: Subject) -> Bool {
    isFor(subject) && actors?.contains(.model) ?? true
  }

  /// Whether the rule denies its tools whatever the arguments.
  fileprivate var deniesEveryCall: Bool {
    guard verdict == .deny, condition == RuleCondition() else { return false }
    switch arguments {
    case .any: return true
    case .named(let matchers): return matchers.isEmpty
    }
  }
}
