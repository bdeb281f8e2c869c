// OutcomeTests.swift — exit codes by name, and which of several wins.

import Planner
import Testing

private let outcomes: [(Outcome, Int32)] = [
  (.answered, 0), (.failedInternally("x"), 1), (.misconfigured("x"), 2), (.denied("x"), 3),
  (.approvalNeeded("x"), 4), (.budgetExhausted(.steps), 5), (.modelFailed("x"), 6),
  (.toolFailed("x"), 7), (.sandboxUnavailable("x"), 8), (.answerMismatched("x"), 9),
  (.networkFailed("x"), 10), (.interrupted, 130), (.terminated, 143),
]

@Suite struct `An outcome` {
  @Test(arguments: outcomes)
  func `has its exit code and comes back from its name`(outcome: Outcome, exitCode: Int32) {
    #expect(outcome.exitCode == exitCode)
    #expect(Outcome(name: outcome.name, reason: outcome.reason) == outcome)
  }

  @Test(arguments: Budget.allCases)
  func `comes back from the name of each budget`(budget: Budget) {
    let outcome = Outcome.budgetExhausted(budget)
    #expect(Outcome(name: outcome.name, reason: outcome.reason) == outcome)
  }

  @Test func `is none where the name or the reason says nothing`() {
    #expect(Outcome(name: "fine", reason: nil) == nil)
    #expect(Outcome(name: "denied", reason: nil) == nil)
    #expect(Outcome(name: "budget_exhausted", reason: "patience") == nil)
  }

  @Test func `gives way to the graver one, in the fixed order`() {
    let order: [Int32] = [130, 143, 1, 2, 8, 6, 7, 10, 4, 5, 9, 3, 0]
    var rest = outcomes.map(\.0)
    for code in order {
      let first = Outcome.first(of: rest)
      #expect(first.exitCode == code)
      rest.removeAll { $0 == first }
    }
    #expect(rest.isEmpty)
  }

  @Test func `is never success for want of another`() {
    #expect(Outcome.first(of: []).exitCode == 1)
    #expect(Outcome.first(of: [.denied("a"), .denied("b")]) == .denied("a"))
  }
}
