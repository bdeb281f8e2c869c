// PlannerStateTests.swift — whole runs as event in, action out.

import Base
import Planner
import Testing

@Suite struct `A planner` {
  @Test func `goes from task to call to answer`() {
    var state = PlannerState()
    #expect(
      state.trace(
        .started(PlannerSettings(tools: testTools)),
        .taskGiven("Do it."),
        .modelSaid(call("python", "1+1", channel: .analysis)),
        .callJudged(call: 1, allowed),
        .toolAnswered(call: 1, succeeded("2")),
        .modelSaid(answer("Two."))
      ) == [
        "wait",
        "generate after task Do it.",
        "judge 1 python 1+1",
        "run 1 python 1+1",
        "generate after task Do it. | turn | 1 python analysis: 2",
        "finish 0: Two.",
      ])
  }

  @Test func `hands back the sampled tokens untouched`() {
    var state = PlannerState.begun()
    let said = call("python", "x")
    let action = state.doCall("python", "x", succeeded("y"))
    #expect(
      action.generated?.history[1]
        == .turn(HistoryTurn(turn: said)))
  }

  @Test func `keeps the chain of thought through the tool loop and drops it after the answer`() {
    var state = PlannerState.begun()
    _ = state.doCall("python", "1", succeeded("1"))
    #expect(
      state.doCall("python", "2", succeeded("2")).words
        == "generate after task Do it. | turn | 1 python commentary: 1 | turn | 2 python commentary: 2"
    )
    #expect(
      state.trace(.modelSaid(answer("Done.")), .taskGiven("More.")) == [
        "finish 0: Done.",
        """
        generate after task Do it. | turn without thinking | 1 python commentary: 1 | \
        turn without thinking | 2 python commentary: 2 | turn without thinking | task More.
        """,
      ])
    #expect(
      state.doCall("python", "3", succeeded("3")).words.hasSuffix(
        "turn without thinking | task More. | turn | 3 python commentary: 3"))
  }

  @Test func `tells the model of a refusal and says so in the end`() {
    var state = PlannerState.begun()
    let refused = CallDecision(verdict: .refused, rule: "no-shell", reason: "Use python.")
    #expect(
      state.trace(
        .modelSaid(call("container.exec", #"{"cmd":["ls"]}"#)),
        .callJudged(call: 1, refused), .modelSaid(answer("Could not."))
      ) == [
        #"judge 1 container.exec {"cmd":["ls"]}"#,
        "generate after task Do it. | turn | 1 container.exec commentary: Refused: Use python.",
        "finish 3: Could not.",
      ])
    #expect(state.trace(.taskGiven("Else."), .modelSaid(answer("Yes.")))[1] == "finish 0: Yes.")
  }

  @Test func `does not hold a refusal against a run that tolerates them`() {
    var state = PlannerState.begun(tolerates: true)
    let refused = CallDecision(verdict: .refused, reason: "No.")
    #expect(
      state.trace(
        .modelSaid(call("python", "1")), .callJudged(call: 1, refused),
        .modelSaid(call("python", "2")), .callJudged(call: 2, allowed),
        .toolAnswered(call: 2, ToolAnswer(result: ToolResult(status: .refused, text: "No."))),
        .modelSaid(answer("Fine."))
      ).last == "finish 0: Fine.")
  }

  @Test func `stops before a call that needs a person, and asks again when resumed`() {
    var state = PlannerState.begun()
    let ask = CallDecision(verdict: .approvalNeeded, rule: "ask", reason: "Nobody to ask.")
    #expect(
      state.trace(
        .modelSaid(call("python", "1")), .callJudged(call: 1, ask), .resumed(Budgets()),
        .callJudged(call: 1, allowed)
      ) == [
        "judge 1 python 1", "stop 4 approval_needed: Nobody to ask.", "judge 1 python 1",
        "run 1 python 1",
      ])
  }

  @Test func `lets the graver thing that happened decide the outcome`() {
    var state = PlannerState.begun()
    let wall = ToolAnswer(
      result: ToolResult(status: .broken, text: "No wall."),
      flaw: .sandboxUnavailable("No user namespaces here."))
    _ = state.doCall("python", "1", wall)
    _ = state.take(.modelSaid(call("python", "2")))
    _ = state.take(.callJudged(call: 2, CallDecision(verdict: .refused, reason: "No.")))
    #expect(state.trace(.modelSaid(answer("Hm."))) == ["finish 8: Hm."])
  }

  @Test func `takes several calls of one turn one after the other`() {
    var state = PlannerState.begun()
    let both = turn(
      .called, ModelMessage(channel: .commentary, recipient: "python", text: "1"),
      ModelMessage(channel: .commentary, recipient: "nonsense", text: "{}"),
      ModelMessage(channel: .analysis, recipient: "python", text: "2"))
    #expect(
      state.trace(
        .modelSaid(both), .callJudged(call: 1, allowed), .toolAnswered(call: 1, succeeded("a")),
        .callJudged(call: 3, allowed), .toolAnswered(call: 3, succeeded("b"))
      ) == [
        "judge 1 python 1", "run 1 python 1", "judge 3 python 2", "run 3 python 2",
        """
        generate after task Do it. | turn | 1 python commentary: a | 2 nonsense commentary: There \
        is no tool "nonsense". Available tools: python, container.exec, functions.get_weather, \
        functions.apply_patch, functions.rename_file. | 3 python analysis: b
        """,
      ])
  }

  @Test func `gives a rejected answer one corrective turn`() {
    var state = PlannerState.begun()
    #expect(
      state.trace(
        .modelSaid(answer("no json")), .answerRejected("It is not JSON."),
        .modelSaid(answer("still none")), .answerRejected("It is not JSON.")
      ) == [
        "finish 0: no json",
        """
        generate after task Do it. | turn without thinking | note Your answer cannot be used: It \
        is not JSON. Give the whole answer again.
        """,
        "finish 0: still none",
        "stop 9 answer_mismatched: It is not JSON.",
      ])
    #expect(state.lastAnswer == "still none")
  }

  @Test func `takes up a new task after a stop, and closes what was open`() {
    var state = PlannerState.begun()
    _ = state.take(.modelSaid(call("python", "1")))
    _ = state.take(.callJudged(call: 1, allowed))
    #expect(
      state.trace(.interrupted(.interrupted), .taskGiven("Else.")) == [
        "stop 130 interrupted",
        """
        generate after task Do it. | turn | 1 python commentary: The run was interrupted while \
        this call was under way. It is not known whether it was carried out; check before you \
        repeat it. | task Else.
        """,
      ])
    _ = state.take(
      .modelSaid(
        turn(
          .called, ModelMessage(channel: .commentary, recipient: "python", text: "2"),
          ModelMessage(channel: .commentary, recipient: "python", text: "3"))))
    _ = state.take(.interrupted(.terminated))
    let action = state.take(.taskGiven("Third."))
    let notMade = "The call was not made: the user went on to something else."
    #expect(
      action.words.hasSuffix(
        "2 python commentary: \(notMade) | 3 python commentary: \(notMade) | task Third."))
  }

  @Test(arguments: [
    PlannerEvent.Kind.modelSaid(answer("x")), .callJudged(call: 9, allowed),
    .toolAnswered(call: 1, succeeded("x")), .compacted(Compaction(cuts: [])),
    .answerRejected("x"), .taskGiven("x"), .started(PlannerSettings()), .timeRanOut,
    .generationFailed(.contextOverflow),
  ])
  func `stops with an internal error at an event that does not fit, and can go on`(
    kind: PlannerEvent.Kind
  ) {
    for phase in 0..<3 {
      var state = PlannerState.begun()
      if phase > 0 { _ = state.take(.modelSaid(call("python", "1"))) }
      if phase > 1 { _ = state.take(.callJudged(call: 1, allowed)) }
      switch (kind, phase) {
      case (.modelSaid, 0), (.generationFailed, 0), (.toolAnswered, 2), (.timeRanOut, _): continue
      default: break
      }
      #expect(
        state.take(kind)
          == .stop(.failedInternally("An event came that nothing was waiting for.")))
      let action = state.take(.resumed(Budgets()))
      switch phase {
      case 1: #expect(action.words == "judge 1 python 1")
      default: #expect(action.generated != nil)
      }
    }
  }

  @Test func `has nothing to resume before it has started`() {
    var state = PlannerState()
    #expect(
      state.trace(.resumed(Budgets())) == [
        "stop 1 failed_internally: There is no run to resume."
      ])
  }
}
