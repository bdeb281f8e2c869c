// RunEvent.swift — the one stream of events of a run, as values and as lines of JSON.
//
// A line is an object whose "event" is the name. Those of the planner carry "elapsed_ms" and all
// that is needed to go on from them; the rest is for readers. The names:
//
//   run.started task.given model.generated model.failed policy.decided tool.answered
//   history.compacted run.escalated answer.rejected run.interrupted run.timed_out run.resumed     the planner's
//   tool.called planner.remarked run.finished                                    what follows from them
//   anything else, with a dot in it                                              the runtime's own

public import Base

/// The end of a run, or of one task in it.
public struct RunSummary: Equatable, Sendable {
  public var outcome: Outcome
  /// The answer, where there is one, whatever the outcome.
  public var answer: String?
  public var steps: Int
  public var generatedTokens: Int
  public var toolCalls: Int
  public var elapsedMilliseconds: Int

  public init(
    outcome: Outcome, answer: String?, steps: Int, generatedTokens: Int, toolCalls: Int,
    elapsedMilliseconds: Int
  ) {
    self.outcome = outcome
    self.answer = answer
    self.steps = steps
    self.generatedTokens = generatedTokens
    self.toolCalls = toolCalls
    self.elapsedMilliseconds = elapsedMilliseconds
  }
}

/// One event of a run.
public enum RunEvent: Equatable, Sendable {
  /// What happened, for the planner. These alone make the state; see `PlannerState(replaying:)`.
  case planner(PlannerEvent)
  /// The model's call as it was made out, before it is judged.
  case toolCalled(ToolCall)
  case remarked(PlannerRemark)
  case finished(RunSummary)
  /// Something that the runtime wants recorded: the weights, the prompt's digest, a sandbox.
  case reported(name: String, JSONObject)

  /// The event's name.
  public var name: String {
    switch self {
    case .planner(let event): event.name
    case .toolCalled: "tool.called"
    case .remarked: "planner.remarked"
    case .finished: "run.finished"
    case .reported(let name, _): name
    }
  }

  /// What the planner has to be told when the run is replayed.
  public var plannerEvent: PlannerEvent? {
    guard case .planner(let event) = self else { return nil }
    return event
  }

  /// The event as one JSON object.
  public var json: JSONValue {
    var object: JSONObject = ["event": .string(name)]
    switch self {
    case .planner(let event):
      object["elapsed_ms"] = .whole(event.elapsedMilliseconds)
      event.write(to: &object)
    case .toolCalled(let call):
      object["call"] = .whole(call.id)
      object["tool"] = .string(call.tool)
      object["body"] = .string(call.body)
    case .remarked(let remark):
      object["remark"] = .string(remark.name.rawValue)
      object["call"] = remark.call.map(JSONValue.whole)
      object["text"] = .string(remark.text)
    case .finished(let summary): summary.write(to: &object)
    case .reported(_, let details):
      for (key, value) in details where key != "event" { object[key] = value }
    }
    return .object(object)
  }

  /// Reads what ``json`` wrote.
  public init(json: JSONValue) throws(PlannerError) {
    guard case .object(let object) = json, let name = object["event"]?.stringValue else {
      throw .badMember(event: "", member: "event")
    }
    let reader = EventReader(event: name, object: object)
    if let kind = try PlannerEvent.Kind(name: name, reader) {
      self = .planner(
        PlannerEvent(kind, elapsedMilliseconds: try reader.integer("elapsed_ms")))
      return
    }
    switch name {
    case "tool.called":
      self = .toolCalled(
        ToolCall(
          id: try reader.integer("call"), tool: try reader.text("tool"),
          body: try reader.text("body")))
    case "planner.remarked":
      guard let remark = PlannerRemark.Name(rawValue: try reader.text("remark")) else {
        throw reader.bad("remark")
      }
      self = .remarked(
        PlannerRemark(
          remark, call: try reader.optionalInteger("call"), try reader.text("text")))
    case "run.finished": self = .finished(try RunSummary(reader))
    default:
      guard name.contains(".") else { throw .unknownEvent(name) }
      var details = object
      details["event"] = .none
      self = .reported(name: name, details)
    }
  }
}

extension RunSummary {
  func write(to object: inout JSONObject) {
    object["outcome"] = .string(outcome.name)
    object["exit_code"] = .whole(Int(outcome.exitCode))
    object["reason"] = outcome.reason.map(JSONValue.string)
    object["answer"] = answer.map(JSONValue.string)
    object["steps"] = .whole(steps)
    object["generated_tokens"] = .whole(generatedTokens)
    object["tool_calls"] = .whole(toolCalls)
    object["elapsed_ms"] = .whole(elapsedMilliseconds)
  }

  init(_ reader: EventReader) throws(PlannerError) {
    guard
      let outcome = Outcome(
        name: try reader.text("outcome"), reason: try reader.optionalText("reason"))
    else { throw reader.bad("outcome") }
    self.init(
      outcome: outcome, answer: try reader.optionalText("answer"),
      steps: try reader.integer("steps"),
      generatedTokens: try reader.integer("generated_tokens"),
      toolCalls: try reader.integer("tool_calls"),
      elapsedMilliseconds: try reader.integer("elapsed_ms"))
  }
}
