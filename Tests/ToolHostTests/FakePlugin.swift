// FakePlugin.swift — a plugin that misbehaves on demand, and a host around it.

import Base
import Foundation
import TestKit
import ToolHost

/// The wall, built once for these tests.
enum Wall {
  static let isBuilt: Bool = {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = [Repository.path("Sources/CSandbox/wall/build.sh")]
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()
}

/// A plugin in python3 with one tool, `act`; the argument `do` says how it behaves.
struct FakePlugin {
  let files: FakePluginFiles
  let workspace: TemporaryFolder
  let host: ToolHost

  /// `opening` is "legacy", or how the opening goes wrong; `profile` names the sandbox.
  init(opening: String = "legacy", profile: String = "container", callSeconds: Int = 2) throws {
    guard Wall.isBuilt else { throw CocoaError(.fileNoSuchFile) }
    files = try FakePluginFiles(opening: opening, profile: profile, callSeconds: callSeconds)
    workspace = try TemporaryFolder()
    host = ToolHost(
      catalog: try ToolCatalog(folders: [files.folder.path]),
      places: ToolHost.Places(
        profileFolders: [Repository.path("Sandboxes")], folders: ["workspace": workspace.path]))
  }

  func act(_ how: String) async throws -> ToolResult {
    try await host.call(ToolCall(id: 1, tool: "fake.act", body: "{\"do\": \"\(how)\"}"))
  }
}
