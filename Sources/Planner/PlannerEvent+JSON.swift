// PlannerEvent+JSON.swift — the planner's events as members of a JSON object, and back.

import Base

extension PlannerEvent {
  var name: String {
    switch kind {
    case .started: "run.started"
    case .taskGiven: "task.given"
    case .modelSaid: "model.generated"
    case .generationFailed: "model.failed"
    case .callJudged: "policy.decided"
    case .toolAnswered: "tool.answered"
    case .compacted: "history.compacted"
    case .escalated: "run.escalated"
    case .answerRejected: "answer.rejected"
    case .interrupted: "run.interrupted"
    case .timeRanOut: "run.timed_out"
    case .resumed: "run.resumed"
    }
  }

  func write(to object: inout JSONObject) {
    switch kind {
    case .started(let settings): settings.write(to: &object)
    case .taskGiven(let text): object["task"] = .string(text)
    case .modelSaid(let turn): turn.write(to: &object)
    case .generationFailed(let failure): failure.write(to: &object)
    case .callJudged(let call, let decision):
      object["call"] = .whole(call)
      object["verdict"] = .string(decision.verdict.rawValue)
      object["rule"] = decision.rule.map(JSONValue.string)
      object["reason"] = .string(decision.reason)
    case .toolAnswered(let call, let answer):
      object["call"] = .whole(call)
      object["status"] = .string(answer.result.status.rawValue)
      object["text"] = .string(answer.result.text)
      object["structured"] = answer.result.structured
      object["flaw"] = answer.flaw.map { .string($0.name) }
      object["flaw_reason"] = answer.flaw?.reason.map(JSONValue.string)
    case .compacted(let compaction):
      object["cuts"] = .array(
        compaction.cuts.map { ["call": .whole($0.call), "bytes_kept": .whole($0.bytesKept)] })
    case .escalated(let reason, let result):
      object["reason"] = .string(reason.rawValue)
      result.write(to: &object)
    case .answerRejected(let reason): object["reason"] = .string(reason)
    case .interrupted(let interruption): object["by"] = .string(interruption.rawValue)
    case .timeRanOut: break
    case .resumed(let budgets): object["budgets"] = budgets.json
    }
  }
}

extension PlannerEvent.Kind {
  /// Reads the event of this name; nil where the name is none of the planner's.
  init?(name: String, _ reader: EventReader) throws(PlannerError) {
    switch name {
    case "run.started": self = .started(try PlannerSettings(reader))
    case "task.given": self = .taskGiven(try reader.text("task"))
    case "model.generated": self = .modelSaid(try ModelTurn(reader))
    case "model.failed": self = .generationFailed(try EngineFailure(reader))
    case "policy.decided":
      let decision = CallDecision(
        verdict: try reader.choice("verdict"), rule: try reader.optionalText("rule"),
        reason: try reader.text("reason"))
      self = .callJudged(call: try reader.integer("call"), decision)
    case "tool.answered":
      self = .toolAnswered(call: try reader.integer("call"), try ToolAnswer(reader))
    case "history.compacted":
      var cuts: [Compaction.Cut] = []
      for cut in try reader.inners("cuts") {
        cuts.append(
          Compaction.Cut(
            call: try cut.integer("call"), bytesKept: try cut.integer("bytes_kept")))
      }
      self = .compacted(Compaction(cuts: cuts))
    case "run.escalated":
      self = .escalated(try reader.choice("reason"), try EscalationResult(reader))
    case "answer.rejected": self = .answerRejected(try reader.text("reason"))
    case "run.interrupted": self = .interrupted(try reader.choice("by"))
    case "run.timed_out": self = .timeRanOut
    case "run.resumed": self = .resumed(try Budgets(try reader.inner("budgets")))
    default: return nil
    }
  }
}

// MARK: - Settings

extension PlannerSettings {
  func write(to object: inout JSONObject) {
    object["tools"] = .array(tools.map(\.json))
    object["budgets"] = budgets.json
    object["context_tokens_max"] = contextTokensMax.map(JSONValue.whole)
    object["tolerates_refusals"] = .bool(toleratesRefusals)
    if !escalations.isEmpty {
      object["escalations"] = .array(
        escalations.map(\.rawValue).sorted().map { .string($0) })
    }
  }

  init(_ reader: EventReader) throws(PlannerError) {
    var tools: [ToolDeclaration] = []
    for tool in try reader.inners("tools") { tools.append(try ToolDeclaration(tool)) }
    var escalations: Set<EscalationReason> = []
    for name in reader.object["escalations"] == nil ? [] : try reader.texts("escalations") {
      guard let reason = EscalationReason(rawValue: name) else { throw reader.bad("escalations") }
      escalations.insert(reason)
    }
    self.init(
      tools: tools, budgets: try Budgets(try reader.inner("budgets")),
      contextTokensMax: try reader.optionalInteger("context_tokens_max"),
      toleratesRefusals: try reader.truth("tolerates_refusals"), escalations: escalations)
  }
}

extension ToolDeclaration {
  var json: JSONValue {
    var object: JSONObject = ["name": .string(name)]
    if !aliases.isEmpty { object["aliases"] = .array(aliases.map(JSONValue.string)) }
    if case .json(let parameters, let soleText) = body {
      object["parameters"] = .array(parameters.map(JSONValue.string))
      object["sole_text"] = soleText.map(JSONValue.string)
    }
    if isHidden { object["hidden"] = true }
    return .object(object)
  }

  init(_ reader: EventReader) throws(PlannerError) {
    var body = Body.raw
    if reader.object["parameters"] != nil {
      body = .json(
        parameters: try reader.texts("parameters"), soleText: try reader.optionalText("sole_text"))
    }
    self.init(
      name: try reader.text("name"),
      aliases: reader.object["aliases"] == nil ? [] : try reader.texts("aliases"), body: body,
      isHidden: reader.object["hidden"] == nil ? false : try reader.truth("hidden"))
  }
}

extension Budgets {
  var json: JSONValue {
    var object: JSONObject = [
      "steps_max": .whole(stepsMax), "generated_tokens_max": .whole(generatedTokensMax),
      "wall_ms_max": .whole(wallMillisecondsMax), "tool_calls_max": .whole(toolCallsMax),
      "identical_calls_max": .whole(identicalCallsMax),
      "identical_calls_noted": .whole(identicalCallsNoted),
    ]
    object["cost_millionths_max"] = costMillionthsMax.map(JSONValue.whole)
    return .object(object)
  }

  init(_ reader: EventReader) throws(PlannerError) {
    self.init(
      stepsMax: try reader.integer("steps_max"),
      generatedTokensMax: try reader.integer("generated_tokens_max"),
      wallMillisecondsMax: try reader.integer("wall_ms_max"),
      toolCallsMax: try reader.integer("tool_calls_max"),
      identicalCallsMax: try reader.integer("identical_calls_max"),
      identicalCallsNoted: try reader.integer("identical_calls_noted"),
      costMillionthsMax: try reader.optionalInteger("cost_millionths_max"))
  }
}

// MARK: - Turns, failures, answers

extension ModelTurn {
  func write(to object: inout JSONObject) {
    object["messages"] = .array(messages.map(\.json))
    object["ending"] = .string(ending.rawValue)
    object["prompt_tokens"] = .whole(promptTokenCount)
    object["generated_tokens"] = .whole(generatedTokenCount)
    object["tokens"] = .array(tokens.map { .number(.integer(Int64($0.rawValue))) })
  }

  init(_ reader: EventReader) throws(PlannerError) {
    var messages: [ModelMessage] = []
    for message in try reader.inners("messages") { messages.append(try ModelMessage(message)) }
    var tokens: [TokenID] = []
    for element in try reader.list("tokens") {
      guard let value = element.intValue.flatMap({ Int32(exactly: $0) }) else {
        throw reader.bad("tokens")
      }
      tokens.append(TokenID(value))
    }
    guard messages.allSatisfy({ $0.tokenRange.upperBound <= tokens.count }) else {
      throw reader.bad("token_end")
    }
    self.init(
      messages: messages, tokens: tokens, ending: try reader.choice("ending"),
      promptTokenCount: try reader.integer("prompt_tokens"),
      generatedTokenCount: try reader.integer("generated_tokens"))
  }
}

extension ModelMessage {
  var json: JSONValue {
    var object: JSONObject = [:]
    object["channel"] = channel.map { .string($0.rawValue) }
    object["recipient"] = recipient.map(JSONValue.string)
    object["content_type"] = contentType.map(JSONValue.string)
    object["text"] = .string(text)
    object["token_start"] = .whole(tokenRange.lowerBound)
    object["token_end"] = .whole(tokenRange.upperBound)
    object["echo"] = echo
    return .object(object)
  }

  init(_ reader: EventReader) throws(PlannerError) {
    let start = try reader.integer("token_start")
    let end = try reader.integer("token_end")
    guard start <= end else { throw reader.bad("token_end") }
    self.init(
      channel: reader.object["channel"] == nil ? nil : try reader.choice("channel", Channel.self),
      recipient: try reader.optionalText("recipient"),
      contentType: try reader.optionalText("content_type"), text: try reader.text("text"),
      tokenRange: start..<end, echo: reader.object["echo"])
  }
}

extension EngineFailure {
  func write(to object: inout JSONObject) {
    switch self {
    case .contextOverflow: object["failure"] = "context_overflow"
    case .cancelled: object["failure"] = "cancelled"
    case .costSpent: object["failure"] = "cost_spent"
    case .model(let reason):
      object["failure"] = "model"
      object["reason"] = .string(reason)
    case .network(let reason):
      object["failure"] = "network"
      object["reason"] = .string(reason)
    }
  }

  init(_ reader: EventReader) throws(PlannerError) {
    switch try reader.text("failure") {
    case "context_overflow": self = .contextOverflow
    case "cancelled": self = .cancelled
    case "cost_spent": self = .costSpent
    case "model": self = .model(try reader.text("reason"))
    case "network": self = .network(try reader.text("reason"))
    default: throw reader.bad("failure")
    }
  }
}

extension EscalationResult {
  func write(to object: inout JSONObject) {
    let (status, text) =
      switch self {
      case .answered(let text, _): ("answered", text)
      case .refused(let text): ("refused", text)
      case .approvalNeeded(let text): ("approval_needed", text)
      case .costSpent(let text): ("cost_spent", text)
      case .failed(let text): ("failed", text)
      case .misconfigured(let text): ("misconfigured", text)
      }
    object["status"] = .string(status)
    object["text"] = .string(text)
    if case .answered(_, let model) = self { object["model"] = .string(model) }
  }

  init(_ reader: EventReader) throws(PlannerError) {
    let text = try reader.text("text")
    switch try reader.text("status") {
    case "answered": self = .answered(text, model: try reader.text("model"))
    case "refused": self = .refused(text)
    case "approval_needed": self = .approvalNeeded(text)
    case "cost_spent": self = .costSpent(text)
    case "failed": self = .failed(text)
    case "misconfigured": self = .misconfigured(text)
    default: throw reader.bad("status")
    }
  }
}

extension ToolAnswer {
  init(_ reader: EventReader) throws(PlannerError) {
    var flaw: Outcome?
    if reader.object["flaw"] != nil {
      let reason = try reader.optionalText("flaw_reason")
      flaw = Outcome(name: try reader.text("flaw"), reason: reason)
      guard flaw != nil else { throw reader.bad("flaw") }
    }
    self.init(
      result: ToolResult(
        status: try reader.choice("status"), text: try reader.text("text"),
        structured: reader.object["structured"]), flaw: flaw)
  }
}
