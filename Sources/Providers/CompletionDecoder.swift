// CompletionDecoder.swift — answers of `POST /completions`, whole or in chunks.
//
// {choices: [{index, text, finish_reason?, token_ids? (vLLM), stop_reason? (vLLM: the id of the stop
// token), logprobs?}], usage?, __verbose?: {tokens, stop_type} (llama-server)}.

import Base

struct CompletionDecoder: Sendable {
  private var text = ""
  private var tokens: [TokenID]?
  private var stopToken: TokenID?
  private var finish: String?
  private var usage: ProviderUsage?
  private var model: String?
  private var id: String?
  private(set) var isComplete = false

  mutating func handle(_ event: ServerSentEvent) throws(ProviderError) -> [ProviderDelta] {
    guard !isComplete else { return [] }
    if event.isEndMark {
      guard finish != nil else { throw .truncated(missing: "the reason why it ended") }
      isComplete = true
      return []
    }
    return try take(try Wire.object(event.data))
  }

  mutating func whole(_ body: JSONValue) throws(ProviderError) -> ProviderAnswer {
    _ = try take(body)
    return try answer()
  }

  private mutating func take(_ object: JSONValue) throws(ProviderError) -> [ProviderDelta] {
    try Wire.checkForError(object)
    if let id = object["id"]?.stringValue, !id.isEmpty {
      guard self.id == nil || self.id == id else {
        throw .outOfOrder("chunks of two answers are mixed")
      }
      self.id = id
    }
    if let model = object["model"]?.stringValue, !model.isEmpty { self.model = model }
    if let usage = object["usage"].flatMap(ProviderUsage.init) { self.usage = usage }
    guard let choices = object["choices"]?.arrayValue else {
      guard object["usage"]?.objectValue != nil else { throw .malformed("it has no choices") }
      return []
    }
    var deltas: [ProviderDelta] = []
    for choice in choices where choice["index"]?.intValue ?? 0 == 0 {
      let piece = choice["text"]?.stringValue ?? ""
      let ids = choice["token_ids"] ?? object["__verbose"]?["tokens"]
      guard finish == nil || piece.isEmpty else {
        throw .outOfOrder("there is more of the answer after its end")
      }
      text += piece
      if !piece.isEmpty { deltas.append(.text(piece)) }
      if let ids, !ids.isNull { tokens = (tokens ?? []) + (try Self.tokens(ids)) }
      if let stop = choice["stop_reason"] ?? choice["matched_stop"],
        let value = stop.intValue.flatMap({ Int32(exactly: $0) })
      {
        stopToken = TokenID(value)
      }
      if let reason = choice["finish_reason"]?.stringValue, !reason.isEmpty { finish = reason }
    }
    return deltas
  }

  private static func tokens(_ json: JSONValue) throws(ProviderError) -> [TokenID] {
    var tokens: [TokenID] = []
    for element in json.arrayValue ?? [] {
      guard let value = element.intValue.flatMap({ Int32(exactly: $0) }), value >= 0 else {
        throw .malformed("a token id is no number of a token")
      }
      tokens.append(TokenID(value))
    }
    return tokens
  }

  func answer() throws(ProviderError) -> ProviderAnswer {
    guard let finish else { throw .truncated(missing: "the reason why it ended") }
    let ending: ProviderAnswer.Ending
    switch finish {
    case "stop": ending = .stop
    case "length": ending = .length
    case "content_filter": ending = .filtered
    case "error", "abort": throw .brokenOff(code: nil, message: "The model failed.")
    default: throw .malformed("it ended for the unknown reason \"\(finish.prefix(40))\"")
    }
    return ProviderAnswer(
      items: [.message(.assistant, text)], ending: ending, usage: usage, model: model, id: id,
      tokens: tokens, stopToken: stopToken)
  }
}
