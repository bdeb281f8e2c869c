// CloudEscalationTests.swift — the planner asks by itself, where the policy names the condition, and never
// in silence.

import Base
import Foundation
import TestKit
import Testing

@Suite struct `A run that hands its task over` {
  private static func escalate(_ reason: String) -> String { "cloud: { escalate: ['\(reason)'] }," }

  /// Two turns that say nothing: the model has failed.
  private static let nothing = [
    "<|channel|>analysis<|message|>Hm.<|return|>", "<|return|>",
  ]

  @Test func `says so, records it, and answers`() throws {
    let user = try CloudHome(more: Self.escalate("model-failed"))
    let result = try user.home.run(script: Self.nothing, ["--quiet", CloudHome.moons])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output == CloudHome.answer + "\n")
    #expect(result.errors.contains("to the cloud model big at"), "\(result.errors)")
    #expect(
      result.errors.contains("the answer is the cloud model big's (model-failed)"),
      "\(result.errors)")
    let events = try user.home.lastEvents()
    let escalated = try #require(events.named("run.escalated").first)
    #expect(escalated["reason"] == "model-failed")
    #expect(escalated["status"] == "answered")
    let judged = try #require(events.named("cloud.judged").first)
    #expect(judged["asked_because"] == "model-failed")
    #expect(judged["call"] == nil)
    #expect(try user.userTexts() == [CloudHome.moons])
  }

  @Test func `tells it in events that fit the published schema`() throws {
    let schema = try JSONSchema(
      JSONReader.value(
        Repository.bytes("Docs/schemas/run-event.schema.json"), source: "schema"),
      source: "run-event.schema.json")
    let user = try CloudHome(more: Self.escalate("model-failed"))
    let result = try user.home.run(
      script: [CloudHome.question("One?")] + Self.nothing, ["--json", CloudHome.moons])
    #expect(result.exitCode == 0, "\(result.errors)")
    let events = try result.events()
    #expect(events.named("cloud.judged").count == 2)
    for event in events { #expect(schema.problem(with: event) == nil, "\(event.compactText)") }
  }

  @Test func `stays here where the policy names no condition, or another one`() throws {
    for more in ["", Self.escalate("steps-spent")] {
      let user = try CloudHome(more: more)
      let result = try user.home.run(script: Self.nothing, [CloudHome.moons])
      #expect(result.exitCode == 6, "\(result.errors)")
      #expect(try user.home.lastEvents().named("cloud.judged").isEmpty)
      #expect(try user.cloud.requests() == [])
    }
  }

  @Test func `tells what was done when the steps are used up`() throws {
    let user = try CloudHome(more: Self.escalate("steps-spent"))
    let turns = [Turn.call("python", "print(37 * 91)"), Turn.call("python", "print(2)")]
    let result = try user.home.run(
      script: turns, ["--max-steps", "1", "What is 37 * 91?"])
    #expect(result.exitCode == 0, "\(result.errors)")
    let text = try #require(try user.userTexts().first)
    #expect(text.contains("What is 37 * 91?"))
    #expect(text.contains("Call of python:\nprint(37 * 91)"), "\(text)")
    #expect(text.contains("Result of python:\n3367"), "\(text)")
  }

  @Test func `leaves out what tools answered where the policy says so`() throws {
    let user = try CloudHome(
      more: "cloud: { escalate: ['steps-spent'], stripToolOutput: true },")
    let turns = [Turn.call("python", "print(37 * 91)")]
    let result = try user.home.run(
      script: turns, ["--max-steps", "1", "What is 37 * 91?"])
    #expect(result.exitCode == 0, "\(result.errors)")
    let text = try #require(try user.userTexts().first)
    #expect(text.contains("Result of python:\n[redacted: output of python]"), "\(text)")
    #expect(!text.contains("3367"))
  }

  @Test func `is refused like everything else`() throws {
    let user = try CloudHome(
      configuration: ["model": "other"], more: Self.escalate("model-failed"))
    let result = try user.home.run(script: Self.nothing, [CloudHome.moons])
    #expect(result.exitCode == 6, "\(result.errors)")
    let events = try user.home.lastEvents()
    #expect(events.named("run.escalated").first?["status"] == "refused")
    #expect(events.named("cloud.judged").first?["verdict"] == "deny")
    #expect(try user.cloud.requests() == [])
  }

  @Test func `ends as it would have where no answer comes`() throws {
    let user = try CloudHome(more: Self.escalate("steps-spent"))
    try user.cloud.behave(["400"])
    let result = try user.home.run(
      script: [Turn.call("python", "1")], ["--max-steps", "1", CloudHome.moons])
    // The network comes before the budget.
    #expect(result.exitCode == 10, "\(result.errors)")
    #expect(
      try user.home.lastEvents().named("run.escalated").first?["status"] == "failed")
  }

  @Test func `at once where the user says so and the policy lets it`() throws {
    let user = try CloudHome(more: Self.escalate("task-marked"))
    let result = try user.home.run(script: [Turn.answer("x")], ["--cloud", CloudHome.moons])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output == CloudHome.answer + "\n")
    #expect(try user.home.lastEvents().named("model.generated").isEmpty)
    // Without the mark the task stays here.
    #expect(
      try user.home.run(script: [Turn.answer("x")], [CloudHome.moons]).output == "x\n")
    #expect(try user.cloud.requests().count == 1)
  }

  @Test func `not where it may not be marked, or nothing is configured`() throws {
    let user = try CloudHome()
    let refused = try user.home.run(script: [Turn.answer("x")], ["--cloud", CloudHome.moons])
    #expect(refused.exitCode == 3)
    #expect(refused.errors.contains("\"task-marked\""))
    try user.home.remove("config/martlet/cloud.json")
    let missing = try user.home.run(script: [Turn.answer("x")], ["--cloud", CloudHome.moons])
    #expect(missing.exitCode == 2)
    #expect(missing.errors.contains("cloud.json"))
    #expect(try user.cloud.requests() == [])
  }

  @Test func `after a person said yes`() throws {
    let user = try CloudHome(send: "ask", more: Self.escalate("task-marked"))
    let stopped = try user.home.run(script: [Turn.answer("x")], ["--cloud", CloudHome.moons])
    #expect(stopped.exitCode == 4, "\(stopped.errors)")
    #expect(try user.cloud.requests() == [])
    let resumed = try user.home.run("run", "--resume", "last", "--approver", "yes")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(resumed.output == CloudHome.answer + "\n")
  }
}
