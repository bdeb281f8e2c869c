// AnalysisRetention.swift — which chain of thought a later prompt still shows.

/// Which analysis messages stay when a conversation is rendered.
///
/// The model was trained without the thoughts behind earlier answers, but needs all of those since the
/// last one: a tool loop whose reasoning is cut off starts over.
public enum AnalysisRetention: Sendable {
  /// Thoughts since the last final answer; calls and their results always. The product's rule, and
  /// that of OpenAI's published guidance.
  case currentTurn
  /// Everything.
  case all
  /// What openai-harmony does: if the last assistant message is final, nothing of the analysis
  /// channel stays that precedes the first final message, calls and results included; otherwise
  /// everything stays.
  case openAIHarmony

  /// The messages that stay, in order.
  public func messages(of conversation: HarmonyConversation) -> [HarmonyMessage] {
    let messages = conversation.messages
    switch self {
    case .all: return messages
    case .currentTurn:
      let answer = messages.lastIndex { $0.role == .assistant && $0.channel == .final }
      guard let answer else { return messages }
      return messages.enumerated().filter { $0 > answer || !$1.isThought }.map(\.element)
    case .openAIHarmony:
      let answer = messages.firstIndex { $0.channel == .final }
      guard let answer, messages.last(where: { $0.role == .assistant })?.channel == .final else {
        return messages
      }
      return messages.enumerated().filter { $0 >= answer || $1.channel != .analysis }
        .map(\.element)
    }
  }
}

extension HarmonyMessage {
  /// Analysis that addresses no one, as opposed to a call of a built-in tool.
  fileprivate var isThought: Bool {
    role == .assistant && channel == .analysis && (recipient == nil || recipient == Self.everyone)
  }

  /// The recipient that means no one in particular; the header does not mention it.
  static let everyone = "all"
}
