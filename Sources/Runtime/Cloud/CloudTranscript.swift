// CloudTranscript.swift — a run so far, told to a model that did not see it. Without tools and without the
// chain of thought; what tools answered is marked as such, so that a policy can have it left out.

import Planner
import Policy
import Providers

/// The messages that say what happened.
struct CloudTranscript {
  let messages: [CloudMessage]

  /// - Parameters:
  ///   - history: Of the planner.
  ///   - heard: What tools answered, with its labels.
  init(_ history: [HistoryItem], heard: [HeardText]) {
    var messages: [CloudMessage] = []
    for item in history {
      switch item {
      case .task(let text): messages.append(CloudMessage(role: .user, text: text))
      case .note: continue
      case .turn(let turn): messages += Self.said(turn)
      case .toolResult(let result):
        let intro = "Result of \(result.tool):\n"
        let text = intro + result.text
        let start = intro.utf8.count
        let labels = heard.first { $0.call == result.call }?.labels ?? []
        messages.append(
          CloudMessage(
            role: .user, text: text,
            spans: [
              LabelledSpan(
                range: start..<text.utf8.count, kind: .toolOutput(tool: result.tool),
                labels: labels)
            ]))
      }
    }
    if messages.count > 1 {
      messages.append(
        CloudMessage(
          role: .user,
          text: "No more tools can be used. Give the final answer to the last task now."))
    }
    self.messages = messages
  }

  private static func said(_ turn: HistoryTurn) -> [CloudMessage] {
    turn.turn.messages.compactMap { message in
      guard message.text.contains(where: { !$0.isWhitespace }) else { return nil }
      if let tool = message.recipient, message.channel != .final {
        return CloudMessage(role: .assistant, text: "Call of \(tool):\n\(message.text)")
      }
      guard message.channel == .final || message.channel == .commentary else { return nil }
      return CloudMessage(role: .assistant, text: message.text)
    }
  }
}
