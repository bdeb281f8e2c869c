// CloudFaultTests.swift — providers that misbehave: the run ends by retry or by exit 10, and never hangs.

import Base
import Foundation
import TestKit
import Testing

@Suite struct `A cloud model that misbehaves` {
  /// One run that asks once for each of `manners`; the answers in their order.
  private func ask(
    _ user: CloudHome, _ manners: [[String]]
  ) throws -> (result: ProgramResult, answers: [JSONValue], attempts: [Int]) {
    try user.cloud.behave(manners.flatMap { $0 })
    let turns = manners.indices.map { CloudHome.question("Question \($0)?") }
    let result = try user.home.run(
      script: turns + [Turn.answer("Done.")], ["--max-tool-calls", "200", "Go."])
    let events = try user.home.lastEvents()
    return (
      result, events.named("tool.answered"),
      events.named("cloud.answered").compactMap { $0["attempts"]?.intValue }
    )
  }

  private static let faults = [
    ("truncated", "ended too early"), ("cut", "ended too early"),
    ("half-json", "ended too early"),
    ("garbage", "not what the interface prescribes"), ("html", "text/html"),
    ("empty", "ended too early"), ("nothing", "before its answer was complete"),
    ("reset", "ended"), ("429", "Slow down."),
    ("429-long", "Come back tomorrow."), ("429-quota", "exceeded your quota"),
    ("500", "It broke."), ("503-page", "503"), ("400", "Unknown model."), ("redirect", "307"),
    ("error-inside", "The engine fell over."), ("filtered", "withheld"),
    ("only-thought", "answered nothing"), ("flood", "larger than"),
  ]

  @Test func `ends the run with exit 10, and the model reads why`() throws {
    // Nothing may be waited for, so each is asked once.
    let user = try CloudHome(configuration: ["limits": ["waitSeconds": 0, "totalSeconds": 20]])
    let (result, answers, attempts) = try ask(user, Self.faults.map { [$0.0] })
    #expect(result.exitCode == 10, "\(result.errors)")
    #expect(result.output == "Done.\n")
    #expect(answers.count == Self.faults.count)
    #expect(attempts == Self.faults.map { _ in 1 })
    for (answer, (fault, words)) in zip(answers, Self.faults) {
      #expect(answer["status"] == "failed", "\(fault)")
      let text = answer["text"]?.stringValue ?? ""
      #expect(text.hasPrefix("The cloud model gave no answer: "), "\(fault): \(text)")
      #expect(text.contains(words), "\(fault): \(text)")
    }
  }

  @Test func `is asked again, and with the same bytes`() throws {
    let user = try CloudHome()
    let manners = [
      ["429", "stream"], ["500", "503-page", "stream"], ["truncated", "stream"],
      ["nothing", "whole"], ["error-inside", "slow"],
    ]
    let (result, answers, attempts) = try ask(user, manners)
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(answers.allSatisfy { $0["text"]?.stringValue == CloudHome.answer })
    #expect(attempts == manners.map(\.count))
    #expect(Set(try user.cloud.requests().map(\.body)).count == manners.count)
  }

  @Test func `without an end is given up after its attempts`() throws {
    let user = try CloudHome()
    let (result, answers, attempts) = try ask(user, [["500", "500", "500"], ["400"]])
    #expect(result.exitCode == 10, "\(result.errors)")
    #expect(attempts == [3, 1])
    #expect(answers.first?["text"]?.stringValue?.hasSuffix("(3 attempts)") == true)
    #expect(try user.cloud.requests().count == 4)
  }

  @Test(arguments: ["chat", "responses"])
  func `in the order of its events answers nothing wrong`(interface: String) throws {
    let user = try CloudHome(configuration: [
      "interface": .string(interface), "limits": ["waitSeconds": 0],
    ])
    let (result, answers, _) = try ask(user, [["reordered"], ["truncated"], ["stream"]])
    #expect(result.exitCode == 10, "\(result.errors)")
    #expect(
      answers.compactMap { $0["status"]?.stringValue }.suffix(2) == ["failed", "succeeded"])
    // The last event of Responses repeats the whole answer, so that one is enough.
    let first = try #require(answers.first)
    #expect(
      first["status"] == "failed"
        || interface == "responses" && first["text"]?.stringValue == CloudHome.answer)
  }

  @Test func `by saying nothing is given up in time`() throws {
    let user = try CloudHome(configuration: [
      "limits": ["silenceSeconds": 1, "totalSeconds": 2, "attempts": 1]
    ])
    let (result, answers, _) = try ask(user, [["silent"], ["stall"], ["comments"]])
    #expect(result.exitCode == 10, "\(result.errors)")
    #expect(answers.compactMap { $0["status"]?.stringValue } == ["failed", "failed", "failed"])
    let times = try user.home.lastEvents().named("egress.ended").compactMap {
      $0["milliseconds"]?.intValue
    }
    #expect(times.count == 3 && times.allSatisfy { $0 < 15_000 }, "\(times)")
  }

  @Test func `and leaves the connection open after its last word does not hold the run`() throws {
    let user = try CloudHome(configuration: ["limits": ["silenceSeconds": 25, "totalSeconds": 28]])
    let (result, _, _) = try ask(user, [["open"]])
    #expect(result.exitCode == 0, "\(result.errors)")
    let time = try user.home.lastEvents().named("egress.ended").first?["milliseconds"]?.intValue
    #expect(time ?? .max < 20_000)
  }

  @Test func `and repeats the key that it refuses tells nobody`() throws {
    let user = try CloudHome()
    let (result, answers, _) = try ask(user, [["401"]])
    #expect(result.exitCode == 10, "\(result.errors)")
    let text = answers.first?["text"]?.stringValue ?? ""
    #expect(text.contains("Incorrect API key: Bearer [key]"), "\(text)")
    #expect(try user.home.files(holding: CloudHome.key) == ["key"])
    #expect(!(result.output + result.errors).contains(CloudHome.key))
  }

  @Test func `and is out of reach is told apart`() throws {
    let user = try CloudHome()
    try user.configure(["baseURL": "http://127.0.0.1:9/v1", "limits": ["waitSeconds": 0]])
    let result = try user.ask()
    #expect(result.exitCode == 10, "\(result.errors)")
    #expect(result.errors.contains("could not be reached"), "\(result.errors)")
  }

  @Test func `cuts an answer off and says so`() throws {
    let user = try CloudHome()
    let (result, answers, _) = try ask(user, [["length"]])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(
      answers.first?["text"]?.stringValue
        == CloudHome.answer + "\n[The answer ends here: length.]")
  }
}
