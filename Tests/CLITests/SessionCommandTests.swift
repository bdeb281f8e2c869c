// SessionCommandTests.swift — recorded runs as people and programs read them.

import Base
import Foundation
import Planner
import Runtime
import Store
import TestKit
import Testing

@Suite struct `The session commands` {
  private let home: Home
  private static let header: JSONValue = [
    "workspace": "/srv/work", "model": "script:demo.jsonl",
    "policy": [["id": "default", "revision": 1]], "scripted": true, "version": "0.1.0",
  ]

  init() throws { home = try Home() }

  private static let events: [RunEvent] = [
    .happened(.started(PlannerSettings(tools: [ToolDeclaration(name: "python", body: .raw)]))),
    .happened(.taskGiven("What is 6 times 7?\nBe brief.")),
    .happened(
      .modelSaid(
        ModelTurn(
          messages: [
            ModelMessage(channel: .analysis, text: "I shall compute."),
            ModelMessage(channel: .commentary, text: "Let me see."),
            ModelMessage(channel: .commentary, recipient: "python", text: "6 * 7"),
          ], ending: .called, promptTokenCount: 9, generatedTokenCount: 21))),
    .toolCalled(ToolCall(id: 1, tool: "python", body: "6 * 7")),
    .happened(
      .callJudged(
        call: 1, CallDecision(verdict: .allowed, rule: "python", reason: "Rule python allows it."))
    ),
    .happened(
      .toolAnswered(
        call: 1,
        ToolAnswer(
          result: ToolResult(
            status: .succeeded, text: (1...30).map { "line \($0)\n" }.joined())))),
    .remarked(PlannerRemark(.callRepeated, call: 1, "The call was made twice.")),
    .reported(name: "sandbox.ended", ["tier": "full"]),
    .happened(
      .modelSaid(
        ModelTurn(
          messages: [ModelMessage(channel: .final, text: "42")], ending: .returned,
          generatedTokenCount: 10))),
    .finished(.answered, answer: "42"),
  ]

  @Test func `say that there are no runs yet, and make no ledger for that`() throws {
    #expect(
      try home.run("session", "list")
        == ProgramResult(exitCode: 0, output: "", errors: "No runs yet.\n"))
    #expect(
      try home.run("session", "verify", "--json")
        == ProgramResult(
          exitCode: 0,
          output: "{\"intact\":true,\"sessions\":0,\"events\":0,\"contents\":0,\"erased\":0}\n",
          errors: "No runs yet.\n"))
    #expect(
      try home.run("session", "show", "last")
        == ProgramResult(
          exitCode: 2, output: "",
          errors: "martlet: No runs were recorded yet. Start one: martlet run \"…\"\n"))
    #expect(!FileManager.default.fileExists(atPath: home.ledgerPath))
  }

  @Test func `list runs, the newest first, with outcome and task`() throws {
    try home.record("first", header: Self.header, Self.events)
    try home.record("second", Array(Self.events.prefix(4)))
    let listed = try home.run("session", "list")
    #expect(
      listed.output == """
        second  2026-11-25 17:00  unfinished
            What is 6 times 7? Be brief.
        first  2026-11-25 17:00  answered  script:demo.jsonl (scripted)  /srv/work
            What is 6 times 7? Be brief.

        """)
    let lines = try home.run("session", "list", "--json").output.split(separator: "\n")
    #expect(
      try JSONReader.value(String(lines[1]), source: "the list") == [
        "id": "first", "time": "2026-11-25T17:00:00.000Z", "events": 10, "outcome": "answered",
        "exit_code": 0, "task": "What is 6 times 7?\nBe brief.", "workspace": "/srv/work",
        "model": "script:demo.jsonl", "policy": [["id": "default", "revision": 1]],
        "scripted": true, "version": "0.1.0",
      ])
    #expect(try home.run("session", "list", "--limit", "1").output.hasPrefix("second"))
  }

  @Test func `show a run as a timeline`() throws {
    try home.record("first", header: Self.header, Self.events)
    let shown = try home.run("session", "show", "first")
    #expect(shown.exitCode == 0)
    let result = (1...24).map { "                line \($0)\n" }.joined()
    #expect(
      shown.output == """
        Session first, 2026-11-25 17:00, 10 events
        workspace  /srv/work
        model      script:demo.jsonl (scripted)
        policy     default 1
        martlet    0.1.0

           1  17:00:00  started, with python and at most 50 steps
           2  17:00:01  task
                        What is 6 times 7?
                        Be brief.
           3  17:00:02  model, 21 tokens
                        says:
                          Let me see.
           4  17:00:03  call 1  python
                        6 * 7
           5  17:00:04  call 1  allowed by python: Rule python allows it.
           6  17:00:05  call 1  succeeded
        \(result)                … (6 more lines)
           7  17:00:06  note, call 1: The call was made twice.
           8  17:00:07  sandbox.ended  {"tier":"full"}
           9  17:00:08  model, 10 tokens
                        answer:
                          42
          10  17:00:09  finished: answered (exit code 0), 2 steps, 1 call, 31 tokens, 1.2 s

        """)
    let thoughtful = try home.run("session", "show", "last", "--thinking").output
    #expect(thoughtful.contains("                thinking:\n                  I shall compute.\n"))
  }

  @Test func `show every event whole, and erased ones as such`() throws {
    try home.record("first", Self.events)
    try Ledger(path: home.ledgerPath).eraseBodies(containing: "line 30")
    let lines = try home.run("session", "show", "first", "--json").output.split(separator: "\n")
      .map { try JSONReader.value(String($0), source: "the events") }
    #expect(lines.map { $0["sequence"]?.intValue } == Array(1...10))
    #expect(
      lines[3] == [
        "sequence": 4, "time": "2026-11-25T17:00:03.000Z", "event": "tool.called", "call": 1,
        "tool": "python", "body": "6 * 7",
      ])
    #expect(
      lines[5] == [
        "sequence": 6, "time": "2026-11-25T17:00:05.000Z", "event": "tool.answered",
        "elapsed_ms": 0, "call": 1, "status": "succeeded", "erased": true,
      ])
    let shown = try home.run("session", "show", "first").output
    #expect(shown.contains("   6  17:00:05  tool.answered, call 1: the content was erased\n   7"))
  }

  @Test func `take the beginning of an id, or last`() throws {
    for id in ["01aa", "01ab", "02"] { try home.record(id, [.happened(.taskGiven(id))]) }
    for (word, id) in [("01aa", "01aa"), ("01ab", "01ab"), ("0", ""), ("02", "02"), ("last", "02")]
    where !id.isEmpty {
      #expect(try home.run("session", "show", word).output.hasPrefix("Session \(id),"))
    }
    let vague = try home.run("session", "show", "01")
    #expect(vague.exitCode == 2)
    #expect(
      vague.errors
        == "martlet: 2 sessions begin with \"01\": 01ab, 01aa. Write more of the id.\n")
    let unknown = try home.run("session", "verify", "9")
    #expect(unknown.exitCode == 2)
    #expect(unknown.errors == "martlet: There is no session \"9\". See: martlet session list\n")
    let both = try home.run("session", "show", "02", "--diff", "--undo")
    #expect(both.errors == "martlet: Give one of --json, --diff and --undo.\n")
  }

  @Test func `verify one session or all of them`() throws {
    try home.record("first", Self.events)
    try home.record("second", Array(Self.events.prefix(4)))
    #expect(
      try home.run("session", "verify").output
        == "All holds: 2 sessions, 14 events, 10 contents.\n")
    #expect(
      try home.run("session", "verify", "second").output
        == "All holds: 1 session, 4 events, 4 contents.\n")
  }

  /// Kinds and headers lie in the rows of events; what was said lies in bodies.
  @Test(arguments: [
    ("tool.called", "Event 4 of session \"first\" was altered: it does not match its hash."),
    ("policy.decided", "Event 5 of session \"first\" was altered: it does not match its hash."),
    ("allows it", "Event 5 of session \"first\": its body \"event\" was altered."),
    ("Be brief", "Event 2 of session \"first\": its body \"event\" was altered."),
  ])
  func `name the first event that was tampered with`(text: String, sentence: String) throws {
    try home.record("first", Self.events)
    var file = try Data(contentsOf: URL(filePath: home.ledgerPath))
    // Where the text stands in a column of its own or in a body: every copy of it is changed.
    var count = 0
    while let found = file.range(of: Data(text.utf8)) {
      file[found.lowerBound] ^= 1
      count += 1
    }
    try #require(count > 0)
    try file.write(to: URL(filePath: home.ledgerPath))
    for words in [["session", "verify"], ["session", "verify", "first"]] {
      let result = try Program.run(words, environment: home.environment)
      #expect(result.exitCode == 1)
      #expect(result.output.isEmpty)
      #expect(result.errors == "martlet: \(sentence)\n")
    }
    let json = try home.run("session", "verify", "--json")
    #expect(json.exitCode == 1)
    let report = try JSONReader.value(json.output, source: "the report")
    #expect(report["intact"] == false)
    #expect(report["problem"]?["session"] == "first")
    #expect(report["problem"]?["sentence"] == .string(sentence))
  }

  @Test func `name the first event that the file does not give out any more`() throws {
    try home.record("first", Self.events)
    var file = try Data(contentsOf: URL(filePath: home.ledgerPath))
    let event = try #require(file.range(of: Data("tool.called".utf8)))
    // The first byte of a page says what kind of page it is; 0 is none.
    file[event.lowerBound / 4096 * 4096] = 0
    try file.write(to: URL(filePath: home.ledgerPath))
    for words in [["session", "verify"], ["session", "verify", "first"]] {
      let result = try Program.run(words, environment: home.environment)
      #expect(result.exitCode == 1)
      #expect(
        result.errors == """
          martlet: Event 1 of session "first" cannot be read: the file is damaged there.

          """)
    }
  }

  @Test func `call a ledger that is none any more damaged`() throws {
    try home.write("state/martlet/ledger.sqlite", "not a ledger at all")
    let result = try home.run("session", "verify")
    #expect(result.exitCode == 1)
    #expect(
      result.errors == """
        martlet: \(home.ledgerPath) is not a SQLite file. Move it away, or name another file.

        """)
  }

  /// What a writer leaves that was killed in the middle: a journal that has to be rolled back first.
  @Test func `read a ledger whose writer was killed`() throws {
    try home.record("first", Self.events)
    let crashed = try Home()
    let database = try Database(
      path: home.ledgerPath, format: .ledger, access: .readWrite, limits: StoreLimits())
    // So few pages in memory that some reach the file, and the journal the disk, before the commit.
    try database.run("PRAGMA cache_size = 1")
    try database.write { () throws(StoreError) in
      for _ in 0..<64 {
        try database.run(
          """
          INSERT INTO ledger_bodies
          VALUES (randomblob(32), randomblob(16), randomblob(32), randomblob(3000))
          """)
      }
      for suffix in ["", "-journal"] {
        try? FileManager.default.copyItem(
          atPath: home.ledgerPath + suffix, toPath: crashed.ledgerPath + suffix)
      }
    }
    let journal = try #require(
      FileManager.default.contents(atPath: crashed.ledgerPath + "-journal"))
    try #require(journal.first == 0xD9, "no journal to be rolled back")
    let verified = try crashed.run("session", "verify")
    #expect(verified.errors.isEmpty)
    #expect(verified.output == "All holds: 1 session, 10 events, 10 contents.\n")
  }
}
