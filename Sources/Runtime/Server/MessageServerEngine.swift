// MessageServerEngine.swift — a server's Chat or Responses as a text engine: the history as items, the
// answer as a turn.
//
// The chain of thought goes back with its calls, as long as the turn is in its tool loop: gpt-oss is made
// to see it. The server renders Harmony; what it sampled, token by token, is not known here.

import Base
import Harmony
import Planner
import Providers

struct MessageServerEngine: TextEngine {
  let server: ServerModel
  let interface: ProviderInterface
  let frame: EngineFrame
  let sampling: SamplingChoice
  let effort: ReasoningEffort
  let outputSchema: JSONValue?
  let tools: WireTools
  let log: ServerLog
  /// Full names of the tools that the policy could allow now; no other is shown.
  let callable: @Sendable () async -> [String]

  /// Up to here a bound is sent, whatever the server's context is.
  private static let boundedTokensMax = 8_192
  /// Kept free where the size of the prompt is only estimated.
  private static let spareTokens = 256

  func generate(_ request: GenerationRequest) async throws(EngineFailure) -> ModelTurn {
    var asked = ProviderRequest(
      model: server.address.model, items: items(request.history))
    asked.tools = tools.tools(await callable())
    if request.beginsInFinal {
      asked.toolChoice = .none
      asked.items.append(.message(.developer, "Give your final answer now.", phase: nil))
    }
    asked.temperature = sampling.temperature
    asked.effort = effort.rawValue
    asked.format = outputSchema.map { ProviderRequest.Format(name: "answer", schema: $0) }
    let dialect = ProviderDialect.of(host: server.address.host)
    let unbounded = asked.body(interface, dialect).compactText.utf8.count
    // No text has more tokens than it has bytes, and seldom more than a third.
    let admission = try await log.admit(
      to: server, inputTokens: unbounded / 3 + 1, outputTokens: tokensMax(request),
      fallback: request.tokensMax)
    asked.tokensMax = admission.outputTokensMax
    let body = asked.body(interface, dialect)
    let watcher = DeltaWatcher(news: frame.news, isAnswer: asked.tools.isEmpty)
    var answer = try await log.ask(body, interface, server, admission) { watcher.take($0) }.answer
    // llama-server calls an answer of Responses completed that its bound has cut off.
    if answer.ending != .filtered, let max = asked.tokensMax,
      let used = answer.usage?.outputTokens, used >= max
    {
      answer.ending = .length
    }
    if answer.ending == .length, admission.isCut { throw .costSpent }
    return try turn(answer)
  }

  /// The bound to send; nil for none. One that does not fit the context would be refused.
  private func tokensMax(_ request: GenerationRequest) -> Int? {
    guard let context = server.contextTokensMax else {
      return request.tokensMax <= Self.boundedTokensMax ? request.tokensMax : nil
    }
    var used = 0
    for item in request.history {
      switch item {
      case .task(let text), .note(let text): used += text.utf8.count / 3
      case .toolResult(let result): used += result.text.utf8.count / 3
      case .turn(let turn): used = turn.turn.promptTokenCount + turn.turn.generatedTokenCount
      }
    }
    return min(request.tokensMax, max(Self.spareTokens, context - used - Self.spareTokens))
  }

  // MARK: - The history

  func items(_ history: [HistoryItem]) -> [ProviderItem] {
    var items: [ProviderItem] = []
    /// Calls without a result yet, in order.
    var open: [String] = []
    var callCount = 0
    func closeCalls() {
      for id in open { items.append(.result(callID: id, "There is no result.")) }
      open = []
    }
    for item in history {
      switch item {
      case .task(let text):
        closeCalls()
        items.append(.message(.user, text))
      case .note(let text):
        closeCalls()
        items.append(.message(.developer, text))
      case .toolResult(let result):
        if open.isEmpty {
          items.append(.message(.developer, "\(result.tool): \(result.text)"))
        } else {
          items.append(.result(callID: open.removeFirst(), result.text))
        }
      case .turn(let turn):
        closeCalls()
        for (index, message) in turn.turn.messages.enumerated() {
          let echo = message.echo
          if let recipient = turn.renamed[index] ?? message.recipient,
            !["", "assistant", "user", "all"].contains(recipient)
          {
            callCount += 1
            let id = echo?["id"]?.stringValue ?? "call_\(callCount)"
            let call = tools.call(recipient, message.text)
            items.append(
              .call(ProviderCall(id: id, name: call.name, arguments: call.arguments)))
            open.append(id)
          } else if message.channel == .analysis {
            guard turn.keepsThinking, let thought = thought(message) else { continue }
            items.append(.reasoning(thought))
          } else {
            let phase: ProviderItem.Phase? =
              interface == .responses && message.channel == .commentary ? .commentary : nil
            items.append(.message(.assistant, message.text, phase: phase))
          }
        }
      }
    }
    closeCalls()
    return items
  }

  /// A thought as this interface takes it; nil where it takes none.
  private func thought(_ message: ModelMessage) -> ProviderReasoning? {
    let echo = message.echo
    let thought = ProviderReasoning(
      text: message.text, field: echo?["field"]?.stringValue, id: echo?["id"]?.stringValue,
      encrypted: echo?["encrypted"]?.stringValue, details: echo?["details"])
    switch interface {
    // Servers read back only what they wrote themselves.
    case .chat: return thought.field == nil && thought.details == nil ? nil : thought
    case .responses: return thought.id == nil ? nil : thought
    case .completions: return nil
    }
  }

  // MARK: - The answer

  private func turn(_ answer: ProviderAnswer) throws(EngineFailure) -> ModelTurn {
    if answer.ending == .filtered {
      throw .model("\(server.address.origin) withheld the answer.")
    }
    let hasCalls = !answer.calls.isEmpty
    let messages = answer.items.compactMap { item -> ModelMessage? in
      switch item {
      case .message(_, let text, let phase):
        guard !text.isEmpty else { return nil }
        let isPreamble = phase == .commentary || (phase == nil && hasCalls)
        return ModelMessage(channel: isPreamble ? .commentary : .final, text: text)
      case .reasoning(let thought):
        var echo: JSONObject = [:]
        echo["field"] = thought.field.map(JSONValue.string)
        echo["id"] = thought.id.map(JSONValue.string)
        echo["encrypted"] = thought.encrypted.map(JSONValue.string)
        echo["details"] = thought.details
        return ModelMessage(
          channel: .analysis, text: thought.text, echo: echo.isEmpty ? nil : .object(echo))
      case .call(let call): return tools.message(call)
      case .result: return nil
      }
    }
    let ending: ModelTurn.Ending =
      switch answer.ending {
      case .calls: .called
      case .length: .tokenLimit
      case .stop, .filtered: .returned
      }
    return ModelTurn(
      messages: messages, ending: ending, promptTokenCount: answer.usage?.inputTokens ?? 0,
      generatedTokenCount: answer.usage?.outputTokens ?? 0)
  }
}

/// Tells what arrives.
private final class DeltaWatcher: Sendable {
  private let news: AsyncStream<RunNews>.Continuation
  /// Text can only be the answer; where there are tools it may as well come before a call.
  private let isAnswer: Bool

  init(news: AsyncStream<RunNews>.Continuation, isAnswer: Bool) {
    self.news = news
    self.isAnswer = isAnswer
  }

  func take(_ delta: ProviderDelta) {
    switch delta {
    case .reasoning(let text):
      news.yield(.progress(.text(.analysis, recipient: nil, text)))
    case .text(let text):
      news.yield(.progress(.text(isAnswer ? .final : nil, recipient: nil, text)))
    case .arguments(let tool, let text):
      news.yield(.progress(.text(.commentary, recipient: tool, text)))
    }
  }
}
