// HarmonyTranscript.swift — a whole stream of tokens, parsed.

public import Base

/// The messages of one stream.
public struct HarmonyTranscript: Equatable, Sendable {
  public var messages: [ParsedMessage]
  /// Whether the stream ended before the model was done.
  public var isTruncated: Bool

  public init(messages: [ParsedMessage], isTruncated: Bool) {
    self.messages = messages
    self.isTruncated = isTruncated
  }

  /// Parses `tokens` to the end; the parameters are those of ``HarmonyParser``.
  public init(
    _ tokens: some Sequence<TokenID>, _ vocabulary: HarmonyVocabulary,
    role: HarmonyRole? = .assistant, knownTools: Set<String>? = nil
  ) {
    var parser = HarmonyParser(vocabulary, role: role, knownTools: knownTools)
    var messages: [ParsedMessage] = []
    func keep(_ events: [HarmonyEvent]) {
      for case .messageEnded(let message) in events { messages.append(message) }
    }
    for token in tokens { keep(parser.handle(token)) }
    keep(parser.finish())
    self.init(messages: messages, isTruncated: parser.isTruncated)
  }

  /// `{"messages": [{"role", "name"?, "channel", "recipient", "content_type", "content"}],
  /// "truncated"}`. Fields that a message does not have are null, `name` is left out. `content_type`
  /// is the bare word.
  public var json: JSONValue {
    ["messages": .array(messages.map(\.json)), "truncated": .bool(isTruncated)]
  }
}

extension ParsedMessage {
  fileprivate var json: JSONValue {
    var object: JSONObject = ["role": .string(message.role.rawValue)]
    object["name"] = message.name.map(JSONValue.string)
    object["channel"] = message.channel.map { .string($0.rawValue) } ?? .null
    object["recipient"] = message.recipient.map(JSONValue.string) ?? .null
    object["content_type"] = message.contentTypeWord.map(JSONValue.string) ?? .null
    object["content"] = .string(message.text)
    return .object(object)
  }
}
