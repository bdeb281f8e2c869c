// NanoTests.swift — the model that ships with the program, from a task to an answer, tools and all.

import Base
import Foundation
import TestKit
import Testing

struct NanoTests {
  /// A task that the model was not trained on: `Tests/Vectors/nano/tasks.jsonl`.
  private struct Task {
    var id: String
    var text: String
    /// Contents of the workspace by path.
    var files: [String: String]
    /// Texts that the answer has to contain.
    var wanted: [String]
    /// The tool that has to be called; nil for none.
    var tool: String?

    static func all() throws -> [Task] {
      try Vectors.jsonLines("nano/tasks.jsonl").enumerated().map { index, line in
        var files: [String: String] = [:]
        for (path, content) in try #require(line["files"]?.objectValue) {
          files[path] = content.stringValue
        }
        return Task(
          id: "\(index + 1)", text: try #require(line["task"]?.stringValue), files: files,
          wanted: try #require(line["must_contain"]?.arrayValue).compactMap(\.stringValue),
          tool: line["tool"]?.stringValue)
      }
    }
  }

  @Test func `does forty tasks that it was not trained on`() throws {
    let home = try Home()
    let tasks = try Task.all()
    #expect(tasks.count == 40)
    var lines = ""
    for task in tasks {
      let folder = "tasks/\(task.id)"
      try home.write("\(folder)/.keep", "")
      for (path, content) in task.files { try home.write("\(folder)/\(path)", content) }
      lines +=
        JSONValue.object([
          "id": .string(task.id), "task": .string(task.text),
          "workspace": .string("\(home.path)/\(folder)"),
        ]).compactText + "\n"
    }
    let result = try home.run(
      "run", "--model", "nano", "--tasks", try home.write("tasks.jsonl", lines), "--quiet")
    let answers = try result.events()
    #expect(answers.count == tasks.count)
    for (task, line) in zip(tasks, answers) {
      let answer = line["answer"]?.stringValue ?? ""
      for text in task.wanted {
        #expect(answer.contains(text), "\(task.text) -> \(answer)")
      }
      let session = try #require(line["session"]?.stringValue)
      let calls = try home.run("session", "show", session, "--json").events().named("tool.called")
      #expect(calls.compactMap { $0["tool"]?.stringValue } == (task.tool.map { [$0] } ?? []))
    }
  }

  @Test func `opens a page under a policy that allows it, and tells why not under another`() throws
  {
    let web = try WebStandIn()
    let home = try Home()
    // The model copies addresses that it can copy; a proxy finds the page behind this one.
    let settings: JSONValue = [
      "proxy": .string("http://127.0.0.1:\(web.ports["plain"] ?? 0)"),
      "proxyCredentials": .string(try home.write("credentials", "user:word\n")),
    ]
    try home.write("config/martlet/network.json", settings.compactText)
    let task = "Open http://127.0.0.1:8000/index.html and tell me its title."
    let words = ["run", "--model", "nano", "--workspace", home.workspace, task]
    let allowed = try Program.run(
      words + ["--policy", "demo-web"], environment: home.environment)
    #expect(allowed.exitCode == 0, "\(allowed.errors)")
    #expect(allowed.output == "The title is \"Garden notes\".\n")
    #expect(
      try home.lastEvents().named("egress.judged").first?["rules"] == ["fetch-loopback"])
    #expect(try web.log().last == "GET /index.html")
    try home.setPolicy(
      """
      { id: 'browse', effect: 'allow', tool: 'browser.*', args: 'any', sandbox: 'browser' },
      { id: 'no-pages', effect: 'deny', tool: 'browser.open', args: { id: { host: ['127.0.0.1'] } },
        reason: 'it opens a page of the web' }
      """)
    let refused = try Program.run(words, environment: home.environment)
    #expect(refused.exitCode == 3, "\(refused.errors)")
    #expect(
      refused.output == """
        The policy refused this: Rule "no-pages" of "test" denies it: it opens a page of the web.

        """)
    #expect(try web.log() == [])
  }

  @Test func `is there on the first run, and goes through policy, sandbox and ledger`() throws {
    let home = try Home()
    let result = try home.run("run", "--workspace", home.workspace, "What is 37 * 91?")
    #expect(result.exitCode == 0)
    #expect(result.output.contains("3367"))
    #expect(result.errors.contains("martlet model pull gpt-oss-20b"))
    let events = try home.lastEvents()
    #expect(events.named("model.loaded").first?["model"]?.stringValue == "nano")
    #expect(events.named("tool.called").first?["tool"]?.stringValue == "python")
    #expect(events.named("policy.decided").first?["verdict"]?.stringValue == "allowed")
    #expect(events.named("sandbox.started").first?["tier"]?.stringValue == "full")
    #expect(events.named("tool.answered").first?["text"]?.stringValue == "3367\n")
    #expect(try home.run("session", "verify").exitCode == 0)
  }
}
