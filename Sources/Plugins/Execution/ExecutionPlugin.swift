// ExecutionPlugin.swift — the execution tools as MCP servers: `martlet tool serve NAME`.

package import Base
import Glibc
package import MCP

/// The plugins that run code, run commands and change files. Each serves one tool, inside its sandbox.
public enum ExecutionPlugin {
  /// What ``serve(_:)`` can serve.
  public static let names = ["python", "container", "patch"]

  /// Serves a plugin over standard input and output until the input ends.
  ///
  /// - Returns: False at once where there is no plugin of that name.
  public static func serve(_ name: String) -> Bool {
    guard let tool = tool(named: name) else { return false }
    // A child that is gone must come back as an error of the write, not as our end.
    signal(SIGPIPE, SIG_IGN)
    tool.warmUp()
    var loop = MCPServerLoop(name: tool.description.name, tools: [tool.description])
    loop.run { _, arguments in tool.call(arguments) }
    return true
  }

  private static func tool(named name: String) -> (any PluginTool)? {
    switch name {
    case "python": PythonTool()
    case "container": ContainerTool()
    case "patch": PatchTool(folder: ".")
    default: nil
    }
  }
}

/// One tool of a plugin.
package protocol PluginTool {
  var description: MCPTool { get }

  /// Prepares what the first call would wait for. Whatever fails here fails again in the call.
  func warmUp()

  /// Answers one call. What is wrong with the arguments is an answer too.
  func call(_ arguments: JSONObject) -> MCPToolResult
}

extension PluginTool {
  package func warmUp() {}
}
