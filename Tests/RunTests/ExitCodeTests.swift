// ExitCodeTests.swift — every exit code of a run, provoked. (3 and 0: ScriptedRunTests; 130 and 143:
// InterruptionTests; 10 comes with the network.)

import Base
import Foundation
import TestKit
import Testing

struct ExitCodeTests {
  private func outcome(_ home: Home) throws -> String? {
    try home.lastEvents().last?["outcome"]?.stringValue
  }

  @Test func `a damaged ledger is an internal error`() throws {
    let home = try Home()
    _ = try home.run(script: [Turn.answer("x")], ["Hi"])
    var bytes = try Data(contentsOf: URL(filePath: home.ledgerPath))
    for index in bytes.indices.dropFirst(4096) { bytes[index] = 0xA5 }
    try bytes.write(to: URL(filePath: home.ledgerPath))
    let result = try home.run(script: [Turn.answer("x")], ["Hi"])
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("ledger.sqlite"))
    #expect(result.output == "")
  }

  @Test func `usage is two`() throws {
    let home = try Home()
    #expect(try home.run("run", "--max-steps", "none", "Hi").exitCode == 2)
    #expect(try home.run("run", "").exitCode == 2)
    #expect(try home.run("run").exitCode == 2)
    #expect(try home.run("run", "--resume", "last").errors.contains("No runs were recorded yet."))
  }

  @Test func `a policy that cannot be read is two`() throws {
    let home = try Home()
    try home.setPolicy("{ id: 'a', effect: 'permit', tool: 'python', args: 'any' }")
    let result = try home.run(script: [Turn.answer("x")], ["Hi"])
    #expect(result.exitCode == 2)
    #expect(result.errors.contains("policy.json5"))
    #expect(result.output == "")
  }

  @Test func `a manifest that cannot be read is two`() throws {
    let home = try Home()
    try home.write("tools/odd/manifest.json", "{}")
    let result = try home.run(
      script: [Turn.answer("x")], ["--tools", home.path + "/tools", "Hi"])
    #expect(result.exitCode == 2)
    #expect(result.errors.contains("odd/manifest.json"))
  }

  private static let asks = """
    { id: 'ask-python', effect: 'ask', tool: 'python', args: 'any', reason: 'be careful' },
    """

  @Test func `an ask with nobody to ask is four and nothing runs`() throws {
    let home = try Home()
    try home.setPolicy(Self.asks, more: "")
    let result = try home.run(
      script: [Turn.call("python", "open('ran', 'w')"), Turn.answer("x")], ["--headless", "Hi"])
    #expect(result.exitCode == 4)
    #expect(try outcome(home) == "approval_needed")
    #expect(!FileManager.default.fileExists(atPath: home.workspace + "/ran"))
    #expect(result.errors.contains("martlet run --resume"))
  }

  @Test func `an ask with nobody to ask can be a refusal instead`() throws {
    let home = try Home()
    try home.write(
      "config/martlet/policy.json5",
      """
      { schema: 'tool-policy/1', id: 'test', revision: 1,
        defaults: { noMatch: 'deny', ask: { headless: 'deny' } }, rules: [\(Self.asks)] }
      """)
    let result = try home.run(
      script: [Turn.call("python", "1"), Turn.answer("I was not allowed.")], ["--headless", "Hi"])
    #expect(result.exitCode == 3)
    #expect(result.output == "I was not allowed.\n")
  }

  @Test(arguments: [
    (["--max-steps", "2"], "steps"), (["--max-tokens", "20"], "generated_tokens"),
    (["--max-tool-calls", "1"], "tool_calls"),
  ])
  func `a budget that ran out is five`(_ words: [String], _ budget: String) throws {
    let home = try Home()
    let result = try home.run(
      script: [Turn.call("python", "1"), Turn.call("python", "2"), Turn.answer("x")], words + ["Hi"]
    )
    #expect(result.exitCode == 5)
    #expect(try home.lastEvents().last?["reason"]?.stringValue == budget)
  }

  @Test func `the same call over and over is five`() throws {
    let home = try Home()
    let result = try home.run(
      script: Array(repeating: Turn.call("python", "1"), count: 8), ["Hi"])
    #expect(result.exitCode == 5)
    #expect(try home.lastEvents().last?["reason"]?.stringValue == "identical_calls")
  }

  @Test func `time that ran out is five`() throws {
    let home = try Home()
    let result = try home.run(
      script: [Turn.call("python", "import time; time.sleep(60)"), Turn.answer("x")],
      ["--max-time", "2s", "Hi"])
    #expect(result.exitCode == 5)
    #expect(try home.lastEvents().last?["reason"]?.stringValue == "wall_time")
  }

  @Test func `a model that is not there is six`() throws {
    let home = try Home()
    #expect(try home.run("run", "--model", "no-such-model", "Hi").exitCode == 6)
    #expect(try home.run("run", "--model", "script:/no/such/file", "Hi").exitCode == 6)
  }

  @Test func `a model that gives no answer is six`() throws {
    let home = try Home()
    let thought = "<|channel|>analysis<|message|>Hm.<|end|><|return|>"
    let result = try home.run(script: [thought, thought], ["Hi"])
    #expect(result.exitCode == 6)
    #expect(try outcome(home) == "model_failed")
  }

  @Test func `a script that ends too early is six`() throws {
    let home = try Home()
    #expect(try home.run(script: [Turn.call("python", "1")], ["Hi"]).exitCode == 6)
  }

  @Test func `a tool that never answers is seven`() throws {
    let home = try Home()
    let plugin = try FakePluginFiles(opening: "dies")
    try home.setPolicy("{ id: 'fake', effect: 'allow', tool: 'fake.*', args: 'any' }")
    let turns = (1...4).map { Turn.call("fake.act", #"{"do":"count","n":\#($0)}"#) }
    let result = try home.run(script: turns, ["--tools", plugin.folder.path, "Hi"])
    #expect(result.exitCode == 7)
    #expect(try outcome(home) == "tool_failed")
  }

  @Test func `as root a profile that refuses root is eight`() throws {
    guard geteuid() == 0 else { return }
    let home = try Home()
    let profile = String(decoding: try Repository.bytes("Sandboxes/python.json5"), as: UTF8.self)
    try home.write(
      "config/martlet/sandboxes/python.json5",
      profile.replacing("profile: 1,", with: "profile: 1, rootless: true,"))
    let result = try home.run(
      script: [Turn.call("python", "1"), Turn.answer("I could not.")], ["Hi"])
    #expect(result.exitCode == 8)
    #expect(result.output == "I could not.\n")
    #expect(try home.lastEvents().named("sandbox.started").isEmpty)
  }

  /// Runs the program as an ordinary user of a machine that builds no namespaces: only Landlock is left.
  private static func withoutNamespaces(_ home: Home, _ words: [String]) throws -> ProgramResult {
    let python = #"""
      import ctypes, os, sys
      user, group = os.geteuid(), os.getegid()
      if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) != 0: sys.exit(77)
      try:
        for name, text in [("setgroups", "deny"), ("uid_map", "1000 %d 1" % user), ("gid_map", "1000 %d 1" % group)]:
          with open("/proc/self/" + name, "w") as file: file.write(text)
        with open("/proc/sys/user/max_user_namespaces", "w") as file: file.write("0")
      except OSError: sys.exit(77)
      os.execv(sys.argv[1], sys.argv[1:])
      """#
    let result = try Program.run(
      ["-c", python, Program.path] + words, of: "/usr/bin/python3", environment: home.environment)
    if result.exitCode == 77 { try Test.cancel("No user namespace can be made here.") }
    return result
  }

  @Test func `a policy that demands a stronger wall than there is, is eight`() throws {
    let home = try Home()
    let python =
      "{ id: 'python', effect: 'allow', tool: 'python', args: 'any', sandbox: 'python' },"
    let notes = "{ id: 'notes', effect: 'allow', tool: 'memory.save', args: 'any' },"
    let turns = [
      Turn.call("memory.save", #"{"text":"Tea is green."}"#), Turn.call("python", "print(6 * 7)"),
      Turn.answer("I tried."),
    ]
    let words = ["run", "--model", try home.script(turns), "--workspace", home.workspace, "Go."]
    for (minimum, code, verdicts) in [
      ("", Int32(0), ["allow", "allow"]), ("landlock", 0, ["allow", "allow"]),
      ("full", 8, ["allow", "deny"]),
    ] {
      try home.setPolicy(
        python + notes,
        more: minimum.isEmpty ? "" : "sandbox: { minimum: { tier: '\(minimum)' } },")
      let result = try Self.withoutNamespaces(home, words)
      #expect(result.exitCode == code, "\(minimum): \(result.errors)")
      #expect(result.output == "I tried.\n")
      let events = try home.lastEvents()
      let judged = events.named("policy.judged")
      #expect(judged.map { $0["verdict"]?.stringValue } == verdicts, "\(minimum)")
      #expect(judged.allSatisfy { $0["tier"] == "landlock" }, "\(judged)")
      guard code == 8 else { continue }
      #expect(judged.last?["rules"] == ["sandbox"])
      #expect(
        judged.last?["reason"]
          == "The policy demands the sandbox tier \"full\", and this machine builds \"landlock\".")
      #expect(events.named("sandbox.started").isEmpty)
      #expect(events.last?["outcome"] == "sandbox_unavailable", "\(events.suffix(1))")
    }
    #expect(try home.run("session", "verify").exitCode == 0)
  }

  @Test func `an answer that does not match the schema twice is nine`() throws {
    let home = try Home()
    let schema = try home.write(
      "schema.json", #"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#)
    let wrong = try home.run(
      script: [Turn.answer("3367"), Turn.answer(#"{"n":"3367"}"#)],
      ["--output-schema", schema, "Hi"])
    #expect(wrong.exitCode == 9)
    let corrected = try home.run(
      script: [Turn.answer("3367"), Turn.answer(#"{"n":3367}"#)],
      ["--output-schema", schema, "Hi"])
    #expect(corrected.exitCode == 0)
    #expect(corrected.output == #"{"n":3367}"# + "\n")
  }
}
