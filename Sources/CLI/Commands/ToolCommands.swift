// ToolCommands.swift — which tools there are, and the plugins that this program brings itself.

import Base
import BrowserPlugin
import CloudPlugin
import ExecutionPlugin
import Runtime
import ToolHost

extension Command {
  static let toolList = Command(
    name: "tool list",
    summary: "The tools that a run can offer to the model, and the sandbox of each.",
    synopsis: "[--tools DIR] [--json]",
    details: """
      A tool is a folder with a manifest.json: in Tools/, in the configuration folder's tools/, or in
      a folder that you name. Reading one starts nothing. Whether a run offers it, the policy says.
      """,
    options: [
      Option(name: "--tools", value: "DIR", help: "more tools: the manifests in DIR/*/"),
      Option(name: "--json", help: "one JSON object a line"),
    ],
    examples: [
      Example(command: "./martlet tool list", meaning: "name, sandbox profile and purpose of each")
    ]
  ) { arguments in
    let folders = arguments["--tools"].map { [$0] } ?? []
    let catalog: ToolCatalog
    do throws(ToolHostError) {
      catalog = try ToolCatalog(folders: folders + Places.ofThisProcess().toolsFolders)
    } catch {
      throw CommandError.usage(error.description)
    }
    if arguments.has("--json") {
      for manifest in catalog.manifests {
        for tool in manifest.tools { Output.jsonLine(json(tool, of: manifest)) }
      }
      for tool in OwnTools.all {
        Output.jsonLine(["name": .string(tool.name), "purpose": .string(tool.purpose)])
      }
    } else {
      let rows = catalog.manifests.flatMap { manifest in
        manifest.tools.map { ($0.name, "[\(manifest.profile)] \(manifest.purpose)") }
      }
      Output.write(Command.table(rows + OwnTools.all.map { ($0.name, $0.purpose) }))
    }
    return .success
  }

  static let toolServe = Command(
    name: "tool serve",
    summary: "Serve a built-in tool plugin over standard input and output (MCP).",
    synopsis: "NAME",
    details: """
      NAME is \(plugins.joined(separator: ", ")). Runs start plugins themselves, inside \
      their sandbox. Started by hand, a plugin has no sandbox but the one around it.
      """,
    positionalCount: 1...1,
    examples: [
      Example(
        command: "./martlet tool serve python",
        meaning: "one JSON-RPC message a line, until the input ends")
    ]
  ) { arguments in
    let name = arguments.positional[0]
    guard BrowserPlugin.serve(name) || ExecutionPlugin.serve(name) || CloudPlugin.serve(name) else {
      throw CommandError.usage(
        """
        There is no built-in plugin "\(name)".\(suggestion(for: name, among: plugins)) \
        There are: \(plugins.joined(separator: ", ")).
        """)
    }
    return .success
  }

  private static let plugins = ExecutionPlugin.names + BrowserPlugin.names + CloudPlugin.names

  private static func json(_ tool: ToolManifest.Tool, of manifest: ToolManifest) -> JSONValue {
    [
      "name": .string(tool.name), "aliases": .array(tool.aliases.map(JSONValue.string)),
      "plugin": .string(manifest.name), "audience": .string(manifest.audience.rawValue),
      "sandbox": .string(manifest.profile), "purpose": .string(manifest.purpose),
    ]
  }
}
