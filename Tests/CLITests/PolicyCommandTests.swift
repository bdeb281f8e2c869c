// PolicyCommandTests.swift — rehearsed calls through the program, and policies that cannot be used.

import Base
import Foundation
import Runtime
import TestKit
import Testing

@Suite struct `The policy commands` {
  private let home: Home

  init() throws { home = try Home() }

  private func check(_ lines: [String], _ words: String...) throws -> ProgramResult {
    try Program.run(
      ["policy", "check", "--workspace", home.workspace] + words,
      input: lines.map { $0 + "\n" }.joined(), environment: home.environment)
  }

  /// The vectors' workspace and home, as paths of this test's home.
  private func localised(_ text: String) -> String {
    // As many steps up as lead from this workspace to the root.
    let up = home.workspace.split(separator: "/").map { _ in "/.." }.joined()
    return text.replacing("/srv/work/../../", with: home.workspace + up + "/").replacing(
      "/srv/work", with: home.workspace
    ).replacing("/home/u", with: home.path)
  }

  private func vector(_ name: String) throws -> String {
    localised(String(decoding: try Vectors.bytes("policy/\(name)"), as: UTF8.self))
  }

  /// The layers come in from where each lies: --policy, the user's folder, the workspace.
  @Test func `decide the golden calls as the reference does`() throws {
    let base = try home.write("base.json5", vector("system.json5"))
    let cases = try vector("cases.jsonl").split(separator: "\n").map {
      try JSONReader.value(String($0), source: "cases.jsonl")
    }
    var judged = 0
    for layers in [["system"], ["system", "user"], ["system", "user", "project"]] {
      if layers.contains("user") {
        try home.write("config/martlet/policy.json5", vector("user.json5"))
      }
      if layers.contains("project") {
        try home.write("work/.martlet/policy.json5", vector("project.json5"))
      }
      let group = cases.filter {
        $0["layers"]?.arrayValue?.compactMap(\.stringValue) == layers
      }
      let lines = group.map { line in
        var object = JSONObject()
        object["tool"] = line["call"]?["tool"]
        object["arguments"] = line["call"]?["arguments"]
        object["state"] = line["state"]
        object["links"] = line["links"]
        return JSONValue.object(object).compactText
      }
      guard !lines.isEmpty else { continue }
      let result = try check(lines, "--policy", base)
      #expect(result.exitCode == 0, "\(result.errors)")
      let answers = try result.output.split(separator: "\n").map {
        try JSONReader.value(String($0), source: "the answer")
      }
      try #require(answers.count == group.count)
      for (line, answer) in zip(group, answers) {
        let name = Comment(rawValue: line["name"]?.stringValue ?? "")
        #expect(answer["verdict"] == line["verdict"], name)
        #expect(answer["rules"] == line["by"], name)
        judged += 1
      }
    }
    #expect(judged == 52)
  }

  @Test func `take a call from the command line`() throws {
    let result = try home.run(
      "policy", "check", "--tool", "browser.search", "--arguments", "{\"query\":\"swifts\"}")
    #expect(result.exitCode == 0)
    #expect(
      result.output == """
        {"verdict":"ask","rules":["ask-web"],"reason":"Rule \\"ask-web\\" of \\"default\\" asks first: \
        it sends words of the model to the web.","sandbox":["browser"],"resultLabels":["untrusted"]}

        """)
    let unknown = try home.run("policy", "check", "--tool", "shell")
    #expect(unknown.exitCode == 0)
    #expect(
      unknown.output == """
        {"verdict":"deny","rules":["noMatch:default"],"reason":"No rule mentions the tool \\"shell\\".",\
        "refusal":"tellModel"}

        """)
  }

  @Test func `say what the broker would say to a URL`() throws {
    let granted = try home.run(
      "policy", "check", "--policy", "demo-web", "--url", "http://localhost:8080/a?b",
      "--resolves-to", "127.0.0.1,::1")
    #expect(granted.exitCode == 0)
    #expect(
      granted.output == """
        {"verdict":"allow","rules":["fetch-loopback"],"reason":"Rule \\"fetch-loopback\\" of \\"demo-web\\" \
        allows it.","resultLabels":["untrusted"]}

        """)
    let rebound = try home.run(
      "policy", "check", "--url", "https://example.com/", "--resolves-to", "93.184.215.14,10.0.0.1")
    #expect(rebound.exitCode == 0)
    #expect(
      rebound.output.hasPrefix(
        #"{"verdict":"deny","rules":["address"],"reason":"The name \"example.com\" leads to 10.0.0.1, "#
      ), "\(rebound.output)")
    for (url, method, verdict) in [
      ("https://example.com/", "GET", "ask"), ("https://example.com/", "POST", "deny"),
      ("http://example.com/", "GET", "deny"), ("https://169.254.169.254/", "GET", "deny"),
      (#"https://example.com\@evil.test/"#, "GET", "deny"), ("file:///etc/passwd", "GET", "deny"),
    ] {
      let result = try home.run("policy", "check", "--url", url, "--method", method)
      #expect(result.exitCode == 0)
      #expect(result.output.hasPrefix("{\"verdict\":\"\(verdict)\""), "\(url): \(result.output)")
    }
  }

  @Test func `name the layers in force where there is no call`() throws {
    let project = try home.write(
      "work/.martlet/policy.json5", "{ schema: 'tool-policy/1', id: 'careful', revision: 3 }")
    let result = try check([], "--policy", "offline")
    #expect(
      result
        == ProgramResult(
          exitCode: 0,
          output: """
            The policy in force loads, and its own tests pass.
              base     offline 1  (chosen)  \(Repository.path("Policies/offline.json5"))
              narrows  careful 3  (project)  \(project)

            """, errors: ""))
  }

  @Test func `explain a decision rule by rule`() throws {
    let result = try home.run("policy", "explain", "--tool", "shell")
    #expect(result.exitCode == 0)
    #expect(
      result.output == """
        deny  shell  by noMatch:default
          No rule mentions the tool "shell".
          the tool can: read, write, exec, send, cloud
        default (shipped, base): deny
          21 rules for other tools
        flow no-secret-leaves deny: not now, the arguments are not secret
        to change that: "default" would need a rule for the tool.

        """)
    let two = try Program.run(
      ["policy", "explain"], input: "{\"tool\":\"shell\"}\n{\"tool\":\"shell\"}\n",
      environment: home.environment)
    #expect(two.output == result.output + "\n" + result.output)
  }

  @Test(arguments: [
    (
      ["--policy", "defualt"], "",
      "There is no policy \"defualt\": it is no file, and the shipped ones are"
    ),
    (["--arguments", "{}"], "", "--arguments needs a --tool."),
    (["--method", "GET"], "", "--method needs a --url."),
    (
      ["--url", "https://a.test/", "--tool", "t"], "",
      "--url and --tool cannot be used together: each is a call of its own."
    ),
    (
      ["--url", "https://a.test/", "--resolves-to", "localhost"], "",
      "\"localhost\" is no numeric address. Write one such as 192.0.2.1 or 2001:db8::1."
    ),
    (
      ["--tool", "python", "--arguments", "{"], "",
      "--arguments, line 1, column 2: the text ends where \",\" or \"}\" should be."
    ),
    ([], "{\"tol\":\"x\"}", "Line 1: the key \"tool\" is missing. Add it."),
    (
      [], "{\"tool\":\"x\"}\n{\"tool\":\"x\",\"stat\":{}}",
      "Line 2: \"stat\" is not a key of a call. Did you mean \"state\"?"
    ),
    ([], "{", "standard input, line 1"),
  ])
  func `refuse what cannot be judged with exit code 2`(
    words: [String], input: String, sentence: String
  ) throws {
    let result = try Program.run(
      ["policy", "check"] + words, input: input, environment: home.environment)
    #expect(result.exitCode == 2)
    #expect(result.errors.hasPrefix("martlet: \(sentence)"), "\(result.errors)")
  }

  @Test func `say in the policy's own words why it cannot be used`() throws {
    let path = try home.write(
      "config/martlet/policy.json5",
      "{ schema: 'tool-policy/1', id: 'mine', revision: 1, ruls: [] }")
    for command in ["check", "explain"] {
      let result = try home.run("policy", command, "--tool", "python")
      #expect(result.exitCode == 2)
      #expect(result.output.isEmpty)
      #expect(
        result.errors == """
          martlet: \(path), line 1, column 53, ruls: "ruls" is not a key that belongs here. Did you \
          mean "rules"?

          """)
    }
    try home.write(
      "config/martlet/policy.json5",
      """
      { schema: 'tool-policy/1', id: 'mine', revision: 1,
        rules: [{ id: 'r', effect: 'allow', tool: 'python', args: 'any' }],
        tests: [{ name: 'python is out', tool: 'python', verdict: 'deny' }] }
      """)
    let failing = try home.run("policy", "check", "--tool", "python")
    #expect(failing.exitCode == 2)
    #expect(failing.errors.contains("the test \"python is out\" wants deny and gets allow"))
  }
}
