// RunEventTests.swift — every event to a line of JSON and back, and records that are damaged.

import Base
import Planner
import Testing

private let turnOfAll = ModelTurn(
  messages: [
    ModelMessage(channel: .analysis, text: "a\n\"é🚀", tokenRange: 0..<2),
    ModelMessage(
      channel: .commentary, recipient: "python", contentType: "code", text: "", tokenRange: 2..<4),
    ModelMessage(channel: nil, text: "x", tokenRange: 4..<4),
  ],
  tokens: [200_005, 0, 7, -1], ending: .called, promptTokenCount: 12, generatedTokenCount: 5)

private let kinds: [PlannerEvent.Kind] = [
  .started(PlannerSettings()),
  .started(
    PlannerSettings(
      tools: testTools, budgets: Budgets(stepsMax: 1, identicalCallsNoted: 2),
      contextTokensMax: 131_072, toleratesRefusals: true,
      escalations: [.modelFailed, .taskMarked])),
  .taskGiven("Do\nit."), .modelSaid(turnOfAll),
  .modelSaid(ModelTurn(messages: [], ending: .contextFull)),
  .generationFailed(.contextOverflow), .generationFailed(.cancelled),
  .generationFailed(.model("m")), .generationFailed(.network("n")),
  .callJudged(call: 1, allowed),
  .callJudged(call: 2, CallDecision(verdict: .approvalNeeded, reason: "r")),
  .toolAnswered(call: 3, succeeded("t")),
  .toolAnswered(
    call: 4,
    ToolAnswer(
      result: ToolResult(status: .broken, text: "t"), flaw: .sandboxUnavailable("No wall."))),
  .toolAnswered(
    call: 5,
    ToolAnswer(
      result: ToolResult(status: .succeeded, text: "t", structured: ["files": ["a", "b"]]))),
  .compacted(Compaction(cuts: [Compaction.Cut(call: 1, bytesKept: 256)])),
  .escalated(.modelFailed, .answered("a", model: "big")), .escalated(.stepsSpent, .refused("r")),
  .escalated(.taskMarked, .approvalNeeded("r")), .escalated(.taskMarked, .failed("r")),
  .escalated(.taskMarked, .misconfigured("r")), .escalated(.taskMarked, .costSpent("r")),
  .answerRejected("No."), .interrupted(.interrupted), .interrupted(.terminated), .timeRanOut,
  .resumed(Budgets(toolCallsMax: 9)), .resumed(Budgets(costMillionthsMax: 250)),
  .generationFailed(.costSpent),
  .callJudged(call: 2, CallDecision(verdict: .costSpent, reason: "r")),
]

private let others: [RunEvent] = [
  .toolCalled(ToolCall(id: 1, tool: "python", body: "1")),
  .remarked(PlannerRemark(.callRenamed, call: 3, "So.")),
  .remarked(PlannerRemark(.turnTruncated, "So.")),
  .finished(
    RunSummary(
      outcome: .budgetExhausted(.steps), answer: nil, steps: 1, generatedTokens: 2, toolCalls: 3,
      elapsedMilliseconds: 4)),
  .finished(
    RunSummary(
      outcome: .denied("No."), answer: "a", steps: 1, generatedTokens: 2, toolCalls: 3,
      elapsedMilliseconds: 4)),
  .reported(name: "model.loaded", ["name": "nano", "scripted": false]),
]

/// At least one of every kind.
let runEvents =
  kinds.map { RunEvent.planner(PlannerEvent($0, elapsedMilliseconds: 77)) } + others

@Suite struct `A run event` {
  @Test(arguments: runEvents)
  func `comes back from its line of JSON`(event: RunEvent) throws {
    let line = event.json.compactText
    #expect(!line.contains("\n"))
    #expect(try RunEvent(json: JSONReader.value(line, source: "line")) == event)
  }

  @Test func `is a line that a reader can follow`() {
    #expect(
      runEvents[9].json.compactText
        == #"{"event":"policy.decided","elapsed_ms":77,"call":1,"verdict":"allowed","rule":"r","reason":"Fine."}"#
    )
    #expect(
      others[3].json.compactText
        == #"{"event":"run.finished","outcome":"budget_exhausted","exit_code":5,"reason":"steps","steps":1,"generated_tokens":2,"tool_calls":3,"elapsed_ms":4}"#
    )
  }

  @Test(arguments: runEvents)
  func `without one of its members is damaged, or means something else`(event: RunEvent) throws {
    guard case .object(let object) = event.json else { return }
    for key in object.keys where key != "exit_code" {
      var less = object
      less[key] = .none
      do {
        #expect(try RunEvent(json: .object(less)) != event)
      } catch {
        #expect("\(error)".contains(key == "event" ? "\"event\"" : "\"\(event.name)\""))
      }
    }
  }

  @Test(arguments: [
    ("7", "The event \"\" lacks \"event\", or has it in the wrong form."),
    (#"{"event":"unheard"}"#, "The event \"unheard\" is unknown here."),
    (
      #"{"event":"task.given","elapsed_ms":-1,"task":"x"}"#,
      "The event \"task.given\" lacks \"elapsed_ms\", or has it in the wrong form."
    ),
    (
      #"{"event":"model.generated","elapsed_ms":0,"ending":"called","prompt_tokens":0,"generated_tokens":0,"tokens":[1],"messages":[{"text":"","token_start":0,"token_end":2}]}"#,
      "The event \"model.generated\" lacks \"token_end\", or has it in the wrong form."
    ),
    (
      #"{"event":"model.generated","elapsed_ms":0,"ending":"called","prompt_tokens":0,"generated_tokens":0,"tokens":[2147483648],"messages":[]}"#,
      "The event \"model.generated\" lacks \"tokens\", or has it in the wrong form."
    ),
  ])
  func `that cannot be read says which member is at fault`(line: String, start: String) throws {
    let json = try JSONReader.value(line, source: "line")
    do throws(PlannerError) {
      _ = try RunEvent(json: json)
      Issue.record("it was read")
    } catch {
      #expect(error.description.hasPrefix(start))
    }
  }
}
