// Support.swift — scripts, policies and runs of the program, as a user would have them.

import Base
import Foundation
import TestKit
import Testing

/// How often a test repeats what chance decides: seldom in every check, often in `./check full run`.
func repetitions(_ few: Int, full: Int) -> Int {
  ProcessInfo.processInfo.environment["MARTLET_FULL"] == nil ? few : full
}

/// Turns of a script.
enum Turn {
  static func call(_ tool: String, _ body: String, thinking: String? = nil) -> String {
    let thought =
      thinking.map { "<|channel|>analysis<|message|>\($0)<|end|><|start|>assistant" } ?? ""
    return "\(thought)<|channel|>analysis to=\(tool) code<|message|>\(body)<|call|>"
  }

  static func function(_ tool: String, _ body: String) -> String {
    "<|channel|>commentary to=\(tool) <|constrain|>json<|message|>\(body)<|call|>"
  }

  static func answer(_ text: String) -> String {
    "<|channel|>final<|message|>\(text)<|return|>"
  }
}

extension Home {
  /// Writes a script and returns what `--model` says to use it.
  func script(_ turns: [String]) throws -> String {
    let lines = turns.map { JSONValue.object(["completion": .string($0)]).compactText + "\n" }
    return "script:" + (try write("script.jsonl", lines.joined()))
  }

  /// Runs a task with a script in the workspace.
  func run(script turns: [String], _ words: [String], input: String = "") throws -> ProgramResult {
    try Program.run(
      ["run", "--model", script(turns), "--workspace", workspace] + words, input: input,
      environment: environment)
  }

  /// Makes `rules` the user's policy.
  func setPolicy(_ rules: String, more: String = "") throws {
    try write(
      "config/martlet/policy.json5",
      """
      { schema: 'tool-policy/1', id: 'test', revision: 1, defaults: { noMatch: 'deny' },
        \(more)
        rules: [\(rules)] }
      """)
  }

  /// The record of the last run, one event a line.
  func lastEvents() throws -> [JSONValue] {
    try run("session", "show", "last", "--json").events()
  }

  /// Runs the program at a terminal of its own, and types `answers`, each when a question is open.
  func runAtTerminal(_ words: [String], answers: [String]) throws -> ProgramResult {
    let python = #"""
      import json, os, pty, select, sys, time
      words, answers = json.loads(sys.argv[1]), json.loads(sys.argv[2])
      child, terminal = pty.fork()
      if child == 0: os.execv(words[0], words)
      shown, deadline = b"", time.time() + 60
      pending = b""
      while time.time() < deadline:
        ready, _, _ = select.select([terminal], [], [], 0.5)
        if ready:
          try: chunk = os.read(terminal, 65536)
          except OSError: break
          if not chunk: break
          shown += chunk; pending += chunk
        elif answers and pending.rstrip(b" ").endswith((b"?", b":")):
          os.write(terminal, (answers.pop(0) + "\n").encode()); pending = b""
      status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
      sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n")); sys.stdout.flush()
      sys.exit(status)
      """#
    func json(_ texts: [String]) -> String {
      JSONValue.array(texts.map { .string($0) }).compactText
    }
    return try Program.run(
      ["-c", python, json([Program.path] + words), json(answers)], of: "/usr/bin/python3",
      environment: environment)
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: path + "/" + name)
  }
}

extension ProgramResult {
  /// Standard output as lines of JSON.
  func events() throws -> [JSONValue] {
    try output.split(separator: "\n").map {
      try JSONReader.value(String($0), source: "standard output")
    }
  }
}

extension [JSONValue] {
  func named(_ name: String) -> [JSONValue] { filter { $0["event"]?.stringValue == name } }

  var names: [String] { compactMap { $0["event"]?.stringValue } }
}

/// Processes of this machine that hold `word` in their command line.
func processes(with word: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
    guard Int(name) != nil,
      let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
    else { return false }
    return line.range(of: Data(word.utf8)) != nil
  }
}
