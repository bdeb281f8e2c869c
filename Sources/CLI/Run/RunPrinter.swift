// RunPrinter.swift — a run as people and programs see it: the answer on standard output, what is being
// done on standard error; or, for programs, one event a line on standard output.

import Base
import Glibc
import Planner
import Runtime
import Store

/// Shows the news of one session.
struct RunPrinter {
  let session: String
  let showsThinking: Bool
  let isQuiet: Bool
  let isJSON: Bool
  /// Whether the answer is shown while it is being written.
  let streamsAnswer: Bool

  private var prefillStart: ContinuousClock.Instant?
  private var generationStart: ContinuousClock.Instant?
  /// What of the answer is on standard output already.
  private var streamed = ""
  private var isThoughtOpen = false
  /// A line of progress stands at the terminal, to be wiped before anything else is written.
  private var isUpdateShown = false
  private var calls: [Int: ToolCall] = [:]
  private var costs = ServerCosts()

  init(session: String, request: RunRequest) {
    self.session = session
    showsThinking = request.showsThinking
    isQuiet = request.isQuiet
    isJSON = request.isJSON
    streamsAnswer =
      !request.isJSON && request.settings.outputSchema == nil && isatty(STDOUT_FILENO) == 1
  }

  mutating func show(_ news: RunNews) {
    switch news {
    case .event(let event, let sequence, let time):
      if isJSON { Output.jsonLine(json(event, sequence, time)) }
      show(event)
    case .progress(let progress): show(progress)
    }
  }

  /// The event as a line of `--json`.
  private func json(_ event: RunEvent, _ sequence: Int, _ time: UnixTime) -> JSONValue {
    var object: JSONObject = [
      "session": .string(session), "sequence": .number(.integer(Int64(sequence))),
      "time": .string(time.isoText),
    ]
    for (key, value) in event.json.objectValue ?? [:] { object[key] = value }
    return .object(object)
  }

  // MARK: - Events

  private mutating func show(_ event: RunEvent) {
    switch event {
    case .toolCalled(let call): calls[call.id] = call
    case .planner(let event): show(event.kind)
    case .remarked(let remark): note(remark.text)
    case .reported("cloud.judged", let members): tell(sending(members))
    case .reported(ServerEvents.retried, let members):
      let seconds = members["seconds"]?.doubleValue ?? 0
      note(
        "\(members["reason"]?.stringValue ?? "") Trying again in \((seconds * 10).rounded() / 10) s."
      )
    case .reported(ServerEvents.answered, let members):
      costs.add(members)
    case .reported(ServerEvents.refused, let members):
      note("the next request is not sent: \(members["reason"]?.stringValue ?? "")")
    case .reported("cloud.answered", let members):
      if let cost = members["cost_millionths"]?.intValue {
        note(
          "the cloud model's answer cost \(CostText.text(cost, members["currency"]?.stringValue ?? ""))"
        )
      }
    case .finished:
      if let text = costs.text { note(text) }
      costs = ServerCosts()
    case .reported: break
    }
  }

  private mutating func show(_ kind: PlannerEvent.Kind) {
    switch kind {
    case .modelSaid(let turn):
      for text in turn.preambles { note(text) }
    case .callJudged(let number, let decision):
      guard let call = calls[number] else { return }
      let what = "\(call.tool) \(call.body.oneLine(lengthMax: 100))"
      let rule = decision.rule.map { " (\($0))" } ?? ""
      switch decision.verdict {
      case .allowed: note("\(what)\(rule)")
      case .refused, .noSandbox: note("\(what): refused\(rule): \(decision.reason)")
      case .approvalNeeded: note("\(what): needs approval\(rule): \(decision.reason)")
      case .costSpent: note("\(what): not sent: \(decision.reason)")
      }
    case .toolAnswered(_, let answer) where answer.result.status != .succeeded:
      note("  \(answer.result.status.rawValue): \(answer.result.text.oneLine(lengthMax: 160))")
    case .escalated(let reason, let result): tell(escalated(reason, result))
    case .answerRejected(let reason): note("the answer does not match the schema: \(reason)")
    case .compacted: note("old tool output was cut down to make room")
    default: break
    }
  }

  /// Shows what the run gave. The recorded answer may lack what must not be recorded.
  mutating func showAnswer(_ answer: String?) {
    endLines()
    guard !isJSON else { return }
    guard let answer else {
      if !streamed.isEmpty { Output.line("") }
      return
    }
    let shown = isatty(STDOUT_FILENO) == 1 ? answer.plain : answer
    guard streamed != shown else { return Output.line("") }
    if !streamed.isEmpty { Output.line("\n") }
    Output.line(shown)
  }

  // MARK: - Progress

  private mutating func show(_ progress: RunProgress) {
    switch progress {
    case .prefill(let done, let total, let kept): showPrefill(done, total, kept)
    case .sampled(let count):
      guard !isThoughtOpen, streamed.isEmpty else { return }
      let start = generationStart ?? .now
      generationStart = start
      let speed = Self.speed(count - 1, since: start)
      update("\(count) tokens\(speed)")
    case .text(let channel, let recipient, let text): showText(channel, recipient, text)
    case .running(let tool): update("running \(tool)")
    case .ended: endLines()
    }
  }

  private mutating func showPrefill(_ done: Int, _ total: Int, _ kept: Int) {
    generationStart = nil
    guard done < total else {
      prefillStart = nil
      return endLines()
    }
    let start = prefillStart ?? .now
    prefillStart = start
    update(
      "reading the prompt: \(100 * done / max(1, total)) % of \(total) tokens\(Self.speed(done - kept, since: start))"
    )
  }

  private static func speed(_ count: Int, since start: ContinuousClock.Instant) -> String {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    guard seconds > 0.2, count > 0 else { return "" }
    return ", \((Double(count) / seconds * 10).rounded() / 10) tokens/s"
  }

  private mutating func showText(
    _ channel: ModelMessage.Channel?, _ recipient: String?, _ text: String
  ) {
    if channel == .final, streamsAnswer {
      endLines()
      streamed += text.plain
      Output.write(text.plain)
    } else if channel == .analysis, recipient == nil, showsThinking, !isJSON {
      if !isThoughtOpen { endLines() }
      isThoughtOpen = true
      Progress.write(text.plain)
    }
  }

  private mutating func endLines() {
    if isThoughtOpen { Progress.line("") }
    isThoughtOpen = false
    if isUpdateShown { Progress.endUpdates() }
    isUpdateShown = false
  }

  // MARK: - The cloud, which is never asked in silence

  /// What is about to leave; nil for what is not, which the run tells anyway.
  private func sending(_ members: JSONObject) -> String? {
    guard members["verdict"] == "allow", let model = members["model"]?.stringValue,
      let endpoint = members["endpoint"]?.stringValue,
      let bytes = members["payload_bytes"]?.intValue,
      let reason = members["asked_because"]?.stringValue
    else { return nil }
    let count = members["redactions"]?.arrayValue?.count ?? 0
    let taken = count == 0 ? "" : ", \(count) part\(count == 1 ? "" : "s") taken out"
    return "sending \(bytes) bytes to the cloud model \(model) at \(endpoint) (\(reason)\(taken))"
  }

  private func escalated(_ reason: EscalationReason, _ result: EscalationResult) -> String {
    switch result {
    case .answered(_, let model): "the answer is the cloud model \(model)'s (\(reason.rawValue))"
    case .refused(let text), .approvalNeeded(let text), .costSpent(let text), .failed(let text),
      .misconfigured(let text):
      "the cloud model was not asked, or gave no answer (\(reason.rawValue)): \(text)"
    }
  }

  /// Also where nothing else is told.
  private mutating func tell(_ text: String?) {
    guard let text else { return }
    endLines()
    Progress.line("martlet: \(text.plain)")
  }

  private mutating func note(_ text: String) {
    guard !isQuiet else { return }
    endLines()
    Progress.line("martlet: \(text.plain)")
  }

  private mutating func update(_ text: String) {
    guard !isQuiet, !isThoughtOpen else { return }
    isUpdateShown = true
    Progress.update(text)
  }
}

/// What a task used of a model server.
private struct ServerCosts {
  private var inputTokens = 0
  private var outputTokens = 0
  private var cost: Int?
  private var currency = ""

  mutating func add(_ members: JSONObject) {
    inputTokens += members["input_tokens"]?.intValue ?? 0
    outputTokens += members["output_tokens"]?.intValue ?? 0
    guard let amount = members["cost_millionths"]?.intValue else { return }
    cost = (cost ?? 0) + amount
    currency = members["currency"]?.stringValue ?? ""
  }

  /// Nil where nothing was used.
  var text: String? {
    guard inputTokens + outputTokens > 0 else { return nil }
    let price = cost.map { ", \(CostText.text($0, currency))" } ?? ""
    return "the server read \(inputTokens) tokens and wrote \(outputTokens)\(price)"
  }
}

extension Outcome {
  /// What people are told of an end that is no plain answer; nil for one that is.
  var sentence: String? {
    switch self {
    case .answered: nil
    case .failedInternally(let text), .misconfigured(let text), .modelFailed(let text),
      .toolFailed(let text), .sandboxUnavailable(let text), .networkFailed(let text):
      text
    case .denied(let text): "The policy refused something on the way: \(text)"
    case .approvalNeeded(let text): "Approval is needed, and there is no one to ask: \(text)"
    case .budgetExhausted(let budget): budget.sentence
    case .answerMismatched(let text): "The answer does not match the schema: \(text)"
    case .interrupted: "Interrupted."
    case .terminated: "Terminated."
    }
  }

  /// Whether going on makes sense.
  var isResumable: Bool {
    switch self {
    case .approvalNeeded, .budgetExhausted, .interrupted, .terminated, .modelFailed, .toolFailed,
      .networkFailed, .sandboxUnavailable:
      true
    case .answered, .failedInternally, .misconfigured, .denied, .answerMismatched: false
    }
  }
}

extension Budget {
  fileprivate var sentence: String {
    switch self {
    case .steps: "The run has used up its steps (--max-steps)."
    case .generatedTokens: "The run has used up its tokens (--max-tokens)."
    case .wallTime: "The run has used up its time (--max-time)."
    case .toolCalls: "The run has used up its tool calls (--max-tool-calls)."
    case .identicalCalls: "The model made the same call over and over."
    case .context: "The conversation no longer fits the model's context."
    case .cost: "What the run may cost is used up (--max-cost, or a budget of the policy)."
    }
  }
}
