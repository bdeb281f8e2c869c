// Ports.swift — the few things that the loop needs from outside.

public import Base

/// Renders a history, samples, and parses what was sampled.
public protocol TextEngine: Sendable {
  /// One generation. Returns early, with ``EngineFailure/cancelled``, when the task is cancelled.
  func generate(_ request: GenerationRequest) async throws(EngineFailure) -> ModelTurn
}

/// Decides about calls and runs them.
public protocol ToolRunner: Sendable {
  /// Asks the policy, and a person where the policy says so. Nothing is run.
  ///
  /// - Throws: `CancellationError` when the task is cancelled before there was a decision.
  func judge(_ call: ToolCall) async throws(CancellationError) -> CallDecision

  /// Runs a call that was allowed. A failure of the tool is an answer.
  ///
  /// - Throws: `CancellationError` when the task is cancelled. The call has then been broken off
  ///   somewhere on its way.
  func run(_ call: ToolCall) async throws(CancellationError) -> ToolAnswer
}

/// Asks a model elsewhere on the planner's account.
public protocol Escalator: Sendable {
  /// Puts what would be sent before the policy, and sends it where that allows it.
  ///
  /// - Throws: `CancellationError` when the task is cancelled.
  func escalate(_ escalation: Escalation) async throws(CancellationError) -> EscalationResult
}

/// Keeps what happens, before anything is done about it.
public protocol Journal: Sendable {
  /// Returns once the event will outlive the process. If it throws, the run ends: what cannot be
  /// remembered is not done.
  func append(_ event: RunEvent) async throws
}
