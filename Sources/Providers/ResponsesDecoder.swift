// ResponsesDecoder.swift — answers of `POST /responses`, whole or as events.
//
// Each event's data has its `type`, and most have a `sequence_number` that grows. An output item is
// announced (output_item.added), its parts arrive as deltas, each text once more as a whole (….done),
// then the item (output_item.done); `response.completed`, `.incomplete` or `.failed` ends the stream
// and holds the whole answer again. What is said twice must agree: pieces that came in a wrong order
// do not. llama-server leaves `output_index` and `sequence_number` out; its events name their item by id.

import Base

struct ResponsesDecoder: Sendable {
  /// A text that arrives in pieces: of which item, which part of it, and what kind of text.
  private struct Place: Hashable {
    var item: Int
    var part: Int
    var kind: String
  }

  private var id: String?
  private var model: String?
  private var sequence: Int?
  /// As announced, then as done.
  private var items: [Int: JSONValue] = [:]
  /// Which item has which id, for events that say nothing else.
  private var indexOfID: [String: Int] = [:]
  private var texts: [Place: String] = [:]
  private var result: ProviderAnswer?

  var isComplete: Bool { result != nil }

  private static let itemCountMax = 1_024

  // MARK: - Events

  mutating func handle(_ event: ServerSentEvent) throws(ProviderError) -> [ProviderDelta] {
    guard !isComplete, !event.isEndMark else { return [] }
    let object = try Wire.object(event.data)
    guard let type = object["type"]?.stringValue ?? (event.name.isEmpty ? nil : event.name) else {
      try Wire.checkForError(object)
      throw .malformed("an event has no type")
    }
    if let number = object["sequence_number"]?.intValue {
      guard sequence.map({ number > $0 }) ?? true else {
        throw .outOfOrder("event \(number) came after event \(sequence ?? 0)")
      }
      sequence = number
    }
    switch type {
    case "error":
      let (code, message) = ProviderError.words(of: object)
      throw .brokenOff(code: code, message: message)
    case "response.created", "response.in_progress", "response.queued":
      try note(object["response"] ?? [:])
    case "response.output_item.added": try add(object)
    case "response.output_item.done": try done(object)
    case "response.completed", "response.incomplete", "response.failed":
      let response = object["response"] ?? [:]
      try note(response)
      result = try finish(response, type)
    default: return try piece(object, type)
    }
    return []
  }

  private mutating func note(_ response: JSONValue) throws(ProviderError) {
    if let id = response["id"]?.stringValue, !id.isEmpty {
      guard self.id == nil || self.id == id else {
        throw .outOfOrder("events of two answers are mixed")
      }
      self.id = id
    }
    if let model = response["model"]?.stringValue, !model.isEmpty { self.model = model }
  }

  /// Which item an event is about; one that is announced without a place comes after the others.
  private func index(_ object: JSONValue) throws(ProviderError) -> Int {
    let id = object["item_id"]?.stringValue ?? object["item"]?["id"]?.stringValue
    let isNew = object["type"] == "response.output_item.added"
    let index =
      object["output_index"]?.intValue ?? id.flatMap { indexOfID[$0] }
      ?? (isNew ? (items.keys.max() ?? -1) + 1 : nil)
    guard let index, (0..<Self.itemCountMax).contains(index) else {
      throw .malformed("an event does not say which part of the answer it belongs to")
    }
    return index
  }

  private mutating func add(_ object: JSONValue) throws(ProviderError) {
    let index = try index(object)
    guard let item = object["item"], item.objectValue != nil else {
      throw .malformed("an item is missing")
    }
    guard items[index] == nil else { throw .outOfOrder("item \(index) begins twice") }
    items[index] = item
    if let id = item["id"]?.stringValue { indexOfID[id] = index }
  }

  /// A delta, or the whole of what came as deltas. Other events tell nothing that is needed.
  private mutating func piece(
    _ object: JSONValue, _ type: String
  ) throws(ProviderError) -> [ProviderDelta] {
    let kinds = [
      "response.reasoning_text": "text", "response.reasoning_summary_text": "text",
      "response.output_text": "text", "response.refusal": "refusal",
      "response.function_call_arguments": "arguments",
    ]
    let parts = type.split(separator: ".")
    guard parts.count == 3, let whole = kinds[parts.dropLast().joined(separator: ".")] else {
      return []
    }
    let index = try index(object)
    guard let item = items[index] else {
      throw .outOfOrder("a piece of item \(index) came before its beginning")
    }
    let place = Place(
      item: index,
      part: object["content_index"]?.intValue ?? object["summary_index"]?.intValue ?? 0,
      kind: String(parts[1]))
    switch parts[2] {
    case "delta":
      guard let text = object["delta"]?.stringValue else {
        throw .malformed("a delta holds no text")
      }
      texts[place, default: ""] += text
      switch parts[1] {
      case "reasoning_text", "reasoning_summary_text": return [.reasoning(text)]
      case "function_call_arguments":
        return [.arguments(tool: item["name"]?.stringValue ?? "", text)]
      default: return [.text(text)]
      }
    case "done":
      guard let text = object[whole]?.stringValue else { return [] }
      guard texts[place] == nil || texts[place] == text else {
        throw .outOfOrder("a text differs from the pieces that it came in")
      }
      texts[place] = text
      return []
    default: return []
    }
  }

  private mutating func done(_ object: JSONValue) throws(ProviderError) {
    let index = try index(object)
    guard let item = object["item"], item.objectValue != nil else {
      throw .malformed("an item is missing")
    }
    if let begun = items[index] {
      guard begun["type"] == item["type"] else {
        throw .outOfOrder("item \(index) is not what it began as")
      }
    }
    try check(item, index)
    items[index] = item
  }

  /// Whether an item says what its pieces said.
  private func check(_ item: JSONValue, _ index: Int) throws(ProviderError) {
    func agrees(_ text: String?, _ kind: String, _ part: Int) -> Bool {
      guard let streamed = texts[Place(item: index, part: part, kind: kind)], let text else {
        return true
      }
      return streamed == text
    }
    var isGood = agrees(item["arguments"]?.stringValue, "function_call_arguments", 0)
    let kind = item["type"] == "reasoning" ? "reasoning_text" : "output_text"
    for (part, content) in (item["content"]?.arrayValue ?? []).enumerated() {
      isGood = isGood && agrees(content["text"]?.stringValue, kind, part)
    }
    guard isGood else { throw .outOfOrder("an item differs from the pieces that it came in") }
  }

  private func finish(
    _ response: JSONValue, _ type: String
  ) throws(ProviderError) -> ProviderAnswer {
    var output = response["output"]?.arrayValue ?? []
    if output.isEmpty { output = items.sorted { $0.key < $1.key }.map(\.value) }
    guard output.count >= items.count else {
      throw .outOfOrder("the whole answer has fewer items than were sent")
    }
    for (index, item) in output.enumerated() { try check(item, index) }
    var object = response.objectValue ?? [:]
    object["output"] = .array(output)
    if object["status"] == nil {
      object["status"] = .string(String(type.dropFirst("response.".count)))
    }
    return try Self.answer(.object(object), id, model)
  }

  // MARK: - Whole

  static func whole(_ body: JSONValue) throws(ProviderError) -> ProviderAnswer {
    try answer(body, body["id"]?.stringValue, body["model"]?.stringValue)
  }

  private static func answer(
    _ response: JSONValue, _ id: String?, _ model: String?
  ) throws(ProviderError) -> ProviderAnswer {
    try Wire.checkForError(response)
    let status = response["status"]?.stringValue ?? "completed"
    var ending = ProviderAnswer.Ending.stop
    switch status {
    case "completed": break
    case "incomplete":
      ending = response["incomplete_details"]?["reason"] == "content_filter" ? .filtered : .length
    default: throw .brokenOff(code: nil, message: "Its status is \"\(status.prefix(40))\".")
    }
    guard let output = response["output"]?.arrayValue else {
      throw .malformed("it has no output")
    }
    var items: [ProviderItem] = []
    for json in output { if let item = try item(json) { items.append(item) } }
    let hasCalls = items.contains { if case .call = $0 { true } else { false } }
    if ending == .stop, hasCalls { ending = .calls }
    return ProviderAnswer(
      items: items, ending: ending, usage: response["usage"].flatMap(ProviderUsage.init),
      model: model, id: id)
  }

  /// An output item; nil for a kind that nothing here asks for.
  private static func item(_ json: JSONValue) throws(ProviderError) -> ProviderItem? {
    switch json["type"]?.stringValue {
    case "message":
      let text = (json["content"]?.arrayValue ?? []).compactMap {
        $0["text"]?.stringValue ?? $0["refusal"]?.stringValue
      }.joined()
      return .message(
        .assistant, text,
        phase: json["phase"]?.stringValue.flatMap(ProviderItem.Phase.init(rawValue:)))
    case "reasoning":
      func joined(_ key: String) -> String {
        (json[key]?.arrayValue ?? []).compactMap { $0["text"]?.stringValue }
          .joined(separator: "\n\n")
      }
      let text = joined("content")
      return .reasoning(
        ProviderReasoning(
          text: text.isEmpty ? joined("summary") : text, id: json["id"]?.stringValue,
          encrypted: json["encrypted_content"]?.stringValue))
    case "function_call":
      guard let name = json["name"]?.stringValue, !name.isEmpty,
        let id = json["call_id"]?.stringValue ?? json["id"]?.stringValue
      else { throw .malformed("a call has no name or no id") }
      let arguments =
        json["arguments"]?.stringValue ?? json["arguments"]?.objectValue.map {
          JSONValue.object($0).compactText
        } ?? ""
      return .call(
        ProviderCall(id: id, name: name, arguments: arguments.isEmpty ? "{}" : arguments))
    default: return nil
    }
  }

  func answer() throws(ProviderError) -> ProviderAnswer {
    guard let result else { throw .truncated(missing: "the event response.completed") }
    return result
  }
}
