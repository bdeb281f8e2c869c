// MCPTool.swift — a tool as a server offers it.

public import Base

/// A tool's name, what the model is told of it, and the shape of its arguments.
public struct MCPTool: Equatable, Sendable {
  /// 1 to 128 printable ASCII characters, case-sensitive, unique within its server.
  public var name: String
  /// For people.
  public var title: String?
  public var description: String?
  /// A JSON Schema of type "object"; 2020-12 unless its `$schema` says otherwise.
  public var inputSchema: JSONObject
  /// A JSON Schema of the structured result.
  public var outputSchema: JSONObject?
  /// Hints (`readOnlyHint`, …). Untrusted: for a question to a person, never for a decision.
  public var annotations: JSONObject?

  public init(
    name: String, title: String? = nil, description: String? = nil,
    inputSchema: JSONObject = ["type": "object", "additionalProperties": false],
    outputSchema: JSONObject? = nil, annotations: JSONObject? = nil
  ) {
    self.name = name
    self.title = title
    self.description = description
    self.inputSchema = inputSchema
    self.outputSchema = outputSchema
    self.annotations = annotations
  }
}

extension MCPTool {
  static let nameBytesMax = 128

  /// Reads one element of `tools/list`; throws what makes it unusable.
  init(_ json: JSONValue) throws(MCPError) {
    let name = json["name"]?.stringValue ?? ""
    func unusable(_ problem: String) -> MCPError {
      .unusableTool(name: clipped(name), problem: problem)
    }
    guard (1...Self.nameBytesMax).contains(name.utf8.count),
      name.utf8.allSatisfy({ (0x21..<0x7F).contains($0) })
    else { throw unusable("its name is not 1 to \(Self.nameBytesMax) printable characters") }
    guard let inputSchema = json["inputSchema"]?.objectValue,
      inputSchema["type"] == nil || inputSchema["type"] == "object"
    else { throw unusable("its \"inputSchema\" is not of type \"object\"") }
    self.init(
      name: name, title: json["title"]?.stringValue ?? json["annotations"]?["title"]?.stringValue,
      description: json["description"]?.stringValue, inputSchema: inputSchema,
      outputSchema: json["outputSchema"]?.objectValue,
      annotations: json["annotations"]?.objectValue)
  }

  var json: JSONValue {
    var object: JSONObject = ["name": .string(name)]
    object["title"] = title.map(JSONValue.string)
    object["description"] = description.map(JSONValue.string)
    object["inputSchema"] = .object(inputSchema)
    object["outputSchema"] = outputSchema.map(JSONValue.object)
    object["annotations"] = annotations.map(JSONValue.object)
    return .object(object)
  }
}
