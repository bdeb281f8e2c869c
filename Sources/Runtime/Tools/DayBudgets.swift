// DayBudgets.swift — budgets that are counted by the day, over all runs of a user.

import Glibc
import Policy
import Store

/// Reserves from the budgets by the day, in the file that all runs share.
struct DayBudgets: Sendable {
  private let budgets: [Budget]
  private let path: String

  /// The budgets of `policy` that are counted by the day.
  init(of policy: PolicyEngine, path: String) {
    budgets = policy.dayBudgets
    self.path = path
  }

  var isEmpty: Bool { budgets.isEmpty }

  typealias Budget = (id: String, limits: BudgetLimits)

  /// What today has used, by budget; nothing is made where nothing is kept yet.
  ///
  /// - Throws: `StoreError` where it cannot be known, so that nothing may be allowed from them.
  func used() throws(StoreError) -> [String: BudgetAmounts] {
    guard !budgets.isEmpty, access(path, F_OK) == 0 else { return [:] }
    let records = try PolicyRecords(path: path)
    let day = UnixTime.now().day
    var used: [String: BudgetAmounts] = [:]
    for budget in budgets {
      let amounts = try records.used(budget.id, day: day)
      used[budget.id] = BudgetAmounts(
        calls: amounts.calls, bytes: amounts.bytes, tokens: amounts.tokens,
        microdollars: amounts.microdollars)
    }
    return used
  }

  /// Takes what `decision` charges by the day, before the effect.
  ///
  /// - Parameters:
  ///   - decision: Allows the effect.
  ///   - isPart: Whether it is a part of what was counted as a call before: tokens and dollars alone.
  /// - Returns: The budget that had not enough left: another run was faster. Nil where all was taken.
  /// - Throws: `StoreError` where it cannot be counted.
  func reserve(
    _ decision: PolicyDecision, isPart: Bool = false
  ) throws(StoreError) -> String? {
    let charges = decision.charges.filter { $0.period == .day }
    guard !charges.isEmpty else { return nil }
    let records = try PolicyRecords(path: path)
    let day = UnixTime.now().day
    for charge in charges {
      guard let limits = budgets.first(where: { $0.id == charge.budget })?.limits else { continue }
      let taken = try records.reserve(
        DayAmounts(
          calls: charge.amounts.calls, bytes: charge.amounts.bytes, tokens: charge.amounts.tokens,
          microdollars: charge.amounts.microdollars), of: charge.budget, day: day,
        limits: DayAmounts(
          calls: isPart ? nil : limits.calls, bytes: isPart ? nil : limits.bytes,
          tokens: limits.tokens, microdollars: limits.microdollars))
      if !taken { return charge.budget }
    }
    return nil
  }

  /// What cannot be counted is not done.
  static func unaccountable(_ decision: PolicyDecision, _ error: StoreError) -> PolicyDecision {
    var decision = decision
    decision.deny(by: "audit", "Its budget cannot be counted, so nothing is done. \(error)")
    return decision
  }
}
