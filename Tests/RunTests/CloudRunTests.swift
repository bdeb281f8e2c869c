// CloudRunTests.swift — whole runs that ask a cloud model: what leaves, who decides, what is recorded.

import Base
import Foundation
import TestKit
import Testing

@Suite struct `A run that asks a cloud model` {
  @Test(arguments: ["chat", "responses"])
  func `reads its answer, however it comes`(interface: String) throws {
    let user = try CloudHome(configuration: ["interface": .string(interface)])
    let manners = ["stream", "slow", "whole"]
    try user.cloud.behave(manners)
    let turns = manners.map { CloudHome.question("By \($0)?") }
    let result = try user.home.run(script: turns + [Turn.answer("Done.")], ["Go."])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output == "Done.\n")
    let answers = try user.home.lastEvents().named("tool.answered")
    #expect(answers.compactMap { $0["text"]?.stringValue } == manners.map { _ in CloudHome.answer })
    for request in try user.cloud.requests() {
      #expect(
        request.target == (interface == "chat" ? "/v1/chat/completions" : "/v1/responses"))
      #expect(request.authorization == "Bearer \(CloudHome.key)")
      let body = try JSONReader.value(request.body, source: "the request")
      #expect(body["model"] == "big")
      #expect(body["tools"] == nil)
      if interface == "responses" { #expect(body["store"] == false) }
    }
  }

  @Test func `records what left before it left, and what it cost`() throws {
    let user = try CloudHome()
    let result = try user.ask()
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(
      result.errors.contains("sending ") && result.errors.contains("to the cloud model big at http")
    )
    let events = try user.home.lastEvents()
    let judged = try #require(events.named("cloud.judged").first)
    #expect(judged["verdict"] == "allow")
    #expect(judged["rules"] == ["send"])
    #expect(judged["asked_because"] == "model-asked")
    #expect(judged["redactions"] == [])
    #expect(judged["scan"] == "whole")
    let request = try #require(try user.cloud.requests().first)
    #expect(judged["payload"]?.stringValue == request.body)
    #expect(judged["payload_bytes"]?.intValue == request.body.utf8.count)
    let file = try user.home.write("body", request.body)
    let digest = try Program.run([file], of: "/usr/bin/sha256sum").output.prefix(64)
    #expect(judged["payload_sha256"]?.stringValue == String(digest))
    let answered = try #require(events.named("cloud.answered").first)
    #expect(answered["model"] == "stand-in-1")
    #expect(answered["usage"]?["input_tokens"] == 1000)
    // 800 at 2, 200 at 1, 500 at 10, each for a million.
    #expect(answered["cost_millionths"] == 6800)
    let names = events.names
    let order = [
      "policy.judged", "cloud.judged", "policy.decided", "egress.judged", "egress.ended",
      "cloud.answered", "tool.answered",
    ].compactMap { names.firstIndex(of: $0) }
    #expect(order.count == 7 && order == order.sorted(), "\(names)")
    #expect(try user.home.run("session", "verify").exitCode == 0)
    // The key is where the user put it, and nowhere else.
    #expect(try user.home.files(holding: CloudHome.key) == ["key"])
    #expect(!(result.output + result.errors).contains(CloudHome.key))
  }

  @Test func `is refused by the default policy, and nothing is sent`() throws {
    let user = try CloudHome()
    try user.home.remove("config/martlet/policy.json5")
    let result = try user.ask()
    #expect(result.exitCode == 3, "\(result.errors)")
    #expect(result.errors.contains("no-cloud"))
    #expect(try user.cloud.requests() == [])
  }

  @Test func `is told what is missing where nothing is configured`() throws {
    let user = try CloudHome()
    try user.home.remove("config/martlet/cloud.json")
    let result = try user.ask()
    #expect(result.exitCode == 3, "\(result.errors)")
    let decided = try #require(try user.home.lastEvents().named("policy.decided").first)
    #expect(decided["reason"]?.stringValue?.contains("config/martlet/cloud.json") == true)
    #expect(try user.cloud.requests() == [])
  }

  @Test func `goes to the configured model only where a rule opens the endpoint`() throws {
    let user = try CloudHome(configuration: ["model": "other"])
    let result = try user.ask()
    #expect(result.exitCode == 3, "\(result.errors)")
    let judged = try #require(try user.home.lastEvents().named("cloud.judged").first)
    #expect(judged["verdict"] == "deny")
    #expect(judged["payload"] == nil)
    #expect(try user.cloud.requests() == [])
  }

  @Test func `needs a person where the rule asks`() throws {
    let user = try CloudHome(send: "ask")
    let result = try user.ask()
    #expect(result.exitCode == 4, "\(result.errors)")
    #expect(try user.cloud.requests() == [])
    let resumed = try user.home.run("run", "--resume", "last", "--approver", "yes")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try user.userTexts() == [CloudHome.moons])
    let judged = try #require(try user.home.lastEvents().named("cloud.judged").last)
    #expect(judged["approval"]?["by"] == "yes")
  }

  @Test func `is over TLS with the user's own authority, and not with a stranger's`() throws {
    let user = try CloudHome(certificates: true)
    try user.configure([
      "baseURL": .string("https://127.0.0.1:\(user.cloud.ports["tls"] ?? 0)/v1")
    ])
    let refused = try user.ask()
    #expect(refused.exitCode == 10, "\(refused.errors)")
    #expect(refused.errors.contains("is not secure"), "\(refused.errors)")
    #expect(try user.cloud.requests() == [])
    let settings: JSONValue = ["caFile": .string(user.cloud.authority)]
    try user.home.write("config/martlet/network.json", settings.compactText)
    let result = try user.ask()
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(try user.userTexts() == [CloudHome.moons])
  }

  @Test func `goes through the company's proxy`() throws {
    let user = try CloudHome(certificates: true)
    try user.configure(["baseURL": "https://models.test/v1"])
    let credentials = try user.home.write("credentials", "user:word\n")
    let settings: JSONValue = [
      "proxy": .string("http://127.0.0.1:\(user.cloud.ports["plain"] ?? 0)/"),
      "proxyCredentials": .string(credentials), "caFile": .string(user.cloud.authority),
    ]
    try user.home.write("config/martlet/network.json", settings.compactText)
    let result = try user.ask()
    #expect(result.exitCode == 0, "\(result.errors)")
    let ended = try #require(try user.home.lastEvents().named("egress.ended").first)
    #expect(ended["host"] == "models.test")
    #expect(ended["proxy"] != nil)
    #expect(
      try user.cloud.requests().map { "\($0.method) \($0.target)" }
        == ["CONNECT models.test:443", "POST /v1/chat/completions"])
  }

  @Test func `says which key it does not find, and uses none that others can read`() throws {
    let user = try CloudHome()
    let open = try user.home.write("open-key", "abcdefgh\n")
    chmod(open, 0o644)
    let keys: [(JSONValue, String)] = [
      (["environment": "NO_SUCH_VARIABLE"], "The variable NO_SUCH_VARIABLE"),
      (["file": "/no/such/key"], "/no/such/key cannot be read"),
      (["file": .string(open)], "chmod 600"),
      (["command": ["false"]], "The command false"),
      (["command": ["/no/such/program"]], "The command /no/such/program"),
    ]
    for (key, words) in keys {
      try user.configure(["key": key])
      let result = try user.ask()
      #expect(result.exitCode == 2, "\(result.errors)")
      #expect(result.errors.contains(words), "\(result.errors)")
    }
    #expect(try user.cloud.requests() == [])
  }

  @Test func `takes a key that a command prints, or none`() throws {
    let user = try CloudHome(configuration: ["key": ["command": ["echo", "from-a-command"]]])
    #expect(try user.ask().exitCode == 0)
    try user.configure(["key": "none"])
    #expect(try user.ask().exitCode == 0)
    #expect(
      try user.cloud.requests().map(\.authorization) == ["Bearer from-a-command", nil])
  }

  @Test(arguments: ["environment", "file", "command"])
  func `keeps the key out of the record, wherever it comes from`(kind: String) throws {
    let key = "plain words-\(kind)-heron".replacing(" ", with: "-")
    let user = try CloudHome(
      rules: "{ id: 'notes', effect: 'allow', tool: 'memory.save', args: 'any' },")
    let home = user.home
    let file = try home.write("the-key", key + "\n")
    chmod(file, 0o600)
    let source: JSONValue =
      switch kind {
      case "environment": ["environment": "ACME_LOGIN"]
      case "file": ["file": .string(file)]
      default: ["command": ["cat", .string(file)]]
      }
    try user.configure(["key": source])
    let spelled = Data(key.utf8).base64EncodedString()
    let note = JSONValue.object(["text": .string("Sign in with \(key).")]).compactText
    let result = try Program.run(
      [
        "run", "--model",
        try home.script([
          CloudHome.question(CloudHome.moons), Turn.call("python", "print('\(key)', '\(spelled)')"),
          Turn.call("memory.save", note), Turn.answer("It is \(key)."),
        ]), "--workspace", home.workspace, "Ask, then look.",
      ], environment: home.environment.merging(["ACME_LOGIN": key]) { $1 })
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output == "It is \(key).\n")
    #expect(try user.cloud.requests().map(\.authorization) == ["Bearer \(key)"])
    for name in ["the-key", "script.jsonl"] { try home.remove(name) }
    #expect(try home.files(holding: key) == [])
    #expect(try home.files(holding: spelled) == [])
    #expect(!result.errors.contains(key))
    #expect(try home.run("session", "verify").exitCode == 0)
  }

  @Test func `says which setting it does not understand`() throws {
    let user = try CloudHome()
    let faults: [(JSONObject, String)] = [
      (["endpoint": "x"], "\"endpoint\" is not a setting; there are: baseURL"),
      (["baseURL": "ftp://x/v1"], "\"baseURL\" must be an http or https address"),
      (["baseURL": "http://api.example.com/v1"], "would show key and question to everyone"),
      (["key": "sk-1234567890abcdef"], "the key itself does not belong here"),
      (["interface": "telex"], "\"interface\" is \"chat\" or \"responses\""),
      (["limits": ["attempts": 0]], "\"attempts\" must be a whole number from 1 to 20"),
      (["prices": ["models": ["big": ["input": 1]]]], "\"big\" needs \"input\" and \"output\""),
    ]
    for (members, words) in faults {
      try user.configure(members)
      let result = try user.ask()
      #expect(result.exitCode == 2, "\(result.errors)")
      #expect(result.errors.contains(words), "\(result.errors)")
    }
  }

  @Test func `keeps the budgets that count tokens and dollars`() throws {
    let user = try CloudHome()
    try user.home.setPolicy(
      CloudHome.rules(user.cloud).replacing(
        "tool: 'cloud.send'", with: "budget: 'b', tool: 'cloud.send'"),
      more: "budgets: { b: { per: 'session', usd: 0.05 } },")
    let turns = [
      CloudHome.question("One?"), CloudHome.question("Two?"), Turn.answer("Done."),
    ]
    // An estimate of 0.041 dollars is reserved; what the first really cost, 0.0068, leaves room for it again.
    let result = try user.home.run(script: turns, ["Go."])
    #expect(result.exitCode == 0, "\(result.errors)")
    try user.configure(["prices": ["models": [:]]])
    let unpriced = try user.ask()
    #expect(unpriced.exitCode == 3)
    #expect(unpriced.errors.contains("has no price for \"big\""), "\(unpriced.errors)")
  }
}

extension String {
  fileprivate func replacing(_ text: String, with other: String) -> String {
    components(separatedBy: text).joined(separator: other)
  }
}
