// RandomPolicyTests.swift — random policies and calls: the engine against a slow reading of the rules,
// and the laws that hold for all policies.

import Base
import Foundation
import Policy
import Testing

@Suite struct `Random policies` {
  private static let isFull = ProcessInfo.processInfo.environment["MARTLET_FULL"] != nil
  /// How many policies are compared with the slow reading; each meets ten calls.
  private static let comparedCount = isFull ? 100_000 : 300
  /// How many each law is tried on.
  private static let count = isFull ? 20_000 : 300
  private static let callCount = 10

  @Test func `are judged as the slow reading of the fifteen rules judges them`() throws {
    var verdicts: [String: Int] = [:]
    for seed in 1...UInt64(Self.comparedCount) {
      var dice = RandomPolicies(seed: seed)
      let layers = dice.layers()
      let engine = try PolicyEngine(layers)
      let judge = ReferenceJudge(layers: layers)
      for number in 0..<Self.callCount {
        let call = dice.call()
        let state = dice.state()
        let wanted = judge.judge(call, state)
        let found = ReferenceVerdict(engine.judge(call.effect, state.policyState))
        verdicts[found.verdict, default: 0] += 1
        guard found != wanted else { continue }
        Issue.record(
          "seed \(seed), call \(number) of \(call.tool) with \(call.effect.arguments.compactText): wanted \(wanted), found \(found)\n\(layers.map(\.json5).joined(separator: "\n"))"
        )
        return
      }
    }
    // A comparison in which everything is denied would prove nothing.
    let total = Self.comparedCount * Self.callCount
    for verdict in ["allow", "ask", "deny"] {
      #expect(verdicts[verdict, default: 0] > total / 30, "\(verdicts)")
    }
  }

  @Test func `are only narrowed by later layers`() throws {
    for seed in 1...UInt64(Self.count) {
      var dice = RandomPolicies(seed: seed &+ 1_000_000)
      let layers = dice.layers() + [dice.policy(3)]
      let base = try PolicyEngine(Array(layers.dropLast()))
      let narrowed = try PolicyEngine(layers)
      for _ in 0..<Self.callCount {
        let call = dice.call()
        let state = dice.state()
        let before = base.judge(call.effect, state.policyState)
        let after = narrowed.judge(call.effect, state.policyState)
        let isNarrower = after.verdict >= before.verdict
        #expect(isNarrower, "seed \(seed): \(before.ruleIDs) became \(after.ruleIDs)")
        // A longer list of walls is a stronger wall; a memory is not longer than before.
        let keeps = Set(before.sandboxProfiles).isSubset(of: after.sandboxProfiles)
        #expect(keeps || after.verdict == .deny)
        #expect(before.mayLease || !after.mayLease || before.verdict == .allow)
      }
    }
  }

  @Test func `mean the same in any order`() throws {
    for seed in 1...UInt64(Self.count) {
      var dice = RandomPolicies(seed: seed &+ 2_000_000)
      let layers = dice.layers()
      var mixed = layers
      for index in mixed.indices {
        mixed[index].rules.shuffle(using: &dice.random)
        mixed[index].flows.shuffle(using: &dice.random)
        mixed[index].effects.shuffle(using: &dice.random)
        mixed[index].labelSources.shuffle(using: &dice.random)
      }
      let engine = try PolicyEngine(layers)
      let other = try PolicyEngine(mixed)
      for _ in 0..<Self.callCount {
        let call = dice.call()
        let state = dice.state()
        var left = ReferenceVerdict(engine.judge(call.effect, state.policyState))
        var right = ReferenceVerdict(other.judge(call.effect, state.policyState))
        // Several budgets may be spent at once; which one is named first is not part of the meaning.
        for side in [\ReferenceVerdict.ids] {
          left[keyPath: side] = Self.plain(left[keyPath: side])
          right[keyPath: side] = Self.plain(right[keyPath: side])
        }
        #expect(left == right, "seed \(seed)")
      }
    }
  }

  private static func plain(_ ids: [String]) -> [String] {
    ids.map { $0.hasPrefix("budget:") ? "budget" : $0 }.sorted()
  }

  @Test func `never hide a tool that a call could use`() throws {
    for seed in 1...UInt64(Self.count) {
      var dice = RandomPolicies(seed: seed &+ 3_000_000)
      let engine = try PolicyEngine(dice.layers())
      for _ in 0..<Self.callCount {
        var call = dice.call()
        call.actor = "model"
        let state = dice.state().policyState
        guard engine.judge(call.effect, state).verdict != .deny else { continue }
        var claims: [String: Set<Effect.Kind>] = [:]
        claims[call.tool] = call.effect.claimedKinds
        let callable = engine.callableTools(among: [call.tool], claimedKinds: claims, state)
        #expect(callable == [call.tool], "seed \(seed)")
      }
    }
  }

  /// Where a request is not bound, the host alone is enforced: then no rule may turn on anything else.
  @Test func `judge a fetch by its path and query only where the request is bound to them`() throws
  {
    var (boundCount, freeCount) = (0, 0)
    for seed in 1...UInt64(Self.count) {
      var dice = RandomPolicies(seed: seed &+ 4_000_000)
      let engine = try PolicyEngine(dice.fetchLayers())
      for _ in 0..<Self.callCount {
        var url = dice.url()
        let fetch = WebFetch(url: url.text)
        var state = dice.state()
        state.isLedgerDown = false
        guard !engine.bindsRequest(of: fetch) else {
          boundCount += 1
          continue
        }
        freeCount += 1
        let wanted = ReferenceVerdict(engine.judge(fetch.effect, state.policyState))
        for _ in 0..<5 {
          url.path = dice.path()
          url.query = dice.query()
          let other = WebFetch(url: url.text)
          let found = ReferenceVerdict(engine.judge(other.effect, state.policyState))
          #expect(found == wanted, "seed \(seed): \(fetch.url) and \(other.url)")
          #expect(!engine.bindsRequest(of: other), "seed \(seed): \(other.url)")
        }
      }
    }
    #expect(min(boundCount, freeCount) > Self.count, "\(boundCount) bound, \(freeCount) not")
  }
}
