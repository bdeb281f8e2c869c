// RandomModelTests.swift — models and tools that do anything at all: a run always ends, within its
// budgets, and replays to the same state.

import Base
import Planner
import Testing

/// Makes up events, mostly of the kind that is waited for.
private struct Chaos {
  var random: SplitMix64

  mutating func pick<Element>(_ elements: [Element], or last: Element) -> Element {
    elements.randomElement(using: &random) ?? last
  }

  mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

  mutating func text() -> String {
    let words = String(repeating: "word ", count: Int.random(in: 0...800, using: &random))
    return pick(
      ["", "x", "{}", "{", "[{}]", #"{"city":"Rome"}"#, "\u{0}\n\"", "ls", words], or: "")
  }

  mutating func message() -> ModelMessage {
    ModelMessage(
      channel: pick([.analysis, .commentary, .commentary, nil, .final], or: nil),
      recipient: pick(
        [
          nil, "python", "python", "container.exec", "get_weather", "nope", "assistant", "<|x",
          "functions.apply_patch", "",
        ], or: nil),
      text: text())
  }

  mutating func turn() -> ModelTurn {
    var messages: [ModelMessage] = []
    for _ in 0..<Int.random(in: 0...4, using: &random) { messages.append(message()) }
    let cut: ModelTurn.Ending = pick([.tokenLimit, .contextFull], or: .tokenLimit)
    let whole: ModelTurn.Ending = pick([.called, .called, .returned], or: .called)
    return ModelTurn(
      messages: messages, tokens: [1], ending: chance(9) ? cut : whole,
      promptTokenCount: chance(3) ? Int.random(in: 0...5_000, using: &random) : 0,
      generatedTokenCount: Int.random(in: 0...200, using: &random))
  }

  /// What comes of an action; nil once the run has ended.
  mutating func event(after action: PlannerAction) -> PlannerEvent.Kind? {
    if chance(200) { return .interrupted(.terminated) }
    switch action {
    case .wait: return .taskGiven("x")
    case .generate:
      if chance(30) { return .timeRanOut }
      let failure: EngineFailure = pick([.contextOverflow, .model("m")], or: .cancelled)
      return chance(20) ? .generationFailed(failure) : .modelSaid(turn())
    case .judge(let call):
      let verdict: CallDecision.Verdict = pick(
        [.allowed, .allowed, .refused, .noSandbox], or: .allowed)
      return .callJudged(
        call: call.id, CallDecision(verdict: chance(40) ? .approvalNeeded : verdict, reason: "r"))
    case .run(let call):
      let status: ToolResult.Status = pick([.succeeded, .succeeded, .failed, .broken], or: .failed)
      return .toolAnswered(
        call: call.id,
        ToolAnswer(
          result: ToolResult(status: status, text: text()),
          flaw: chance(30) ? .sandboxUnavailable("s") : nil))
    case .compact(let compaction): return .compacted(compaction)
    case .escalate(let escalation):
      let result: EscalationResult = pick(
        [
          .answered(text(), model: "big"), .refused("r"), .failed("n"), .approvalNeeded("a"),
          .costSpent("c"),
        ],
        or: .misconfigured("m"))
      return .escalated(escalation.reason, result)
    case .finish: return chance(2) ? .answerRejected("r") : nil
    case .stop: return nil
    }
  }
}

@Suite struct `A run with an unpredictable model` {
  @Test(arguments: 0..<40 as Range<UInt64>)
  func `always ends within its budgets, and replays`(block: UInt64) throws {
    for seed in block * 100..<(block + 1) * 100 {
      var chaos = Chaos(random: SplitMix64(seed: seed))
      let budgets = Budgets(
        stepsMax: Int.random(in: 1...30, using: &chaos.random),
        generatedTokensMax: Int.random(in: 1...4_000, using: &chaos.random),
        toolCallsMax: Int.random(in: 0...20, using: &chaos.random))
      let context = chaos.chance(2) ? Int.random(in: 0...6_000, using: &chaos.random) : nil
      var state = PlannerState()
      var events: [PlannerEvent] = []
      var kind: PlannerEvent.Kind? = .started(
        PlannerSettings(
          tools: testTools, budgets: budgets, contextTokensMax: context,
          escalations: Set(EscalationReason.allCases.filter { _ in chaos.chance(3) })))
      var action = PlannerAction.wait
      var made: Set<Int> = []
      while let next = kind, events.count < 10_000 {
        let event = PlannerEvent(next, elapsedMilliseconds: events.count)
        events.append(event)
        action = state.handle(event)
        if case .run(let call) = action {
          #expect(made.insert(call.id).inserted, "seed \(seed): the call \(call.id) is made twice")
        }
        #expect(state.usage.steps <= budgets.stepsMax, "seed \(seed)")
        #expect(state.usage.toolCalls <= budgets.toolCallsMax, "seed \(seed)")
        kind = chaos.event(after: action)
      }
      switch action {
      case .finish(_, let outcome), .stop(let outcome):
        #expect(outcome.exitCode != 1, "seed \(seed): \(outcome)")
      default: Issue.record("seed \(seed): no end after \(events.count) events")
      }
      let recorded = try events.map { try RunEvent(json: RunEvent.planner($0).json) }
      #expect(PlannerState(replaying: recorded.compactMap(\.plannerEvent)) == state)
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `takes any event at any time without trapping`(block: UInt64) {
    for seed in block * 50..<(block + 1) * 50 {
      var chaos = Chaos(random: SplitMix64(seed: seed))
      var state = PlannerState.begun(context: 1_000)
      for _ in 0..<60 {
        let action: PlannerAction = chaos.pick(
          [
            .wait, .run(ToolCall(id: 1, tool: "", body: "")), .finish(answer: "", .answered),
            .judge(ToolCall(id: 2, tool: "", body: "")),
            .compact(Compaction(cuts: [Compaction.Cut(call: 1, bytesKept: -1)])),
            .generate(GenerationRequest(history: [], tokensMax: 1)),
          ], or: .wait)
        let kind = chaos.chance(4) ? .resumed(Budgets()) : chaos.event(after: action)
        let next = state.handle(
          PlannerEvent(kind ?? .timeRanOut, elapsedMilliseconds: chaos.chance(9) ? -1 : 5))
        if case .stop(let outcome) = next { #expect(outcome.exitCode != 0) }
      }
    }
  }
}
