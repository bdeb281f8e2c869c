// GuardedToolRunner+Costs.swift — what requests to the model's server may cost: the run's own bound, and what
// budgets of the policy count for `model.server`.

import Base
import Planner
import Policy
import Providers
import Store

/// A request to the model's server that may be sent.
struct ServerAdmission: Equatable, Sendable {
  /// Tokens of its answer at most; nil for no bound.
  var outputTokensMax: Int?
  /// Whether money, or a budget's tokens, are why it is so few.
  var isCut = false
  /// The most that it may use.
  var reserved = BudgetAmounts()
}

/// Why a request is not sent.
struct CostRefusal: Error, Equatable, Sendable {
  var reason: String
}

extension GuardedToolRunner {
  /// No answer is worth asking for in fewer tokens.
  private static let answerTokensMin = 16

  /// Reserves what a request to the model's server may use at most.
  ///
  /// - Parameters:
  ///   - server: Whose price table counts.
  ///   - inputTokens: Of the request, at most.
  ///   - outputTokens: Of the answer, as far as it is bounded already.
  ///   - fallback: What is reserved for an answer that nothing bounds.
  /// - Returns: What may be asked for.
  /// - Throws: ``CostRefusal``: too little is left.
  func admit(
    to server: ServerModel, inputTokens: Int, outputTokens: Int?, fallback: Int
  ) throws(CostRefusal) -> ServerAdmission {
    let prices = server.connection.settings.prices
    let model = server.address.model
    var admission = ServerAdmission(outputTokensMax: outputTokens)
    var decision = serverDecision(server.address)
    let budgetLeft = policy.left(decision, used: try usedNow())
    let least = min(Self.answerTokensMin, outputTokens ?? .max)
    func bound(_ tokens: Int?, _ refusal: () -> String) throws(CostRefusal) {
      guard let tokens else { return }
      guard tokens >= least else { throw CostRefusal(reason: refusal()) }
      guard tokens < admission.outputTokensMax ?? .max else { return }
      admission.outputTokensMax = tokens
      admission.isCut = true
    }
    func needed() -> Int {
      let least = ProviderUsage(inputTokens: inputTokens, outputTokens: least)
      return prices.millionths(of: least, model: model) ?? 0
    }
    if let left = costs.left, let limit = costs.limit {
      try bound(prices.outputTokens(for: left, afterInput: inputTokens, model: model)) {
        CostText.refusal(needed(), of: limit, left: left, prices.currency)
      }
    }
    if let left = budgetLeft.microdollars {
      try bound(prices.outputTokens(for: left, afterInput: inputTokens, model: model)) {
        """
        It may cost up to \(CostText.text(needed(), prices.currency)), and a budget of the policy has \
        \(CostText.text(left, prices.currency)) left.
        """
      }
    }
    if let left = budgetLeft.tokens {
      try bound(left - inputTokens) {
        "It has up to \(inputTokens + least) tokens, and a budget of the policy has \(left) left."
      }
    }
    let usage = ProviderUsage(
      inputTokens: inputTokens, outputTokens: admission.outputTokensMax ?? fallback)
    admission.reserved = BudgetAmounts(
      tokens: usage.inputTokens + usage.outputTokens,
      microdollars: prices.millionths(of: usage, model: model) ?? 0)
    decision.setCharges(admission.reserved)
    try reserveDays(decision)
    account(decision)
    guard costs.reserve(admission.reserved.microdollars) else {
      let limit = costs.limit ?? 0
      throw CostRefusal(
        reason: CostText.refusal(
          admission.reserved.microdollars, of: limit, left: costs.left ?? 0, prices.currency))
    }
    return admission
  }

  /// Books what a request did use in place of what was reserved.
  ///
  /// - Returns: What the task has cost so far, in millionths.
  func settle(
    _ admission: ServerAdmission, of server: ServerModel, _ usage: ProviderUsage?
  ) -> Int {
    let cost = usage.flatMap {
      server.connection.settings.prices.millionths(of: $0, model: server.address.model)
    }
    costs.settle(admission.reserved.microdollars, spent: cost)
    if let usage {
      var decision = serverDecision(server.address)
      decision.setCharges(admission.reserved)
      settleCosts(
        decision,
        BudgetAmounts(
          tokens: usage.inputTokens + usage.outputTokens, microdollars: cost ?? 0))
    }
    return costs.spent
  }

  /// The decision that let the run use the server: which budgets it takes from.
  private func serverDecision(_ server: ServerAddress) -> PolicyDecision {
    policy.judge(Effect(useOf: server), PolicyState(model: nil, isApproved: true))
  }

  private func usedNow() throws(CostRefusal) -> [String: BudgetAmounts] {
    do throws(StoreError) { return try usedWithDays() } catch {
      throw CostRefusal(reason: "What today has used cannot be known. \(error)")
    }
  }

  private func reserveDays(_ decision: PolicyDecision) throws(CostRefusal) {
    let spent: String?
    do throws(StoreError) { spent = try reserveSpending(decision) } catch {
      throw CostRefusal(reason: "The day's budget cannot be counted. \(error)")
    }
    if let spent {
      throw CostRefusal(reason: "The budget \"\(spent)\" is spent: another run was faster.")
    }
  }
}

extension PolicyDecision {
  /// Tokens and dollars alone: the call was counted when the run began, and it has no result.
  fileprivate mutating func setCharges(_ amounts: BudgetAmounts) {
    resultLabels = []
    for index in charges.indices {
      charges[index].amounts = BudgetAmounts(
        tokens: amounts.tokens, microdollars: amounts.microdollars)
    }
  }
}
