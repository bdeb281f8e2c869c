// RunEventSchemaTests.swift — the published schema of event lines against the events themselves.

import Base
import Planner
import TestKit
import Testing

private let outcomes: [Outcome] =
  [
    .answered, .failedInternally("r"), .misconfigured("r"), .denied("r"), .approvalNeeded("r"),
    .modelFailed("r"), .toolFailed("r"), .sandboxUnavailable("r"), .answerMismatched("r"),
    .networkFailed("r"), .interrupted, .terminated,
  ] + Budget.allCases.map(Outcome.budgetExhausted)

/// Every event of ``runEvents``, and every word that can stand in one.
private let events: [RunEvent] =
  runEvents
  + outcomes.map { outcome in
    .finished(
      RunSummary(
        outcome: outcome, answer: "a", steps: 1, generatedTokens: 2, toolCalls: 3,
        elapsedMilliseconds: 4))
  }
  + outcomes.map { outcome in
    .planner(
      PlannerEvent(
        .toolAnswered(
          call: 1, ToolAnswer(result: ToolResult(status: .failed, text: ""), flaw: outcome))))
  }
  + PlannerRemark.Name.allCases.map { .remarked(PlannerRemark($0, call: 1, "So.")) }
  + [ToolResult.Status.succeeded, .failed, .refused, .broken].map { status in
    .planner(
      PlannerEvent(
        .toolAnswered(
          call: 1,
          ToolAnswer(result: ToolResult(status: status, text: "", structured: .null)))))
  }
  + [
    CallDecision.Verdict.allowed, .refused, .approvalNeeded, .costSpent, .noSandbox,
  ].map { verdict in
    .planner(
      PlannerEvent(.callJudged(call: 1, CallDecision(verdict: verdict, reason: "r"))))
  }
  + [ModelTurn.Ending.returned, .called, .tokenLimit, .contextFull].map { ending in
    .planner(PlannerEvent(.modelSaid(turn(ending, think("t")))))
  }
  + [
    "prompt.rendered", "policy.judged", "sandbox.started", "egress.judged", "egress.ended",
    "cloud.judged", "cloud.answered", "server.asked", "server.answered", "cost.refused",
  ].map {
    .reported(name: $0, ["anything": [1]])
  }

/// The event as a line of `martlet run --json` has it.
private func line(_ event: RunEvent) -> JSONObject {
  var object = event.json.objectValue ?? [:]
  object["session"] = "s-1"
  object["sequence"] = 1
  object["time"] = "2026-02-28T23:59:59.007Z"
  return object
}

/// Members that an event may go without, and what stands or falls with them.
private let optional: [String: Set<String>] = [
  "run.started": ["context_tokens_max", "escalations"],
  "policy.decided": ["rule"],
  "tool.answered": ["structured"],
  "planner.remarked": ["call"],
  "run.finished": ["answer"],
]

private func readSchema() throws -> JSONSchema {
  let path = "Docs/schemas/run-event.schema.json"
  let json = try JSONReader.value(Repository.bytes(path), source: path)
  return try JSONSchema(json, source: path)
}

@Suite struct `The schema of run events` {
  private let schema: JSONSchema

  init() throws { schema = try readSchema() }

  @Test func `accepts every event`() throws {
    for event in events {
      let line = line(event)
      #expect(schema.problem(with: .object(line)) == nil, "\(JSONValue.object(line).compactText)")
      // As a reader of the line has it.
      let text = JSONValue.object(line).compactText
      #expect(try schema.problem(with: JSONReader.value(text, source: "line")) == nil)
    }
  }

  @Test func `misses each member that is not there`() {
    for event in events {
      let whole = line(event)
      for key in whole.keys {
        if case .reported = event, event.json[key] != nil, key != "event" { continue }
        var less = whole
        less[key] = nil
        let problem = schema.problem(with: .object(less))
        let mayGo =
          optional[event.name, default: []].contains(key)
          // A flaw that needs no reason goes alone.
          || key == "flaw" && whole["flaw_reason"] == nil
        #expect((problem == nil) == mayGo, "\(key) of \(event.name): \(problem ?? "")")
      }
    }
  }

  @Test func `refuses one member more`() {
    for event in events {
      if case .reported = event { continue }
      var more = line(event)
      more["more"] = 1
      let problem = schema.problem(with: .object(more))
      #expect(
        problem?.hasPrefix("At \"/more\": the member \"more\" is not allowed here; allowed: ")
          ?? false, "\(event.name): \(problem ?? "accepted")")
    }
  }

  @Test func `refuses each member of the wrong type`() {
    for event in events {
      let whole = line(event)
      for key in whole.keys where key != "structured" {
        if case .reported = event, event.json[key] != nil, key != "event" { continue }
        for wrong: JSONValue in [nil, -0.5, "\u{1}", [[]], ["\u{1}": 1]] {
          if case (.string?, .string) = (whole[key], wrong) { continue }
          var mistyped = whole
          mistyped[key] = wrong
          #expect(
            schema.problem(with: .object(mistyped))?.hasPrefix("At \"/\(key)") ?? false,
            "\(key) of \(event.name) as \(wrong.compactText)")
        }
      }
    }
  }

  @Test func `looks into what an event is made of`() throws {
    let schema = schema
    func problem(_ text: String) throws -> String? {
      let json = try JSONReader.value(text, source: "line")
      return schema.problem(with: .object(line(try RunEvent(json: json))))
    }
    var started = line(runEvents[1])
    started["budgets"] = ["steps_max": 1]
    #expect(
      schema.problem(with: .object(started))
        == "At \"/budgets\": the member \"generated_tokens_max\" is missing.")
    started = line(runEvents[1])
    started["tools"] = [["name": "t", "sole_text": "x"]]
    #expect(
      schema.problem(with: .object(started))
        == "At \"/tools/0\": the member \"parameters\" is missing, which has to stand beside \"sole_text\"."
    )
    var said = line(runEvents[3])
    said["messages"] = [["text": "x", "token_start": 0, "token_end": 0, "channel": "loud"]]
    #expect(
      schema.problem(with: .object(said))
        == "At \"/messages/0/channel\": one of \"analysis\", \"commentary\" and \"final\" is expected, and this is none of them."
    )
    #expect(
      try problem(#"{"event":"sandbox.stopped"}"#)?.hasPrefix("At \"/event\": one of ") ?? false)
  }

  @Test(arguments: [
    "2026-02-28T23:59:59.007+00:00", "2026-02-28T23:59:59Z", "2026-02-28 23:59:59.007Z",
    "2026-13-28T23:59:59.007Z", "2026-02-28T24:59:59.007Z", "2026-02-28T23:59:59.0070Z", "",
    "2026-02-28T23:59:59.007Z\n",
  ])
  func `wants times in one form`(time: String) {
    var line = line(runEvents[0])
    line["time"] = .string(time)
    #expect(schema.problem(with: .object(line))?.hasPrefix("At \"/time\": a string that") ?? false)
  }

  @Test func `holds outcome, exit code and reason together`() {
    for outcome in outcomes {
      var line = line(
        .finished(
          RunSummary(
            outcome: outcome, answer: nil, steps: 1, generatedTokens: 2, toolCalls: 3,
            elapsedMilliseconds: 4)))
      line["exit_code"] = 77
      #expect(
        schema.problem(with: .object(line))
          == "At \"/exit_code\": \(outcome.exitCode) is expected, and this is not.")
    }
    var line = line(
      .finished(
        RunSummary(
          outcome: .budgetExhausted(.steps), answer: nil, steps: 1, generatedTokens: 2,
          toolCalls: 3, elapsedMilliseconds: 4)))
    line["reason"] = "tired"
    #expect(schema.problem(with: .object(line))?.hasPrefix("At \"/reason\": one of ") ?? false)
  }
}
