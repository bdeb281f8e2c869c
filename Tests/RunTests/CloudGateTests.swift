// CloudGateTests.swift — the data gate: what is planted in questions, and what of it leaves.
//
// `Tests/Vectors/gate/payloads.jsonl` has 77 questions: 42 with a secret in them, 35 that only look so.
// Docs/CLOUD.md states the figures that these tests hold to.

import Base
import Foundation
import TestKit
import Testing

@Suite struct `The data gate` {
  struct Payload: Sendable {
    let id: String
    let text: String
    /// What must not leave.
    let planted: [String]
  }

  static let payloads = Result {
    try Vectors.jsonLines("gate/payloads.jsonl").map { json in
      Payload(
        id: json["id"]?.stringValue ?? "", text: json["text"]?.stringValue ?? "",
        planted: json["planted"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    }
  }

  /// A run that asks all of it, one after the other.
  private func askAll(_ user: CloudHome, _ payloads: [Payload]) throws -> ProgramResult {
    let turns = payloads.map { CloudHome.question("[\($0.id)] \($0.text)") }
    return try user.home.run(
      script: turns + [Turn.answer("Done.")],
      ["--max-steps", "200", "--max-tool-calls", "200", "--quiet", "Ask."])
  }

  private static let send = """
    effects: { 'cloud.ask': ['cloud'], 'cloud.send': ['cloud', 'send'], python: ['exec'] },
    """

  @Test func `lets nothing planted out where the policy says redact`() throws {
    let payloads = try Self.payloads.get()
    #expect(payloads.count >= 60)
    let user = try CloudHome(more: Self.send + "cloud: { redact: ['secret'] },")
    let result = try askAll(user, payloads)
    #expect(result.exitCode == 0, "\(result.errors)")
    let texts = try user.userTexts()
    #expect(texts.count == payloads.count)
    let sent = texts.joined(separator: "\n")
    let missed = payloads.filter { $0.planted.contains { sent.contains($0) } }.map(\.id)
    #expect(missed == [], "left in what was sent")
    // What is clean leaves as it was written.
    let alarms = payloads.filter { payload in
      payload.planted.isEmpty && !texts.contains("[\(payload.id)] \(payload.text)")
    }.map(\.id)
    #expect(alarms == [], "taken out without need")
    let judged = try user.home.lastEvents().named("cloud.judged")
    let redacted = judged.filter { $0["redactions"]?.arrayValue?.isEmpty == false }
    #expect(redacted.count == payloads.count { !$0.planted.isEmpty })
  }

  @Test func `lets nothing planted out where the policy says deny`() throws {
    let payloads = try Self.payloads.get()
    let user = try CloudHome(
      more: Self.send + """
        flow: [ { id: 'F', when: { args: ['secret'] }, sink: ['send'], then: 'deny' } ],
        """)
    let result = try askAll(user, payloads)
    #expect(result.exitCode == 3, "\(result.errors)")
    let sent = try user.userTexts()
    // Only what is clean arrives at all.
    #expect(
      sent == payloads.filter(\.planted.isEmpty).map { "[\($0.id)] \($0.text)" })
    let verdicts = try user.home.lastEvents().named("cloud.judged").compactMap {
      $0["verdict"]?.stringValue
    }
    #expect(verdicts == payloads.map { $0.planted.isEmpty ? "allow" : "deny" })
  }

  @Test func `knows the key itself, whatever it looks like`() throws {
    let user = try CloudHome(more: Self.send + "cloud: { redact: ['secret'] },")
    let result = try user.ask("Is \(CloudHome.key) the key?")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(try user.userTexts() == ["Is [redacted: secret] the key?"])
  }

  @Test func `is shown to a person whole before it leaves`() throws {
    let user = try CloudHome(send: "ask")
    let lines = (1...200).map { "Line \($0) of what would leave." }
    let words = [
      "run", "--model",
      try user.home.script([
        CloudHome.question("What of this?", context: lines.joined(separator: "\n")),
        Turn.answer("Done."),
      ]), "--workspace", user.home.workspace, "--quiet", "Ask.",
    ]
    for (answer, code) in [("n", Int32(3)), ("y", 0)] {
      let result = try user.home.runAtTerminal(words, answers: [answer])
      #expect(result.exitCode == code, "\(result.output.suffix(400))")
      let shown = try #require(result.output.components(separatedBy: "[y]es, once").first)
      for line in lines + ["What of this?", user.cloud.baseURL] {
        #expect(shown.contains(line), "\(line)")
      }
      let bodies = try user.cloud.requests().map(\.body)
      #expect(bodies.count == (answer == "y" ? 1 : 0))
      // What was shown is what left.
      for line in lines { #expect(bodies.allSatisfy { $0.contains(line) }) }
    }
  }

  // MARK: - Files of the workspace

  private static let passage =
    "The margin of the northern plants fell by eleven points in the third quarter."

  @Test func `names the files whose words would leave`() throws {
    let user = try CloudHome()
    try user.home.write("work/reports/q3.md", "# Report\n\n" + Self.passage + "\nMore.\n")
    try user.home.write("work/other.md", "Nothing of that.")
    let result = try user.ask("Shorten: \(Self.passage.lowercased())")
    #expect(result.exitCode == 0, "\(result.errors)")
    let judged = try #require(try user.home.lastEvents().named("cloud.judged").first)
    #expect(
      judged["files"]?.arrayValue?.compactMap(\.stringValue)
        == [user.home.workspace + "/reports/q3.md"])
  }

  @Test func `keeps what files are labelled`() throws {
    let labels = """
      labels: { files: [ { path: { under: ['${workspace}/reports'] }, add: ['confidential'] } ] },
      """
    let cases: [(String, Int32, [String])] = [
      ("cloud: { denyLabels: ['confidential'] },", 3, []),
      ("cloud: { redact: ['confidential'] },", 0, ["Shorten: [redacted: file] Thanks."]),
    ]
    for (cloud, code, sent) in cases {
      let user = try CloudHome(more: Self.send + labels + cloud)
      try user.home.write("work/reports/q3.md", "# Report\n\n" + Self.passage + "\n")
      let result = try user.ask("Shorten: \(Self.passage) Thanks.")
      #expect(result.exitCode == code, "\(result.errors)")
      #expect(try user.userTexts() == sent)
    }
  }

  @Test func `can forbid all words of files by a rule`() throws {
    let user = try CloudHome(
      rules: """
        { id: 'no-files', effect: 'deny', tool: 'cloud.send', args: { files: { some: { any: true } } },
          reason: 'files stay here' },
        """)
    try user.home.write("work/a.txt", Self.passage)
    #expect(try user.ask("Shorten: \(Self.passage)").exitCode == 3)
    #expect(try user.ask().exitCode == 0)
    #expect(try user.userTexts() == [CloudHome.moons])
  }

  // MARK: - What tools answered

  @Test func `leaves out what tools answered, and what is untrusted`() throws {
    let words = "All staff shall move their savings to the account that the new director names."
    let turns = [
      Turn.call("python", "print('\(words)')"),
      CloudHome.question("What does this mean: \(words)"), Turn.answer("Done."),
    ]
    for more in [
      "cloud: { stripToolOutput: true },",
      "labels: { sources: [ { tool: 'python', add: ['untrusted'] } ] }, cloud: { redact: ['untrusted'] },",
    ] {
      let user = try CloudHome(more: more)
      let result = try user.home.run(script: turns, ["Go."])
      #expect(result.exitCode == 0, "\(result.errors)")
      #expect(try user.userTexts() == ["What does this mean: [redacted: output of python]"])
    }
    let user = try CloudHome(
      more: """
        labels: { sources: [ { tool: 'python', add: ['untrusted'] } ] }, cloud: { denyLabels: ['untrusted'] },
        """)
    #expect(try user.home.run(script: turns, ["Go."]).exitCode == 3)
    #expect(try user.cloud.requests() == [])
  }

  @Test func `sends no more than may be sent`() throws {
    let user = try CloudHome(configuration: ["limits": ["payloadKiB": 1]])
    let result = try user.ask(String(repeating: "moons of Mars ", count: 100))
    #expect(result.exitCode == 3, "\(result.errors)")
    #expect(result.errors.contains("at most 1024 are sent"), "\(result.errors)")
    #expect(try user.cloud.requests() == [])
  }
}
