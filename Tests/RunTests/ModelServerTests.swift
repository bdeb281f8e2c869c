// ModelServerTests.swift — whole runs on model servers: each interface, and everything that goes wrong.

import Base
import Foundation
import TestKit
import Testing

@Suite struct `A run on a model server` {
  static let interfaces = ["chat", "responses", "tokens"]

  /// A call of python, then the answer.
  static func turns(_ interface: String) throws -> JSONValue {
    guard interface == "tokens" else {
      return [
        [
          "thought": "I shall compute it.",
          "calls": [["name": "python", "arguments": #"{"code": "print(6 * 7)"}"#]],
        ],
        ["thought": "That was it.", "text": "It is 42."],
      ]
    }
    return .array(
      try [
        "<|channel|>analysis<|message|>I shall compute it.<|end|><|start|>assistant"
          + "<|channel|>analysis to=python code<|message|>print(6 * 7)<|call|>",
        "<|channel|>final<|message|>It is 42.<|return|>",
      ].map { ["tokens": try ids($0)] })
  }

  static func ids(_ text: String) throws -> JSONValue {
    let vocabulary = Repository.path("Models/o200k_harmony/o200k_base.tiktoken")
    let result = try Program.run(
      ["tokenize", "--model", vocabulary, "--special"],
      input: JSONValue.object(["text": .string(text)]).compactText + "\n")
    return try JSONReader.value(result.output, source: "tokenize")["ids"] ?? []
  }

  /// What the program asks `/tokenize` for.
  static let sample = Result {
    try ids(
      "<|start|>user<|message|>Größe:  12345 \n\tпривет 你好 🙂 don't<|end|><|start|>assistant")
  }

  static func server(_ interface: String, _ more: JSONObject = [:]) throws -> ModelServerStandIn {
    var order: JSONObject = ["turns": try turns(interface)]
    if interface == "tokens" { order["tokenize"] = try sample.get() }
    for (key, value) in more { order[key] = value }
    return try ModelServerStandIn(.object(order))
  }

  /// A home in which the server is configured.
  static func home(
    _ server: ModelServerStandIn, _ interface: String, _ more: JSONObject = [:]
  ) throws -> Home {
    let home = try Home()
    var settings: JSONObject = [
      "interface": .string(interface), "attempts": 3, "silenceSeconds": 2,
    ]
    for (key, value) in more { settings[key] = value }
    try home.write(
      "config/martlet/config.json",
      JSONValue.object(["servers": .object([server.base: .object(settings)])]).compactText)
    return home
  }

  static func run(
    _ home: Home, _ server: ModelServerStandIn, _ words: [String] = [],
    task: [String] = ["What is 6 * 7?"]
  ) throws -> ProgramResult {
    try Program.run(
      ["run", "--model", server.model, "--workspace", home.workspace, "--headless"] + words + task,
      environment: home.environment)
  }

  @Test(arguments: interfaces)
  func `calls a tool and answers`(interface: String) throws {
    let server = try Self.server(interface)
    let home = try Self.home(
      server, interface,
      ["prices": ["models": ["stand-in": ["input": 1, "output": 10]]]])
    let result = try Self.run(home, server)
    #expect(result.output == "It is 42.\n", "\(result.errors)")
    #expect(result.exitCode == 0)
    #expect(result.errors.contains("\(server.base) is used by "))
    #expect(result.errors.contains("python print(6 * 7) (python)"))
    #expect(result.errors.contains("USD"))
    let events = try home.lastEvents()
    #expect(events.named("tool.answered").first?["text"]?.stringValue?.contains("42") == true)
    #expect(events.named("model.loaded").first?["interface"]?.stringValue == interface)
    #expect(events.named("server.answered").count >= 2)
    #expect(events.named("run.finished").first?["outcome"] == "answered")
    #expect(try home.run("session", "verify").exitCode == 0)
    // The thought goes back with its call.
    let second = try #require(try server.order([:]).last?["body"])
    switch interface {
    case "chat":
      let messages = try #require(second["messages"]?.arrayValue)
      #expect(messages.map { $0["role"]?.stringValue } == ["user", "assistant", "tool"])
      #expect(messages[1]["reasoning"] == "I shall compute it. ")
      #expect(messages[1]["tool_calls"]?.arrayValue?.first?["id"] == "call-0-0")
      #expect(messages[2]["tool_call_id"] == "call-0-0")
      #expect(messages[2]["content"]?.stringValue?.contains("42") == true)
    case "responses":
      let items = try #require(second["input"]?.arrayValue)
      #expect(
        items.map { $0["type"]?.stringValue } == [
          "message", "reasoning", "function_call", "function_call_output",
        ])
      #expect(items[1]["id"] == "rs_0")
      #expect(items[1]["content"] == [["type": "reasoning_text", "text": "I shall compute it."]])
      #expect(items[3]["call_id"] == "call-0-0")
    default:
      #expect(second["return_token_ids"] == true)
      let first = try #require(try Self.turns("tokens").arrayValue?.first?["tokens"]?.arrayValue)
      let prompt = second["prompt"]?.arrayValue ?? []
      // What was sampled stands in the next prompt, token by token.
      #expect(prompt.indices.contains { prompt[$0...].starts(with: first.dropLast()) })
    }
  }

  @Test func `finds out by itself which way to take`() throws {
    for (interface, tokenize, words) in [
      ("tokens", try Self.sample.get(), "token completions"),
      ("chat", [1, 2, 3] as JSONValue, "Chat Completions"), ("chat", .null, "Chat Completions"),
    ] {
      let server = try Self.server(interface, ["tokenize": tokenize])
      let result = try Self.run(try Self.home(server, "automatic"), server)
      #expect(result.output == "It is 42.\n", "\(result.errors)")
      #expect(result.errors.contains(words))
    }
  }

  @Test func `asks again where the grammar forbids a token`() throws {
    var turns = try #require(try Self.turns("tokens").arrayValue)
    // The name of a tool that there is none of, and a message where the channel has to be.
    turns[0] = .object([
      "tokens": turns[0]["tokens"] ?? [],
      "wrong": ["1": try Self.ids("poetry").arrayValue?[0] ?? 0],
    ])
    let server = try Self.server("tokens", ["turns": .array(turns)])
    let home = try Self.home(server, "tokens")
    let result = try Self.run(home, server)
    #expect(result.output == "It is 42.\n", "\(result.errors)")
    let biased = try server.order([:]).compactMap { $0["body"]?["logit_bias"] }
    #expect(biased.count == 1)
  }

  /// Faults that are over after one attempt.
  static let passing = [
    "429", "500", "truncated", "half-json", "reset", "wrong-type", "reordered", "late-error",
    "stall",
  ]

  @Test(arguments: interfaces)
  func `gets over what passes`(interface: String) throws {
    let few = [
      "chat": ["truncated", "half-json", "wrong-type", "reordered"],
      "responses": ["429", "reordered", "late-error"], "tokens": ["half-json", "reset"],
    ]
    let faults = repetitions(0, full: 1) == 1 ? Self.passing : few[interface] ?? []
    for fault in faults {
      let server = try Self.server(interface, ["faults": [.null, .string(fault)]])
      let home = try Self.home(server, interface)
      let result = try Self.run(home, server)
      #expect(result.exitCode == 0, "\(fault): \(result.errors)")
      #expect(result.output == "It is 42.\n", "\(fault)")
      #expect(result.errors.contains("Trying again in "), "\(fault): \(result.errors)")
      #expect(try home.lastEvents().named("server.retried").count == 1)
    }
  }

  @Test(arguments: interfaces)
  func `ends with exit code 10 where it does not pass`(interface: String) throws {
    let few = [
      "chat": ["429", "quota", "redirect"], "responses": ["500", "429-late"],
      "tokens": ["429", "400"],
    ]
    let faults =
      repetitions(0, full: 1) == 1
      ? Self.passing + ["429-late", "quota", "400", "redirect"] : few[interface] ?? []
    for fault in faults {
      let server = try Self.server(
        interface, ["faults": [.string(fault), .string(fault), .string(fault)]])
      let home = try Self.home(server, interface, ["silenceSeconds": 1])
      let result = try Self.run(home, server)
      #expect(result.exitCode == 10, "\(fault): \(result.output) \(result.errors)")
      #expect(result.output == "", "\(fault)")
      #expect(result.errors.contains("martlet run --resume"), "\(fault): \(result.errors)")
      // The run goes on once the server has recovered.
      try server.order(["faults": []])
      guard fault == "429" else { continue }
      let resumed = try Program.run(
        ["run", "--resume", "last", "--headless", "--quiet"], environment: home.environment)
      #expect(resumed.output == "It is 42.\n", "\(fault): \(resumed.errors)")
    }
  }

  @Test(arguments: ["chat", "tokens"])
  func `that was interrupted ends at once, and goes on`(interface: String) throws {
    let server = try Self.server(interface, ["faults": [.null, "stall"]])
    let home = try Self.home(server, interface, ["silenceSeconds": 60])
    let clock = ContinuousClock()
    var result: ProgramResult?
    let time = try clock.measure {
      result = try home.shell(
        """
        cd '\(home.workspace)'
        "$MARTLET" run --json --model '\(server.model)' --headless 'What is 6 * 7?' >events & pid=$!
        until grep -q task.given events; do sleep 0.1; done
        sleep 1; kill -INT $pid; wait $pid
        """)
    }
    #expect(result?.exitCode == 130, "\(result?.errors ?? "")")
    #expect(time < .seconds(20))
    let resumed = try Program.run(
      ["run", "--resume", "last", "--headless", "--quiet"], environment: home.environment)
    #expect(resumed.output == "It is 42.\n", "\(resumed.errors)")
  }

  @Test func `makes room, or says so, where the prompt is too long`() throws {
    let server = try Self.server("chat", ["faults": ["overflow"]])
    let result = try Self.run(try Self.home(server, "chat"), server)
    #expect(result.exitCode == 5)
    #expect(result.errors.contains("no longer fits the model's context"))
  }

  /// The stand-in counts 10 tokens for each answer, and says that it is whole.
  @Test(arguments: ["chat", "responses"])
  func `takes no answer for a whole one that used up all its tokens`(interface: String) throws {
    for (bound, code) in [("10", 5), ("11", 0)] {
      let server = try Self.server(interface, ["turns": [["text": "It is 4"]]])
      let home = try Self.home(server, interface, ["silenceSeconds": 60])
      let result = try Self.run(home, server, ["--max-tokens", bound])
      #expect(Int(result.exitCode) == code, "\(bound): \(result.errors)")
      #expect(result.output == (code == 0 ? "It is 4\n" : ""))
    }
  }

  // MARK: - The policy

  @Test func `asks the policy before a byte leaves`() throws {
    let server = try Self.server("chat")
    let home = try Self.home(server, "chat")
    let offline = try Self.run(home, server, ["--policy", "offline"])
    #expect(offline.exitCode == 3)
    #expect(
      offline.errors.contains("The model server \(server.base) is refused (no-network)"))
    let cautious = try Self.run(home, server, ["--policy", "cautious"])
    #expect(cautious.exitCode == 4)
    #expect(try server.order([:]) == [])
    let lease = try Program.run(
      [
        "policy", "lease", "add", "--workspace", home.workspace, "--policy", "cautious", "--tool",
        "model.server", "--args", "any",
      ], environment: home.environment)
    #expect(lease.exitCode == 0, "\(lease.errors)")
    let elsewhere = try Program.run(
      [
        "run", "--model", "https://api.example.com/v1#big", "--workspace", home.workspace,
        "--headless", "Hi",
      ], environment: home.environment)
    #expect(elsewhere.exitCode == 4, "\(elsewhere.errors)")
    #expect(elsewhere.errors.contains("ask-server"))
  }

  // MARK: - Keys

  @Test func `sends a key from each of its places, and shows it nowhere`() throws {
    let secret = "plain-heron-marsh-41"
    for kind in ["environment", "file", "command"] {
      let server = try Self.server("chat", ["key": .string(secret)])
      let keyFile = try Home()
      let path = try keyFile.write("key", secret + "\n")
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      let source: JSONValue =
        switch kind {
        case "environment": ["environment": "MY_KEY"]
        case "file": ["file": .string(path)]
        default: ["command": ["cat", .string(path)]]
        }
      let home = try Self.home(server, "chat", ["key": source])
      let result = try Program.run(
        [
          "run", "--model", server.model, "--workspace", home.workspace, "--headless",
          "Hi, I am \(secret).",
        ], environment: home.environment.merging(["MY_KEY": secret]) { $1 })
      #expect(result.exitCode == 0, "\(kind): \(result.errors)")
      #expect(!(result.errors + result.output).contains(secret))
      #expect(try home.files(holding: secret) == [])
    }
  }

  @Test func `says what is wrong with a key`() throws {
    let server = try Self.server("chat", ["key": "right"])
    let without = try Self.run(try Self.home(server, "chat"), server)
    #expect(without.exitCode == 10)
    #expect(without.errors.contains("does not take the key (status 401)"))
    let home = try Self.home(server, "chat", ["key": ["environment": "NO_SUCH_KEY"]])
    let missing = try Self.run(home, server)
    #expect(missing.exitCode == 2)
    #expect(
      missing.errors.contains("The variable NO_SUCH_KEY, which should hold the key, is not set"))
    let path = try home.write("key", "right\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    let open = try Self.run(
      try Self.home(server, "chat", ["key": ["file": .string(path)]]), server)
    #expect(open.exitCode == 2)
    #expect(open.errors.contains("chmod 600 \(path)"))
    // Nobody else's.
    let other = try Program.run(
      ["run", "--model", server.model, "--workspace", home.workspace, "Hi"],
      environment: try Self.home(server, "chat").environment.merging([
        "OPENAI_API_KEY": "right"
      ]) { $1 })
    #expect(other.exitCode == 10)
    let named = try Program.run(
      ["run", "--model", server.model, "--workspace", home.workspace, "Hi"],
      environment: try Self.home(server, "chat").environment.merging([
        "OPENAI_API_KEY": "right", "OPENAI_BASE_URL": server.base,
      ]) { $1 })
    #expect(named.exitCode == 0, "\(named.errors)")
  }

  // MARK: - Settings

  @Test(arguments: [
    (#"{"servers": []}"#, "\"servers\" must be an object"),
    (#"{"servers": {"x": {}}}"#, "has not the form https://HOST/v1"),
    (#"{"servers": {"http://h/v1": {"keys": 1}}}"#, "\"keys\" is not a setting; there are: key,"),
    (#"{"servers": {"http://h/v1": {"key": "sk-1"}}}"#, "the key itself does not belong here"),
    (#"{"servers": {"http://h/v1": {"interface": "x"}}}"#, "automatic, tokens, responses, chat"),
    (#"{"servers": {"http://h/v1": {"attempts": 0}}}"#, "a whole number from 1 to 100"),
    (#"{"servers": {"http://h/v1": {"prices": 1}}}"#, "\"prices\": must be an object"),
    (#"{"server": {}}"#, "there are: maxCost, model, secrets, servers"),
  ])
  func `names what is wrong with its settings`(text: String, words: String) throws {
    let home = try Home()
    let path = try home.write("config/martlet/config.json", text)
    let result = try Program.run(
      ["run", "--model", "http://127.0.0.1:1/v1#m", "--workspace", home.workspace, "Hi"],
      environment: home.environment)
    #expect(result.exitCode == 2)
    #expect(result.errors.contains(path) && result.errors.contains(words), "\(result.errors)")
  }

  @Test func `needs an address and a name, and a server`() throws {
    let home = try Home()
    for (model, code, words) in [
      ("http://127.0.0.1:1/v1", 2, "names no model"), ("http://#m", 2, "is no address"),
      ("http://user:pw@h/v1#m", 2, "is no address"),
      ("http://127.0.0.1:1/v1#m", 10, "could not be reached"),
    ] {
      let result = try Program.run(
        ["run", "--model", model, "--workspace", home.workspace, "Hi"],
        environment: home.environment)
      #expect(result.exitCode == Int32(code), "\(model): \(result.errors)")
      #expect(result.errors.contains(words), "\(result.errors)")
    }
  }
}
