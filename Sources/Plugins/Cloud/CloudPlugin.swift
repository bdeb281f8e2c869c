// CloudPlugin.swift — the cloud model's plugin as an MCP server: `martlet tool serve cloud`.
//
// It sees no files and no conversation. A call brings the request that the host has judged; the plugin
// adds the key, which no other process has, posts it to the one address that the host dials for it, and
// gives back what the model said.

import Base
import Glibc
import MCP

/// The plugin that asks a cloud model.
public enum CloudPlugin {
  /// What ``serve(_:)`` can serve.
  public static let names = ["cloud"]

  /// The variable that the host puts the key in; it is the host's to set.
  static let keyVariable = "MARTLET_CLOUD_KEY"

  /// Serves the plugin over standard input and output until the input ends.
  ///
  /// - Returns: False at once where there is no plugin of that name.
  public static func serve(_ name: String) -> Bool {
    guard names.contains(name) else { return false }
    // A reader that is gone must come back as an error of the write, not as our end.
    signal(SIGPIPE, SIG_IGN)
    let key = getenv(keyVariable).map { String(cString: $0) }
    // Nothing that this process might start or print gets to see it.
    unsetenv(keyVariable)
    var asker = CloudAsker(key: key)
    var loop = MCPServerLoop(name: name, tools: [CloudAsker.tool])
    loop.run { _, arguments in asker.call(arguments) }
    return true
  }
}
