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
  private let approver: (any Approver)?
  private let workspace: String
  /// What the policy has to know about the run; grows with every call.
  private(set) var state: PolicyState
  /// What a plugin fetches for the call that is under way.
  var fetching: CallFetches?
  /// What was approved for the rest of the run, by the digest of exactly that.
  private var approved: Set<Digest> = []
  /// The decision about the call that is under way.
  private var pending: (call: Int, decision: PolicyDecision)?
  private var startsReported = 0

  /// A person who says nothing for so long has said no, where no policy gives another time.
  private static let askSecondsMax = 300

  init(
    policy: PolicyEngine, offered: OfferedTools, host: ToolHost, memory: MemoryTools,
    journal: LedgerJournal, news: AsyncStream<RunNews>.Continuation, approver: (any Approver)?,
    workspace: String, state: PolicyState
  ) {
    self.policy = policy
    self.offered = offered
    self.host = host
    self.memory = memory
    self.journal = journal
    self.news = news
    self.approver = approver
    self.workspace = workspace
    self.state = state
  }

  /// The offered tools that the policy could allow now.
  func callableNow() -> [String] { policy.callableTools(among: offered.names, state) }

  /// Takes up what earlier calls of a resumed run brought into its context and used up.
  func replay(_ events: [PlannerEvent], calls: [Int: ToolCall]) {
    var allowed: Set<Int> = []
    for event in events {
      switch event.kind {
      case .taskGiven: endTurn()
      case .callJudged(let number, let decision) where decision.verdict == .allowed:
        allowed.insert(number)
      case .toolAnswered(let number, _):
        guard allowed.contains(number), let call = calls[number] else { continue }
        account(policy.judge(effect(of: call), state))
      default: continue
      }
    }
  }

  /// Budgets that are counted by the turn begin anew.
  func endTurn() {
    for (budget, _) in state.used where turnBudgets.contains(budget) { state.used[budget] = nil }
  }

  private var turnBudgets: Set<String> = []

  // MARK: - Judging

  func judge(_ call: ToolCall) async throws(CancellationError) -> CallDecision {
    let effect = effect(of: call)
    var decision = policy.judge(effect, state)
    if decision.verdict == .ask {
      decision = try await decisionAfterAsking(effect, decision, call, for: .model)
    }
    pending = (call.id, decision)
    await journal.hold(
      .reported(name: "policy.judged", Self.members(call, decision)))
    let verdict: CallDecision.Verdict =
      switch decision.verdict {
      case .allow: .allowed
      case .ask: .approvalNeeded
      case .deny: decision.refusal == .stopRun ? .approvalNeeded : .refused
      }
    return CallDecision(
      verdict: verdict, rule: decision.ruleIDs.joined(separator: ", "), reason: decision.reason)
  }

  private func effect(of call: ToolCall) -> Effect { Effect(call: call, workspace: workspace) }

  /// What becomes of a decision that asks; `call` is what a person gets to read.
  func decisionAfterAsking(
    _ effect: Effect, _ decision: PolicyDecision, _ call: ToolCall,
    for asker: ApprovalQuestion.Asker
  ) async throws(CancellationError) -> PolicyDecision {
    let action = SHA256.digest(of: policy.approvalBytes(for: effect, decision))
    var asked = state
    if approved.contains(action) {
      asked.isApproved = true
      return policy.judge(effect, asked)
    }
    guard let approver else {
      asked.isHeadless = true
      return policy.judge(effect, asked)
    }
    let seconds = policy.askTimeoutSeconds ?? Self.askSecondsMax
    let answer = try await approver.ask(
      ApprovalQuestion(
        asker: asker, call: call, reason: decision.reason, mayRemember: decision.mayRemember,
        secondsMax: seconds))
    switch answer {
    case .yes, .yesForThisRun:
      if answer == .yesForThisRun, decision.mayRemember { approved.insert(action) }
      asked.isApproved = true
      return policy.judge(effect, asked)
    case .no, .timedOut:
      var refused = decision
      refused.verdict = .deny
      refused.refusal = .tellModel
      refused.reason =
        answer == .no
        ? "The user said no." : "The user was asked and gave no answer within \(seconds) s."
      return refused
    }
  }

  private static func members(_ call: ToolCall, _ decision: PolicyDecision) -> JSONObject {
    var members = decision.json.objectValue ?? [:]
    members["call"] = .number(.integer(Int64(call.id)))
    members["policies"] = .array(decision.decidedBy.map { .string($0.policy) })
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
    account(pending.decision)
    news.yield(.progress(.running(tool: call.tool)))
    if [MemoryTools.searchName, MemoryTools.saveName].contains(call.tool) {
      let trust = state.labels.contains("untrusted") ? "untrusted" : "model"
      return ToolAnswer(result: memory.run(call, trust: trust))
    }
    if let problem = profileProblem(call, pending.decision) {
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

  /// Books what an allowed call takes from budgets, and the labels that its result brings.
  func account(_ decision: PolicyDecision) {
    state.labels.formUnion(decision.resultLabels)
    for charge in decision.charges {
      if charge.period == .turn { turnBudgets.insert(charge.budget) }
      state.used[charge.budget, default: BudgetAmounts()].add(charge.amounts)
    }
  }
}

extension BudgetAmounts {
  fileprivate mutating func add(_ other: BudgetAmounts) {
    calls += other.calls
    bytes += other.bytes
    tokens += other.tokens
    microdollars += other.microdollars
  }
}
