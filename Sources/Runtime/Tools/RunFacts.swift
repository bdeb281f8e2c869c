// RunFacts.swift — what the policy has to know about a run, as it grows with every task and call.

import Base
import Policy

/// The state that effects are judged in, and what adds to it.
struct RunFacts: Sendable {
  private let policy: PolicyEngine
  private(set) var state: PolicyState
  private var turnBudgets: Set<String> = []
  private var spanBytes = 0
  /// Which words came with which labels.
  private var trace = LabelTrace()

  /// Of spans together. What comes later vouches for nothing: that is the safe side.
  private static let spanBytesMax = 4 << 20
  /// Of named records; a server that tells of more has the rest asked about.
  private static let recordCountMax = 20_000

  init(policy: PolicyEngine, state: PolicyState) {
    self.policy = policy
    self.state = state
  }

  /// A task begins: budgets that are counted by the turn begin anew.
  ///
  /// - Parameters:
  ///   - text: What the model reads.
  ///   - typed: What of it the user typed; the rest came out of a pipe and vouches for nothing.
  mutating func take(task text: String, typed: String?) {
    for budget in turnBudgets { state.used[budget] = nil }
    state.labels.formUnion(policy.contentLabels(in: text))
    trace.add(own: typed ?? text)
    if policy.usesOrigins { add(ContextSpan(origins: [ContextSpan.task], text: typed ?? text)) }
  }

  /// Books what an allowed call takes from budgets, and the labels that its result brings.
  mutating func account(_ decision: PolicyDecision) {
    state.labels.formUnion(decision.resultLabels)
    for charge in decision.charges where charge.period != .day {
      if charge.period == .turn { turnBudgets.insert(charge.budget) }
      state.used[charge.budget, default: BudgetAmounts()].add(charge.amounts)
    }
  }

  /// Books what an effect really used in place of the most that it might have.
  mutating func settle(_ decision: PolicyDecision, spent: BudgetAmounts) {
    for charge in decision.charges where charge.period != .day {
      state.used[charge.budget]?.tokens += spent.tokens - charge.amounts.tokens
      state.used[charge.budget]?.microdollars +=
        spent.microdollars - charge.amounts.microdollars
    }
  }

  /// A call was answered: its words are in the context from now on.
  ///
  /// - Parameters:
  ///   - result: What the model reads of it.
  ///   - effect: The call.
  ///   - labels: What the policy says that results of the tool bring.
  mutating func take(_ result: ToolResult, of effect: Effect, labels: Set<String>) {
    let remembered = MemoryTools.labels(of: result, tool: effect.tool)
    state.labels.formUnion(policy.contentLabels(in: result.text))
    state.labels.formUnion(remembered)
    trace.add(result.text, labels: labels.union(remembered))
    guard policy.usesOrigins, result.status == .succeeded else { return }
    for note in MemoryTools.typedNotes(in: result, tool: effect.tool) {
      add(ContextSpan(origins: [ContextSpan.notes], text: note))
    }
    for span in policy.spans(of: effect, text: result.text, structured: result.structured) {
      add(span)
    }
    let records = policy.records(of: effect, text: result.text, structured: result.structured)
    guard state.records.count + records.count <= Self.recordCountMax else { return }
    state.records += records
  }

  /// The effect, with the labels of what its arguments pass on: of words that came with labels, and of what
  /// is known by its looks in encoded parts of them.
  func traced(_ effect: Effect) -> Effect {
    var effect = effect
    effect.argumentLabels.formUnion(trace.labels(of: effect.arguments))
    for text in LabelTrace.decodedParts(of: effect.arguments) {
      effect.argumentLabels.formUnion(policy.contentLabels(in: text))
    }
    return effect
  }

  /// The wall that would stand around what is judged next.
  mutating func setTier(_ tier: SandboxTier?) { state.sandboxTier = tier }

  /// What the budgets that are counted by the day have used.
  mutating func set(_ used: BudgetAmounts, of budget: String) { state.used[budget] = used }

  private mutating func add(_ span: ContextSpan) {
    guard spanBytes + span.text.utf8.count <= Self.spanBytesMax else { return }
    spanBytes += span.text.utf8.count
    state.context.append(span)
  }
}

extension BudgetAmounts {
  fileprivate mutating func add(_ other: BudgetAmounts) {
    func sum(_ left: Int, _ right: Int) -> Int {
      let (sum, overflows) = left.addingReportingOverflow(right)
      return overflows ? .max : sum
    }
    calls = sum(calls, other.calls)
    bytes = sum(bytes, other.bytes)
    tokens = sum(tokens, other.tokens)
    microdollars = sum(microdollars, other.microdollars)
  }
}
