// SessionTimeline.swift — a recorded run as a person reads it: one heading an event, its text below.

import Base
import Planner
import Runtime
import Store

/// Turns recorded events into lines.
struct SessionTimeline {
  /// Whether the model's chain of thought is shown.
  let showsThinking: Bool
  /// What a tool is given or gives is cut after this; the events hold all of it (`--json`).
  private static let lineCountMax = 24
  private static let lineLengthMax = 400
  /// What the runtime notes for programs is cut shorter.
  private static let detailLengthMax = 60

  /// Above the first event.
  func heading(_ session: LedgerSession) -> [String] {
    let count = session.eventCount
    let first =
      "Session \(session.id), \(session.time.shortText), \(count) event\(count == 1 ? "" : "s")"
    return [first.plain]
      + SessionFacts.header(session).map { label, text in
        (label + String(repeating: " ", count: 11 - label.count) + text).plain
      } + [""]
  }

  func lines(_ recorded: RecordedEvent) -> [String] {
    let number = String(recorded.sequence)
    let margin = String(repeating: " ", count: max(0, 4 - number.count)) + number
    let text = recorded.event.map(shown) ?? Shown(erased(recorded))
    return ["\(margin)  \(recorded.time.clockText)  \(text.heading)".plain] + text.body
  }

  /// One event's heading and the lines below it.
  private struct Shown {
    var heading: String
    var body: [String]

    init(_ heading: String, body: [String] = []) {
      self.heading = heading
      self.body = body
    }
  }

  private func erased(_ recorded: RecordedEvent) -> String {
    let call = recorded.header["call"]?.intValue.map { ", call \($0)" } ?? ""
    return "\(recorded.kind)\(call): the content was erased"
  }

  private func shown(_ event: RunEvent) -> Shown {
    switch event {
    case .planner(let event): shown(event.kind)
    case .toolCalled(let call):
      Shown("call \(call.id)  \(call.tool)", body: cut(call.body))
    case .remarked(let remark):
      Shown("note\(remark.call.map { ", call \($0)" } ?? ""): \(remark.text)")
    case .finished(let summary): shown(summary)
    case .reported(let name, let details):
      Shown(
        "\(name)  \(JSONValue.object(details).compactText.oneLine(lengthMax: Self.detailLengthMax))"
      )
    }
  }

  private func shown(_ kind: PlannerEvent.Kind) -> Shown {
    switch kind {
    case .started(let settings):
      Shown("started, with \(tools(settings)) and at most \(settings.budgets.stepsMax) steps")
    case .taskGiven(let text): Shown("task", body: text.indented(by: Self.margin))
    case .modelSaid(let turn): shown(turn)
    case .generationFailed(let failure): Shown("the model failed: \(sentence(failure))")
    case .callJudged(let call, let decision):
      Shown(
        "call \(call)  \(word(decision.verdict))\(decision.rule.map { " by \($0)" } ?? ""): \(decision.reason)"
      )
    case .toolAnswered(let call, let answer):
      Shown(
        "call \(call)  \(answer.result.status.rawValue)"
          + (answer.flaw.map { ", \(phrase($0))" } ?? ""), body: cut(answer.result.text))
    case .compacted(let compaction):
      Shown(
        "shortened in the model's view: "
          + compaction.cuts.map { "call \($0.call) to \($0.bytesKept) bytes" }
          .joined(separator: ", "))
    case .escalated(let reason, let result): shown(reason, result)
    case .answerRejected(let reason): Shown("answer rejected: \(reason)")
    case .interrupted(let interruption): Shown(interruption.rawValue)
    case .timeRanOut: Shown("the wall time ran out")
    case .resumed(let budgets): Shown("resumed, with at most \(budgets.stepsMax) more steps")
    }
  }

  private func shown(_ reason: EscalationReason, _ result: EscalationResult) -> Shown {
    switch result {
    case .answered(let text, let model):
      Shown(
        "answered by the cloud model \(model), \(reason.rawValue)",
        body: text.indented(by: Self.margin))
    case .refused(let text): Shown("cloud model, \(reason.rawValue): refused: \(text)")
    case .approvalNeeded(let text):
      Shown("cloud model, \(reason.rawValue): needs approval: \(text)")
    case .costSpent(let text): Shown("cloud model, \(reason.rawValue): not asked: \(text)")
    case .failed(let text), .misconfigured(let text):
      Shown("cloud model, \(reason.rawValue): failed: \(text)")
    }
  }

  private func shown(_ turn: ModelTurn) -> Shown {
    var body: [String] = []
    for message in turn.messages {
      // What is addressed to a tool is a call, and an event of its own.
      if message.recipient != nil, message.channel != .final { continue }
      let label: String
      switch message.channel {
      case .analysis where !showsThinking: continue
      case .analysis: label = "thinking"
      case .commentary: label = "says"
      case .final: label = "answer"
      case nil: label = "text outside any message"
      }
      body.append(String(repeating: " ", count: Self.margin) + label + ":")
      body += message.text.indented(by: Self.margin + 2)
    }
    let count = turn.generatedTokenCount
    let ending =
      switch turn.ending {
      case .returned, .called: ""
      case .tokenLimit: ", cut off at the token limit"
      case .contextFull: ", cut off where the context was full"
      }
    return Shown("model, \(count) token\(count == 1 ? "" : "s")\(ending)", body: body)
  }

  private func shown(_ summary: RunSummary) -> Shown {
    func counted(_ count: Int, _ noun: String) -> String {
      "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
    let parts = [
      counted(summary.steps, "step"), counted(summary.toolCalls, "call"),
      counted(summary.generatedTokens, "token"),
      "\(Double(summary.elapsedMilliseconds / 100) / 10) s",
    ]
    return Shown(
      "finished: \(phrase(summary.outcome)) (exit code \(summary.outcome.exitCode)), "
        + parts.joined(separator: ", "))
  }

  // MARK: Words

  /// Where the text below a heading begins.
  private static let margin = 16

  private func cut(_ text: String) -> [String] {
    text.indented(
      by: Self.margin, lineCountMax: Self.lineCountMax, lineLengthMax: Self.lineLengthMax)
  }

  private func tools(_ settings: PlannerSettings) -> String {
    settings.tools.isEmpty ? "no tools" : settings.tools.map(\.name).joined(separator: ", ")
  }

  private func word(_ verdict: CallDecision.Verdict) -> String {
    switch verdict {
    case .allowed: "allowed"
    case .refused: "refused"
    case .approvalNeeded: "needs approval"
    case .costSpent: "not sent"
    case .noSandbox: "no sandbox"
    }
  }

  private func phrase(_ outcome: Outcome) -> String {
    outcome.name + (outcome.reason.map { ": \($0)" } ?? "")
  }

  private func sentence(_ failure: EngineFailure) -> String {
    switch failure {
    case .contextOverflow: "the prompt is longer than the context"
    case .cancelled: "it was cancelled"
    case .costSpent: "the next request could cost more than is left"
    case .model(let reason), .network(let reason): reason
    }
  }
}
