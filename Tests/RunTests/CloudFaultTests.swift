// CloudFaultTests.swift — providers that misbehave: the run ends by retry or by exit 10, and never hangs.

import Base
import Foundation
import TestKit
import Testing

@Suite struct `A cloud model that misbehaves` {
  @Test(arguments: [
    ("truncated", 3, "ended too early"), ("cut", 3, "ended too early"),
    ("half-json", 3, "not what the interface prescribes"),
    ("garbage", 3, "not what the interface prescribes"), ("html", 3, "text/html"),
    ("empty", 3, "ended too early"), ("nothing", 3, "before its answer was complete"),
    ("reset", 3, "before its answer was complete"), ("429", 3, "Slow down."),
    ("429-long", 1, "Come back tomorrow."), ("429-quota", 1, "exceeded your quota"),
    ("500", 3, "It broke."), ("503-page", 3, "503"), ("400", 1, "Unknown model."),
    ("redirect", 1, "307"), ("error-inside", 3, "The engine fell over."),
    ("filtered", 1, "withheld"), ("only-thought", 1, "answered nothing"),
  ])
  func `ends the run with exit 10`(fault: String, attempts: Int, words: String) throws {
    let user = try CloudHome()
    try user.cloud.behave(fault)
    let begin = ContinuousClock.now
    let result = try user.ask()
    #expect(ContinuousClock.now - begin < .seconds(40))
    #expect(result.exitCode == 10, "\(fault): \(result.errors)")
    // The model reads why, and goes on.
    #expect(result.output == "Done.\n")
    let events = try user.home.lastEvents()
    let answer = try #require(events.named("tool.answered").first)
    #expect(answer["status"] == "failed")
    let text = answer["text"]?.stringValue ?? ""
    #expect(text.hasPrefix("The cloud model gave no answer: "), "\(text)")
    #expect(text.contains(words), "\(fault): \(text)")
    #expect(try user.cloud.requests().count == attempts, "\(fault)")
    #expect(events.named("cloud.answered").first?["attempts"]?.intValue == attempts)
  }

  @Test(arguments: [
    ["429", "stream"], ["500", "503-page", "stream"], ["truncated", "stream"],
    ["nothing", "stream"], ["error-inside", "stream"], ["html", "whole"],
  ])
  func `is asked again`(manners: [String]) throws {
    let user = try CloudHome()
    switch manners.count {
    case 2: try user.cloud.behave(manners[0], manners[1])
    default: try user.cloud.behave(manners[0], manners[1], manners[2])
    }
    let result = try user.ask()
    #expect(result.exitCode == 0, "\(manners): \(result.errors)")
    let answered = try #require(try user.home.lastEvents().named("cloud.answered").first)
    #expect(answered["attempts"]?.intValue == manners.count)
    // Each attempt sends the same bytes.
    #expect(Set(try user.cloud.requests().map(\.body)).count == 1)
  }

  @Test func `in the order of its events is asked again, and answers nothing wrong`() throws {
    let user = try CloudHome(configuration: ["interface": "responses"])
    try user.cloud.behave("reordered")
    let result = try user.ask()
    #expect(result.exitCode == 10, "\(result.errors)")
    #expect(try user.home.lastEvents().named("tool.answered").first?["status"] == "failed")
  }

  @Test(arguments: ["silent", "stall", "comments"])
  func `by saying nothing is given up in time`(fault: String) throws {
    let user = try CloudHome(configuration: [
      "limits": ["silenceSeconds": 1, "totalSeconds": 2, "attempts": 1]
    ])
    try user.cloud.behave(fault)
    let begin = ContinuousClock.now
    let result = try user.ask()
    #expect(ContinuousClock.now - begin < .seconds(30))
    #expect(result.exitCode == 10, "\(fault): \(result.errors)")
  }

  @Test func `and leaves the connection open after its last word does not hold the run`() throws {
    let user = try CloudHome(configuration: ["limits": ["silenceSeconds": 25, "totalSeconds": 28]])
    try user.cloud.behave("open")
    let begin = ContinuousClock.now
    let result = try user.ask()
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(ContinuousClock.now - begin < .seconds(20))
  }

  @Test func `and floods is cut off`() throws {
    let user = try CloudHome(configuration: ["limits": ["attempts": 1, "totalSeconds": 60]])
    try user.cloud.behave("flood")
    let result = try user.ask()
    #expect(result.exitCode == 10, "\(result.errors)")
  }

  @Test func `and repeats the key that it refuses tells nobody`() throws {
    let user = try CloudHome()
    try user.cloud.behave("401")
    let result = try user.ask()
    #expect(result.exitCode == 10, "\(result.errors)")
    let text = try user.home.lastEvents().named("tool.answered").first?["text"]?.stringValue
    #expect(text?.contains("Incorrect API key: Bearer [key]") == true, "\(text ?? "")")
    #expect(try user.home.files(holding: CloudHome.key) == ["key"])
    #expect(!(result.output + result.errors).contains(CloudHome.key))
  }

  @Test func `and is out of reach is told apart`() throws {
    let user = try CloudHome()
    try user.configure(["baseURL": "http://127.0.0.1:9/v1"])
    let result = try user.ask()
    #expect(result.exitCode == 10, "\(result.errors)")
    #expect(result.errors.contains("could not be reached"), "\(result.errors)")
  }

  @Test func `cuts an answer off and says so`() throws {
    let user = try CloudHome()
    try user.cloud.behave("length")
    #expect(try user.ask().exitCode == 0)
    let text = try user.home.lastEvents().named("tool.answered").first?["text"]?.stringValue
    #expect(text == CloudHome.answer + "\n[The answer ends here: length.]")
  }
}
