// SystemContent.swift — what system and developer messages carry besides text.

public import Base

/// How much the model thinks before it answers.
public enum ReasoningEffort: String, CaseIterable, Sendable {
  case low
  case medium
  case high
}

/// Which channels the system message names.
public struct ChannelConfiguration: Equatable, Sendable {
  /// Empty: the system message says nothing about channels.
  public var validChannels: [String]
  /// Adds the sentence that every message needs a channel.
  public var isChannelRequired: Bool

  public init(validChannels: [String], isChannelRequired: Bool) {
    self.validChannels = validChannels
    self.isChannelRequired = isChannelRequired
  }

  /// The three channels of the format, required: what the model was trained with.
  public static let standard = Self(
    validChannels: HarmonyChannel.all.map(\.rawValue), isChannelRequired: true)
}

/// The system message: identity, dates, effort, channels and built-in tools.
///
/// What people call a system prompt belongs into ``DeveloperContent``. A nil leaves its line out.
public struct SystemContent: Equatable, Sendable {
  public var modelIdentity: String?
  public var reasoningEffort: ReasoningEffort?
  /// YYYY-MM-DD.
  public var conversationStartDate: String?
  /// YYYY-MM.
  public var knowledgeCutoff: String?
  public var channelConfiguration: ChannelConfiguration?
  /// Built-in tools by namespace. They print in the order of the keys' bytes, under their own names.
  public var tools: [String: ToolNamespace]

  /// The defaults are the words that the model was trained with.
  public init(
    modelIdentity: String? = SystemContent.trainedIdentity,
    reasoningEffort: ReasoningEffort? = .medium, conversationStartDate: String? = nil,
    knowledgeCutoff: String? = SystemContent.trainedKnowledgeCutoff,
    channelConfiguration: ChannelConfiguration? = .standard, tools: [ToolNamespace] = []
  ) {
    self.modelIdentity = modelIdentity
    self.reasoningEffort = reasoningEffort
    self.conversationStartDate = conversationStartDate
    self.knowledgeCutoff = knowledgeCutoff
    self.channelConfiguration = channelConfiguration
    self.tools = ToolNamespace.byName(tools)
  }

  /// Source: openai/harmony, `SystemContent::default` (Apache-2.0).
  public static let trainedIdentity = "You are ChatGPT, a large language model trained by OpenAI."
  /// Source: openai/harmony, `SystemContent::default` (Apache-2.0).
  public static let trainedKnowledgeCutoff = "2024-06"
}

/// A format that answers have to have. It only biases the model; a caller checks, or constrains.
///
/// Source: OpenAI's Harmony documentation, "Structured output"; openai-harmony does not render it.
public struct ResponseFormat: Equatable, Sendable {
  public var name: String
  /// A JSON schema.
  public var schema: JSONValue

  public init(name: String, schema: JSONValue) {
    self.name = name
    self.schema = schema
  }
}

/// The developer message: instructions, functions and formats.
public struct DeveloperContent: Equatable, Sendable {
  /// An empty text still prints its heading; nil does not.
  public var instructions: String?
  /// Tools by namespace; functions live in the namespace `functions`.
  public var tools: [String: ToolNamespace]
  /// The last part of the message.
  public var responseFormats: [ResponseFormat]

  public init(
    instructions: String? = nil, tools: [ToolNamespace] = [],
    responseFormats: [ResponseFormat] = []
  ) {
    self.instructions = instructions
    self.tools = ToolNamespace.byName(tools)
    self.responseFormats = responseFormats
  }
}
