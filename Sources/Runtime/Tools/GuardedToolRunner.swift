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
actor GuardedToolRunner: ToolRunner, Escalator {
  let policy: PolicyEngine
  let offered: OfferedTools
  private let host: ToolHost
  private var memory: MemoryTools
  let journal: LedgerJournal
  private let news: AsyncStream<RunNews>.Continuation
  private let desk: AskDesk
  private let days: DayBudgets
  let workspace: String
  var facts: RunFacts
  /// What a plugin fetches for the call that is under way.
  var fetching: CallFetches?
  /// The call that is under way, and the decision about it.
  private var pending: PendingCall?
  private var startsReported = 0
  /// Calls of a resumed run that were recorded without their secrets.
  private var incompleteCalls: Set<Int> = []
  /// Servers from elsewhere whose start was allowed in this run.
  private var admittedServers: Set<String> = []
  /// The model elsewhere that may be asked; nil where none is configured.
  let cloud: CloudDesk?
  /// Where a configuration was looked for.
  let cloudPaths: [String]
  /// Of the cloud's service, once it was read.
  var key: String?
  var keyProblem: String?
  /// The request of the call that is under way, judged and not sent yet.
  var sending: CloudSending?
  /// What tools answered, as long as a cloud model might be told of it.
  private(set) var heard: [HeardText] = []
  private(set) var isHeardWhole = true
  /// What the present task may cost elsewhere.
  var costs: CostMeter
  private var heardBytes = 0
  private static let heardBytesMax = 16 << 20

  init(
    policy: PolicyEngine, offered: OfferedTools, host: ToolHost, memory: MemoryTools,
    journal: LedgerJournal, news: AsyncStream<RunNews>.Continuation, desk: AskDesk,
    days: DayBudgets, workspace: String, state: PolicyState, costs: CostMeter,
    cloud: CloudDesk? = nil, cloudPaths: [String] = []
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
    self.costs = costs
    self.cloud = cloud
    self.cloudPaths = cloudPaths
    facts = RunFacts(policy: policy, state: state)
  }

  /// The offered tools that the policy could allow now.
  func callableNow() -> [String] {
    policy.callableTools(
      among: offered.names, claimedKinds: offered.claimedKinds, facts.state)
  }

  /// Takes up what earlier calls of a resumed run brought into its context and used up.
  func replay(_ recorded: RecordedRun) {
    incompleteCalls = Set(
      recorded.calls.filter { $0.value.body.contains(Redaction.markBeginning) }.keys)
    var allowed: Set<Int> = []
    var taskCount = 0
    for event in recorded.plannerEvents {
      switch event.kind {
      case .taskGiven(let text):
        facts.take(task: text, typed: recorded.typedTasks[taskCount])
        taskCount += 1
      case .callJudged(let number, let decision) where decision.verdict == .allowed:
        allowed.insert(number)
        for fetch in recorded.fetches[number] ?? [] {
          facts.account(policy.judge(fetch.effect, facts.state))
        }
      case .toolAnswered(let number, let answer):
        guard allowed.contains(number), let call = recorded.calls[number] else { continue }
        let effect = effect(of: call)
        let decision = policy.judge(effect, facts.state)
        facts.account(decision)
        facts.take(answer.result, of: effect, labels: decision.resultLabels)
        hear(answer.result, call, decision.resultLabels)
      default: continue
      }
    }
  }

  /// A task begins; `typed` is what of it the user typed, nil for all of it.
  func begin(task: String, typed: String?) async {
    costs.begin()
    facts.take(task: task, typed: typed)
    guard let typed else { return }
    await journal.hold(.reported(name: RecordedRun.typedTaskName, ["typed": .string(typed)]))
  }

  // MARK: - Judging

  func judge(_ call: ToolCall) async throws(CancellationError) -> CallDecision {
    if incompleteCalls.remove(call.id) != nil { return Self.incomplete }
    let effect = effect(of: call)
    let tier = await SandboxDoctor.tierInForce
    // What runs in this process has no wall of its own that could be too weak.
    let isWalled = offered.catalog.resolve(call.tool) != nil
    facts.setTier(isWalled ? tier.flatMap { Policy.SandboxTier(rawValue: $0.rawValue) } : nil)
    defer { facts.setTier(nil) }
    var record: JSONObject?
    var decision = judged(effect)
    if decision.verdict == .ask {
      let settled = try await desk.settle(effect, decision, in: facts.state, call)
      decision = settled.decision
      record = settled.record
    }
    if decision.verdict == .allow { try await admitServer(of: call, &decision) }
    if decision.verdict == .allow { reserve(&decision, for: effect) }
    sending = nil
    var members = Self.members(call, decision, record)
    members["tier"] = .string(tier?.rawValue ?? "none")
    await journal.hold(.reported(name: "policy.judged", members))
    var isCostSpent = false
    if decision.verdict == .allow { isCostSpent = try await admitSend(of: call, &decision) }
    pending = PendingCall(
      call: call.id, effect: effect, decision: decision, isApproved: record != nil)
    let verdict: CallDecision.Verdict =
      switch decision.verdict {
      case .allow: .allowed
      case .ask: .approvalNeeded
      case .deny where isCostSpent: .costSpent
      case .deny where decision.isForSandbox: .noSandbox
      case .deny: decision.refusal == .stopRun ? .approvalNeeded : .refused
      }
    return CallDecision(
      verdict: verdict, rule: decision.ruleIDs.joined(separator: ", "), reason: decision.reason)
  }

  /// The record it comes from has marks where secrets were: it is another call than was meant.
  private static let incomplete = CallDecision(
    verdict: .refused, rule: "audit",
    reason: """
      The run was resumed, and its record does not keep the secrets of this call. Make the call again.
      """)

  private func effect(of call: ToolCall) -> Effect {
    var effect = Effect(call: call, workspace: workspace)
    if let manifest = offered.catalog.resolve(call.tool)?.manifest {
      effect.manifestDigest = manifest.digest
      effect.claimedKinds = offered.claimedKinds[call.tool]
      effect.contentArguments = offered.contentArguments[call.tool] ?? []
      effect.referenceArguments = offered.referenceArguments[call.tool] ?? []
    }
    return facts.traced(effect)
  }

  /// The effect, with the labels of what is passed on in its arguments.
  func traced(_ effect: Effect) -> Effect { facts.traced(effect) }

  /// What the policy knows of the run so far.
  var state: PolicyState { facts.state }

  /// Settles an ask of a plugin's; `call` is what a person gets to read.
  func settle(
    _ effect: Effect, _ decision: PolicyDecision, _ call: ToolCall,
    asker: ApprovalQuestion.Asker = .plugin
  ) async throws(CancellationError) -> AskDesk.Settlement {
    try await desk.settle(effect, decision, in: facts.state, call, asker: asker)
  }

  /// Books what an allowed fetch takes from budgets, and the labels that it brings.
  func account(_ decision: PolicyDecision) { facts.account(decision) }

  /// What budgets have used, those by the day over all of today's runs.
  func usedWithDays() throws(StoreError) -> [String: BudgetAmounts] {
    for (budget, used) in try days.used() { facts.set(used, of: budget) }
    return facts.state.used
  }

  /// Takes tokens and dollars from budgets by the day.
  ///
  /// - Returns: The budget that had not enough; nil where all was taken.
  func reserveSpending(_ decision: PolicyDecision) throws(StoreError) -> String? {
    try days.reserve(decision, isPart: true)
  }

  /// The policy's word, with what all of today's runs have used.
  func judged(_ effect: Effect) -> PolicyDecision {
    guard !days.isEmpty else { return policy.judge(effect, facts.state) }
    do throws(StoreError) { _ = try usedWithDays() } catch {
      return DayBudgets.unaccountable(policy.judge(effect, facts.state), error)
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
      decision = DayBudgets.unaccountable(decision, error)
    }
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
    let answer = try await answer(
      call, pending.decision, approvedAddress: pending.approvedAddress)
    facts.take(answer.result, of: pending.effect, labels: pending.decision.resultLabels)
    hear(answer.result, call, pending.decision.resultLabels)
    return answer
  }

  /// Keeps what a tool answered, to be found again in what a cloud model would be told.
  private func hear(_ result: ToolResult, _ call: ToolCall, _ labels: Set<String>) {
    guard cloud != nil, !isCloud(call), result.status != .refused else { return }
    heardBytes += result.text.utf8.count
    guard heardBytes <= Self.heardBytesMax else {
      isHeardWhole = false
      return
    }
    heard.append(
      HeardText(
        call: call.id, tool: call.tool,
        labels: labels.union(policy.contentLabels(in: result.text)), text: result.text))
  }

  /// Has `value` kept out of the record and of notes from now on.
  func keepOut(_ value: String, name: String) async {
    memory.secrets.learn(value, name: name)
    await journal.keepOut(value, name: name)
  }

  /// Books what a request really used in place of what it might have.
  func settleCosts(_ decision: PolicyDecision, _ spent: BudgetAmounts?) {
    if let spent { facts.settle(decision, spent: spent) }
  }

  private func answer(
    _ call: ToolCall, _ decision: PolicyDecision, approvedAddress: String?
  ) async throws(CancellationError) -> ToolAnswer {
    if [MemoryTools.searchName, MemoryTools.saveName].contains(call.tool) {
      return ToolAnswer(result: memory.run(call, labels: facts.state.labels))
    }
    if let problem = profileProblem(call, decision) {
      return ToolAnswer(
        result: ToolResult(status: .broken, text: problem), flaw: .sandboxUnavailable(problem))
    }
    if isCloud(call) {
      guard let sending else {
        return ToolAnswer(
          result: ToolResult(status: .refused, text: "The payload was not judged."),
          flaw: .failedInternally("A payload was to be sent that was not judged."))
      }
      self.sending = nil
      return try await runSend(call, sending)
    }
    return try await runInSandbox(call, approvedAddress: approvedAddress)
  }

  func runInSandbox(
    _ call: ToolCall, sending: CloudSending? = nil, approvedAddress: String? = nil
  ) async throws(CancellationError) -> ToolAnswer {
    let result: ToolResult
    fetching = CallFetches(
      call: call, plugin: offered.catalog.resolve(call.tool)?.manifest.name, sending: sending,
      approvedAddress: approvedAddress)
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

/// A call that was judged and is to be run.
private struct PendingCall {
  var call: Int
  var effect: Effect
  var decision: PolicyDecision
  /// Whether somebody was asked.
  var isApproved: Bool

  /// The address of the page that was approved with the call.
  var approvedAddress: String? {
    guard isApproved, effect.tool == "browser.open" else { return nil }
    return effect.arguments["id"]?.stringValue
  }
}
