// ToolOffer.swift — what a server from elsewhere says of a tool, and that as one digest: what was looked
// at is what is offered.

public import Base
import Digests
import MCP

/// A tool as a server offers it.
public struct ToolOffer: Equatable, Sendable {
  /// The server's own name for it.
  public var name: String
  public var description: String?
  /// A JSON schema of the arguments.
  public var parameters: JSONValue
  /// What the server would have people believe: hints such as `readOnlyHint`, never a ground for a
  /// decision.
  public var hints: JSONValue?
  /// SHA-256, in hex, of "martlet-tool-1", a newline and the compact JSON of name, description and input
  /// schema with sorted keys. Title and hints are left out: no model sees them.
  public var pin: String

  init(_ tool: MCPTool) {
    name = tool.name
    description = tool.description
    parameters = .object(tool.inputSchema)
    hints = tool.annotations.map(JSONValue.object)
    let said: JSONValue = [
      "name": .string(name), "description": description.map { .string($0) } ?? .null,
      "inputSchema": parameters,
    ]
    pin = SHA256.digest(of: Array("martlet-tool-1\n\(said.sorted.compactText)".utf8)).hex
  }
}
