// ToolHostTests.swift — plugins that behave, plugins that do not, and what is left of them.

import Base
import Foundation
import Sandbox
import TestKit
import Testing
import ToolHost

@Suite(.serialized) struct `A tool host` {
  @Test func `keeps one plugin through the run`() async throws {
    let fake = try FakePlugin()
    for count in 1...3 {
      #expect(try await fake.act("count") == ToolResult(status: .succeeded, text: "\(count)"))
    }
    await fake.host.shutdown()
  }

  @Test func `answers a warm call fast`() async throws {
    let fake = try FakePlugin()
    _ = try await fake.act("count")
    var times: [Duration] = []
    for _ in 0..<200 {
      let start = ContinuousClock.now
      _ = try await fake.act("count")
      times.append(ContinuousClock.now - start)
    }
    // About 0.1 ms on a quiet machine; the bound leaves room for a busy one.
    #expect(times.sorted()[100] < .milliseconds(20))
    await fake.host.shutdown()
  }

  @Test(arguments: [
    ("hang", "gave no answer to tools/call within 2 s"),
    ("stubborn", "gave no answer to tools/call within 2 s"),
    ("chatter", "gave no answer to tools/call within 2 s"),
    ("die", "ended with status 3; its last words were: out of luck"),
    ("crash", "was ended by signal 11"),
    ("close", "closed its output, and was killed"),
    ("twice", "answered twice"),
    (
      "flood",
      "broke its protocol: The peer sent a line of more than 16777216 bytes; it was dropped"
    ),
    (
      "misshapen",
      "broke its protocol: The server's result for \"tools/call\" cannot be used: it lacks the list \"content\""
    ),
  ])
  func `says how a plugin broke, and starts it anew`(how: String, reason: String) async throws {
    let fake = try FakePlugin()
    #expect(try await fake.act("count").text == "1")
    let start = ContinuousClock.now
    let result = try await fake.act(how)
    #expect(
      result
        == ToolResult(
          status: .broken,
          text: """
            The tool "fake.act" did not answer: it \(reason). The next call starts it anew; what it \
            kept is lost.
            """))
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(try await fake.act("count").text == "1", "the plugin is a fresh one")
    await fake.host.shutdown()
  }

  @Test(arguments: [
    ("garbage", "gave no answer to tools/call within 2 s; before that: The peer sent a line"),
    ("noise", "broke its protocol: "),
  ])
  func `says what a plugin wrote instead of an answer`(how: String, part: String) async throws {
    let fake = try FakePlugin()
    let result = try await fake.act(how)
    #expect(result.status == .broken)
    #expect(result.text.contains("did not answer: it \(part)"), "\(result.text)")
    #expect(try await fake.act("count").text == "1")
    await fake.host.shutdown()
  }

  @Test(arguments: [
    ("later", "answered twice"), ("leave", "ended with status 0"),
  ])
  func `replaces a plugin that broke between two calls, and says so`(
    how: String, reason: String
  ) async throws {
    let fake = try FakePlugin()
    #expect(try await fake.act(how).status == .succeeded)
    try await Task.sleep(for: .milliseconds(800))
    #expect(
      try await fake.act("count").text
        == "[The tool was started anew, because it \(reason). What it kept is lost.]\n1")
    await fake.host.shutdown()
  }

  @Test(arguments: [
    ("dies", "ended with status 1; its last words were: no licence"),
    ("hangs", "gave no answer to initialize within 4 s"),
    ("lacking", "does not offer \"act\", which its manifest promises"),
    (
      "floods",
      "broke its protocol: The peer sent a line of more than 16777216 bytes; it was dropped"
    ),
  ])
  func `says how a plugin failed to open`(opening: String, reason: String) async throws {
    let fake = try FakePlugin(opening: opening)
    let result = try await fake.act("count")
    #expect(result.status == .broken)
    #expect(result.text.contains("did not answer: it \(reason)."), "\(result.text)")
    await fake.host.shutdown()
  }

  @Test func `passes errors, refusals and structured results on`() async throws {
    let fake = try FakePlugin()
    #expect(try await fake.act("error") == ToolResult(status: .failed, text: "no luck"))
    #expect(
      try await fake.act("refuse")
        == ToolResult(
          status: .failed, text: "The tool \"fake.act\" refused the call: not like this"))
    #expect(
      try await fake.act("structured")
        == ToolResult(status: .succeeded, text: "seen", structured: ["n": 7]))
    let raw = try await fake.host.call(ToolCall(id: 2, tool: "fake.raw", body: "x = {\"1\""))
    #expect(raw.text == #"{"text": "x = {\"1\""}"#)
    #expect(try await fake.host.call(ToolCall(id: 3, tool: "fake.act", body: " \n")).text == "{}")
    await fake.host.shutdown()
  }

  @Test func `shortens a long answer between its characters`() async throws {
    let fake = try FakePlugin()
    let text = try await fake.act("long").text
    #expect(text.utf8.count < 4096 + 64)
    #expect(text.hasPrefix("aéé") && text.hasSuffix("ééz"))
    #expect(text.contains(" bytes left out …]"))
    await fake.host.shutdown()
  }

  @Test(arguments: [
    (
      "{\"a\":",
      "The arguments of \"fake.act\", line 1, column 6: the text ends where a value should be."
    ),
    ("[1]", "The arguments of \"fake.act\" must be one JSON object: { … }."),
    ("{} {}", "The arguments of \"fake.act\", line 1, column 4: there is more text after the end"),
  ])
  func `answers a body that is no JSON object with what is wrong`(
    body: String, part: String
  ) async throws {
    let fake = try FakePlugin()
    let result = try await fake.host.call(ToolCall(id: 1, tool: "fake.act", body: body))
    #expect(result.status == .failed)
    #expect(result.text.hasPrefix(part), "\(result.text)")
  }

  @Test func `bounds what it says of a body`() async throws {
    let fake = try FakePlugin()
    let key = "\"" + String(repeating: "k", count: 100_000) + "\":1"
    let result = try await fake.host.call(
      ToolCall(id: 1, tool: "fake.act", body: "{\(key),\(key)}"))
    #expect(result.status == .failed)
    #expect(result.text.utf8.count < 1100)
  }

  @Test func `names the tools when there is none of that name`() async throws {
    let fake = try FakePlugin()
    let result = try await fake.host.call(ToolCall(id: 1, tool: "shell", body: ""))
    #expect(
      result
        == ToolResult(
          status: .failed, text: "There is no tool \"shell\". There are: fake.act, fake.raw."))
  }

  @Test func `throws where the sandbox cannot be built`() async throws {
    let fake = try FakePlugin(profile: "nowhere")
    await #expect {
      _ = try await fake.act("count")
    } throws: { error in
      "\(error)".hasPrefix("The sandbox of the tool \"fake\" cannot be built: There is no sandbox")
        && (error as? ToolHostError)?.exitStatus == 2
    }
    #expect(ToolHostError.sandbox(tool: "fake", .noWall(searched: [])).exitStatus == 8)
  }

  @Test func `leaves nothing behind when it is shut down during a call`() async throws {
    let fake = try FakePlugin(callSeconds: 60)
    let start = ContinuousClock.now
    async let result = fake.act("stubborn")
    try await Task.sleep(for: .seconds(1))
    #expect(try !Self.processes(with: fake.files.folder.path).isEmpty)
    await fake.host.shutdown()
    #expect(try await result.status == .broken)
    #expect(ContinuousClock.now - start < .seconds(15))
    await #expect(throws: ToolHostError.shutDown) { _ = try await fake.act("count") }
    #expect(try Self.processes(with: fake.files.folder.path).isEmpty)
  }

  @Test func `gives a call up when its task is cancelled`() async throws {
    let fake = try FakePlugin(callSeconds: 60)
    let task = Task { try await fake.act("hang") }
    try await Task.sleep(for: .seconds(1))
    task.cancel()
    #expect(try await task.value.status == .broken)
    #expect(try await fake.act("count").text == "1")
    await fake.host.shutdown()
  }

  @Test func `lets calls of one plugin wait for each other`() async throws {
    let fake = try FakePlugin()
    async let first = fake.act("count")
    async let second = fake.act("count")
    async let third = fake.act("count")
    let texts = try await [first.text, second.text, third.text]
    #expect(texts.sorted() == ["1", "2", "3"])
    await fake.host.shutdown()
  }

  /// Processes whose mounts or command lines mention `text`.
  private static func processes(with text: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
      guard Int(name) != nil, name != "\(ProcessInfo.processInfo.processIdentifier)" else {
        return false
      }
      return ["mountinfo", "cmdline"].contains { file in
        let data = FileManager.default.contents(atPath: "/proc/\(name)/\(file)") ?? Data()
        return String(decoding: data, as: UTF8.self).contains(text)
      }
    }
  }
}
