// ProviderRequestTests.swift — what is asked, as each interface wants it.

import Base
import Providers
import TestKit
import Testing

@Suite struct `A request` {
  private var request: ProviderRequest {
    var request = ProviderRequest(
      model: "m",
      items: [
        .message(.system, "You help."), .message(.developer, "Be brief."),
        .message(.user, "Hi"),
        .reasoning(ProviderReasoning(text: "Look.", field: "reasoning_content", id: "rs_1")),
        .message(.assistant, "One moment.", phase: .commentary),
        .call(ProviderCall(id: "k1", name: "look", arguments: "{}")),
        .call(ProviderCall(id: "k2", name: "see", arguments: "{}")),
        .result(callID: "k1", "a"), .result(callID: "k2", "b"),
        .reasoning(ProviderReasoning(text: "", id: "rs_2", encrypted: "zzz")),
        .message(.assistant, "Done."),
      ])
    request.tools = [
      ProviderTool(name: "look", description: "Looks.", parameters: ["type": "object"])
    ]
    request.tokensMax = 9
    request.temperature = 0.5
    request.seed = 4
    request.effort = "low"
    request.format = ProviderRequest.Format(name: "answer", schema: ["type": "object"])
    return request
  }

  @Test func `is a body of Chat`() throws {
    let expected = """
      {"model":"m","messages":[{"role":"system","content":"You help."},{"role":"system","content":"Be brief."},\
      {"role":"user","content":"Hi"},{"role":"assistant","content":"One moment.","reasoning_content":"Look.",\
      "tool_calls":[{"id":"k1","type":"function","function":{"name":"look","arguments":"{}"}},\
      {"id":"k2","type":"function","function":{"name":"see","arguments":"{}"}}]},\
      {"role":"tool","tool_call_id":"k1","content":"a"},{"role":"tool","tool_call_id":"k2","content":"b"},\
      {"role":"assistant","content":"Done."}],"stream":true,"stream_options":{"include_usage":true},\
      "max_tokens":9,"temperature":0.5,"seed":4,"reasoning_effort":"low",\
      "tools":[{"type":"function","function":{"name":"look","description":"Looks.",\
      "parameters":{"type":"object"}}}],"tool_choice":"auto","parallel_tool_calls":false,\
      "response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"}}}}
      """
    #expect(request.body(.chat, .engine).compactText == expected)
    let openAI = request.body(.chat, .openAI)
    #expect(openAI["max_tokens"] == nil)
    #expect(openAI["max_completion_tokens"] == 9)
    #expect(openAI["messages"]?.arrayValue?[1]["role"] == "developer")
  }

  @Test func `is a body of Responses`() throws {
    let expected = """
      {"model":"m","input":[{"type":"message","role":"system","content":"You help."},\
      {"type":"message","role":"system","content":"Be brief."},{"type":"message","role":"user","content":"Hi"},\
      {"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"Look."}]},\
      {"type":"message","role":"assistant","content":"One moment.","phase":"commentary"},\
      {"type":"function_call","call_id":"k1","name":"look","arguments":"{}"},\
      {"type":"function_call","call_id":"k2","name":"see","arguments":"{}"},\
      {"type":"function_call_output","call_id":"k1","output":"a"},\
      {"type":"function_call_output","call_id":"k2","output":"b"},\
      {"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"zzz"},\
      {"type":"message","role":"assistant","content":"Done."}],"stream":true,"store":false,\
      "max_output_tokens":9,"temperature":0.5,"reasoning":{"effort":"low"},\
      "tools":[{"type":"function","name":"look","description":"Looks.","parameters":{"type":"object"},\
      "strict":false}],"tool_choice":"auto","parallel_tool_calls":false,\
      "text":{"format":{"type":"json_schema","name":"answer","schema":{"type":"object"},"strict":false}}}
      """
    #expect(request.body(.responses, .engine).compactText == expected)
    #expect(request.body(.responses, .openAI)["include"] == ["reasoning.encrypted_content"])
  }

  @Test func `of tokens says what it wants back in every server's words`() {
    var request = TokenRequest(
      model: "m", prompt: [1, 2], tokensMax: 3, seed: 4, stopTokens: [200_002])
    request.specialTexts = ["<|call|>"]
    request.banned = [7]
    #expect(
      request.body.compactText == """
        {"model":"m","prompt":[1,2],"max_tokens":3,"temperature":1.0,"top_k":-1,"top_p":1.0,"min_p":0.0,\
        "seed":4,"stream":false,"stop_token_ids":[200002],"skip_special_tokens":false,\
        "spaces_between_special_tokens":false,"add_special_tokens":false,"return_token_ids":true,\
        "return_tokens":true,"verbose":true,"preserved_tokens":["<|call|>"],"logit_bias":{"7":-100}}
        """)
  }

  /// What runs sent, and the types of OpenAI's own client accept: whoever changes a body has to record it
  /// anew and to ask them again (Docs/evidence/validate-requests.py).
  @Test func `has no members but those that were recorded`() throws {
    var recorded: [String: Set<String>] = [:]
    for line in try Vectors.jsonLines("providers/requests.jsonl") {
      let keys = line["body"]?.objectValue?.keys ?? []
      recorded[line["interface"]?.stringValue ?? "", default: []].formUnion(keys)
    }
    for (interface, body) in [
      ("chat", request.body(.chat, .engine)), ("responses", request.body(.responses, .engine)),
    ] {
      let keys = Set(body.objectValue?.keys ?? [])
      #expect(keys.subtracting(recorded[interface] ?? []) == [])
    }
    var tokens = TokenRequest(model: "m", prompt: [1], tokensMax: 1, seed: 0, stopTokens: [2])
    tokens.specialTexts = ["<|call|>"]
    tokens.banned = [7]
    let keys = Set(tokens.body.objectValue?.keys ?? [])
    #expect(keys.subtracting(recorded["completions"] ?? []) == [])
  }
}
