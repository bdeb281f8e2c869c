// Support.swift — turns, runs and actions in few words, so that a test shows only what it is about.

import Base
import Planner

let testTools = [
  ToolDeclaration(name: "python", body: .raw),
  ToolDeclaration(
    name: "container.exec",
    inputSchema: [
      "type": "object",
      "properties": ["cmd": ["type": "array"], "workdir": ["type": "string"]],
    ]),
  ToolDeclaration(
    name: "functions.get_weather",
    inputSchema: ["type": "object", "properties": ["city": ["type": "string"]]]),
  ToolDeclaration(
    name: "functions.apply_patch", aliases: ["repo_browser.apply_patch", "apply_patch"],
    body: .raw),
  ToolDeclaration(
    name: "functions.rename_file",
    inputSchema: [
      "type": "object",
      "properties": ["name": ["type": "string"], "to": ["type": "string"]],
    ]),
]

func think(_ text: String) -> ModelMessage { ModelMessage(channel: .analysis, text: text) }

func answer(_ text: String) -> ModelTurn {
  ModelTurn(
    messages: [ModelMessage(channel: .final, text: text)], tokens: [1, 2, 3], ending: .returned)
}

func call(_ tool: String, _ body: String, channel: ModelMessage.Channel = .commentary) -> ModelTurn
{
  ModelTurn(
    messages: [think("hm"), ModelMessage(channel: channel, recipient: tool, text: body)],
    tokens: [4, 5], ending: .called)
}

func turn(_ ending: ModelTurn.Ending, _ messages: ModelMessage...) -> ModelTurn {
  ModelTurn(messages: messages, tokens: [7], ending: ending)
}

let allowed = CallDecision(verdict: .allowed, rule: "r", reason: "Fine.")

func succeeded(_ text: String) -> ToolAnswer {
  ToolAnswer(result: ToolResult(status: .succeeded, text: text))
}

func broken(_ text: String) -> ToolAnswer {
  ToolAnswer(result: ToolResult(status: .broken, text: text))
}

extension PlannerState {
  /// A run with a task under way.
  static func begun(
    _ budgets: Budgets = Budgets(), context: Int? = nil, tolerates: Bool = false,
    escalations: Set<EscalationReason> = []
  ) -> PlannerState {
    PlannerState(replaying: [
      PlannerEvent(
        .started(
          PlannerSettings(
            tools: testTools, budgets: budgets, contextTokensMax: context,
            toleratesRefusals: tolerates, escalations: escalations))),
      PlannerEvent(.taskGiven("Do it.")),
    ])
  }

  mutating func take(_ kind: PlannerEvent.Kind, at milliseconds: Int = 0) -> PlannerAction {
    handle(PlannerEvent(kind, elapsedMilliseconds: milliseconds))
  }

  /// What follows each of the events, in words.
  mutating func trace(_ kinds: PlannerEvent.Kind...) -> [String] {
    kinds.map { take($0).words }
  }

  /// One whole call: said, allowed, answered.
  mutating func doCall(_ tool: String, _ body: String, _ answer: ToolAnswer) -> PlannerAction {
    guard case .judge(let made) = take(.modelSaid(call(tool, body))) else { return .wait }
    _ = take(.callJudged(call: made.id, allowed))
    return take(.toolAnswered(call: made.id, answer))
  }
}

extension PlannerAction {
  var words: String {
    switch self {
    case .wait: "wait"
    case .generate(let request):
      "generate\(request.beginsInFinal ? " in final" : "") after "
        + request.history.map(\.words).joined(separator: " | ")
    case .judge(let call): "judge \(call.id) \(call.tool) \(call.body)"
    case .run(let call): "run \(call.id) \(call.tool) \(call.body)"
    case .compact(let compaction):
      "compact " + compaction.cuts.map { "\($0.call):\($0.bytesKept)" }.joined(separator: " ")
    case .escalate(let escalation):
      "escalate \(escalation.reason.rawValue) after "
        + escalation.history.map(\.words).joined(separator: " | ")
    case .finish(let answer, let outcome): "finish \(outcome.exitCode): \(answer)"
    case .stop(let outcome):
      "stop \(outcome.exitCode) \(outcome.name)" + (outcome.reason.map { ": \($0)" } ?? "")
    }
  }

  var generated: GenerationRequest? {
    if case .generate(let request) = self { request } else { nil }
  }
}

extension HistoryItem {
  var words: String {
    switch self {
    case .task(let text): "task \(text)"
    case .turn(let turn):
      "turn" + (turn.keepsThinking ? "" : " without thinking")
        + (turn.beginsInFinal ? " in final" : "")
        + turn.renamed.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    case .toolResult(let result):
      "\(result.call) \(result.tool) \(result.channel?.rawValue ?? "-"): \(result.text)"
    case .note(let text): "note \(text)"
    }
  }
}
