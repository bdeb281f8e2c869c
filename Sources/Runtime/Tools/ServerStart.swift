// ServerStart.swift — the start of a server from elsewhere, as an effect of its own.
//
//     server.start   { server, command: [...], sandbox }

import Base
import Policy
import ToolHost

extension Effect {
  /// The start of the server that `manifest` describes.
  init(startOf manifest: ToolManifest, actor: Actor) {
    self.init(
      tool: "server.start",
      arguments: [
        "server": .string(manifest.name), "command": .array(manifest.command.map { .string($0) }),
        "sandbox": .string(manifest.profile),
      ], actor: actor)
    manifestDigest = manifest.digest
    claimedKinds = [.exec]
  }
}
