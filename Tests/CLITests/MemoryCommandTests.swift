// MemoryCommandTests.swift — what is added is found, where it counts; what is forgotten is nowhere.

import Base
import Foundation
import Planner
import Runtime
import Store
import TestKit
import Testing

@Suite struct `The memory commands` {
  private let home: Home

  init() throws { home = try Home() }

  private func lines(_ result: ProgramResult) throws -> [JSONValue] {
    try result.output.split(separator: "\n").map {
      try JSONReader.value(String($0), source: "the answer")
    }
  }

  @Test func `find what was added, in its workspace and the global ones`() throws {
    let other = try home.write("other/file", "")
    let otherFolder = URL(filePath: other).deletingLastPathComponent().path(percentEncoded: false)
    let added = try home.shell("\"$MARTLET\" memory add 'Tests run with make check'")
    #expect(added.output == "Saved as memory 1, for \(home.workspace).\n")
    #expect(
      try home.run("memory", "add", "--global", "Make tea at four").output
        == "Saved as memory 2, for every workspace.\n")
    _ = try home.run("memory", "add", "--workspace", otherFolder, "Make no noise")
    let here = ["--workspace", home.workspace, "--json"]
    let found = try Program.run(["memory", "search", "make"] + here, environment: home.environment)
    #expect(Set(try lines(found).compactMap { $0["id"]?.intValue }) == [1, 2])
    let listed = try Program.run(["memory", "list"] + here, environment: home.environment)
    #expect(try lines(listed).compactMap { $0["id"]?.intValue } == [2, 1])
    let all = try home.run("memory", "list", "--all", "--json")
    #expect(try lines(all).compactMap { $0["id"]?.intValue } == [3, 2, 1])
    let newest = try home.run("memory", "list", "--all", "--limit", "1", "--json")
    #expect(try lines(newest).compactMap { $0["id"]?.intValue } == [3])
  }

  @Test func `say who added a memory and for where`() throws {
    let added = try home.run(
      "memory", "add", "--json", "--workspace", home.workspace, "Tests run with make check")
    var memory = try #require(try lines(added).first?.objectValue)
    let time = try #require(memory["time"]?.stringValue)
    #expect(time.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/#) != nil)
    memory["time"] = nil
    #expect(
      memory == [
        "id": 1, "text": "Tests run with make check", "scope": "workspace",
        "workspace": .string(home.workspace), "origin": "user", "trust": "user",
      ])
  }

  @Test func `read a text from standard input, and show it without obeying it`() throws {
    let text = "two\nlines \u{1B}[31mred \u{202E}txt\n"
    #expect(try home.run("memory", "add", "--global", "-", input: text).exitCode == 0)
    let shown = try home.run("memory", "list").output
    #expect(shown.hasSuffix("    two\n    lines \\u{1B}[31mred \\u{202E}txt\n"))
    #expect(shown.hasPrefix("1  20"))
    #expect(shown.contains("  for every workspace  by user\n"))
  }

  @Test func `find nothing where nothing was saved, and make no file for that`() throws {
    let found = try home.run("memory", "search", "\"OR* NEAR( 🦉 日本")
    #expect(found == ProgramResult(exitCode: 0, output: "", errors: "No memory matches.\n"))
    let listed = try home.run("memory", "list")
    #expect(listed.errors == "Nothing is remembered here.\n")
    #expect(!FileManager.default.fileExists(atPath: home.memoriesPath))
  }

  @Test(arguments: [
    (["memory", "add", ""], "A memory's text is empty."),
    (
      ["memory", "add", "--global", "--workspace", "/tmp", "x"],
      "Give either --global or --workspace."
    ),
    (
      ["memory", "add", "--workspace", "/nowhere", "x"],
      "The workspace /nowhere cannot be used: No such file or directory."
    ),
    (
      ["memory", "list", "--workspace", "/etc/passwd"], "The workspace /etc/passwd is not a folder."
    ),
    (["memory", "list", "--all", "--workspace", "/tmp"], "Give either --all or --workspace."),
    (["memory", "search"], "an argument is missing. Usage: martlet memory search QUERY…"),
    (
      ["memory", "forget"],
      "Give either the ids of memories or --containing TEXT. See: martlet memory forget --help"
    ),
    (
      ["memory", "forget", "1", "--containing", "x"],
      "Give either the ids of memories or --containing TEXT. See: martlet memory forget --help"
    ),
    (["memory", "forget", "one"], "\"one\" is no id of a memory. See: martlet memory list --all"),
    (["memory", "forget", "7"], "There is no memory 7. See: martlet memory list --all"),
    (["memory", "forget", "--containing", ""], "--containing needs a text that is not empty."),
  ])
  func `answer wrong words with a remedy and exit code 2`(
    words: [String], sentence: String
  ) throws {
    let result = try Program.run(words, environment: home.environment)
    #expect(result.exitCode == 2)
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix("martlet: \(sentence)"))
  }

  @Test func `refuse a text that is too large or no text`() throws {
    let large = try home.run("memory", "add", "-", input: String(repeating: "x", count: 70_000))
    #expect(large.errors == "martlet: Standard input has more than 65536 bytes.\n")
    let binary = try home.shell(#"printf '\377' | "$MARTLET" memory add -"#)
    #expect(binary.errors == "martlet: Standard input is not UTF-8 text.\n")
  }
}

@Suite struct `Forgetting` {
  private let home: Home

  init() throws { home = try Home() }

  /// A run that read the memory, among others.
  private func recordRun(_ id: String = "run", answers: [String]) throws {
    try home.record(
      id,
      [.happened(.started(PlannerSettings())), .happened(.taskGiven("Plant something."))]
        + answers.enumerated().map { index, text in
          .happened(
            .toolAnswered(
              call: index + 1,
              ToolAnswer(result: ToolResult(status: .succeeded, text: text))))
        })
  }

  @Test func `leaves the text nowhere, and a ledger that holds`() throws {
    let text = "The tulip is called \"Zwölf 4711\""
    _ = try home.run("memory", "add", "--global", text)
    _ = try home.run("memory", "add", "--global", "Roses are red")
    try recordRun(answers: ["You know: \(text).", "Roses are red"])
    // In the ledger the quotes are escaped, so a part of the text is looked for.
    for part in ["Zwölf 4711", "tulip"] {
      #expect(
        Set(try home.files(holding: part)) == [
          "data/martlet/memories.sqlite", "state/martlet/ledger.sqlite",
        ])
    }
    let forgotten = try home.run("memory", "forget", "1")
    #expect(
      forgotten
        == ProgramResult(
          exitCode: 0, output: "Forgot 1 memory, erased 1 content of the ledger.\n", errors: ""))
    for part in ["Zwölf", "4711", "zwolf", "tulip"] {
      #expect(try home.files(holding: part) == [])
    }
    #expect(try home.files(holding: "Roses are red").count == 2)
    #expect(
      try home.run("session", "verify").output
        == "All holds: 1 session, 4 events, 4 contents (1 erased).\n")
    #expect(try home.run("memory", "search", "tulip").output.isEmpty)
  }

  @Test func `of a text takes every memory and content that holds it`() throws {
    for workspace in ["a", "b"] {
      let folder = try home.write("\(workspace)/x", "")
      let parent = URL(filePath: folder).deletingLastPathComponent().path(percentEncoded: false)
      _ = try home.run("memory", "add", "--workspace", parent, "the sparrow in \(workspace)")
    }
    try recordRun(answers: ["a sparrow came", "a finch came"])
    let done = try home.run("memory", "forget", "--containing", "sparrow", "--json")
    #expect(done.exitCode == 0)
    #expect(done.output == "{\"forgotten\":[1,2],\"erased\":1,\"kept\":[]}\n")
    #expect(try home.files(holding: "sparrow") == [])
    #expect(
      try home.run("memory", "forget", "--containing", "sparrow").output
        == "Nothing holds that text.\n")
  }

  @Test func `asks before a short text takes much along`() throws {
    _ = try home.run("memory", "add", "--global", "owl")
    try recordRun(answers: (1...11).map { "\($0) howling wolves" })
    let asked = try home.run("memory", "forget", "1")
    #expect(asked.exitCode == 2)
    #expect(
      asked.errors == """
        martlet: So short a text stands in 11 of the 13 contents that the ledger holds, and forgetting \
        it erases all of them. Nothing was forgotten. To do it, add --yes.

        """)
    #expect(try home.files(holding: "owl").count == 2)
    let done = try home.run("memory", "forget", "1", "--yes")
    #expect(done.output == "Forgot 1 memory, erased 11 contents of the ledger.\n")
    #expect(try home.files(holding: "owl") == [])
  }

  @Test func `does not ask where a long text takes much, or a short one little`() throws {
    _ = try home.run("memory", "add", "--global", "long enough to mean one thing")
    _ = try home.run("memory", "add", "--global", "owl")
    try recordRun(answers: (1...11).map { "\($0) long enough to mean one thing" } + ["owl"])
    #expect(
      try home.run("memory", "forget", "1", "2").output
        == "Forgot 2 memories, erased 12 contents of the ledger.\n")
  }

  @Test func `names what it has to leave, and says so by its exit code`() throws {
    try home.record("r1", header: ["workspace": "/srv/magpie"], [.happened(.taskGiven("magpie"))])
    let done = try home.run("memory", "forget", "--containing", "magpie")
    #expect(done.exitCode == 1)
    #expect(done.output == "Forgot 0 memories, erased 1 content of the ledger.\n")
    #expect(
      done.errors == """
        martlet: The record of session "r1" still holds the text: it is under the ledger's chain for \
        good. Only a new ledger is without it.

        """)
  }
}
