// EffectTests.swift — every effect asks: what this program can do to the world, and where the policy is
// asked about it. A new way to do something fails here until it has its place in the table.

import Foundation
import TestKit
import Testing

@Suite struct `Every effect` {
  /// One way to do something: the text by which it is done, who may do it, and where that is judged.
  struct Way: Sendable, CustomTestStringConvertible {
    let effect: String
    /// What the source says where it happens; each is one spelling.
    let spellings: [String]
    /// Files that may say so. They are reached only through `gates`.
    let files: [String]
    /// Files that judge, and the call by which they do.
    let gates: [(file: String, call: String)]

    var testDescription: String { effect }
  }

  private static let runner = "Sources/Runtime/Tools/GuardedToolRunner.swift"
  private static let cloud = "Sources/Runtime/Tools/GuardedToolRunner+Cloud.swift"
  private static let user = "Sources/Runtime/Tools/UserEffects.swift"

  static let ways: [Way] = [
    Way(
      effect: "a tool is called",
      spellings: ["host.call("],
      files: [
        runner,
        // The user's own documents, read behind a wall because the user typed it.
        "Sources/Runtime/Documents/DocumentIndexing.swift",
      ], gates: [(runner, "policy.judge(effect,")]),
    Way(
      effect: "a program is started behind a wall",
      spellings: ["WalledProcess.start(", "SandboxPlan(", "cs_spawn("],
      files: [
        "Sources/Sandbox/Wiring.swift",
        "Sources/ToolHost/PluginConnection.swift", "Sources/ToolHost/ToolHost.swift",
        "Sources/Sandbox/WalledProcess.swift",
        // The user's own command behind a wall, and the examination of this machine.
        "Sources/Sandbox/SandboxLaunch.swift", "Sources/Sandbox/SandboxDoctor.swift",
        "Sources/CLI/Doctor/Checkup.swift",
        // The fetcher, which the broker starts for a request that was judged: see below.
        "Sources/Runtime/NetworkSettings.swift",
      ], gates: [(runner, "policy.judge(effect,")]),
    Way(
      effect: "a server from elsewhere is started",
      spellings: ["host.offers(", "Effect(startOf:"],
      files: ["Sources/CLI/Commands/ToolPinCommand.swift", runner, user],
      gates: [
        (runner, "policy.judge(start,"), (user, "judge(Effect(startOf:"),
        ("Sources/CLI/Commands/ToolPinCommand.swift", "effects.judgeStart("),
      ]),
    Way(
      effect: "a note is saved",
      spellings: ["memories.save(", ").save("],
      files: [
        "Sources/Runtime/Tools/MemoryTools.swift", "Sources/CLI/Commands/MemoryCommands.swift",
      ],
      gates: [
        (runner, "policy.judge(effect,"),
        ("Sources/CLI/Commands/MemoryCommands.swift", "effects.judgeSave("),
      ]),
    Way(
      effect: "notes are searched for the model",
      spellings: ["memory.run("], files: [runner], gates: [(runner, "policy.judge(effect,")]),
    Way(
      effect: "a connection is dialled for a plugin",
      spellings: ["cs_dial("], files: ["Sources/Sandbox/Egress/EgressConnection.swift"],
      gates: [
        ("Sources/Runtime/Tools/GuardedToolRunner+Fetches.swift", "judged(effect)"),
        ("Sources/Runtime/Tools/GuardedToolRunner+Fetches.swift", "policy.admits(address,"),
        (cloud, "request.url == send.endpoint"), (cloud, "policy.admits(address,"),
      ]),
    Way(
      effect: "a request goes to a cloud model, with the key",
      spellings: ["runSend(", "CloudSending("], files: [runner, cloud],
      gates: [
        (runner, "policy.judge(effect,"), (runner, "admitSend(of: call,"),
        (cloud, "judged(effect)"), (cloud, "judgeSend(messages,"),
      ]),
    Way(
      effect: "a program is run by the program that wants it",
      spellings: ["posix_spawn", "= Process()", "execv("],
      files: [
        // The user's own, named in a configuration to print a key.
        "Sources/Runtime/KeySource.swift",
        // Children of plugins, inside the plugin's own walls.
        "Sources/Plugins/Execution/Process/ChildProcess.swift",
        "Sources/Plugins/Browser/Reading/PDFReader.swift",
      ], gates: []),
    Way(
      effect: "a socket is opened",
      spellings: ["= socket("],
      // Heads of the ledger go to the system's log where the user's settings say so.
      files: ["Sources/Runtime/Run/HeadPublisher.swift"], gates: []),
    Way(
      effect: "a request is made in a plugin's place",
      spellings: ["EgressErrand("], files: ["Sources/Sandbox/Egress/EgressConnection.swift"],
      gates: [
        ("Sources/Runtime/Tools/GuardedToolRunner+Fetches.swift", "judged(effect)"),
        ("Sources/Runtime/Tools/GuardedToolRunner+Fetches.swift", "policy.bindsRequest(of:"),
      ]),
    Way(
      effect: "a model is downloaded",
      spellings: ["ModelPull("],
      files: ["Sources/CLI/Commands/ModelPullCommand.swift"],
      gates: [("Sources/CLI/Commands/ModelPullCommand.swift", "effects.judgePull(")]),
    Way(
      effect: "a conversation goes to a model server",
      spellings: ["ServerConnection(", "ServerModel.open(", "RunModel.load("],
      files: [
        "Sources/Runtime/Server/ServerModel.swift", "Sources/Runtime/Run/RunModel.swift",
        "Sources/CLI/Run/RunStage.swift",
      ],
      gates: [
        (user, "tool: \"model.server\""),
        ("Sources/CLI/Run/RunStage.swift", "effects.judgeServer("),
      ]),
  ]

  private static let sources = Result { try SourceFile.all(under: "Sources", suffix: ".swift") }

  @Test(arguments: ways)
  func `has its place, and a call of judge before it`(way: Way) throws {
    #expect(way.problems(in: try Self.sources.get()) == [])
  }

  /// The table proves something only if each of its lines can fail.
  @Test(arguments: ways)
  func `is missed where it is done elsewhere, or where nobody judges it any more`(way: Way) throws {
    let sources = try Self.sources.get()
    for spelling in way.spellings {
      let elsewhere = SourceFile(
        path: "Sources/CLI/Elsewhere.swift", text: "func act() {\n  \(spelling)\n}\n")
      #expect(way.problems(in: sources + [elsewhere]).count == 1, "\(spelling)")
      let remark = SourceFile(path: elsewhere.path, text: "  // \(spelling)\n")
      #expect(way.problems(in: sources + [remark]) == [])
    }
    #expect(way.problems(in: sources.filter { !way.files.contains($0.path) }).count >= 1)
    for gate in way.gates {
      let without = sources.map { file in
        file.path == gate.file
          ? SourceFile(path: file.path, text: file.text.replacing(gate.call, with: "allowed("))
          : file
      }
      #expect(
        way.problems(in: without).contains("\(gate.file) no longer says \(gate.call)"),
        "\(gate.call)")
    }
  }

  /// Everything that goes to the network goes through one client; who imports it is known by name.
  @Test func `on the network goes through those who are asked`() throws {
    let known = [
      // Downloads, judged as model.pull.
      "Sources/Hub/",
      // A plugin behind its wall: it has no sockets but those that were judged.
      "Sources/Plugins/Browser/Fetching/", "Sources/Plugins/Cloud/",
      // Model servers, judged as model.server.
      "Sources/Runtime/Server/",
      // The way there, for these and for downloads; it sends nothing.
      "Sources/Runtime/NetworkSettings+Requests.swift",
      // The client itself.
      "Sources/Transfer/",
    ]
    let found = try Self.sources.get().filter { file in
      file.numberedLines.contains {
        $0.1.hasSuffix("import Transfer") || $0.1.hasSuffix("import CCurl")
      }
    }.map(\.path).filter { path in !known.contains { path.hasPrefix($0) } }
    #expect(
      found == [], "imports the HTTP client: judge what it fetches, then add it to this table")
  }
}

extension `Every effect`.Way {
  /// What is wrong with the way's line of the table.
  func problems(in sources: [SourceFile]) -> [String] {
    var problems: [String] = []
    let found = sources.filter { file in
      file.codeLines.contains { line in spellings.contains { line.contains($0) } }
    }.map(\.path)
    if found.isEmpty { problems.append("nothing says \(spellings)") }
    for path in found where !files.contains(path) {
      problems.append(
        "\(path): here \(effect), and no one is asked: add the call of judge, then the file to this table"
      )
    }
    for gate in gates {
      let file = sources.first { $0.path == gate.file }
      if file?.codeLines.contains(where: { $0.contains(gate.call) }) != true {
        problems.append("\(gate.file) no longer says \(gate.call)")
      }
    }
    return problems
  }
}

extension SourceFile {
  /// The lines that are no comments.
  fileprivate var codeLines: [String] {
    numberedLines.map(\.1).filter { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("//") }
  }
}
