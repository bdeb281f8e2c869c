// ContentJSON.swift — system and developer content in the shape of openai-harmony's `to_dict`.

import Base

extension SystemContent {
  init(_ field: JSONField) throws(HarmonyError) {
    self.init(
      modelIdentity: try field.optionalString("model_identity"),
      reasoningEffort: try field.optional("reasoning_effort").map(ReasoningEffort.init),
      conversationStartDate: try field.optionalString("conversation_start_date"),
      knowledgeCutoff: try field.optionalString("knowledge_cutoff"),
      channelConfiguration: try field.optional("channel_config").map(ChannelConfiguration.init))
    tools = try ToolNamespace.map(field)
  }

  var json: JSONObject {
    var object = JSONObject()
    object["model_identity"] = modelIdentity.map(JSONValue.string)
    object["reasoning_effort"] = reasoningEffort.map { .string($0.word) }
    object["conversation_start_date"] = conversationStartDate.map(JSONValue.string)
    object["knowledge_cutoff"] = knowledgeCutoff.map(JSONValue.string)
    object["channel_config"] = channelConfiguration.map(\.json)
    object["tools"] = ToolNamespace.json(tools)
    object["type"] = "system_content"
    return object
  }
}

extension DeveloperContent {
  init(_ field: JSONField) throws(HarmonyError) {
    self.init(instructions: try field.optionalString("instructions"))
    tools = try ToolNamespace.map(field)
  }

  var json: JSONObject {
    var object = JSONObject()
    object["instructions"] = instructions.map(JSONValue.string)
    object["tools"] = ToolNamespace.json(tools)
    object["type"] = "developer_content"
    return object
  }
}

extension ReasoningEffort {
  /// Takes the library's capitalised words and the lower-case ones that the model reads.
  init(_ field: JSONField) throws(HarmonyError) {
    let word = try field.string()
    guard let effort = Self.allCases.first(where: { $0.word == word || $0.rawValue == word })
    else {
      throw .unknownWord(path: field.path, word: word, known: Self.allCases.map(\.word))
    }
    self = effort
  }

  /// As the library writes it.
  var word: String {
    switch self {
    case .low: "Low"
    case .medium: "Medium"
    case .high: "High"
    }
  }
}

extension ChannelConfiguration {
  init(_ field: JSONField) throws(HarmonyError) {
    validChannels = []
    for channel in try field.required("valid_channels", wanted: "a list").elements() {
      validChannels.append(try channel.string())
    }
    isChannelRequired = try field.required("channel_required", wanted: "true or false").bool()
  }

  var json: JSONValue {
    [
      "valid_channels": .array(validChannels.map(JSONValue.string)),
      "channel_required": .bool(isChannelRequired),
    ]
  }
}

extension ToolNamespace {
  /// The member `tools` of `field`, an object from name to namespace.
  static func map(_ field: JSONField) throws(HarmonyError) -> [String: Self] {
    guard let tools = try field.optional("tools") else { return [:] }
    var map: [String: Self] = [:]
    for (key, value) in try tools.object() {
      map[key] = try Self(JSONField(value: value, path: "\(tools.path).\(key)"))
    }
    return map
  }

  /// Nil where there are none: the library leaves the member out.
  static func json(_ tools: [String: Self]) -> JSONValue? {
    guard !tools.isEmpty else { return nil }
    var object = JSONObject()
    for key in tools.keys.sorted() { object[key] = tools[key]?.json }
    return .object(object)
  }

  private init(_ field: JSONField) throws(HarmonyError) {
    name = try field.required("name", wanted: "a string").string()
    description = try field.optionalString("description")
    tools = []
    for tool in try field.required("tools", wanted: "a list").elements() {
      tools.append(try ToolDescription(tool))
    }
  }

  private var json: JSONValue {
    var object: JSONObject = ["name": .string(name)]
    object["description"] = description.map(JSONValue.string)
    object["tools"] = .array(tools.map(\.json))
    return .object(object)
  }
}

extension ToolDescription {
  init(_ field: JSONField) throws(HarmonyError) {
    name = try field.required("name", wanted: "a string").string()
    description = try field.optionalString("description") ?? ""
    parameters = try field.optional("parameters")?.value
  }

  var json: JSONValue {
    var object: JSONObject = ["name": .string(name), "description": .string(description)]
    object["parameters"] = parameters
    return .object(object)
  }
}
