// BudgetTests.swift — each budget's last step and the one after it, and making room in the context.

import Base
import Planner
import Testing

@Suite struct `A budget` {
  @Test func `of steps allows exactly so many turns`() {
    var state = PlannerState.begun(Budgets(stepsMax: 2))
    #expect(state.doCall("python", "1", succeeded("1")).generated != nil)
    #expect(
      state.doCall("python", "2", succeeded("2")) == .stop(.budgetExhausted(.steps)))
    #expect(state.take(.resumed(Budgets(stepsMax: 1))).generated != nil)
    #expect(state.trace(.modelSaid(answer("Yes."))) == ["finish 0: Yes."])
  }

  @Test func `of tokens is handed on as what is left of it`() {
    var state = PlannerState.begun(Budgets(generatedTokensMax: 5))
    let action = state.doCall("python", "1", succeeded("1"))
    #expect(action.generated?.tokensMax == 3)
    _ = state.doCall("python", "2", succeeded("2"))
    #expect(
      state.doCall("python", "3", succeeded("3")) == .stop(.budgetExhausted(.generatedTokens)))
    #expect(state.usage.generatedTokens == 6)
  }

  @Test func `of wall time ends what is under way, or the next thing`() {
    var state = PlannerState.begun(Budgets(wallMillisecondsMax: 100))
    #expect(state.wallMillisecondsLeft == 100)
    _ = state.take(.modelSaid(call("python", "1")), at: 60)
    #expect(state.wallMillisecondsLeft == 40)
    var other = state
    #expect(state.take(.timeRanOut, at: 100) == .stop(.budgetExhausted(.wallTime)))
    _ = other.take(.callJudged(call: 1, allowed), at: 90)
    #expect(
      other.take(.toolAnswered(call: 1, succeeded("1")), at: 100)
        == .stop(.budgetExhausted(.wallTime)))
    #expect(other.take(.resumed(Budgets(wallMillisecondsMax: 50)), at: 100).generated != nil)
    #expect(other.wallMillisecondsLeft == 50)
    #expect(other.take(.modelSaid(answer("Late.")), at: 400).words == "finish 0: Late.")
  }

  @Test func `of calls stops before the call, which is made when the run is resumed`() {
    var state = PlannerState.begun(Budgets(toolCallsMax: 1))
    _ = state.doCall("python", "1", succeeded("1"))
    #expect(
      state.trace(.modelSaid(call("python", "2")), .resumed(Budgets()))
        == ["stop 5 budget_exhausted: tool_calls", "judge 2 python 2"])
  }

  @Test func `of money stops before the call or the generation, which is made when it is resumed`()
  {
    var state = PlannerState.begun(Budgets(costMillionthsMax: 100))
    _ = state.take(.modelSaid(call("python", "1")))
    let spent = CallDecision(verdict: .costSpent, rule: "cost", reason: "Too much.")
    #expect(
      state.trace(.callJudged(call: 1, spent), .resumed(Budgets(costMillionthsMax: 200)))
        == ["stop 5 budget_exhausted: cost", "judge 1 python 1"])
    #expect(state.settings.budgets.costMillionthsMax == 200)
    var other = PlannerState.begun(Budgets(costMillionthsMax: 100))
    #expect(other.take(.generationFailed(.costSpent)) == .stop(.budgetExhausted(.cost)))
    #expect(other.take(.resumed(Budgets())).generated != nil)
  }

  @Test func `of calls counts refused ones too`() {
    var state = PlannerState.begun(Budgets(toolCallsMax: 1))
    _ = state.take(.modelSaid(call("python", "1")))
    _ = state.take(.callJudged(call: 1, CallDecision(verdict: .refused, reason: "No.")))
    #expect(
      state.take(.modelSaid(call("python", "2"))) == .stop(.budgetExhausted(.toolCalls)))
  }

  @Test func `of identical calls notes the third and stops before the sixth`() {
    var state = PlannerState.begun()
    for count in 1...5 {
      let action = state.doCall("python", "same", succeeded("x"))
      guard case .toolResult(let result)? = action.generated?.history.last else {
        Issue.record("call \(count): \(action)")
        return
      }
      let note = "\n[Note: This is the same call \(count) times in a row. Do something else.]"
      #expect(result.text == "x" + (count < 3 ? "" : note))
    }
    #expect(
      state.trace(.modelSaid(call("python", "same")), .resumed(Budgets()))
        == ["stop 5 budget_exhausted: identical_calls", "judge 6 python same"])
  }

  @Test func `of identical calls begins anew with another call, body or task`() {
    var state = PlannerState.begun(Budgets(identicalCallsMax: 2))
    for body in ["a", "b", "a", "b"] {
      #expect(state.doCall("python", body, succeeded("x")).generated != nil)
    }
    #expect(state.doCall("apply_patch", "b", succeeded("x")).generated != nil)
    _ = state.take(.modelSaid(answer("x")))
    _ = state.take(.taskGiven("y"))
    #expect(state.doCall("apply_patch", "b", succeeded("x")).generated != nil)
  }

  @Test func `of broken calls ends the run as a tool failure`() {
    var state = PlannerState.begun()
    _ = state.doCall("python", "1", broken("It hung."))
    _ = state.doCall("python", "2", broken("It hung."))
    _ = state.doCall("python", "3", succeeded("x"))
    _ = state.doCall("python", "4", broken("It hung."))
    _ = state.doCall("python", "5", broken("It hung."))
    #expect(
      state.doCall("python", "6", broken("It hung."))
        == .stop(.toolFailed("3 calls in a row were never answered.")))
  }

  @Test func `of nothing stops at once`() {
    for budgets in [
      Budgets(stepsMax: 0), Budgets(generatedTokensMax: -1), Budgets(wallMillisecondsMax: -5),
    ] {
      var state = PlannerState()
      _ = state.take(.started(PlannerSettings(budgets: budgets)))
      guard case .stop(.budgetExhausted) = state.take(.taskGiven("x")) else {
        Issue.record("\(budgets) did not stop")
        return
      }
    }
  }
}

@Suite struct `A context that fills up` {
  private let long = String(repeating: "0123456789é ", count: 100)

  @Test func `makes the planner cut old outputs, the oldest first, and leave the newest`() {
    var state = PlannerState.begun(context: 2_000)
    for number in 1...3 {
      #expect(state.doCall("python", "\(number)", succeeded("\(number)" + long)).generated != nil)
    }
    let action = state.doCall("python", "4", succeeded("4" + long))
    #expect(action.words == "compact 1:256 2:256")
    guard case .compact(let compaction) = action,
      let history = state.take(.compacted(compaction)).generated?.history
    else { return }
    let texts = history.compactMap { item -> String? in
      if case .toolResult(let result) = item { result.text } else { nil }
    }
    let kept = String(("1" + long).unicodeScalars.prefix(237).map(Character.init))
    #expect(kept.utf8.count == 256)
    #expect(
      texts[0]
        == kept + "\n[1045 bytes of old output were removed to save room; call again if needed.]")
    #expect(texts[2] == "3" + long)
    #expect(texts[3] == "4" + long)
  }

  @Test func `is left alone where the engine knows no limit`() {
    var state = PlannerState.begun()
    for number in 1...20 {
      #expect(state.doCall("python", "\(number)", succeeded(long + long)).generated != nil)
    }
  }

  @Test func `is emptied of all that can go when the engine says it is full`() {
    var state = PlannerState.begun()
    for number in 1...3 { _ = state.doCall("python", "\(number)", succeeded(long + long + long)) }
    #expect(
      state.trace(.generationFailed(.contextOverflow)) == ["compact 1:256 2:2048 3:2048"])
    let cuts = [1, 2, 3].map { Compaction.Cut(call: $0, bytesKept: $0 == 1 ? 256 : 2_048) }
    #expect(state.take(.compacted(Compaction(cuts: cuts))).generated != nil)
    #expect(
      state.trace(.generationFailed(.contextOverflow)) == ["stop 5 budget_exhausted: context"])
  }

  @Test func `is counted by the engine's own number where it gives one`() {
    var state = PlannerState.begun(context: 1_000)
    func said(_ prompt: Int) -> PlannerEvent.Kind {
      .modelSaid(
        ModelTurn(
          messages: [ModelMessage(channel: .commentary, recipient: "python", text: "\(prompt)")],
          tokens: [1], ending: .called, promptTokenCount: prompt))
    }
    let text = String(repeating: "x", count: 700)
    for (number, prompt) in [100, 300, 500].enumerated() {
      _ = state.take(said(prompt))
      _ = state.take(.callJudged(call: number + 1, allowed))
      #expect(state.take(.toolAnswered(call: number + 1, succeeded(text))).generated != nil)
    }
    _ = state.take(said(870))
    _ = state.take(.callJudged(call: 4, allowed))
    #expect(
      state.take(.toolAnswered(call: 4, succeeded("x"))).words == "compact 1:256 2:256")
  }

  @Test func `survives numbers that no engine can mean`() {
    var state = PlannerState.begun(context: .max)
    for number in 1...3 {
      _ = state.take(
        .modelSaid(
          ModelTurn(
            messages: [
              ModelMessage(channel: .commentary, recipient: "python", text: "\(number)")
            ], ending: .called, promptTokenCount: .max, generatedTokenCount: .max)))
    }
    #expect(state.usage.generatedTokens > 0)
  }
}
