// HarmonyJSON.swift — conversations as JSON, in the shape of openai-harmony's `to_dict`.
//
//   {"messages": [{"role": …, "name": …, "channel": …, "recipient": …, "content_type": …,
//                  "content": [{"type": "text", "text": …}]}]}
//
// `content` may also be a plain string. Absent and null mean the same: not set, no default is put in
// its place. Unknown members are ignored, since newer versions of the library may add some.

public import Base

extension HarmonyConversation {
  /// Reads the `to_dict` shape.
  public init(json: JSONValue) throws(HarmonyError) {
    let root = JSONField(value: json, path: "")
    messages = []
    for field in try root.required("messages", wanted: "a list").elements() {
      messages.append(try HarmonyMessage(field))
    }
  }

  /// The `to_dict` shape.
  public var json: JSONValue { .object(["messages": .array(messages.map(\.json))]) }
}

extension HarmonyMessage {
  /// Reads one message of the `to_dict` shape.
  public init(json: JSONValue) throws(HarmonyError) {
    try self.init(JSONField(value: json, path: ""))
  }

  init(_ field: JSONField) throws(HarmonyError) {
    let role = try field.required("role", wanted: "a role")
    guard let known = HarmonyRole(rawValue: try role.string()) else {
      throw .unknownWord(
        path: role.path, word: try role.string(), known: HarmonyRole.allCases.map(\.rawValue))
    }
    self.role = known
    name = try field.optionalString("name")
    channel = try field.optionalString("channel").map(HarmonyChannel.init(rawValue:))
    recipient = try field.optionalString("recipient")
    contentType = try field.optionalString("content_type")
    let body = try field.required("content", wanted: "a string or a list")
    if let text = body.value.stringValue {
      content = [.text(text)]
      return
    }
    guard body.value.arrayValue != nil else { throw body.wrongType("a string or a list") }
    content = []
    for item in try body.elements() { content.append(try HarmonyContent(item)) }
  }

  /// One message of the `to_dict` shape.
  public var json: JSONValue {
    var object: JSONObject = [
      "role": .string(role.rawValue), "name": name.map(JSONValue.string) ?? .null,
      "content": .array(content.map(\.json)),
    ]
    object["channel"] = channel.map { .string($0.rawValue) }
    object["recipient"] = recipient.map(JSONValue.string)
    object["content_type"] = contentType.map(JSONValue.string)
    return .object(object)
  }
}

extension HarmonyContent {
  init(_ field: JSONField) throws(HarmonyError) {
    let type = try field.required("type", wanted: "a content type")
    switch try type.string() {
    case "text": self = .text(try field.required("text", wanted: "a string").string())
    case "system_content": self = .system(try SystemContent(field))
    case "developer_content": self = .developer(try DeveloperContent(field))
    case let word:
      throw .unknownWord(
        path: type.path, word: word, known: ["text", "system_content", "developer_content"])
    }
  }

  var json: JSONValue {
    switch self {
    case .text(let text): ["type": "text", "text": .string(text)]
    case .system(let content): .object(content.json)
    case .developer(let content): .object(content.json)
    }
  }
}
