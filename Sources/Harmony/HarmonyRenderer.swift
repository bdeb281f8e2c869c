// HarmonyRenderer.swift — messages to token ids, exactly as openai-harmony renders them.
//
//   <|start|> author [" to=" recipient] [<|channel|> channel] [" " content type]
//   <|message|> content (<|call|> after a message from the assistant to someone, else <|end|>)
//
// Each quoted piece and each content item is tokenised on its own, with special tokens off: nothing
// that a person, a tool or a page wrote can end up as framing. History never holds <|return|>; a
// message that ended with it is rendered with <|end|>.

public import Base
import Tokenizer

/// Renders messages for one vocabulary.
public struct HarmonyRenderer: Sendable {
  private let vocabulary: HarmonyVocabulary

  public init(_ vocabulary: HarmonyVocabulary) { self.vocabulary = vocabulary }

  /// The prompt for the message that `nextRole` is to write: the conversation and the start of a
  /// message, whose first sampled token is then `<|channel|>` or " to".
  public func renderForCompletion(
    _ conversation: HarmonyConversation, nextRole: HarmonyRole = .assistant,
    keeping retention: AnalysisRetention = .currentTurn
  ) throws(HarmonyError) -> [TokenID] {
    var ids = try render(conversation, keeping: retention)
    ids.append(vocabulary.tokens.start)
    ids += vocabulary.tokenizer.encode(nextRole.rawValue)
    return ids
  }

  /// All messages that `retention` keeps, nothing after them.
  public func render(
    _ conversation: HarmonyConversation, keeping retention: AnalysisRetention = .currentTurn
  ) throws(HarmonyError) -> [TokenID] {
    let hasFunctions = conversation.messages.contains { message in
      message.content.contains {
        if case .developer(let content) = $0 { content.hasFunctions } else { false }
      }
    }
    var ids: [TokenID] = []
    for message in retention.messages(of: conversation) {
      try append(message, hasFunctions: hasFunctions, to: &ids)
    }
    return ids
  }

  /// One message by itself. `hasFunctions`: whether the conversation that it belongs to has developer
  /// functions, which a system message mentions.
  public func render(
    _ message: HarmonyMessage, hasFunctions: Bool = false
  ) throws(HarmonyError) -> [TokenID] {
    var ids: [TokenID] = []
    try append(message, hasFunctions: hasFunctions, to: &ids)
    return ids
  }

  private func append(
    _ message: HarmonyMessage, hasFunctions: Bool, to ids: inout [TokenID]
  ) throws(HarmonyError) {
    let tokens = vocabulary.tokens
    ids.append(tokens.start)
    try appendHeader(message, to: &ids)
    ids.append(tokens.message)
    for item in message.content {
      ids += vocabulary.tokenizer.encode(
        try text(item, role: message.role, hasFunctions: hasFunctions))
    }
    let isCall = message.role == .assistant && message.recipient != nil
    ids.append(isCall ? tokens.call : tokens.end)
  }

  private func appendHeader(
    _ message: HarmonyMessage, to ids: inout [TokenID]
  ) throws(HarmonyError) {
    let tokenizer = vocabulary.tokenizer
    if message.role == .tool {
      guard let name = message.name else { throw .toolWithoutName }
      ids += tokenizer.encode(name)
    } else {
      ids += tokenizer.encode(message.role.rawValue)
      if let name = message.name { ids += tokenizer.encode(":" + name) }
    }
    if let recipient = message.recipient, recipient != HarmonyMessage.everyone {
      ids += tokenizer.encode(" to=" + recipient)
    }
    if let channel = message.channel {
      ids.append(vocabulary.tokens.channel)
      ids += tokenizer.encode(channel.rawValue)
    }
    guard let type = message.contentType else { return }
    guard type.utf8.starts(with: HarmonyMessage.constrainMark.utf8) else {
      ids += tokenizer.encode(" " + type)
      return
    }
    ids += tokenizer.encode(" ")
    ids.append(vocabulary.tokens.constrain)
    ids += tokenizer.encode(message.contentTypeWord ?? "")
  }

  private func text(
    _ item: HarmonyContent, role: HarmonyRole, hasFunctions: Bool
  ) throws(HarmonyError) -> String {
    switch item {
    case .text(let text): return text
    case .system(let content):
      guard role == .system else { throw .misplacedContent(kind: "System content", role: role) }
      return content.text(hasFunctions: hasFunctions)
    case .developer(let content):
      guard role == .developer else {
        throw .misplacedContent(kind: "Developer content", role: role)
      }
      return content.text
    }
  }
}
