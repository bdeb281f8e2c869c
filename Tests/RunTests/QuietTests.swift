// QuietTests.swift — who opens a connection, and who does not: every command in a network namespace in
// which each packet is counted.

import Base
import Foundation
import TestKit
import Testing

@Suite struct `Without being told to, the program` {
  /// A command and what came of it.
  struct Heard: Equatable {
    var words: [String]
    var code: Int
    var errors: String
    var packets: [String]
  }

  /// Runs commands one after the other in one namespace; nil where none can be made here.
  private static func listen(
    _ home: Home, _ commands: [(words: [String], input: String)]
  ) throws -> [Heard]? {
    let lines = commands.map { words, input in
      JSONValue.object([
        "argv": .array(([Program.path] + words).map(JSONValue.string)), "input": .string(input),
      ]).compactText + "\n"
    }
    let script = Repository.path("Tests/StandIns/quiet.py")
    let mode = geteuid() == 0 ? "-n" : "-rn"
    // The script bounds each command and all of them; what bounds the script is for the day that it hangs.
    let result = try Program.run(
      ["-k", "5", "300", "unshare", mode, "python3", script], of: "/usr/bin/timeout",
      input: lines.joined(),
      environment: home.environment.merging([
        // Nobody is there; whoever asks sends a packet.
        "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": home.path + "/hf", "http_proxy": "",
        "https_proxy": "", "all_proxy": "",
      ]) { $1 })
    guard result.output.contains("ready") else { return nil }
    let answers = try result.events().dropFirst()
    #expect(answers.count == commands.count, "\(result.errors)")
    return zip(commands, answers).map { command, answer in
      Heard(
        words: command.words, code: answer["code"]?.intValue ?? -1,
        errors: answer["errors"]?.stringValue ?? "",
        packets: answer["packets"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    }
  }

  /// One call of every command that is to be silent, by the command's name.
  private static func calls(_ home: Home) throws -> [String: [(words: [String], input: String)]] {
    let vocabulary = Repository.path("Models/o200k_harmony/o200k_base.tiktoken")
    let nano = Repository.path("Models/nano")
    try home.write("papers/swifts.txt", "Swifts sleep in the air.\n")
    let script = try home.script([
      Turn.call("python", "import urllib.request\nurllib.request.urlopen('http://10.9.8.1/')"),
      Turn.call(
        "container.exec",
        #"{"cmd": ["python3", "-c", "import socket; socket.create_connection(('10.9.8.1', 80))"]}"#),
      Turn.call("browser.open", #"{"id": "http://10.9.8.1/"}"#),
      Turn.answer("Done."),
    ])
    let inPlace = ["--workspace", home.workspace]
    return [
      "run": [
        (["run", "--headless", "--max-tokens", "40"] + inPlace + ["What is 6 * 7?"], ""),
        (["run", "--headless", "--model", script] + inPlace + ["Get out."], ""),
      ],
      "chat": [(["chat", "--headless", "--model", script] + inPlace, "Hello.\n")],
      "doctor": [(["doctor"], "")],
      "session list": [(["session", "list"], "")],
      "session show": [(["session", "show", "last"], "")],
      "session verify": [(["session", "verify"], "")],
      "memory add": [(["memory", "add", "Swifts sleep in the air."] + inPlace, "")],
      "memory search": [(["memory", "search", "swifts"] + inPlace, "")],
      "memory list": [(["memory", "list"] + inPlace, "")],
      "memory forget": [(["memory", "forget", "1"], "")],
      "policy check": [
        (["policy", "check", "--tool", "browser.search", "--arguments", #"{"query":"x"}"#], ""),
        (["policy", "check", "--url", "http://10.9.8.1/"], ""),
      ],
      "policy explain": [
        (["policy", "explain", "--tool", "browser.search", "--arguments", #"{"query":"x"}"#], "")
      ],
      "policy test": [(["policy", "test"], "")],
      "policy lint": [(["policy", "lint"], "")],
      "policy lease add": [
        (["policy", "lease", "add", "--tool", "browser.search", "--args", "any"] + inPlace, "")
      ],
      "policy lease list": [(["policy", "lease", "list"], "")],
      "policy lease revoke": [(["policy", "lease", "revoke", "1"], "")],
      "sandbox run": [
        (["sandbox", "run", "--profile", "container"] + inPlace + ["--", "true"], ""),
        (
          ["sandbox", "run", "--profile", "container"] + inPlace
            + ["--", "python3", "-c", "import socket; socket.create_connection(('10.9.8.1', 80))"],
          ""
        ),
      ],
      "sandbox doctor": [(["sandbox", "doctor"], "")],
      "tool list": [(["tool", "list"], "")],
      "tool pin": [(["tool", "pin", "nobody"], "")],
      "tool serve": [(["tool", "serve", "python"], ""), (["tool", "serve", "browser"], "")],
      "docs add": [(["docs", "add", home.path + "/papers"], "")],
      "docs list": [(["docs", "list"], "")],
      "docs remove": [(["docs", "remove", home.path + "/papers"], "")],
      "model list": [(["model", "list"], "")],
      "model remove": [(["model", "remove", "nobody"], "")],
      "model info": [(["model", "info", nano], "")],
      "model verify": [(["model", "verify", nano], "")],
      "model score": [(["model", "score", "--model", nano], #"{"ids":[1,2,3]}"# + "\n")],
      "model generate": [
        (["model", "generate", "--model", nano, "--text", "Hello", "--max-tokens", "3"], "")
      ],
      "model bench": [(["model", "bench", "--help"], "")],
      "harmony render": [
        (["harmony", "render"], #"{"conversation":{"messages":[{"role":"user","content":"Hi"}]}}"#)
      ],
      "harmony parse": [(["harmony", "parse"], #"{"ids":[200005]}"#)],
      "tokenize": [(["tokenize", "--model", vocabulary], #"{"text":"hello"}"#)],
    ]
  }

  /// Their purpose is the network.
  private static let online: Set<String> = ["model pull"]

  @Test(.timeLimit(.minutes(6)))
  func `opens no connection, whichever command is run`() throws {
    let home = try Home()
    let calls = try Self.calls(home)
    let help = try home.run("--help").output
    // The help is made from the table that commands are found in: each line of its list is one.
    let start = try #require(help.firstRange(of: "\ncommands:\n")).upperBound
    let end = try #require(help.firstRange(of: "\nexamples:\n")).lowerBound
    let listed = try help[start..<end].split(separator: "\n").map { line in
      String(try #require(line.prefixMatch(of: #/  (\S+(?: \S+){0,2})  +\S/#), "\(line)").1)
    }
    #expect(listed.count > 30)
    #expect(
      Set(listed).subtracting(calls.keys).subtracting(Self.online) == [],
      "commands without a call here")
    #expect(
      Set(calls.keys).union(Self.online).subtracting(listed) == [], "calls of what is no command")
    let silent = listed.flatMap { calls[$0] ?? [] }
    // At the end, what shows that packets are seen.
    let loud: [(words: [String], input: String)] = [
      (["model", "pull", "org/tiny"], ""),
      (
        [
          "run", "--model", "http://127.0.0.1:9/v1#m", "--headless", "--workspace", home.workspace,
          "Hi",
        ], ""
      ),
    ]
    let refused: [(words: [String], input: String)] = [
      (["model", "pull", "--headless", "--policy", "offline", "org/tiny"], ""),
      (
        [
          "run", "--model", "http://10.9.8.1/v1#m", "--policy", "offline", "--workspace",
          home.workspace, "Hi",
        ], ""
      ),
      (
        [
          "run", "--model", "http://10.9.8.1/v1#m", "--headless", "--workspace", home.workspace,
          "Hi",
        ], ""
      ),
    ]
    // Where no namespace can be made, nothing can be shown.
    guard let heard = try Self.listen(home, silent + refused + loud) else { return }
    for one in heard.prefix(silent.count + refused.count) {
      #expect(one.packets == [], "\(one.words): \(one.errors)")
      #expect(one.code != 124, "\(one.words) took too long: \(one.errors)")
    }
    #expect(heard.dropFirst(silent.count).prefix(3).map(\.code) == [3, 3, 4])
    for one in heard.suffix(loud.count) {
      #expect(one.packets.isEmpty == false, "\(one.words): \(one.errors)")
      #expect(one.code == 10, "\(one.words): \(one.errors)")
    }
    // The commands did something: most ended well.
    let good = heard.prefix(silent.count).filter { $0.code == 0 }
    #expect(
      good.count >= silent.count - 12, "\(heard.prefix(silent.count).filter { $0.code != 0 })")
  }
}
