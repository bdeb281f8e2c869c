// TurnReading.swift — what a turn amounts to: calls, an answer, or one of the ways to be neither.
//
// Failure modes by their number in the list of observed gpt-oss behaviour: commentary alone may be
// the answer (12), a content type is no recipient (13), analysis is never the answer (14), several
// calls are taken one after the other (15).

/// What the planner has to do about a turn.
enum TurnReading: Equatable {
  /// Indices of the messages for tools, in order.
  case calls([Int])
  case answer(String)
  /// The turn was cut off; nothing in it may be acted on.
  case truncated
  /// It ended like a call, but names no tool.
  case unaddressedCall
  /// It ended properly, without any text for the user.
  case empty

  init(_ turn: ModelTurn, names: ToolNames) {
    switch turn.ending {
    case .tokenLimit, .contextFull:
      self = .truncated
      return
    case .returned, .called: break
    }
    let calls = turn.messages.indices.filter { index in
      let message = turn.messages[index]
      guard message.isAddressed, let recipient = message.recipient else { return false }
      // A final message is a call only where it names a tool beyond doubt.
      return message.channel != .final || names.knows(recipient)
    }
    let finals = turn.messages.indices.filter { index in
      turn.messages[index].channel == .final && !turn.messages[index].isBlank
    }
    if !calls.isEmpty {
      self = .calls(calls)
    } else if !finals.isEmpty {
      self = .answer(finals.map { turn.messages[$0].text }.joined(separator: "\n\n"))
    } else if turn.ending == .called {
      self = .unaddressedCall
    } else if !turn.preambles.isEmpty {
      self = .answer(turn.preambles.joined(separator: "\n\n"))
    } else {
      self = .empty
    }
  }
}
