// ExecutionToolsTests.swift — the shipped manifests with the built program, behind the shipped walls.

import Base
import Foundation
import Sandbox
import TestKit
import Testing
import ToolHost

@Suite(.serialized) struct `The execution tools behind their walls` {
  /// A host over the repository's own manifests, and its workspace.
  private struct Bench {
    let workspace: TemporaryFolder
    let host: ToolHost

    init(tier: SandboxTier? = nil) throws {
      guard Wall.isBuilt else { throw CocoaError(.fileNoSuchFile) }
      workspace = try TemporaryFolder()
      host = ToolHost(
        catalog: try ToolCatalog(folders: [Repository.path("Tools")]),
        places: ToolHost.Places(
          profileFolders: [Repository.path("Sandboxes")], folders: ["workspace": workspace.path],
          program: Program.path, tier: tier))
    }

    func call(_ tool: String, _ body: String) async throws -> ToolResult {
      try await host.call(ToolCall(id: 1, tool: tool, body: body))
    }

    func text(of file: String) throws -> String {
      try String(contentsOfFile: workspace.path + "/" + file, encoding: .utf8)
    }
  }

  @Test func `python keeps its state and shares its folder`() async throws {
    let bench = try Bench()
    #expect(
      try await bench.call("python", "x = 20")
        == ToolResult(
          status: .succeeded, text: "[WARN] There was no output. Use print() to see a value."))
    #expect(
      try await bench.call("functions.python", "x + 1")
        == ToolResult(status: .succeeded, text: "21\n"))
    _ = try await bench.call("python", "open('/mnt/data/note.txt', 'w').write('kept')")
    #expect(try bench.text(of: "note.txt") == "kept")
    let network = try await bench.call(
      "python", "import socket\nsocket.create_connection(('127.0.0.1', 1))")
    #expect(network.text.contains("Error"))
    await bench.host.shutdown()
  }

  @Test func `container.exec gives status and streams`() async throws {
    let bench = try Bench()
    let body = #"{"cmd": ["bash", "-lc", "echo out; echo err >&2; pwd; exit 3"]}"#
    let result = try await bench.call("container.exec", body)
    #expect(result.status == .succeeded)
    #expect(result.text == "Exit status 3.\nstdout:\nout\n/workspace\nstderr:\nerr\n")
    #expect(result.structured?["exitStatus"]?.intValue == 3)
    let late = try await bench.call("container.exec", #"{"cmd": "sleep 60", "timeout": 1}"#)
    #expect(late.status == .failed)
    #expect(late.text == "Exit status 137; killed after 1.0 seconds.\n")
    await bench.host.shutdown()
  }

  @Test func `apply_patch changes the workspace and tells the host how`() async throws {
    let bench = try Bench()
    try bench.workspace.write("a.txt", Array("one\ntwo\n".utf8))
    let patch = """
      *** Begin Patch
      *** Update File: a.txt
      -two
      +three
      *** Add File: new/b.txt
      +b
      *** End Patch
      """
    let result = try await bench.call("apply_patch", patch)
    #expect(result.status == .succeeded && result.text == "Done!")
    #expect(try bench.text(of: "a.txt") == "one\nthree\n")
    #expect(try bench.text(of: "new/b.txt") == "b\n")
    let changes = result.structured?["changes"]?.arrayValue ?? []
    #expect(changes.map { $0["action"]?.stringValue } == ["updated", "added"])
    #expect(changes.first?["before"] == .string(Data("one\ntwo\n".utf8).base64EncodedString()))
    let outside = "*** Begin Patch\n*** Add File: ../c\n+c\n*** End Patch"
    #expect(
      try await bench.call("repo_browser.apply_patch", outside)
        == ToolResult(
          status: .failed,
          text: "Error: ../c leads out of the folder. Name a path inside, relative to it."))
    await bench.host.shutdown()
  }

  /// Where the workspace has something to protect, each plugin of the Landlock tier has a copy of its own.
  @Test func `find in the Landlock tier what each other did`() async throws {
    guard geteuid() != 0 else { try Test.cancel("As root there is no Landlock tier.") }
    let bench = try Bench(tier: .landlock)
    try FileManager.default.createDirectory(
      atPath: bench.workspace.path + "/.git/hooks", withIntermediateDirectories: true)
    let wrote = try await bench.call("python", "open('note.txt', 'w').write('kept')")
    #expect(wrote.status == .succeeded, "\(wrote)")
    #expect(try bench.text(of: "note.txt") == "kept")
    let seen = try await bench.call("container.exec", #"{"cmd":["cat","note.txt"]}"#)
    #expect(seen.text.contains("kept") && !seen.text.contains("copy of the folder"), "\(seen)")
    let hook = try await bench.call(
      "container.exec", #"{"cmd":["sh","-c","echo bad >.git/hooks/pre-commit; rm note.txt"]}"#)
    #expect(hook.text.contains(".git/hooks/pre-commit (protected)"), "\(hook)")
    #expect(throws: (any Error).self) { try bench.text(of: ".git/hooks/pre-commit") }
    let gone = try await bench.call("python", "import os; print(os.path.exists('note.txt'))")
    #expect(gone.text == "False\n")
    let starts = await bench.host.starts
    #expect(starts.allSatisfy { $0.walls["copies"] != nil })
    await bench.host.shutdown()
  }
}
