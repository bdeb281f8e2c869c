// ModelTurn.swift — what one generation gave: the messages as parsed, the tokens as sampled.

public import Base

/// A message of the model within one generation.
public struct ModelMessage: Equatable, Sendable {
  public enum Channel: String, Equatable, Sendable { case analysis, commentary, final }

  /// Nil for text that stood outside any frame.
  public var channel: Channel?
  /// The tool that the message is addressed to, as the model spelled it.
  public var recipient: String?
  public var contentType: String?
  public var text: String
  /// Where the message lies in its turn's tokens, header and terminator included, so that it can
  /// be left out of a later prompt without rendering the rest again. Empty where unknown.
  public var tokenRange: Range<Int>
  /// What a model server wants to see again beside the text, such as the id of a call; nil where nothing
  /// does.
  public var echo: JSONValue?

  public init(
    channel: Channel?, recipient: String? = nil, contentType: String? = nil, text: String,
    tokenRange: Range<Int> = 0..<0, echo: JSONValue? = nil
  ) {
    self.channel = channel
    self.recipient = recipient
    self.contentType = contentType
    self.text = text
    self.tokenRange = tokenRange
    self.echo = echo
  }
}

/// One generation. The tokens are kept verbatim: they are never rendered again from the messages.
public struct ModelTurn: Equatable, Sendable {
  /// Why sampling stopped.
  public enum Ending: String, Equatable, Sendable {
    /// `<|return|>`, or the end of text.
    case returned
    /// `<|call|>`.
    case called
    /// The request's token limit was reached.
    case tokenLimit = "token_limit"
    /// Prompt and answer together reached the context limit.
    case contextFull = "context_full"
  }

  public var messages: [ModelMessage]
  /// As sampled, the terminator included; empty for an engine that does not show its tokens.
  public var tokens: [TokenID]
  public var ending: Ending
  /// Tokens of the prompt; 0 where the engine does not say.
  public let promptTokenCount: Int
  /// Tokens generated, also those that the engine does not show.
  public let generatedTokenCount: Int

  /// A remote engine may claim any number; beyond this one it is not believed, so sums are safe.
  static let tokenCountMax = 1 << 30

  public init(
    messages: [ModelMessage], tokens: [TokenID] = [], ending: Ending, promptTokenCount: Int = 0,
    generatedTokenCount: Int? = nil
  ) {
    self.messages = messages
    self.tokens = tokens
    self.ending = ending
    self.promptTokenCount = min(max(0, promptTokenCount), Self.tokenCountMax)
    self.generatedTokenCount = min(
      max(0, generatedTokenCount ?? tokens.count), Self.tokenCountMax)
  }

  /// Text that the user may see before the answer: commentary addressed to no tool.
  public var preambles: [String] {
    messages.filter { $0.channel == .commentary && !$0.isAddressed && !$0.isBlank }.map(\.text)
  }
}

extension ModelMessage {
  /// Whether the message is meant for a tool. A model that addresses itself, or everyone, means
  /// no one (gpt-oss-20b's habit of a stray "to=assistant").
  var isAddressed: Bool {
    guard let recipient else { return false }
    return !["", "assistant", "user", "all"].contains(recipient)
  }

  var isBlank: Bool { text.allSatisfy(\.isWhitespace) }
}
