// ProviderAnswer.swift — what a server answered, whole, and the pieces that arrive on the way.

public import Base

/// Tokens that a generation used, as the server counts them.
public struct ProviderUsage: Equatable, Sendable {
  public var inputTokens: Int
  /// Of the input, what the server still had from before.
  public var cachedTokens: Int
  public var outputTokens: Int
  /// Of the output, what nobody is shown.
  public var reasoningTokens: Int

  /// A server may claim any number; beyond this one it is not believed, so that sums are safe.
  public static let tokenCountMax = 1 << 30

  public init(
    inputTokens: Int = 0, cachedTokens: Int = 0, outputTokens: Int = 0, reasoningTokens: Int = 0
  ) {
    func bounded(_ count: Int) -> Int { min(max(0, count), Self.tokenCountMax) }
    self.inputTokens = bounded(inputTokens)
    self.cachedTokens = bounded(cachedTokens)
    self.outputTokens = bounded(outputTokens)
    self.reasoningTokens = bounded(reasoningTokens)
  }

  /// Reads Chat's and Completions' `usage`, or that of Responses; nil where it is neither.
  init?(_ json: JSONValue) {
    guard json.objectValue != nil else { return nil }
    let input = json["prompt_tokens"] ?? json["input_tokens"]
    let output = json["completion_tokens"] ?? json["output_tokens"]
    guard input?.intValue != nil || output?.intValue != nil else { return nil }
    let inputDetails = json["prompt_tokens_details"] ?? json["input_tokens_details"]
    let outputDetails = json["completion_tokens_details"] ?? json["output_tokens_details"]
    self.init(
      inputTokens: input?.intValue ?? 0,
      cachedTokens: inputDetails?["cached_tokens"]?.intValue ?? 0,
      outputTokens: output?.intValue ?? 0,
      reasoningTokens: outputDetails?["reasoning_tokens"]?.intValue ?? 0)
  }

  public static func + (left: Self, right: Self) -> Self {
    ProviderUsage(
      inputTokens: left.inputTokens + right.inputTokens,
      cachedTokens: left.cachedTokens + right.cachedTokens,
      outputTokens: left.outputTokens + right.outputTokens,
      reasoningTokens: left.reasoningTokens + right.reasoningTokens)
  }
}

/// A whole answer.
public struct ProviderAnswer: Equatable, Sendable {
  public enum Ending: String, Equatable, Sendable {
    /// The model had said everything.
    case stop
    /// The model waits for the results of its calls.
    case calls
    /// The bound on tokens was reached; the last item may be cut off.
    case length
    /// The provider withheld the rest.
    case filtered
  }

  /// Thoughts, words and calls, in order.
  public var items: [ProviderItem]
  public var ending: Ending
  /// Nil where the server does not say.
  public var usage: ProviderUsage?
  /// What the server says it used.
  public var model: String?
  /// The server's name for the answer.
  public var id: String?
  /// Completions alone: ids as sampled, the stop token included where one ended the answer; nil where
  /// the server shows text and no ids.
  public var tokens: [TokenID]?
  /// Completions alone: the token that ended the answer, where the server says which.
  public var stopToken: TokenID?

  public init(
    items: [ProviderItem], ending: Ending, usage: ProviderUsage? = nil, model: String? = nil,
    id: String? = nil, tokens: [TokenID]? = nil, stopToken: TokenID? = nil
  ) {
    self.items = items
    self.ending = ending
    self.usage = usage
    self.model = model
    self.id = id
    self.tokens = tokens
    self.stopToken = stopToken
  }

  /// What was said to the user, thoughts and calls left out.
  public var text: String {
    items.compactMap { item -> String? in
      guard case .message(_, let text, _) = item else { return nil }
      return text
    }.joined(separator: "\n\n")
  }

  public var calls: [ProviderCall] {
    items.compactMap { item -> ProviderCall? in
      guard case .call(let call) = item else { return nil }
      return call
    }
  }
}

/// A piece of an answer, for whoever watches it being written.
public enum ProviderDelta: Equatable, Sendable {
  case reasoning(String)
  case text(String)
  /// Of a call's arguments.
  case arguments(tool: String, String)
}
