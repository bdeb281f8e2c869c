// GuardedToolRunner.swift — the one way to a tool: the policy, then a person where a rule says ask,
// then the sandbox. Policy and sandbox know nothing of each other; they meet here.

import Base
import Digests
import Planner
import Policy
import Sandbox
import Store
import ToolHost

/// Judges and runs the calls of one run.
actor GuardedToolRunner: ToolRunner {
  let policy: PolicyEngine
  private let offered: OfferedTools
  private let host: ToolHost
  private let memory: MemoryTools
  let journal: LedgerJournal
  private let news: AsyncStream<RunNews>.Continuation
  private let desk: AskDesk
  private let days: DayBudgets
  private let workspace: String
  private var facts: RunFacts
  /// What a plugin fetches for the call that is under way.
  var fetching: CallFetches?
  /// The call that is under way, and the decision about it.
  private var pending: (call: Int, effect: Effect, decision: PolicyDecision)?
  private var startsReported = 0
  /// Servers from elsewhere whose start was allowed in this run.
  private var admittedServers: Set<String> = []

  init(
    policy: PolicyEngine, offered: OfferedTools, host: ToolHost, memory: MemoryTools,
    journal: LedgerJournal, news: AsyncStream<RunNews>.Continuation, desk: AskDesk,
    days: DayBudgets, workspace: String, state: PolicyState
  ) {
    self.policy = policy
    self.offered = offered
    self.host = host
    self.memory = memory
    self.journal = journal
    self.news = news
    self.desk = desk
    self.days = days
    self.workspace = workspace
    facts = RunFacts(policy: policy, state: state)
  }

  /// The offered tools that the policy could allow now.
  func callableNow() -> [String] {
    policy.callableTools(
      among: offered.names, claimedKinds: offered.claimedKinds, facts.state)
  }

  /// Takes up what earlier calls of a resumed run brought into its context and used up.
  func replay(_ recorded: RecordedRun) {
    var allowed: Set<Int> = []
    var taskCount = 0
    for event in recorded.plannerEvents {
      switch event.kind {
      case .taskGiven(let text):
        facts.take(task: text, typed: recorded.typedTasks[taskCount])
        taskCount += 1
      case .callJudged(let number, let decision) where decision.verdict == .allowed:
        allowed.insert(number)
      case .toolAnswered(let number, let answer):
        guard allowed.contains(number), let call = recorded.calls[number] else { continue }
        let effect = effect(of: call)
        facts.account(policy.judge(effect, facts.state))
        facts.take(answer.result, of: effect)
      default: continue
      }
    }
  }

  /// A task begins; `typed` is what of it the user typed, nil for all of it.
  func begin(task: String, typed: String?) async {
    facts.take(task: task, typed: typed)
    guard let typed else { return }
    await journal.hold(.reported(name: RecordedRun.typedTaskName, ["typed": .string(typed)]))
  }

  // MARK: - Judging

  func judge(_ call: ToolCall) async throws(CancellationError) -> CallDecision {
    let effect = effect(of: call)
    var record: JSONObject?
    var decision = judged(effect)
    if decision.verdict == .ask {
      let settled = try await desk.settle(effect, decision, in: facts.state, call)
      decision = settled.decision
      record = settled.record
    }
    if decision.verdict == .allow { try await admitServer(of: call, &decision) }
    if decision.verdict == .allow { reserve(&decision, for: effect) }
    pending = (call.id, effect, decision)
    var members = Self.members(call, decision, record)
    members["tier"] = .string(await SandboxDoctor.tierInForce?.rawValue ?? "none")
    await journal.hold(.reported(name: "policy.judged", members))
    let verdict: CallDecision.Verdict =
      switch decision.verdict {
      case .allow: .allowed
      case .ask: .approvalNeeded
      case .deny: decision.refusal == .stopRun ? .approvalNeeded : .refused
      }
    return CallDecision(
      verdict: verdict, rule: decision.ruleIDs.joined(separator: ", "), reason: decision.reason)
  }

  private func effect(of call: ToolCall) -> Effect {
    var effect = Effect(call: call, workspace: workspace)
    if let manifest = offered.catalog.resolve(call.tool)?.manifest {
      effect.manifestDigest = manifest.digest
      effect.claimedKinds = offered.claimedKinds[call.tool]
    }
    return effect
  }

  /// What the policy knows of the run so far.
  var state: PolicyState { facts.state }

  /// Settles an ask of a plugin's; `call` is what a person gets to read.
  func settle(
    _ effect: Effect, _ decision: PolicyDecision, _ call: ToolCall
  ) async throws(CancellationError) -> AskDesk.Settlement {
    try await desk.settle(effect, decision, in: facts.state, call, asker: .plugin)
  }

  /// Books what an allowed fetch takes from budgets, and the labels that it brings.
  func account(_ decision: PolicyDecision) { facts.account(decision) }

  /// The policy's word, with what all of today's runs have used.
  func judged(_ effect: Effect) -> PolicyDecision {
    guard !days.isEmpty else { return policy.judge(effect, facts.state) }
    do throws(StoreError) {
      for (budget, used) in try days.used() { facts.set(used, of: budget) }
    } catch {
      return Self.unaccountable(policy.judge(effect, facts.state), error)
    }
    return policy.judge(effect, facts.state)
  }

  /// The first call of a server from elsewhere starts it, which is judged too.
  private func admitServer(
    of call: ToolCall, _ decision: inout PolicyDecision
  ) async throws(CancellationError) {
    guard let manifest = offered.catalog.resolve(call.tool)?.manifest, manifest.kind == .mcp,
      !admittedServers.contains(manifest.name)
    else { return }
    let start = Effect(startOf: manifest, actor: .model)
    var word = policy.judge(start, facts.state)
    var record: JSONObject?
    if word.verdict == .ask {
      let shown = ToolCall(id: call.id, tool: start.tool, body: start.arguments.compactText)
      let settled = try await desk.settle(start, word, in: facts.state, shown)
      word = settled.decision
      record = settled.record
    }
    await journal.hold(.reported(name: "policy.judged", Self.members(call, word, record)))
    if word.verdict == .allow {
      admittedServers.insert(manifest.name)
    } else {
      decision = word
    }
  }

  /// Takes what the call costs by the day, as one step among all runs.
  func reserve(_ decision: inout PolicyDecision, for effect: Effect) {
    do throws(StoreError) {
      guard let budget = try days.reserve(decision) else { return }
      facts.set(BudgetAmounts(calls: .max), of: budget)
      decision.deny(
        by: "budget:\(budget)", "The budget \"\(budget)\" is spent: another run was faster.")
    } catch {
      decision = Self.unaccountable(decision, error)
    }
  }

  /// What cannot be counted is not done.
  private static func unaccountable(
    _ decision: PolicyDecision, _ error: StoreError
  ) -> PolicyDecision {
    var decision = decision
    decision.deny(by: "audit", "Its budget cannot be counted, so nothing is done. \(error)")
    return decision
  }

  private static func members(
    _ call: ToolCall, _ decision: PolicyDecision, _ approval: JSONObject?
  ) -> JSONObject {
    var members = decision.json.objectValue ?? [:]
    members["call"] = .number(.integer(Int64(call.id)))
    members["policies"] = .array(decision.decidedBy.map { .string($0.policy) })
    members["approval"] = approval.map(JSONValue.object)
    return members
  }

  // MARK: - Running

  func run(_ call: ToolCall) async throws(CancellationError) -> ToolAnswer {
    guard let pending, pending.call == call.id, pending.decision.verdict == .allow else {
      return ToolAnswer(
        result: ToolResult(status: .refused, text: "The call was not judged."),
        flaw: .failedInternally("A call was to be run that was not judged."))
    }
    self.pending = nil
    facts.account(pending.decision)
    news.yield(.progress(.running(tool: call.tool)))
    let answer = try await answer(call, pending.decision)
    facts.take(answer.result, of: pending.effect)
    return answer
  }

  private func answer(
    _ call: ToolCall, _ decision: PolicyDecision
  ) async throws(CancellationError) -> ToolAnswer {
    if [MemoryTools.searchName, MemoryTools.saveName].contains(call.tool) {
      let trust = facts.state.labels.contains("untrusted") ? "untrusted" : "model"
      return ToolAnswer(result: memory.run(call, trust: trust))
    }
    if let problem = profileProblem(call, decision) {
      return ToolAnswer(
        result: ToolResult(status: .broken, text: problem), flaw: .sandboxUnavailable(problem))
    }
    return try await runInSandbox(call)
  }

  private func runInSandbox(_ call: ToolCall) async throws(CancellationError) -> ToolAnswer {
    let result: ToolResult
    fetching = CallFetches(call: call, plugin: offered.catalog.resolve(call.tool)?.manifest.name)
    do throws(ToolHostError) { result = try await host.call(call) } catch {
      fetching = nil
      await reportStarts(call)
      if Task.isCancelled { throw CancellationError() }
      let flaw: Outcome =
        error.exitStatus == 8
        ? .sandboxUnavailable(error.description) : .misconfigured(error.description)
      return ToolAnswer(
        result: ToolResult(status: .broken, text: error.description), flaw: flaw)
    }
    await reportStarts(call)
    // A call that was broken off because the run ends has no result: what it did is not known.
    if Task.isCancelled, result.status == .broken { throw CancellationError() }
    defer { fetching = nil }
    return fetching?.answer(with: result, policy) ?? ToolAnswer(result: result)
  }

  /// Records the walls of plugins that were started since the last call.
  private func reportStarts(_ call: ToolCall) async {
    let starts = await host.starts
    for start in starts.dropFirst(startsReported) {
      var members: JSONObject = [
        "call": .number(.integer(Int64(call.id))), "plugin": .string(start.plugin),
      ]
      for (key, value) in start.walls { members[key] = value }
      await journal.hold(.reported(name: "sandbox.started", members))
    }
    startsReported = starts.count
  }

  /// A rule may demand a profile; a plugin that runs in another one does not satisfy it.
  private func profileProblem(_ call: ToolCall, _ decision: PolicyDecision) -> String? {
    guard let profile = offered.catalog.resolve(call.tool)?.manifest.profile,
      let demanded = decision.sandboxProfiles.first(where: { $0 != profile })
    else { return nil }
    return """
      The policy's rule \(decision.ruleID) demands the sandbox profile "\(demanded)", and the tool \
      "\(call.tool)" runs in "\(profile)". Change the rule or the tool's manifest.
      """
  }
}
