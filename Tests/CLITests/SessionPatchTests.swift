// SessionPatchTests.swift — what a run changed, as patches that git and patch apply both ways.

import Base
import Foundation
import Planner
import Runtime
import TestKit
import Testing

/// Whether the first word of `command` is a program here.
private func isInstalled(_ command: String) -> Bool {
  let name = command.prefix { $0 != " " }
  return (try? Program.run(["-c", "command -v \(name)"], of: "/bin/sh"))?.exitCode == 0
}

@Suite struct `The changes of a run` {
  private let home: Home

  init() throws { home = try Home() }

  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private static let tools = ["git apply", "patch -s -p1"]

  /// Files below the workspace by path, with their permission bits.
  private func files() throws -> [String: String] {
    var files: [String: String] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: home.workspace) {
      let path = home.workspace + "/" + name
      guard let data = FileManager.default.contents(atPath: path) else { continue }
      let isExecutable = FileManager.default.isExecutableFile(atPath: path)
      files[name] = data.base64EncodedString() + (isExecutable ? " x" : "")
    }
    return files
  }

  private func put(_ differences: [FileDifference], after: Bool) throws {
    try FileManager.default.removeItem(atPath: home.workspace)
    try FileManager.default.createDirectory(
      atPath: home.workspace, withIntermediateDirectories: true)
    for file in differences {
      guard let content = after ? file.after : file.before else { continue }
      let path = try home.write("work/" + file.path, "")
      try Data(content).write(to: URL(filePath: path))
      let isExecutable = (file.mode ?? 0o644) & 0o100 != 0
      try FileManager.default.setAttributes(
        [.posixPermissions: isExecutable ? 0o755 : 0o644], ofItemAtPath: path)
    }
  }

  /// Every kind of change that one patch can make.
  private static let differences: [FileDifference] = [
    FileDifference(path: "changed.txt", before: bytes("a\nb\nc\n"), after: bytes("a\nB\nc\n")),
    FileDifference(path: "new/added.txt", before: nil, after: bytes("one\ntwo\n")),
    FileDifference(path: "deleted.txt", before: bytes("gone\n"), after: nil),
    FileDifference(path: "run.sh", before: bytes("#!/bin/sh\n"), after: nil, mode: 0o755),
    FileDifference(path: "no newline", before: bytes("a\nb"), after: bytes("a\nc")),
    FileDifference(path: "newline lost", before: bytes("a\nb\n"), after: bytes("a\nb")),
    FileDifference(path: "newline won", before: bytes("a\nb"), after: bytes("a\nb\n")),
    FileDifference(path: "emptied", before: bytes("x\n"), after: []),
    FileDifference(path: "filled", before: [], after: bytes("x")),
    FileDifference(path: "added without newline", before: nil, after: bytes("x")),
    FileDifference(path: "crlf.txt", before: bytes("a\r\nb\r\n"), after: bytes("a\r\nB\r\n")),
    FileDifference(path: "latin1.txt", before: [0x63, 0xE9, 0x0A], after: [0x63, 0xE8, 0x0A]),
    FileDifference(path: "naïve 日本.txt", before: bytes("x\n"), after: bytes("y\n")),
    FileDifference(path: "a \"quoted\" name", before: bytes("x\n"), after: bytes("y\n")),
    FileDifference(path: "-- dashes.txt", before: bytes("-- x\n++ y\n"), after: bytes("++ y\n")),
  ]

  @Test(arguments: tools.filter(isInstalled))
  func `apply forwards and backwards`(tool: String) throws {
    let differences = Self.differences
    try home.record(
      "run",
      RunEvent.patched(
        1,
        differences.map {
          RunEvent.change($0.path, $0.before, $0.after, mode: $0.mode.map { Int($0) })
        }))
    try put(differences, after: false)
    let before = try files()
    try put(differences, after: true)
    let after = try files()

    try put(differences, after: false)
    let diff = try home.shell("\"$MARTLET\" session show run --diff | \(tool)")
    #expect(diff == ProgramResult(exitCode: 0, output: "", errors: ""))
    #expect(try files() == after)
    let undo = try home.shell("\"$MARTLET\" session show run --undo | \(tool)")
    #expect(undo == ProgramResult(exitCode: 0, output: "", errors: ""))
    #expect(try files() == before)
  }

  @Test func `are net over the run`() throws {
    let change = RunEvent.change
    try home.record(
      "run",
      RunEvent.patched(
        1,
        [
          change("a", Self.bytes("1\n"), Self.bytes("2\n"), nil),
          change("b", nil, Self.bytes("new\n"), nil), change("c", Self.bytes("c\n"), nil, nil),
        ])
        + RunEvent.patched(
          2,
          [
            change("a", Self.bytes("2\n"), Self.bytes("3\n"), nil),
            change("b", Self.bytes("new\n"), nil, nil), change("c", nil, Self.bytes("c\n"), nil),
          ]))
    #expect(
      try home.run("session", "show", "run", "--diff").output == """
        diff --git a/a b/a
        --- a/a
        +++ b/a
        @@ -1 +1 @@
        -1
        +3

        """)
    #expect(
      try home.run("session", "show", "run", "--undo").output == """
        diff --git a/a b/a
        --- a/a
        +++ b/a
        @@ -1 +1 @@
        -3
        +1

        """)
  }

  @Test func `name what a patch cannot say, with exit code 7`() throws {
    let change = RunEvent.change
    try home.record(
      "run",
      RunEvent.patched(
        1,
        [
          change("logo", [0, 1, 2], nil, nil), change("key", Self.bytes("k\n"), nil, 0o600),
        ])
        + RunEvent.patched(2, [change("poem", nil, Self.bytes("nightingale\n"), nil)])
        + RunEvent.patched(3, [["path": "x", "action": "added", "after": "no base64!"]]))
    _ = try home.run("memory", "forget", "--containing", "nightingale")
    let undo = try home.run("session", "show", "run", "--undo")
    #expect(undo.exitCode == 7)
    #expect(
      undo.output == """
        diff --git a/key b/key
        new file mode 100644
        --- /dev/null
        +++ b/key
        @@ -0,0 +1 @@
        +k

        """)
    #expect(
      undo.errors == """
        martlet: event 6 was erased; what it changed is not shown.
        martlet: event 9 names changes that cannot be read.
        martlet: logo is no text; a patch of lines cannot say how it changed.
        martlet: key had the mode 600, which a patch does not keep.

        """)
  }

  @Test func `are nothing where nothing was patched`() throws {
    try home.record(
      "run",
      [
        .toolCalled(ToolCall(id: 1, tool: "mcp.other.tool", body: "{}")),
        .happened(
          .toolAnswered(
            call: 1,
            ToolAnswer(
              result: ToolResult(
                status: .succeeded, text: "ok",
                structured: ["changes": [RunEvent.change("a", nil, [0x61])]])))),
      ])
    #expect(
      try home.run("session", "show", "run", "--diff")
        == ProgramResult(exitCode: 0, output: "", errors: ""))
  }
}

@Suite struct `A unified diff` {
  @Test func `has three lines of context and joins near changes`() throws {
    let before = (1...30).map { "\($0)\n" }.joined()
    var lines = (1...30).map { "\($0)\n" }
    lines[4] = "five\n"
    lines[11] = "twelve\n"
    lines[19] = ""
    let diff = FileDifference(
      path: "n", before: Array(before.utf8), after: Array(lines.joined().utf8)
    ).unifiedDiff
    #expect(
      String(decoding: diff, as: UTF8.self) == """
        diff --git a/n b/n
        --- a/n
        +++ b/n
        @@ -2,14 +2,14 @@
         2
         3
         4
        -5
        +five
         6
         7
         8
         9
         10
         11
        -12
        +twelve
         13
         14
         15
        @@ -17,7 +17,6 @@
         17
         18
         19
        -20
         21
         22
         23

        """)
  }

  /// Random texts of few different lines, so that much of them agrees by accident.
  @Test(.enabled(if: isInstalled("git"), "git is not installed"), arguments: 1...4)
  func `of any two texts makes the second of the first`(seed: UInt64) throws {
    let home = try Home()
    var random = SplitMix64(seed: seed)
    var patch: [UInt8] = []
    var expected: [String: [UInt8]] = [:]
    for number in 0..<60 {
      func text() -> [UInt8] {
        let lines = (0..<Int.random(in: 0...40, using: &random)).map { _ in
          ["a", "b", "c", "", " d"][Int.random(in: 0...4, using: &random)]
        }
        let end = Bool.random(using: &random) ? "\n" : ""
        return Array((lines.joined(separator: "\n") + end).utf8)
      }
      let (before, after) = (text(), text())
      try home.write("work/\(number)", String(decoding: before, as: UTF8.self))
      patch += FileDifference(path: "\(number)", before: before, after: after).unifiedDiff
      expected["\(number)"] = after
    }
    let applied = try home.shell(
      "git apply --whitespace=nowarn -", input: String(decoding: patch, as: UTF8.self))
    try #require(applied == ProgramResult(exitCode: 0, output: "", errors: ""))
    for (name, content) in expected {
      let found = FileManager.default.contents(atPath: home.workspace + "/" + name)
      #expect(found.map { [UInt8]($0) } == content)
    }
  }

  /// Without a bound the table for the way back would not fit into memory.
  @Test func `of two long texts without a common line is one change`() {
    let before = (0..<100_000).map { "old \($0)\n" }.joined()
    let after = (0..<100_000).map { "new \($0)\n" }.joined()
    let diff = FileDifference(
      path: "n", before: Array(before.utf8), after: Array(after.utf8)
    ).unifiedDiff
    #expect(
      diff.starts(
        with: Array(
          "diff --git a/n b/n\n--- a/n\n+++ b/n\n@@ -1,100000 +1,100000 @@\n-old 0\n".utf8)))
    #expect(diff.count == before.utf8.count + after.utf8.count + 200_000 + 61)
  }
}
