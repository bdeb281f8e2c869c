// ChatDecoder.swift — answers of `POST /chat/completions`, whole or in chunks.
//
// A chunk is {id, model, choices: [{index, delta: {content?, reasoning? | reasoning_content?,
// tool_calls?: [{index, id?, function: {name?, arguments?}}]}, finish_reason?}], usage?}. The first
// fragment of a call has its name. "[DONE]" ends the stream; without a finish_reason an answer is cut
// off, however the stream ended.

import Base

struct ChatDecoder: Sendable {
  private struct Call {
    var id: String?
    var name: String
    var arguments: String
  }

  private var id: String?
  private var model: String?
  private var text = ""
  private var reasoning = ""
  private var reasoningField: String?
  private var reasoningDetails: [JSONValue] = []
  private var calls: [Int: Call] = [:]
  private var lastCall: Int?
  private var finish: String?
  private var usage: ProviderUsage?
  private(set) var isComplete = false

  /// No answer has more calls, or they are noise.
  private static let callCountMax = 128

  // MARK: - In chunks

  mutating func handle(_ event: ServerSentEvent) throws(ProviderError) -> [ProviderDelta] {
    guard !isComplete else { return [] }
    if event.isEndMark {
      guard finish != nil else { throw .truncated(missing: "the reason why it ended") }
      isComplete = true
      return []
    }
    let chunk = try Wire.object(event.data)
    try Wire.checkForError(chunk)
    try note(chunk)
    // A chunk with usage alone has no choices.
    guard let choices = chunk["choices"]?.arrayValue else {
      guard chunk["usage"]?.objectValue != nil else {
        throw .malformed("a chunk has no choices")
      }
      return []
    }
    var deltas: [ProviderDelta] = []
    for choice in choices where choice["index"]?.intValue ?? 0 == 0 {
      try take(choice, &deltas)
    }
    return deltas
  }

  private mutating func note(_ object: JSONValue) throws(ProviderError) {
    if let id = object["id"]?.stringValue, !id.isEmpty {
      guard self.id == nil || self.id == id else {
        throw .outOfOrder("chunks of two answers are mixed")
      }
      self.id = id
    }
    if let model = object["model"]?.stringValue, !model.isEmpty { self.model = model }
    if let usage = object["usage"].flatMap(ProviderUsage.init) { self.usage = usage }
  }

  private mutating func take(
    _ choice: JSONValue, _ deltas: inout [ProviderDelta]
  ) throws(ProviderError) {
    let delta = choice["delta"] ?? [:]
    let before = deltas.count
    try takeMessage(delta, &deltas)
    guard finish == nil || deltas.count == before else {
      throw .outOfOrder("there is more of the answer after its end")
    }
    if let reason = choice["finish_reason"]?.stringValue, !reason.isEmpty {
      guard finish == nil || finish == reason else {
        throw .outOfOrder("the answer ends twice")
      }
      finish = reason
    }
  }

  /// Takes a delta, or a whole message.
  private mutating func takeMessage(
    _ message: JSONValue, _ deltas: inout [ProviderDelta]
  ) throws(ProviderError) {
    // Some servers send both names with the same text.
    for field in ["reasoning", "reasoning_content"] {
      guard let piece = message[field]?.stringValue, !piece.isEmpty else { continue }
      reasoningField = reasoningField ?? field
      guard reasoningField == field else { continue }
      reasoning += piece
      deltas.append(.reasoning(piece))
    }
    if let details = message["reasoning_details"]?.arrayValue { reasoningDetails += details }
    for piece in [Wire.text(message["content"]), message["refusal"]?.stringValue] {
      guard let piece, !piece.isEmpty else { continue }
      text += piece
      deltas.append(.text(piece))
    }
    for (position, call) in (message["tool_calls"]?.arrayValue ?? []).enumerated() {
      try takeCall(call, position, &deltas)
    }
  }

  private mutating func takeCall(
    _ fragment: JSONValue, _ position: Int, _ deltas: inout [ProviderDelta]
  ) throws(ProviderError) {
    let id = fragment["id"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    let function = fragment["function"] ?? [:]
    let name = function["name"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    let piece: String
    switch function["arguments"] {
    case .string(let text)?: piece = text
    case .object(let object)?: piece = JSONValue.object(object).compactText
    default: piece = ""
    }
    let index = fragment["index"]?.intValue ?? place(of: id, name, position)
    guard let known = calls[index] else {
      guard let name else {
        throw .outOfOrder("arguments of a call came before its name")
      }
      guard calls.count < Self.callCountMax else {
        throw .malformed("it has more than \(Self.callCountMax) calls")
      }
      calls[index] = Call(id: id, name: name, arguments: piece)
      lastCall = index
      deltas.append(.arguments(tool: name, piece))
      return
    }
    guard name == nil || name == known.name, id == nil || known.id == nil || id == known.id else {
      throw .outOfOrder("fragments of two calls are mixed")
    }
    if known.id == nil { calls[index]?.id = id }
    calls[index]?.arguments += piece
    lastCall = index
    if !piece.isEmpty { deltas.append(.arguments(tool: known.name, piece)) }
  }

  /// Which call a fragment without an index belongs to: a new one where it says who it is.
  private func place(of id: String?, _ name: String?, _ position: Int) -> Int {
    let next = (calls.keys.max() ?? -1) + 1
    guard let lastCall, let last = calls[lastCall] else { return next }
    if let id { return calls.first { $0.value.id == id }?.key ?? next }
    if let name, name != last.name || position > lastCall { return next }
    return name == nil ? lastCall : next
  }

  // MARK: - Whole

  mutating func whole(_ body: JSONValue) throws(ProviderError) -> ProviderAnswer {
    try Wire.checkForError(body)
    try note(body)
    guard let choice = body["choices"]?.arrayValue?.first, let message = choice["message"],
      message.objectValue != nil
    else { throw .malformed("it has no message") }
    var deltas: [ProviderDelta] = []
    try takeMessage(message, &deltas)
    finish = choice["finish_reason"]?.stringValue
    return try answer()
  }

  // MARK: - The end

  func answer() throws(ProviderError) -> ProviderAnswer {
    guard let finish else { throw .truncated(missing: "the reason why it ended") }
    var items: [ProviderItem] = []
    var (thought, words) = (reasoning, text)
    if thought.isEmpty, let split = Self.splitThought(text) { (thought, words) = split }
    if !thought.isEmpty || !reasoningDetails.isEmpty {
      items.append(
        .reasoning(
          ProviderReasoning(
            text: thought, field: reasoningField,
            details: reasoningDetails.isEmpty ? nil : .array(reasoningDetails))))
    }
    if !words.isEmpty { items.append(.message(.assistant, words)) }
    for (index, call) in calls.sorted(by: { $0.key < $1.key }) {
      items.append(
        .call(
          ProviderCall(
            id: call.id ?? "call_\(index)", name: call.name,
            arguments: call.arguments.isEmpty ? "{}" : call.arguments)))
    }
    return ProviderAnswer(
      items: items, ending: try ending(finish), usage: usage, model: model, id: id)
  }

  private func ending(_ reason: String) throws(ProviderError) -> ProviderAnswer.Ending {
    switch reason {
    case "stop", "tool_calls", "function_call", "eos", "end_turn":
      calls.isEmpty ? .stop : .calls
    case "length", "max_tokens": .length
    case "content_filter": .filtered
    case "error": throw .brokenOff(code: nil, message: "The model failed.")
    default: throw .malformed("it ended for the unknown reason \"\(reason.prefix(40))\"")
    }
  }

  /// Bedrock puts the chain of thought of gpt-oss into the text.
  private static func splitThought(_ text: String) -> (String, String)? {
    let (open, close) = ("<reasoning>", "</reasoning>")
    guard text.hasPrefix(open), let end = text.firstRange(of: close) else { return nil }
    let thought = text[text.index(text.startIndex, offsetBy: open.count)..<end.lowerBound]
    return (String(thought), String(text[end.upperBound...].drop(while: \.isWhitespace)))
  }
}

/// What the interfaces' answers have in common.
enum Wire {
  private static let limits = JSONReader.Limits(depthMax: 64, valueCountMax: 1_000_000)

  /// Reads the data of an event, or a body, as a JSON object.
  static func object(
    _ bytes: [UInt8], of what: String = "an event"
  ) throws(ProviderError)
    -> JSONValue
  {
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONReader.value(bytes, source: what, limits: limits)
    } catch {
      switch error.problem {
      case .unexpectedEnd: throw .truncated(missing: "the rest of \(what)")
      default: throw .malformed("\(what) is not JSON")
      }
    }
    guard json.objectValue != nil else { throw .malformed("\(what) is no JSON object") }
    return json
  }

  /// An error inside an answer that had begun well.
  static func checkForError(_ object: JSONValue) throws(ProviderError) {
    guard let error = object["error"], !error.isNull, error != .bool(false) else { return }
    let (code, message) = ProviderError.words(of: object)
    throw .brokenOff(code: code, message: message)
  }

  /// Content as a text, or as a list of parts that are texts.
  static func text(_ content: JSONValue?) -> String? {
    if let text = content?.stringValue { return text }
    return content?.arrayValue?.compactMap { $0["text"]?.stringValue }.joined()
  }
}
