// LlamaServerTests.swift — whole runs on llama-server: on what one answered once, and, where
// MARTLET_LLAMA_SERVER names the program, on a real one.
//
// The model is noise (Tests/Vectors/tiny-gpt-oss), so a run ends with an answer, or for a reason that has an
// exit code of its own. With MARTLET_RECORD=1 what the real one was asked and answered is written to
// Tests/Vectors/providers/, from where it is played back.

import Base
import Foundation
import TestKit
import Testing

private let program = ProcessInfo.processInfo.environment["MARTLET_LLAMA_SERVER"]

@Suite struct `A run on llama-server` {
  static let interfaces = ["tokens", "responses", "chat"]
  private static let model = Repository.path("Tests/Vectors/tiny-gpt-oss/tiny-q8.gguf")

  /// How a run of noise may end: answered, something refused, approval needed, a budget, the model, a tool,
  /// the network.
  private static let exitCodes: Set<Int32> = [0, 3, 4, 5, 6, 7, 10]

  private static func file(_ interface: String) -> String {
    "providers/llama-server-\(interface).jsonl"
  }

  /// A run of two turns at most, always the same but for what the server answers.
  private static func run(
    _ server: ModelServerStandIn, _ interface: String, _ more: [String] = [], seed: Int = 7
  ) throws -> (ProgramResult, [JSONValue]) {
    let home = try `A run on a model server`.home(
      server, interface,
      [
        "silenceSeconds": 60,
        "vocabulary": .string(Repository.path("Tests/Vectors/tiny-gpt-oss/tokenizer.json")),
      ])
    try home.setPolicy(
      """
      { id: 'server', effect: 'allow', tool: 'model.server', args: 'any', actor: ['user'] },
      { id: 'python', effect: 'allow', tool: 'python', args: 'any', sandbox: 'python' },
      """)
    let result = try `A run on a model server`.run(
      home, server,
      ["--seed", "\(seed)", "--max-tokens", "160", "--max-steps", "2", "--max-time", "2m"] + more)
    return (result, try home.lastEvents())
  }

  @Test(arguments: interfaces)
  func `ends on what it answered once as it did then`(interface: String) throws {
    let lines = try Vectors.jsonLines(Self.file(interface))
    let before = try #require(lines.first)
    let exchanges = Array(lines.dropFirst())
    #expect(exchanges.contains { $0["path"]?.stringValue == "/v1/models" })
    let server = try ModelServerStandIn(["replay": .array(exchanges)])
    let (result, events) = try Self.run(server, interface)
    #expect(Int(result.exitCode) == before["exit_code"]?.intValue, "\(result.errors)")
    let finished = try #require(events.named("run.finished").last)
    #expect(finished["outcome"] == before["outcome"], "\(result.errors)")
    #expect(finished["generated_tokens"] == before["generated_tokens"])
    #expect(try server.answersLeft() == 0)
    #expect(events.named("server.retried").isEmpty)
    let name =
      interface == "tokens" ? "token completions" : interface == "chat" ? "Chat" : "Responses"
    #expect(result.errors.contains(name), "\(result.errors)")
  }

  @Test(
    .enabled(if: program != nil, "MARTLET_LLAMA_SERVER names no llama-server"),
    .timeLimit(.minutes(10)), arguments: interfaces)
  func `ends with an answer or with a reason, whatever the model says`(interface: String) throws {
    let real = try LlamaServer(try #require(program), model: Self.model)
    let server = try ModelServerStandIn(["forward": .string(real.address)])
    for seed in [7] + (1...repetitions(3, full: 20)).map({ 100 + $0 }) {
      let (result, events) = try Self.run(server, interface, seed: seed)
      #expect(Self.exitCodes.contains(result.exitCode), "\(seed): \(result.errors)")
      let finished = try #require(events.named("run.finished").last, "\(seed): \(result.errors)")
      #expect(finished["exit_code"]?.intValue == Int(result.exitCode))
      #expect(events.named("model.loaded").last?["interface"]?.stringValue == interface)
      print(
        "llama-server by \(interface), seed \(seed): exit code \(result.exitCode), \(finished["outcome"]?.stringValue ?? ""), \(finished["generated_tokens"]?.intValue ?? 0) tokens"
      )
      let exchanges = try server.exchanges()
      #expect(!exchanges.isEmpty)
      guard seed == 7, ProcessInfo.processInfo.environment["MARTLET_RECORD"] != nil else {
        continue
      }
      var head: JSONObject = ["server": .string(try real.version)]
      for key in ["exit_code", "outcome", "generated_tokens"] { head[key] = finished[key] }
      let lines = ([.object(head)] + exchanges).map { $0.compactText + "\n" }.joined()
      try Data(lines.utf8).write(
        to: URL(filePath: Repository.path("Tests/Vectors/" + Self.file(interface))))
    }
  }

  @Test(
    .enabled(if: program != nil, "MARTLET_LLAMA_SERVER names no llama-server"),
    .timeLimit(.minutes(5)), arguments: interfaces)
  func `whose server dies ends with exit code 10, and goes on with another`(
    interface: String
  ) throws {
    var real: LlamaServer? = try LlamaServer(try #require(program), model: Self.model)
    let address = try #require(real).address
    let home = try Home()
    try home.write(
      "config/martlet/config.json",
      JSONValue.object([
        "servers": .object([
          address + "/v1": [
            "interface": .string(interface), "attempts": 2,
            "vocabulary": .string(Repository.path("Tests/Vectors/tiny-gpt-oss/tokenizer.json")),
          ]
        ])
      ]).compactText)
    let events = home.path + "/events"
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = [
      "-c",
      "exec \"$MARTLET\" run --json --headless --workspace '\(home.workspace)' --model '\(address)/v1#m' Hi >'\(events)' 2>/dev/null",
    ]
    process.environment = ProcessInfo.processInfo.environment.merging(home.environment) { $1 }
    try process.run()
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline, process.isRunning {
      let text = FileManager.default.contents(atPath: events).map {
        String(decoding: $0, as: UTF8.self)
      }
      if text?.contains("server.asked") == true { break }
      usleep(20_000)
    }
    let port = try #require(real).port
    real = nil
    process.waitUntilExit()
    let code = process.terminationStatus
    // It may have been done before the server died.
    #expect(Self.exitCodes.contains(code))
    guard code == 10 else { return }
    real = try LlamaServer(try #require(program), model: Self.model, port: port)
    let resumed = try home.run(
      "run", "--resume", "last", "--headless", "--max-tokens", "80", "--max-steps", "1")
    #expect(Self.exitCodes.subtracting([10]).contains(resumed.exitCode), "\(resumed.errors)")
  }
}

/// The real one, with a model of noise.
private final class LlamaServer {
  let port: Int
  private let program: String
  private let process = Process()

  var address: String { "http://127.0.0.1:\(port)" }

  init(_ program: String, model: String, port: Int? = nil) throws {
    self.program = program
    self.port = try port ?? Self.freePort()
    process.executableURL = URL(filePath: program)
    process.arguments = [
      "-m", model, "--host", "127.0.0.1", "--port", "\(self.port)", "-c", "8192", "-t", "1",
      "--jinja",
      "-a", "stand-in", "-np", "1",
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let deadline = ContinuousClock.now + .seconds(60)
    while true {
      let health = try Program.run(["-fsS", "\(address)/health"], of: "/usr/bin/curl")
      if health.exitCode == 0 { return }
      guard ContinuousClock.now < deadline, process.isRunning else {
        process.terminate()
        throw POSIXError(.ETIMEDOUT)
      }
      usleep(100_000)
    }
  }

  deinit {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// "llama.cpp …", as it names itself.
  var version: String {
    get throws {
      let said = try Program.run(["--version"], of: program)
      let line = (said.output + said.errors).split(separator: "\n").first {
        $0.hasPrefix("version:")
      }
      return "llama-server \(line?.dropFirst("version: ".count) ?? "of an unknown version")"
    }
  }

  private static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
      }
    }
    guard code == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
