// ProviderRequest+Chat.swift — a request as the body of `POST /chat/completions`.

import Base

extension ProviderRequest {
  func chatBody(_ dialect: ProviderDialect) -> JSONValue {
    var object: JSONObject = [
      "model": .string(model), "messages": .array(chatMessages(dialect)),
      "stream": .bool(isStreamed),
    ]
    if isStreamed { object["stream_options"] = ["include_usage": true] }
    object[dialect.chatTokensField] = tokensMax.map { .number(.integer(Int64($0))) }
    object["temperature"] = temperature.map { .number(.double($0)) }
    if dialect.sendsExtras {
      object["seed"] = seed.map { .number(.integer($0)) }
      object["reasoning_effort"] = effort.map(JSONValue.string)
    }
    if !tools.isEmpty {
      object["tools"] = .array(
        tools.map { tool in
          [
            "type": "function",
            "function": [
              "name": .string(tool.name), "description": .string(tool.description),
              "parameters": tool.parameters,
            ],
          ]
        })
      object["tool_choice"] = toolChoice.json
      object["parallel_tool_calls"] = false
    }
    object["response_format"] = format.map { format in
      [
        "type": "json_schema",
        "json_schema": ["name": .string(format.name), "schema": format.schema],
      ]
    }
    return .object(object)
  }

  /// Neighbouring items of the assistant are one message: its thought, its words, its calls.
  private func chatMessages(_ dialect: ProviderDialect) -> [JSONValue] {
    var messages: [JSONValue] = []
    var open: AssistantMessage?
    func close() {
      if let open { messages.append(open.json) }
      open = nil
    }
    for item in items {
      switch item {
      case .message(.assistant, let text, _):
        // After a call there is no more text in one message.
        if open?.calls.isEmpty == false { close() }
        open = open ?? AssistantMessage()
        open?.texts.append(text)
      case .message(let role, let text, _):
        close()
        let shown = role == .developer && !dialect.knowsDeveloper ? .system : role
        messages.append(["role": .string(shown.rawValue), "content": .string(text)])
      case .reasoning(let reasoning):
        if open?.calls.isEmpty == false { close() }
        open = open ?? AssistantMessage()
        open?.reasonings.append(reasoning)
      case .call(let call):
        open = open ?? AssistantMessage()
        open?.calls.append(call)
      case .result(let callID, let text):
        close()
        messages.append([
          "role": "tool", "tool_call_id": .string(callID), "content": .string(text),
        ])
      }
    }
    close()
    return messages
  }
}

private struct AssistantMessage {
  var texts: [String] = []
  var reasonings: [ProviderReasoning] = []
  var calls: [ProviderCall] = []

  var json: JSONValue {
    var object: JSONObject = ["role": "assistant"]
    object["content"] =
      texts.isEmpty ? (calls.isEmpty ? "" : .null) : .string(texts.joined(separator: "\n\n"))
    for reasoning in reasonings {
      guard let field = reasoning.field else { continue }
      let before = object[field]?.stringValue.map { $0 + "\n\n" } ?? ""
      if !reasoning.text.isEmpty { object[field] = .string(before + reasoning.text) }
      if let details = reasoning.details { object["reasoning_details"] = details }
    }
    if !calls.isEmpty {
      object["tool_calls"] = .array(
        calls.map { call in
          [
            "id": .string(call.id), "type": "function",
            "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
          ]
        })
    }
    return .object(object)
  }
}

extension ProviderRequest.ToolChoice {
  var json: JSONValue {
    switch self {
    case .automatic: "auto"
    case .none: "none"
    case .required: "required"
    }
  }
}
