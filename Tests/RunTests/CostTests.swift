// CostTests.swift — what a run may cost at servers and at the cloud model: reserved before, settled after.

import Base
import Foundation
import TestKit
import Testing

private typealias OnServer = `A run on a model server`

@Suite struct `What a run may cost` {
  /// Settings of a server whose patience a busy machine does not try.
  private static func prices(
    _ input: Double, _ output: Double, _ currency: String = "USD"
  ) -> JSONObject {
    [
      "silenceSeconds": 60,
      "prices": [
        "currency": .string(currency),
        "models": [
          "stand-in": ["input": .number(.double(input)), "output": .number(.double(output))]
        ],
      ],
    ]
  }

  private static func asked(_ server: ModelServerStandIn) throws -> [JSONValue] {
    try server.order([:]).filter {
      ["/v1/chat/completions", "/v1/responses", "/v1/completions"].contains(
        $0["path"]?.stringValue)
    }
  }

  // MARK: - A server

  /// Each turn of the stand-in takes 100 tokens and gives 10.
  @Test(arguments: ["chat", "responses"])
  func `bounds the answers of a server, and is told in every event`(interface: String) throws {
    let server = try OnServer.server(interface)
    let home = try OnServer.home(server, interface, Self.prices(1, 10, "EUR"))
    let result = try OnServer.run(home, server, ["--max-cost", "0.05", "--json"])
    #expect(result.exitCode == 0, "\(result.errors)")
    let requests = try Self.asked(server)
    let key = interface == "chat" ? "max_tokens" : "max_output_tokens"
    let bounds = requests.compactMap { $0["body"]?[key]?.intValue }
    #expect(bounds.count == 2)
    // 0.05 buys 5000 tokens of output; the prompt is paid first, and the first turn.
    #expect(bounds.allSatisfy { $0 < 5000 && $0 > 1000 })
    #expect((bounds.first ?? 0) > (bounds.last ?? 0))
    let events = try result.events()
    #expect(events.named("run.started").first?["budgets"]?["cost_millionths_max"] == 50_000)
    let answered = events.named("server.answered")
    #expect(answered.map { $0["cost_millionths"] } == [200, 200])
    #expect(answered.map { $0["spent_millionths"] } == [200, 400])
    #expect(answered.allSatisfy { $0["currency"] == "EUR" })
    for event in events.named("server.asked") {
      #expect((event["reserved_millionths"]?.intValue ?? 0) > 200)
    }
    #expect(result.errors.contains("the server read 200 tokens and wrote 20, 0.0004 EUR"))
    // Numbers stay in the chain when the words are erased.
    let kept = try home.run("session", "show", "last", "--json").events()
    #expect(kept.named("server.answered").last?["spent_millionths"] == 400)
    #expect(try home.run("session", "verify").exitCode == 0)
  }

  @Test func `ends the run with exit code 5 before the request that it does not pay for`() throws {
    let server = try OnServer.server("chat")
    // A turn costs 100 millionths; the next request would not get 16 tokens any more.
    let home = try OnServer.home(server, "chat", Self.prices(0, 10))
    let result = try OnServer.run(home, server, ["--max-cost", "0.00025"])
    #expect(result.exitCode == 5, "\(result.errors)")
    #expect(
      result.errors.contains(
        "the next request is not sent: It may cost up to 0.00016 USD, and of the 0.00025 USD that the run may cost 0.00015 USD is left."
      ), "\(result.errors)")
    #expect(result.errors.contains("What the run may cost is used up (--max-cost"))
    #expect(try Self.asked(server).count == 1)
    let events = try home.lastEvents()
    #expect(events.named("cost.refused").count == 1)
    #expect(events.named("model.failed").first?["failure"] == "cost_spent")
    let finished = try #require(events.named("run.finished").first)
    #expect(finished["outcome"] == "budget_exhausted")
    #expect(finished["reason"] == "cost")
    // Counting begins anew, and a bound can be raised.
    let resumed = try home.run("run", "--resume", "last", "--headless", "--quiet")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(resumed.output == "It is 42.\n")
  }

  @Test func `sends nothing at all where the prompt alone costs more`() throws {
    for interface in ["chat", "responses", "tokens"] {
      let server = try OnServer.server(interface)
      let home = try OnServer.home(server, interface, Self.prices(1_000, 1))
      let result = try OnServer.run(home, server, ["--max-cost", "0.001"])
      #expect(result.exitCode == 5, "\(interface): \(result.errors)")
      // But for the look at which way the server takes.
      let asked = try Self.asked(server).filter { $0["body"]?["max_tokens"] != 1 }
      #expect(asked.isEmpty, "\(interface)")
    }
  }

  @Test func `cuts the pieces of token completions`() throws {
    let server = try OnServer.server("tokens")
    let home = try OnServer.home(server, "tokens", Self.prices(0, 10))
    let result = try OnServer.run(home, server, ["--max-cost", "0.0002"])
    let sizes = try Self.asked(server).compactMap { $0["body"]?["max_tokens"]?.intValue }
    // The first is the look; then 0.0002 buys 20 tokens, of 64.
    #expect(sizes.dropFirst().first == 20)
    #expect(sizes.allSatisfy { $0 <= 20 })
    #expect([0, 5].contains(result.exitCode), "\(result.errors)")
    let events = try home.lastEvents()
    let spent = events.named("server.answered").compactMap { $0["spent_millionths"]?.intValue }
    #expect(spent.allSatisfy { $0 <= 200 })
  }

  @Test func `says that an answer was cut off for money, and not for length`() throws {
    let server = try OnServer.server(
      "chat", ["turns": [["text": "It is", "finish": "length"]]])
    let home = try OnServer.home(server, "chat", Self.prices(0, 10))
    let result = try OnServer.run(home, server, ["--max-cost", "0.001"])
    #expect(result.exitCode == 5)
    #expect(try home.lastEvents().named("run.finished").first?["reason"] == "cost")
    let free = try OnServer.server(
      "chat", ["turns": [["text": "It is", "finish": "length"]]])
    let other = try OnServer.home(free, "chat", Self.prices(0, 10))
    #expect(try OnServer.run(other, free).exitCode == 5)
    #expect(
      try other.lastEvents().named("run.finished").first?["reason"] == "generated_tokens")
  }

  @Test func `is refused before anything is sent where there is no price`() throws {
    let server = try OnServer.server("chat")
    let home = try OnServer.home(server, "chat")
    let result = try OnServer.run(home, server, ["--max-cost", "1"])
    #expect(result.exitCode == 2)
    #expect(
      result.errors.contains(
        "config.json has no price for \"stand-in\" of \(server.base), so nothing is sent."),
      "\(result.errors)")
    #expect(try server.order([:]) == [])
    let free = try OnServer.home(server, "chat", Self.prices(0, 0))
    let unpaid = try OnServer.run(free, server, ["--max-cost", "0"])
    #expect(unpaid.exitCode == 0, "\(unpaid.errors)")
    for words in ["x", "nan", "1e9"] {
      let wrong = try OnServer.run(home, server, ["--max-cost", words])
      #expect(wrong.exitCode == 2)
      #expect(wrong.errors.contains("--max-cost takes a number"), "\(wrong.errors)")
    }
  }

  @Test func `is what config.json says where it is not given`() throws {
    let server = try OnServer.server("chat")
    let home = try OnServer.home(server, "chat", Self.prices(1_000, 1))
    let path = home.path + "/config/martlet/config.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try home.write(
      "config/martlet/config.json", #"{"maxCost": 0.001, "# + String(text.dropFirst()))
    #expect(try OnServer.run(home, server).exitCode == 5)
    #expect(try OnServer.run(home, server, ["--max-cost", "100"]).exitCode == 0)
    try home.write("config/martlet/config.json", #"{"maxCost": "1"}"#)
    let wrong = try OnServer.run(home, server)
    #expect(wrong.exitCode == 2)
    #expect(wrong.errors.contains("\(path): \"maxCost\" must be a number"), "\(wrong.errors)")
  }

  @Test func `is what a budget of the policy has left, by session and by day`() throws {
    for period in ["session", "day"] {
      let server = try OnServer.server("chat")
      let home = try OnServer.home(server, "chat", Self.prices(0, 10))
      try home.setPolicy(
        """
        { id: 'server', effect: 'allow', tool: 'model.server', args: 'any', actor: ['user'], budget: 'big' },
        { id: 'python', effect: 'allow', tool: 'python', args: 'any', sandbox: 'python' },
        """, more: "budgets: { big: { per: '\(period)', calls: 2, usd: 0.00025 } },")
      let result = try OnServer.run(home, server)
      #expect(result.exitCode == 5, "\(period): \(result.errors)")
      #expect(result.errors.contains("a budget of the policy has "), "\(result.errors)")
      #expect(try Self.asked(server).count == 1)
      // Without a price nothing can be counted.
      let unpriced = try OnServer.home(server, "chat")
      try unpriced.setPolicy(
        "{ id: 'server', effect: 'allow', tool: 'model.server', args: 'any', actor: ['user'], budget: 'big' }",
        more: "budgets: { big: { per: '\(period)', usd: 1 } },")
      let refused = try OnServer.run(unpriced, server)
      #expect(refused.exitCode == 2, "\(refused.errors)")
      #expect(try Self.asked(server) == [])
    }
  }

  // MARK: - The cloud model

  /// A question reserves a hundred tokens or so at 2, and 4096 at 10: 0.0412 USD; it then costs 0.0068.
  @Test func `bounds what the cloud model is asked, and ends the run with exit code 5`() throws {
    let user = try CloudHome()
    let turns = (0..<4).map { CloudHome.question("Question \($0)?") } + [Turn.answer("Done.")]
    let result = try user.home.run(script: turns, ["--max-cost", "0.05", "Go."])
    #expect(result.exitCode == 5, "\(result.errors)")
    // 0.05, 0.0432 are enough; 0.0364 is not.
    #expect(try user.userTexts() == ["Question 0?", "Question 1?"])
    #expect(result.errors.contains("the cloud model's answer cost 0.0068 USD"))
    #expect(result.errors.contains("not sent: It may cost up to 0.041"), "\(result.errors)")
    #expect(result.errors.contains("What the run may cost is used up (--max-cost"))
    let events = try user.home.lastEvents()
    #expect(events.named("cloud.answered").map { $0["spent_millionths"] } == [6800, 13_600])
    let judged = events.named("cloud.judged")
    #expect(judged.map { $0["verdict"] } == ["allow", "allow", "deny"])
    #expect(judged.last?["rules"] == ["cost"])
    #expect(judged.allSatisfy { ($0["reserved_millionths"]?.intValue ?? 0) > 40_960 })
    #expect(events.named("policy.decided").last?["verdict"] == "cost_spent")
    #expect(events.named("run.finished").last?["reason"] == "cost")
    let resumed = try user.home.run("run", "--resume", "last", "--max-cost", "1", "--quiet")
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try user.userTexts() == ["Question 2?", "Question 3?"])
    #expect(try user.home.run("session", "verify").exitCode == 0)
  }

  @Test func `tells it in events that fit the published schema`() throws {
    let schema = try JSONSchema(
      JSONReader.value(
        Repository.bytes("Docs/schemas/run-event.schema.json"), source: "schema"),
      source: "run-event.schema.json")
    let user = try CloudHome(more: "cloud: { escalate: ['task-marked'] },")
    let asked = try user.home.run(
      script: [CloudHome.question("One?")], ["--json", "--max-cost", "0.001", "Go."])
    #expect(asked.exitCode == 5)
    let marked = try user.home.run(
      script: [Turn.answer("Mine.")], ["--json", "--cloud", "--max-cost", "0.001", "Go."])
    #expect(marked.exitCode == 5, "\(marked.errors)")
    let events = try asked.events() + marked.events()
    #expect(events.named("run.escalated").first?["status"] == "cost_spent")
    for event in events { #expect(schema.problem(with: event) == nil, "\(event.compactText)") }
    #expect(try user.cloud.requests() == [])
  }

  @Test func `is refused without a price, and the model goes on`() throws {
    let user = try CloudHome(configuration: ["prices": [:]])
    let result = try user.ask(CloudHome.moons, ["--max-cost", "1"])
    #expect(result.exitCode == 3, "\(result.errors)")
    #expect(result.errors.contains("cloud.json has no price for \"big\""), "\(result.errors)")
    #expect(try user.cloud.requests() == [])
  }

  @Test func `stays reserved where no answer came, for it may be billed`() throws {
    let user = try CloudHome()
    try user.cloud.behave(["500"])
    let turns = (0..<2).map { CloudHome.question("Question \($0)?") } + [Turn.answer("Done.")]
    let result = try user.home.run(script: turns, ["--max-cost", "0.05", "Go."])
    // The failure is told before the budget.
    #expect(result.exitCode == 10, "\(result.errors)")
    #expect(
      Set(try user.userTexts()) == ["Question 0?"])
    let answered = try #require(try user.home.lastEvents().named("cloud.answered").first)
    #expect(answered["status"] == "failed")
  }

  @Test func `is counted in one currency`() throws {
    let user = try CloudHome()
    let server = try OnServer.server("chat")
    try user.home.write(
      "config/martlet/config.json",
      JSONValue.object([
        "servers": .object([server.base: .object(Self.prices(1, 1, "EUR"))])
      ]).compactText)
    try user.home.remove("config/martlet/policy.json5")
    let result = try OnServer.run(user.home, server, ["--max-cost", "1"])
    #expect(result.exitCode == 2, "\(result.errors)")
    #expect(result.errors.contains("there are two: cloud.json has USD"), "\(result.errors)")
  }

  // MARK: - The answer at a terminal

  @Test func `an answer that comes in one piece stands at a terminal once`() throws {
    let server = try OnServer.server("chat", ["turns": [["text": "It is 42."]]])
    let home = try OnServer.home(server, "chat")
    // Without tools, so that text can only be the answer.
    try home.setPolicy(
      "{ id: 'server', effect: 'allow', tool: 'model.server', args: 'any', actor: ['user'] }")
    let result = try Program.run(
      [
        "-qefc",
        "'\(Program.path)' run --model '\(server.model)' --workspace '\(home.workspace)' --quiet 'What is 6 * 7?'",
        "/dev/null",
      ], of: "/usr/bin/script", environment: home.environment)
    #expect(result.exitCode == 0, "\(result.output)")
    #expect(result.output.ranges(of: "It is 42.").count == 1, "\(result.output)")
  }
}
