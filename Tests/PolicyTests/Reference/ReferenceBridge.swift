// ReferenceBridge.swift — the reference's plain values as the engine's, and its decisions compared.

import Base
import Policy

extension ReferenceCall {
  var effect: Effect {
    var object = JSONObject()
    for argument in arguments { object[argument.name] = argument.value.json }
    var effect = Effect(tool: tool, arguments: isObject ? .object(object) : .array([]))
    effect.actor = Effect.Actor(rawValue: actor) ?? .model
    effect.manifestDigest = manifest
    effect.claimedKinds = claimed.map { Set($0.compactMap(Effect.Kind.init)) }
    effect.argumentLabels = Set(labels)
    effect.cost = BudgetAmounts(bytes: bytes)
    return effect
  }
}

extension ReferenceState {
  var policyState: PolicyState {
    PolicyState(
      model: model, labels: Set(labels),
      used: used.mapValues { BudgetAmounts(calls: $0.calls, bytes: $0.bytes) },
      isHeadless: isHeadless, isApproved: isApproved, isLedgerDown: isLedgerDown,
      sandboxTier: tier.flatMap(SandboxTier.init),
      context: said.map { ContextSpan(origins: [$0.from], text: $0.text) })
  }
}

extension PolicyEngine {
  init(_ layers: [ReferencePolicy]) throws(PolicyError) {
    let sources = layers.enumerated().map { index, layer in
      PolicySource(
        name: "\(layer.id).json5", text: layer.json5, place: index == 0 ? .shipped : .user)
    }
    try self.init(
      base: [sources[0]], narrowing: Array(sources.dropFirst()),
      variables: PolicyVariables(
        workspace: ReferenceJudge.workspace, home: ReferenceJudge.home))
  }
}

extension ReferenceVerdict {
  init(_ decision: PolicyDecision) {
    self.init(verdict: decision.verdict.rawValue, ids: decision.ruleIDs)
    stopsRun = decision.verdict == .deny && decision.refusal == .stopRun
    profiles = Set(decision.sandboxProfiles)
    resultLabels = decision.resultLabels
    argumentLabels = decision.argumentLabels
    budgets = Set(decision.charges.map(\.budget))
    mayRemember = decision.mayRemember
    mayLease = decision.mayLease
  }
}
