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

extension ToolOffer {
  /// What a manifest could say of the tool's effects, if the server is to be believed: that it only reads.
  /// Nil where it gives no such hint; what reaches beyond the server is never only reading.
  public var suggestedEffects: [String]? {
    guard hints?["readOnlyHint"]?.boolValue == true, hints?["openWorldHint"]?.boolValue != true
    else { return nil }
    return ["read"]
  }

  /// Arguments whose names say that they are texts for people, or when something that has a beginning
  /// ends, in the schema's order: what a manifest could call "content".
  public var suggestedContent: [String] {
    let names = parameters["properties"]?.objectValue?.keys ?? []
    return names.filter { name in
      let words = name.split { !$0.isLetter }.map { $0.lowercased() }
      return words.last.map(Self.contentNames.contains) ?? false
        || words.contains { ["end", "until", "duration"].contains($0) }
    }
  }

  /// Arguments whose names say that they are identifiers ("event_id"), in the schema's order: what a manifest
  /// could call "references". None for a tool whose name or hint says that it takes something away: what a
  /// task names is seldom what it wants gone.
  public var suggestedReferences: [String] {
    let verbs = Self.words(name)
    guard hints?["destructiveHint"]?.boolValue != true, verbs.isDisjoint(with: Self.removals) else {
      return []
    }
    let names = parameters["properties"]?.objectValue?.keys ?? []
    return names.filter { Self.lastWord($0).map(["id", "uid", "uuid"].contains) ?? false }
  }

  private static func lastWord(_ name: String) -> String? {
    if name.hasSuffix("Id") { return "id" }
    return name.split { !$0.isLetter }.last?.lowercased()
  }

  /// The words of "deleteFile" and "delete_file".
  private static func words(_ name: String) -> Set<String> {
    var spaced = ""
    for character in name {
      if character.isUppercase { spaced += " " }
      spaced.append(character)
    }
    return Set(spaced.split { !$0.isLetter }.map { $0.lowercased() })
  }

  private static let removals: Set<String> = [
    "archive", "ban", "block", "cancel", "clear", "close", "delete", "destroy", "disable", "drop",
    "erase", "kick", "leave", "purge", "remove", "reset", "revoke", "terminate", "trash", "unshare",
    "wipe",
  ]

  private static let contentNames: Set<String> = [
    "body", "comment", "content", "description", "message", "note", "notes", "reason", "subject",
    "summary", "text", "title",
  ]
}
