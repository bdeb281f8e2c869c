// ReferenceJudge.swift — the fifteen evaluation rules read one after the other, slowly, without an index
// and without the engine. Numbers are those of the format's description.

import Base

/// Layers, the base first; each layer is one file.
struct ReferenceJudge {
  static let workspace = "/srv/work"
  static let home = "/home/u"

  let layers: [ReferencePolicy]

  func judge(_ call: ReferenceCall, _ state: ReferenceState) -> ReferenceVerdict {
    // 15: what cannot be recorded is not done.
    if state.isLedgerDown {
      return ReferenceVerdict(verdict: "deny", ids: ["audit"], stopsRun: true)
    }
    // 8: the model gate comes before any rule.
    if call.actor == "model", let model = state.model {
      for layer in layers {
        guard let gates = layer.models else { continue }
        let isShown = gates.contains { gate in
          named(model, gate.model) && gate.show.contains { named(call.tool, $0) }
        }
        if !isShown { return ReferenceVerdict(verdict: "deny", ids: ["model-gate"]) }
      }
    }
    var result = ReferenceVerdict(verdict: "", ids: [])
    // 9: labels of the arguments and of the result.
    result.argumentLabels = Set(call.labels)
    for (word, add) in layers.flatMap(\.contents)
    where call.isObject && call.arguments.contains(where: { mentions($0, word) }) {
      result.argumentLabels.formUnion(add)
    }
    for (tool, add) in layers.flatMap(\.labelSources) where named(call.tool, tool) {
      result.resultLabels.formUnion(add)
    }
    // 2, 3, 4: each layer's strictest, or its noMatch; then the strictest of the layers.
    var opinions: [(severity: Int, id: String)] = []
    var granting: [ReferenceRule] = []
    for (index, layer) in layers.enumerated() {
      let matching = layer.rules.filter { matches($0, call, layer, state) }
      granting += matching.filter { $0.effect != "deny" }
      if let strictest = matching.map({ severity($0.effect) }).max() {
        for rule in matching where severity(rule.effect) == strictest {
          opinions.append((strictest, rule.id))
        }
      } else if index == 0 || layer.noMatch == "deny" {
        opinions.append((2, "noMatch:\(layer.id)"))
      }
    }
    result.profiles = Set(granting.compactMap(\.sandbox))  // 14
    // 10, 11: flow rules can only raise.
    let kinds = kinds(call)
    for flow in layers.flatMap(\.flows)
    where Set(flow.context).isSubset(of: state.labels)
      && Set(flow.args).isSubset(of: result.argumentLabels) && !kinds.isDisjoint(with: flow.sink)
    {
      opinions.append((severity(flow.then), flow.id))
    }
    let strictest = opinions.map(\.severity).max() ?? 2
    result.ids = opinions.filter { $0.severity == strictest }.map(\.id)
    result.verdict = ["allow", "ask", "deny"][strictest]
    guard strictest < 2 else { return result }
    if let id = gate(call, state, kinds, result.argumentLabels, granting) {
      result.ids = id.keepsRules ? result.ids + [id.id] : [id.id]
      result.verdict = "deny"
      return result
    }
    // 12: what will be charged, also where it is asked about first.
    result.budgets = Set(granting.compactMap(\.budget))
    guard strictest == 1 else { return result }
    return asked(result, state, hasFlow: opinions.contains { $0.id.hasPrefix("F") })
  }

  /// 13.
  private func asked(
    _ result: ReferenceVerdict, _ state: ReferenceState, hasFlow: Bool
  ) -> ReferenceVerdict {
    var result = result
    if state.isApproved {
      result.verdict = "allow"
    } else if state.isHeadless {
      result.verdict = "deny"
      result.ids.append("headless")
      result.stopsRun = !layers.contains { $0.headless == "deny" }
      result.budgets = []
    } else {
      let said = layers.compactMap(\.remember)
      let base = layers[0].remember
      result.mayRemember =
        (base == "session" || base == "lease") && !said.contains("never") && !hasFlow
      result.mayLease = base == "lease" && said.allSatisfy { $0 == "lease" } && !hasFlow
    }
    return result
  }

  private func gate(
    _ call: ReferenceCall, _ state: ReferenceState, _ kinds: Set<String>, _ labels: Set<String>,
    _ granting: [ReferenceRule]
  ) -> (id: String, keepsRules: Bool)? {
    if kinds.contains("cloud") {
      if layers.contains(where: { $0.cloudEnabled == false }) { return ("cloud.enabled", true) }
      let forbidden = Set(layers.flatMap(\.cloudDenyLabels))
      if !forbidden.isDisjoint(with: labels.union(state.labels)) {
        return ("cloud.denyLabels", true)
      }
    }
    // 12: the least that any layer says of a budget.
    for rule in granting {
      guard let id = rule.budget else { continue }
      let limits = layers.flatMap(\.budgets).filter { $0.id == id }
      let used = state.used[id] ?? (0, 0)
      let calls = limits.map(\.calls).min() ?? .max
      if used.calls >= calls || used.calls + 1 > calls { return ("budget:\(id)", false) }
      if let bytes = limits.compactMap(\.bytes).min(),
        used.bytes >= bytes || used.bytes + call.bytes > bytes
      {
        return ("budget:\(id)", false)
      }
    }
    // 14: the strongest wall that any layer demands.
    if state.tier == "landlock", layers.contains(where: { $0.tier == "full" }) {
      return ("sandbox", false)
    }
    return nil
  }

  private func severity(_ effect: String) -> Int {
    effect == "deny" ? 2 : effect == "ask" ? 1 : 0
  }

  private func named(_ name: String, _ pattern: String) -> Bool {
    pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
  }

  private func mentions(_ argument: (name: String, value: ReferenceValue), _ word: String) -> Bool {
    argument.name.contains(word) || argument.value.json.compactText.contains(word)
  }

  /// 11: later layers and manifests add, and never make an unknown tool harmless.
  private func kinds(_ call: ReferenceCall) -> Set<String> {
    let all: Set<String> = ["read", "write", "exec", "send", "cloud"]
    var known: Set<String>? = call.claimed.map { Set($0) }
    for (index, layer) in layers.enumerated() {
      for (tool, kinds) in layer.effects where named(call.tool, tool) {
        if index == 0 || known != nil { known = (known ?? []).union(kinds) }
      }
    }
    return known ?? all
  }

  // MARK: 5, 6, 7: one rule

  private func matches(
    _ rule: ReferenceRule, _ call: ReferenceCall, _ layer: ReferencePolicy, _ state: ReferenceState
  ) -> Bool {
    guard rule.tools.contains(where: { named(call.tool, $0) }) else { return false }
    if let actor = rule.actor, !actor.contains(call.actor) { return false }
    if let manifest = rule.manifest, manifest != call.manifest { return false }
    let isDeny = rule.effect == "deny"
    guard let args = rule.args else { return isDeny || call.isObject }
    if !call.isObject { return isDeny && args.isEmpty }
    for matcher in args {
      guard let argument = call.arguments.first(where: { $0.name == matcher.name }) else {
        if matcher.isOptional { continue }
        return false
      }
      let reading = ReferenceReading(layer: layer, state: state, isDeny: isDeny)
      if !matcher.checks.allSatisfy({ reading.accepts($0, argument.value) }) { return false }
    }
    // 5: what grants has to account for every argument.
    return isDeny
      || call.arguments.allSatisfy { argument in args.contains { $0.name == argument.name } }
  }
}
