// HeaderRules.swift — what the assistant may say in a header, as the grammar is told it.

public import Base

/// What may stand in the content of one message. The door for a grammar of arguments or answers, such
/// as one made from a JSON schema.
///
/// A constraint that allows no token has to allow the end, or sampling stands still.
public protocol ContentConstraint: Sendable {
  /// The tokens that may come next. Tokens that frame messages are taken out by the grammar.
  var allowed: AllowedTokens { get }
  /// Whether the content may end here.
  var mayEnd: Bool { get }
  /// Whether `token` is one of ``allowed``.
  func allows(_ token: TokenID) -> Bool
  /// Takes the next token, which is one of `allowed`.
  mutating func advance(_ token: TokenID)
}

extension ContentConstraint {
  public func allows(_ token: TokenID) -> Bool { allowed.contains(token) }
}

/// A tool that may be called, and how.
public struct CallableTool: Sendable {
  /// With its namespace, such as `functions.get_weather`.
  public var name: String
  /// On which channels it may be called.
  public var channels: [HarmonyChannel]
  /// The content types that a call may name, with or without `<|constrain|>`; it may also name none.
  public var contentTypes: [String]
  /// Nil: the content of a call is free.
  public var arguments: (any ContentConstraint)?

  public init(
    name: String, channels: [HarmonyChannel], contentTypes: [String],
    arguments: (any ContentConstraint)? = nil
  ) {
    self.name = name
    self.channels = channels
    self.contentTypes = contentTypes
    self.arguments = arguments
  }

  /// A developer function: called on commentary, with JSON.
  public static func function(
    _ name: String, arguments: (any ContentConstraint)? = nil
  ) -> Self {
    Self(
      name: name, channels: [.commentary], contentTypes: ["json"], arguments: arguments)
  }

  /// A built-in tool of the system message: called on analysis, with code.
  public static func builtIn(
    _ name: String, arguments: (any ContentConstraint)? = nil
  ) -> Self {
    Self(name: name, channels: [.analysis], contentTypes: ["code"], arguments: arguments)
  }
}

/// What the assistant may say in headers.
public struct HeaderRules: Sendable {
  /// Channels on which it may write without addressing a tool.
  public var channels: [HarmonyChannel]
  public var tools: [CallableTool]
  /// Content types that a final message may name, for answers in a given format.
  public var answerTypes: [String]
  /// Nil: the content of a final message is free.
  public var answer: (any ContentConstraint)?

  public init(
    channels: [HarmonyChannel] = HarmonyChannel.all, tools: [CallableTool] = [],
    answerTypes: [String] = [], answer: (any ContentConstraint)? = nil
  ) {
    self.channels = channels
    self.tools = tools
    self.answerTypes = answerTypes
    self.answer = answer
  }
}
