// Answers.swift — answers as servers send them, and a reader for them.

import Providers

/// An answer on the wire.
struct WireAnswer {
  var status = 200
  var headers: [String: String] = ["Content-Type": "text/event-stream"]
  var body: String

  /// Reads it in pieces of `pieceBytes`.
  func read(
    _ interface: ProviderInterface, pieceBytes: Int = .max, unixTime: Int64 = 0
  ) throws(ProviderError) -> (ProviderAnswer, [ProviderDelta]) {
    var reader = AnswerReader(interface)
    try reader.begin(status: status, header: { headers[$0] }, unixTime: unixTime)
    var deltas: [ProviderDelta] = []
    var rest = Array(body.utf8)[...]
    while !rest.isEmpty {
      deltas += try reader.take(rest.prefix(pieceBytes))
      rest = rest.dropFirst(pieceBytes)
    }
    return (try reader.end(), deltas)
  }
}

enum Stream {
  /// Events as Chat sends them.
  static func chat(_ chunks: [String], done: Bool = true) -> String {
    chunks.map { "data: \($0)\n\n" }.joined() + (done ? "data: [DONE]\n\n" : "")
  }

  /// A thought, a word and a call in pieces.
  static let chatCall = [
    #"{"id":"c1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
    #"{"id":"c1","model":"m","choices":[{"index":0,"delta":{"reasoning":"I shall "}}]}"#,
    #"{"id":"c1","model":"m","choices":[{"index":0,"delta":{"reasoning":"look."}}]}"#,
    #"{"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"Wäit."}}]}"#,
    #"{"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"x","type":"function","function":{"name":"look","arguments":""}}]}}]}"#,
    #"{"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"at\":"}}]}}]}"#,
    #"{"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":" 1}"}}]}}]}"#,
    #"{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
    #"{"id":"c1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":5}}}"#,
  ]

  static let chatCallAnswer = ProviderAnswer(
    items: [
      .reasoning(ProviderReasoning(text: "I shall look.", field: "reasoning")),
      .message(.assistant, "Wäit."),
      .call(ProviderCall(id: "x", name: "look", arguments: #"{"at": 1}"#)),
    ], ending: .calls, usage: ProviderUsage(inputTokens: 9, cachedTokens: 5, outputTokens: 4),
    model: "m", id: "c1")

  /// Events as Responses sends them.
  static func responses(_ events: [String]) -> String {
    events.map { "event: x\ndata: \($0)\n\n" }.joined()
  }

  static let responsesCall = [
    #"{"type":"response.created","sequence_number":0,"response":{"id":"r1","model":"m","status":"in_progress","output":[]}}"#,
    #"{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[],"content":[]}}"#,
    #"{"type":"response.reasoning_text.delta","sequence_number":2,"output_index":0,"content_index":0,"delta":"Hm"}"#,
    #"{"type":"response.reasoning_text.delta","sequence_number":3,"output_index":0,"content_index":0,"delta":"mm"}"#,
    #"{"type":"response.reasoning_text.done","sequence_number":4,"output_index":0,"content_index":0,"text":"Hmmm"}"#,
    #"{"type":"response.output_item.done","sequence_number":5,"output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"Hmmm"}]}}"#,
    #"{"type":"response.output_item.added","sequence_number":6,"output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"k1","name":"look","arguments":""}}"#,
    #"{"type":"response.function_call_arguments.delta","sequence_number":7,"output_index":1,"delta":"{\"at\""}"#,
    #"{"type":"response.function_call_arguments.delta","sequence_number":8,"output_index":1,"delta":":1}"}"#,
    #"{"type":"response.function_call_arguments.done","sequence_number":9,"output_index":1,"arguments":"{\"at\":1}"}"#,
    #"{"type":"response.output_item.done","sequence_number":10,"output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"k1","name":"look","arguments":"{\"at\":1}"}}"#,
    #"{"type":"response.completed","sequence_number":11,"response":{"id":"r1","model":"m","status":"completed","output":[{"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"Hmmm"}]},{"type":"function_call","id":"fc_1","call_id":"k1","name":"look","arguments":"{\"at\":1}"}],"usage":{"input_tokens":7,"output_tokens":3,"output_tokens_details":{"reasoning_tokens":2}}}}"#,
  ]

  static let responsesCallAnswer = ProviderAnswer(
    items: [
      .reasoning(ProviderReasoning(text: "Hmmm", id: "rs_1")),
      .call(ProviderCall(id: "k1", name: "look", arguments: #"{"at":1}"#)),
    ], ending: .calls, usage: ProviderUsage(inputTokens: 7, outputTokens: 3, reasoningTokens: 2),
    model: "m", id: "r1")
}
