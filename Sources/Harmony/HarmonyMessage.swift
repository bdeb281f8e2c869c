// HarmonyMessage.swift — one message, and a conversation of them, in the terms of OpenAI's Harmony format.

/// Who wrote a message. Trust falls from `system` to `tool`.
public enum HarmonyRole: String, CaseIterable, Sendable {
  case system
  case developer
  case user
  case assistant
  case tool
}

/// The lane a message travels in: who is meant to read it.
///
/// The format knows three; a message read from elsewhere may name another.
public struct HarmonyChannel: RawRepresentable, Hashable, Sendable {
  public var rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }

  /// Chain of thought, and calls of built-in tools. Never shown as an answer.
  public static let analysis = Self(rawValue: "analysis")
  /// Calls of developer functions; without a recipient, words for the user before a call.
  public static let commentary = Self(rawValue: "commentary")
  /// The answer.
  public static let final = Self(rawValue: "final")

  /// The three channels of the format, in the order the system message lists them.
  public static let all: [Self] = [.analysis, .commentary, .final]
}

/// One item of a message's content.
public enum HarmonyContent: Equatable, Sendable {
  case text(String)
  /// Only in a message of role `system`.
  case system(SystemContent)
  /// Only in a message of role `developer`.
  case developer(DeveloperContent)
}

/// A message: a header and a body.
public struct HarmonyMessage: Equatable, Sendable {
  public var role: HarmonyRole
  /// The tool's name for role `tool`, where it is mandatory; otherwise an optional author name.
  public var name: String?
  public var channel: HarmonyChannel?
  /// Whom the message addresses: a tool in a call, `assistant` in a tool's answer.
  public var recipient: String?
  /// The body's type, such as `json` or `code`, with ``constrainMark`` in front of it where the
  /// header has that special token. Renders as written, so history keeps its shape.
  public var contentType: String?
  public var content: [HarmonyContent]

  public init(
    role: HarmonyRole, name: String? = nil, channel: HarmonyChannel? = nil,
    recipient: String? = nil, contentType: String? = nil, content: [HarmonyContent]
  ) {
    self.role = role
    self.name = name
    self.channel = channel
    self.recipient = recipient
    self.contentType = contentType
    self.content = content
  }

  public init(
    role: HarmonyRole, name: String? = nil, channel: HarmonyChannel? = nil,
    recipient: String? = nil, contentType: String? = nil, text: String
  ) {
    self.init(
      role: role, name: name, channel: channel, recipient: recipient, contentType: contentType,
      content: [.text(text)])
  }

  /// How `contentType` spells the special token that announces a constrained body.
  public static let constrainMark = "<|constrain|>"

  /// The text items of the content, joined.
  public var text: String {
    content.reduce(into: "") { text, item in
      if case .text(let piece) = item { text += piece }
    }
  }

  /// The content type without ``constrainMark``; nil where nothing is left.
  public var contentTypeWord: String? {
    guard var word = contentType else { return nil }
    if word.utf8.starts(with: Self.constrainMark.utf8) {
      word = String(decoding: word.utf8.dropFirst(Self.constrainMark.utf8.count), as: UTF8.self)
    }
    return word.isEmpty ? nil : word
  }
}

/// Messages in order, oldest first.
public struct HarmonyConversation: Equatable, Sendable {
  public var messages: [HarmonyMessage]

  public init(messages: [HarmonyMessage]) { self.messages = messages }
}
