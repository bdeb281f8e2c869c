// HistoryRenderer.swift — a run's history as the tokens of the next prompt.
//
// What was sampled is repeated token by token; nothing is rendered again from parsed fields, except
// a call whose name was corrected. <|return|> becomes <|end|>: history holds no end of a turn.

import Base
import Harmony
import Planner
import Tokenizer

/// Renders histories behind one fixed beginning.
struct HistoryRenderer: Sendable {
  private let vocabulary: HarmonyVocabulary
  private let renderer: HarmonyRenderer
  /// The system and the developer message. Fixed for the run, so that what was computed stays valid.
  let beginning: [TokenID]

  init(_ vocabulary: HarmonyVocabulary, beginning: HarmonyConversation) throws(HarmonyError) {
    self.vocabulary = vocabulary
    renderer = HarmonyRenderer(vocabulary)
    self.beginning = try renderer.render(beginning)
  }

  /// The prompt for the next turn. It ends behind `<|start|>assistant`, or, where the turn has to
  /// begin in a final message, behind the header of that.
  func prompt(_ history: [HistoryItem], beginsInFinal: Bool) throws(HarmonyError) -> [TokenID] {
    var ids = beginning
    for item in history {
      switch item {
      case .task(let text):
        ids += try renderer.render(HarmonyMessage(role: .user, text: text))
      case .note(let text):
        ids += try renderer.render(HarmonyMessage(role: .developer, text: text))
      case .toolResult(let result):
        let channel = result.channel.map { HarmonyChannel(rawValue: $0.rawValue) }
        ids += try renderer.render(
          HarmonyMessage(
            role: .tool, name: result.tool, channel: channel, recipient: "assistant",
            text: result.text))
      case .turn(let turn): try append(turn, to: &ids)
      }
    }
    ids += start
    if beginsInFinal { ids += finalHeader }
    return ids
  }

  /// `<|start|>assistant`
  private var start: [TokenID] {
    [vocabulary.tokens.start] + vocabulary.tokenizer.encode(HarmonyRole.assistant.rawValue)
  }

  /// `<|channel|>final<|message|>`
  var finalHeader: [TokenID] {
    [vocabulary.tokens.channel] + vocabulary.tokenizer.encode(HarmonyChannel.final.rawValue)
      + [vocabulary.tokens.message]
  }

  private func append(_ turn: HistoryTurn, to ids: inout [TokenID]) throws(HarmonyError) {
    let messages = turn.turn.messages
    let isWhole = turn.keepsThinking || !messages.contains(where: \.isThought)
    if isWhole, turn.renamed.isEmpty, !turn.turn.tokens.isEmpty {
      appendFrame(turn, isFirst: true, to: &ids)
      ids += turn.turn.tokens.dropLast()
      if let last = turn.turn.tokens.last { ids.append(asHistory(last)) }
      return
    }
    for (index, message) in messages.enumerated() {
      guard turn.keepsThinking || !message.isThought else { continue }
      let tokens = turn.turn.tokens
      let isVerbatim =
        turn.renamed[index] == nil && !message.tokenRange.isEmpty
        && message.tokenRange.upperBound <= tokens.count
      guard isVerbatim else {
        ids += try renderer.render(message.rendered(as: turn.renamed[index]))
        continue
      }
      let slice = tokens[message.tokenRange]
      if slice.first != vocabulary.tokens.start {
        appendFrame(turn, isFirst: message.tokenRange.lowerBound == 0, to: &ids)
      }
      ids += slice.dropLast()
      if let last = slice.last { ids.append(asHistory(last)) }
    }
  }

  /// What the prompt said before the first token that was sampled.
  private func appendFrame(_ turn: HistoryTurn, isFirst: Bool, to ids: inout [TokenID]) {
    ids += start
    if isFirst, turn.beginsInFinal { ids += finalHeader }
  }

  private func asHistory(_ token: TokenID) -> TokenID {
    let tokens = vocabulary.tokens
    return token == tokens.return || token == tokens.endOfText ? tokens.end : token
  }
}

extension ModelMessage {
  /// Chain of thought: analysis for no one else.
  fileprivate var isThought: Bool { channel == .analysis && recipient == nil }

  /// The message for the renderer, under a corrected name where there is one.
  fileprivate func rendered(as name: String?) -> HarmonyMessage {
    HarmonyMessage(
      role: .assistant, channel: channel.map { HarmonyChannel(rawValue: $0.rawValue) },
      recipient: name ?? recipient, contentType: contentType, text: text)
  }
}

extension ModelTurn {
  /// A turn from its parsed stream.
  init(
    _ transcript: HarmonyTranscript, tokens: [TokenID], ending: Ending, promptTokenCount: Int
  ) {
    let messages = transcript.messages.map { parsed in
      ModelMessage(
        channel: parsed.message.channel.flatMap { Channel(rawValue: $0.rawValue) },
        recipient: parsed.message.recipient, contentType: parsed.message.contentType,
        text: parsed.message.text, tokenRange: parsed.tokenRange)
    }
    self.init(
      messages: messages, tokens: tokens, ending: ending, promptTokenCount: promptTokenCount)
  }

  typealias Channel = ModelMessage.Channel
}
