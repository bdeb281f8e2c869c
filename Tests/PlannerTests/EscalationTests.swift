// EscalationTests.swift — when the planner asks elsewhere, and what becomes of the run then.

import Base
import Planner
import Testing

@Suite struct `A task that may be answered elsewhere` {
  private static let silence = turn(.returned)

  private static func failing(_ escalations: Set<EscalationReason>) -> PlannerState {
    var state = PlannerState.begun(escalations: escalations)
    _ = state.take(.modelSaid(silence))
    return state
  }

  @Test func `is, once the local model has failed for good`() {
    var state = Self.failing([.modelFailed])
    #expect(
      state.take(.modelSaid(Self.silence)).words.hasPrefix("escalate model-failed after "))
    #expect(
      state.take(.escalated(.modelFailed, .answered("Two.", model: "big"))).words
        == "finish 0: Two.")
    #expect(state.lastAnswer == "Two.")
  }

  @Test func `is not where that is no condition`() {
    var state = Self.failing([.stepsSpent])
    #expect(state.take(.modelSaid(Self.silence)).words.hasPrefix("stop 6 model_failed"))
  }

  @Test func `is when its steps are used up`() {
    var state = PlannerState.begun(Budgets(stepsMax: 1), escalations: [.stepsSpent])
    let action = state.doCall("python", "1", succeeded("1"))
    #expect(action.words.hasPrefix("escalate steps-spent after "))
  }

  @Test func `is first of all where the user marked it`() {
    var state = PlannerState.begun(escalations: [.taskMarked])
    #expect(
      state.take(.escalated(.taskMarked, .refused("No."))).words.hasPrefix("generate after "))
    // The refusal counts for the end of the run.
    #expect(state.take(.modelSaid(answer("Two."))).words == "finish 3: Two.")
  }

  @Test(arguments: [
    (EscalationResult.refused("r"), "stop 6 model_failed"),
    (.approvalNeeded("r"), "stop 6 model_failed"), (.failed("r"), "stop 6 model_failed"),
    (.misconfigured("r"), "stop 2 misconfigured: r"), (.costSpent("r"), "stop 6 model_failed"),
  ])
  func `ends as it would have where no answer comes`(result: EscalationResult, words: String) {
    var state = Self.failing([.modelFailed])
    _ = state.take(.modelSaid(Self.silence))
    #expect(state.take(.escalated(.modelFailed, result)).words.hasPrefix(words))
  }

  @Test(arguments: [
    (EscalationResult.refused("r"), "stop 3 denied: r"),
    (.approvalNeeded("r"), "stop 4 approval_needed: r"),
    (.failed("r"), "stop 10 network_failed: r"), (.costSpent("r"), "stop 5 budget_exhausted: cost"),
  ])
  func `ends with what is worse than used-up steps`(result: EscalationResult, words: String) {
    var state = PlannerState.begun(Budgets(stepsMax: 1), escalations: [.stepsSpent])
    _ = state.doCall("python", "1", succeeded("1"))
    let action = state.take(.escalated(.stepsSpent, result))
    // Used-up steps come before a refusal, and after the rest.
    #expect(action.words == (words.hasPrefix("stop 3") ? "stop 5 budget_exhausted: steps" : words))
  }

  @Test func `is asked for again when the run is taken up`() {
    var state = PlannerState.begun(escalations: [.taskMarked])
    #expect(
      state.take(.escalated(.taskMarked, .approvalNeeded("r"))).words
        == "stop 4 approval_needed: r")
    #expect(state.take(.resumed(Budgets())).words == "escalate task-marked after task Do it.")
    #expect(
      state.take(.escalated(.taskMarked, .answered("Two.", model: "big"))).words
        == "finish 0: Two.")
  }

  @Test func `of a marked task waits for more money`() {
    var state = PlannerState.begun(escalations: [.taskMarked])
    #expect(
      state.take(.escalated(.taskMarked, .costSpent("r"))).words == "stop 5 budget_exhausted: cost")
    #expect(
      state.take(.resumed(Budgets(costMillionthsMax: 9))).words
        == "escalate task-marked after task Do it.")
  }

  @Test func `is not asked for twice`() {
    var state = PlannerState.begun(escalations: [.taskMarked, .modelFailed])
    _ = state.take(.escalated(.taskMarked, .refused("No.")))
    _ = state.take(.modelSaid(Self.silence))
    #expect(state.take(.modelSaid(Self.silence)).words.hasPrefix("stop 6 model_failed"))
  }

  @Test func `can be followed by another one`() {
    var state = PlannerState.begun(escalations: [.taskMarked])
    _ = state.take(.escalated(.taskMarked, .answered("Two.", model: "big")))
    #expect(
      state.take(.taskGiven("And Venus?")).words.hasPrefix("escalate task-marked after "))
  }
}
