// PlannerEvent.swift — what can happen to a run, what the planner then wants, and what it noticed.

public import Base

/// What the policy, and a person where it asked one, say to a call.
public struct CallDecision: Equatable, Sendable {
  public enum Verdict: String, Equatable, Sendable {
    case allowed
    /// The model reads the reason, and the run goes on.
    case refused
    /// A person has to say, and there is none: the run stops before the call.
    case approvalNeeded = "approval_needed"
    /// It could cost more than is left: the run stops before the call.
    case costSpent = "cost_spent"
    /// The policy demands a stronger wall than this machine builds: refused, and the run's outcome says so.
    case noSandbox = "no_sandbox"
  }

  public var verdict: Verdict
  /// The rule that decided.
  public var rule: String?
  /// A sentence.
  public var reason: String

  public init(verdict: Verdict, rule: String? = nil, reason: String) {
    self.verdict = verdict
    self.rule = rule
    self.reason = reason
  }
}

/// What came of running a call.
public struct ToolAnswer: Equatable, Sendable {
  public var result: ToolResult
  /// What the run's outcome has to tell of it, whatever the model makes of the result: that the
  /// sandbox could not be built, or that the network failed.
  public var flaw: Outcome?

  public init(result: ToolResult, flaw: Outcome? = nil) {
    self.result = result
    self.flaw = flaw
  }
}

/// Why a generation came to nothing.
public enum EngineFailure: Error, Equatable, Sendable {
  /// The prompt is longer than the context.
  case contextOverflow
  case model(String)
  case network(String)
  /// The next request could cost more than is left.
  case costSpent
  /// The task that ran the generation was cancelled.
  case cancelled
}

/// Who ended a run from outside.
public enum Interruption: String, Equatable, Sendable {
  /// SIGINT, or a cancelled task.
  case interrupted
  /// SIGTERM.
  case terminated
}

/// One thing that happened, with the time that the run had been at work by then. A run is the fold
/// of its events: the same events make the same state, on any machine.
public struct PlannerEvent: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    /// The run exists. Comes first, once.
    case started(PlannerSettings)
    case taskGiven(String)
    case modelSaid(ModelTurn)
    case generationFailed(EngineFailure)
    case callJudged(call: Int, CallDecision)
    case toolAnswered(call: Int, ToolAnswer)
    case compacted(Compaction)
    /// A model elsewhere was asked, or was to be.
    case escalated(EscalationReason, EscalationResult)
    /// The caller cannot use the answer. The reason is a sentence for the model.
    case answerRejected(String)
    case interrupted(Interruption)
    /// The wall time ran out while something was under way.
    case timeRanOut
    /// The run goes on after a stop, a crash or an interruption, with fresh budgets.
    case resumed(Budgets)
  }

  /// Only time at work counts, across all resumptions; never decreasing.
  public var elapsedMilliseconds: Int
  public var kind: Kind

  public init(_ kind: Kind, elapsedMilliseconds: Int = 0) {
    self.elapsedMilliseconds = elapsedMilliseconds
    self.kind = kind
  }
}

/// What a generation is to go by.
public struct GenerationRequest: Equatable, Sendable {
  /// To be rendered in order; sampled tokens verbatim, see ``HistoryTurn``.
  public var history: [HistoryItem]
  /// Go on with the header of a final message, so that the model has to answer.
  public var beginsInFinal: Bool
  /// Positive.
  public var tokensMax: Int

  public init(history: [HistoryItem], beginsInFinal: Bool = false, tokensMax: Int) {
    self.history = history
    self.beginsInFinal = beginsInFinal
    self.tokensMax = tokensMax
  }
}

/// What to do about an event. The next event is what came of it.
public enum PlannerAction: Equatable, Sendable {
  /// Nothing, until a task is given.
  case wait
  case generate(GenerationRequest)
  /// Ask the policy. Nothing has been run yet.
  case judge(ToolCall)
  /// The policy has allowed the call.
  case run(ToolCall)
  /// Record the compaction; it takes effect with its event.
  case compact(Compaction)
  /// Ask a model elsewhere, if the policy allows it.
  case escalate(Escalation)
  /// Deliver the answer. ``PlannerEvent/Kind/answerRejected(_:)`` is possible.
  case finish(answer: String, Outcome)
  /// End. The run can be resumed.
  case stop(Outcome)
}

/// Something the planner noticed or put right by itself, for the record. Follows from the events.
public struct PlannerRemark: Equatable, Sendable {
  public enum Name: String, CaseIterable, Equatable, Sendable {
    case callRenamed = "call_renamed"
    case callMistaken = "call_mistaken"
    case argumentsRepaired = "arguments_repaired"
    case callRepeated = "call_repeated"
    case callUnknown = "call_unknown"
    case turnTruncated = "turn_truncated"
    case turnContinued = "turn_continued"
  }

  public var name: Name
  public var call: Int?
  /// A sentence.
  public var text: String

  public init(_ name: Name, call: Int? = nil, _ text: String) {
    self.name = name
    self.call = call
    self.text = text
  }
}
