// PatchTool.swift — the tool `apply_patch`: a patch in, `Done!` or what is wrong with it out.

package import Base
import FoundationEssentials
package import MCP
import Sandbox

/// Applies patches to the files beneath one folder. A patch is applied as a whole or not at all.
///
/// The structured result lists what was changed, with the contents before and after as base64, so that
/// the host can show the difference and undo it.
package struct PatchTool: PluginTool {
  /// The folder that paths are relative to.
  private let folder: String

  package init(folder: String) { self.folder = folder }

  package let description = MCPTool(
    name: "apply_patch",
    description: "Changes files in the workspace by a patch.",
    inputSchema: [
      "type": "object",
      "properties": ["patch": ["type": "string"]],
      "minProperties": 1,
      "maxProperties": 1,
    ])

  package func call(_ arguments: JSONObject) -> MCPToolResult {
    guard let text = PatchBody.patch(in: arguments) else {
      return failure("apply_patch takes one argument, \"patch\": the patch as a string.")
    }
    do {
      let patch = try PatchParser.parse(text).normalisingPaths()
      let writer = PatchWriter(folder: try ConfinedFolder(path: folder))
      let changes = try PatchApplier.changes(of: patch, read: writer.read)
      let planned = try writer.plan(changes, of: patch)
      try writer.write(planned)
      return MCPToolResult(
        content: [.text("Done!")],
        structured: ["changes": .array(planned.map(\.json))])
    } catch {
      return failure("\(error)")
    }
  }

  private func failure(_ sentence: String) -> MCPToolResult {
    MCPToolResult(text: "Error: \(sentence)", isError: true)
  }
}

extension Patch {
  /// The same patch with "./a" and "b//c" as "a" and "b/c", so that one file has one name. Paths that
  /// lead out of the folder stay as they are, and are refused when they are opened.
  func normalisingPaths() -> Patch {
    func plain(_ path: String) -> String {
      guard !path.hasPrefix("/") else { return path }
      let parts = path.split(separator: "/").filter { $0 != "." }
      return parts.isEmpty ? path : parts.joined(separator: "/")
    }
    var patch = self
    for index in patch.operations.indices {
      patch.operations[index].path = plain(patch.operations[index].path)
      if case .update(let target?, let hunks) = patch.operations[index].action {
        patch.operations[index].action = .update(moveTo: plain(target), hunks: hunks)
      }
    }
    return patch
  }
}

extension PlannedChange {
  var json: JSONValue {
    let action = change.before == nil ? "added" : change.after == nil ? "deleted" : "updated"
    var object: JSONObject = ["path": .string(change.path), "action": .string(action)]
    object["before"] = change.before.map { .string(Data($0).base64EncodedString()) }
    object["after"] = change.after.map { .string(Data($0).base64EncodedString()) }
    object["mode"] = mode.map { .number(.integer(Int64($0))) }
    return .object(object)
  }
}
