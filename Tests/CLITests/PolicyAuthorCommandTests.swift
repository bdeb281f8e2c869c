// PolicyAuthorCommandTests.swift — the commands of those who write policies: layers by name, test, lint.

import Base
import Foundation
import TestKit
import Testing

@Suite struct `An author of policies` {
  private let home: Home

  init() throws { home = try Home() }

  private func lines(_ result: ProgramResult) throws -> [JSONValue] {
    try result.output.split(separator: "\n").map {
      try JSONReader.value(String($0), source: "the output")
    }
  }

  /// The golden calls with their layers named one by one, and the variables of the reference.
  @Test func `tries layers that are not installed`() throws {
    let cases = try Vectors.jsonLines("policy/cases.jsonl")
    var judged = 0
    for layers in [["system"], ["system", "user"], ["system", "user", "project"]] {
      let group = cases.filter {
        $0["layers"]?.arrayValue?.compactMap(\.stringValue) == layers
      }
      let input = group.map { line in
        var object = JSONObject()
        object["tool"] = line["call"]?["tool"]
        object["arguments"] = line["call"]?["arguments"]
        object["state"] = line["state"]
        object["links"] = line["links"]
        return JSONValue.object(object).compactText + "\n"
      }
      guard !input.isEmpty else { continue }
      let options = layers.flatMap { ["--layer", Vectors.path("policy/\($0).json5")] }
      // A policy of the user's own does not count then.
      try home.write(
        "config/martlet/policy.json5",
        "{ schema: 'tool-policy/1', id: 'mine', rules: [{ id: 'no', effect: 'deny', tool: '*' }] }")
      let result = try Program.run(
        ["policy", "check", "--workspace", "/srv/work", "--home", "/home/u"] + options,
        input: input.joined(), environment: home.environment)
      #expect(result.exitCode == 0, "\(result.errors)")
      let answers = try lines(result)
      try #require(answers.count == group.count)
      for (line, answer) in zip(group, answers) {
        #expect(answer["verdict"] == line["verdict"])
        #expect(answer["rules"] == line["by"])
        judged += 1
      }
    }
    #expect(judged == 52)
  }

  @Test func `names either layers or a policy`() throws {
    let result = try home.run(
      "policy", "check", "--policy", "default", "--layer", Vectors.path("policy/own.json5"))
    #expect(result.exitCode == 2)
    #expect(result.errors == "martlet: --layer replaces every policy. Leave --policy out.\n")
  }

  private func policy(_ members: String) throws -> String {
    try home.write("mine.json5", "{ schema: 'tool-policy/1', id: 'mine',\n\(members) }")
  }

  @Test func `sees each test and whether it holds`() throws {
    let path = try policy(
      """
      lock: ['/rules/b'],
      rules: [ { id: 'a', effect: 'allow', tool: 'python', args: 'any' }, { id: 'b', effect: 'ask', tool: 'x' } ],
      tests: [ { name: 'one', tool: 'python', verdict: 'allow' }, { name: 'two', tool: 'python', verdict: 'ask' } ]
      """)
    let result = try home.run("policy", "test", "--layer", path)
    #expect(result.exitCode == 2)
    #expect(
      result.output == """
        holds   mine  one
        failed  mine  two
                \(path), line 4, column 61, tests[1]: the test "two" wants ask and gets allow by a. Correct \
        the rules or the test.
        failed  mine  a test of the locked rule b
                \(path), line 2, column 7, lock: the rule "b" is locked and no test shows that it decides. \
        Add one under "tests".
        tests: 3, failed: 2

        """)
    let json = try home.run("policy", "test", "--layer", path, "--json")
    #expect(try lines(json).map { $0["holds"] } == [true, false, false])
    #expect(try home.run("policy", "check", "--layer", path).exitCode == 2)
  }

  @Test(arguments: [
    "assistant", "default", "cautious", "ci", "closed", "cloud", "offline", "enterprise",
    "demo-web",
  ])
  func `finds the tests of what ships in order`(name: String) throws {
    let result = try home.run("policy", "test", "--policy", name)
    #expect(result.exitCode == 0)
    #expect(result.output.hasSuffix(", failed: 0\n"))
    #expect(try home.run("policy", "lint", "--policy", name).exitCode == 0)
  }

  /// What is wrong with the file, and words of the sentence about it.
  private static let unusable: [(bytes: [UInt8], words: String)] = [
    (
      Array("{ schema: 'tool-policy/1', id: 'a', id: 'b' }".utf8),
      "the key \"id\" appears twice. Remove one of them."
    ),
    (Array("{ schema: 'tool-policy/1', id: 'a', revision: NaN }".utf8), "\"NaN\" is no number"),
    (
      Array(
        "{ schema: 'tool-policy/1', id: 'a', rules: [ { id: 'r', effect: 'alow', tool: 't' } ] }"
          .utf8),
      "Did you mean \"allow\"?"
    ),
    (
      [UInt8](repeating: UInt8(ascii: "["), count: 100_000),
      "nested deeper than 32 levels. Flatten it."
    ),
    ([UInt8](repeating: UInt8(ascii: " "), count: 5_000_000), "262144 bytes"),
    ([0xFF, 0xFE, 0x00], "not valid UTF-8"), ([], "the text ends where a value should be"),
  ]

  @Test(arguments: ["check", "explain", "test", "lint"])
  func `is told what is wrong with a file, by every command alike`(command: String) throws {
    let call =
      ["check", "explain"].contains(command) ? ["--tool", "t", "--arguments", "{}"] : []
    for (bytes, words) in Self.unusable {
      let path = home.path + "/bad.json5"
      try Data(bytes).write(to: URL(filePath: path))
      for option in ["--layer", "--policy"] {
        let result = try Program.run(
          ["policy", command, option, path] + call, environment: home.environment, secondsMax: 30)
        #expect(result.exitCode == 2)
        #expect(result.output.isEmpty)
        #expect(result.errors.hasPrefix("martlet: \(path)"), "\(result.errors)")
        #expect(result.errors.contains(words), "\(result.errors)")
      }
    }
    let pipe = home.path + "/pipe.json5"
    #expect(mkfifo(pipe, 0o600) == 0)
    for path in [home.path, home.path + "/missing.json5", pipe] {
      let result = try Program.run(
        ["policy", command, "--layer", path] + call, environment: home.environment, secondsMax: 30)
      #expect(result.exitCode == 2)
      #expect(result.errors.contains(path), "\(result.errors)")
    }
  }

  @Test func `is told what is wrong with a line, and which line`() throws {
    let good = #"{"tool":"python","arguments":"1"}"#
    for (line, words) in [
      (#"{"tool":"python","tool":"x"}"#, "twice"),
      (#"{"tool":"python","arguments":NaN}"#, "line 2"),
      (String(repeating: "[", count: 100_000), "line 2"), ("nonsense", "line 2"),
      (#"{"tol":"python"}"#, "line 2: the key \"tool\" is missing."), (#"["python"]"#, "line 2"),
      (#"{"tool":"t","state":{"tier":"best"}}"#, "landlock, full"),
      (#"{"tool":"t","state":{"records":[{"id":"1"}]}}"#, "has \"tool\", \"id\" and \"names\""),
    ] {
      let result = try Program.run(
        ["policy", "check", "--policy", "default"], input: good + "\n" + line + "\n",
        environment: home.environment)
      #expect(result.exitCode == 2, "\(line.prefix(60))")
      #expect(
        result.errors.lowercased().contains(words.lowercased()),
        "\(line.prefix(60)): \(result.errors.prefix(300))")
    }
  }

  @Test func `is told what a policy does not mean`() throws {
    let path = try policy(
      """
      effects: { x: ['read'] },
      rules: [ { id: 'a', effect: 'allow', tool: 'x', args: 'any' },
               { id: 'd', effect: 'deny', tool: 'x', args: 'any', reason: 'r' } ],
      tests: [ { tool: 'x', verdict: 'deny', by: ['d'] } ]
      """)
    let result = try home.run("policy", "lint", "--layer", path)
    #expect(result.exitCode == 2)
    #expect(
      result.output == """
        \(path), line 3: error unreachable: "a" never allows: "d" of "mine" denies whatever it matches. \
        Narrow the one, or remove the other.
        \(path), line 3: note untested: no test shows that "a" decides. Add one under "tests".
        errors: 1, warnings: 0, notes: 1

        """)
    let json = try lines(try home.run("policy", "lint", "--layer", path, "--json"))
    #expect(json.map { $0["check"] } == ["unreachable", "untested"])
    #expect(json.map { $0["line"] } == [3, 3])
  }

  @Test func `can have warnings count`() throws {
    let path = try policy("rules: [ { id: 'a', effect: 'allow', tool: 'nosuch' } ]")
    #expect(try home.run("policy", "lint", "--layer", path).exitCode == 0)
    #expect(try home.run("policy", "lint", "--layer", path, "--strict").exitCode == 2)
  }

  @Test func `is told which words a command has`() throws {
    let result = try home.run("policy", "lease")
    #expect(result.exitCode == 2)
    #expect(
      result.errors
        == "martlet: \"policy lease\" needs a word after it. It knows: add, list, revoke. See: martlet --help\n"
    )
    #expect(
      try home.run("policy").errors
        == "martlet: \"policy\" needs a word after it. It knows: check, explain, test, lint, lease. See: "
        + "martlet --help\n")
  }
}
