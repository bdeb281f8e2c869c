// ProviderRequest+Responses.swift — a request as the body of `POST /responses`.
//
// Nothing is kept at the server (`store: false`); everything that it said goes back with the next request.

import Base

extension ProviderRequest {
  func responsesBody(_ dialect: ProviderDialect) -> JSONValue {
    var object: JSONObject = [
      "model": .string(model), "input": .array(items.map { $0.responsesJSON(dialect) }),
      "stream": .bool(isStreamed), "store": false,
    ]
    object["max_output_tokens"] = tokensMax.map { .number(.integer(Int64($0))) }
    object["temperature"] = temperature.map { .number(.double($0)) }
    object["reasoning"] = effort.map { ["effort": .string($0)] }
    if effort != nil, dialect == .openAI { object["include"] = ["reasoning.encrypted_content"] }
    if !tools.isEmpty {
      object["tools"] = .array(
        tools.map { tool in
          [
            "type": "function", "name": .string(tool.name),
            "description": .string(tool.description), "parameters": tool.parameters,
            "strict": false,
          ]
        })
      object["tool_choice"] = toolChoice.json
      object["parallel_tool_calls"] = false
    }
    object["text"] = format.map { format in
      [
        "format": [
          "type": "json_schema", "name": .string(format.name), "schema": format.schema,
          "strict": false,
        ]
      ]
    }
    return .object(object)
  }
}

extension ProviderItem {
  fileprivate func responsesJSON(_ dialect: ProviderDialect) -> JSONValue {
    switch self {
    case .message(.assistant, let text, let phase):
      var object: JSONObject = ["type": "message", "role": "assistant", "content": .string(text)]
      object["phase"] = phase.map { .string($0.rawValue) }
      return .object(object)
    case .message(let role, let text, _):
      let shown = role == .developer && !dialect.knowsDeveloper ? Role.system : role
      return ["type": "message", "role": .string(shown.rawValue), "content": .string(text)]
    case .reasoning(let reasoning):
      var object: JSONObject = [
        "type": "reasoning", "id": .string(reasoning.id ?? "rs_0"), "summary": [],
      ]
      if let encrypted = reasoning.encrypted {
        object["encrypted_content"] = .string(encrypted)
      } else if !reasoning.text.isEmpty {
        object["content"] = [["type": "reasoning_text", "text": .string(reasoning.text)]]
      }
      return .object(object)
    case .call(let call):
      return [
        "type": "function_call", "call_id": .string(call.id), "name": .string(call.name),
        "arguments": .string(call.arguments),
      ]
    case .result(let callID, let text):
      return [
        "type": "function_call_output", "call_id": .string(callID), "output": .string(text),
      ]
    }
  }
}
