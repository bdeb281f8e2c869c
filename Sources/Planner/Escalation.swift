// Escalation.swift — the planner asks a model elsewhere, where the policy names the condition.

/// Why the planner asks by itself.
public enum EscalationReason: String, CaseIterable, Hashable, Sendable {
  /// The local model gave no usable answer, for good.
  case modelFailed = "model-failed"
  /// The local model has used up its steps.
  case stepsSpent = "steps-spent"
  /// The user handed the task over.
  case taskMarked = "task-marked"
}

/// What is to be asked.
public struct Escalation: Equatable, Sendable {
  public var reason: EscalationReason
  /// All that was said so far, the task included.
  public var history: [HistoryItem]

  public init(reason: EscalationReason, history: [HistoryItem]) {
    self.reason = reason
    self.history = history
  }
}

/// What came of it.
public enum EscalationResult: Equatable, Sendable {
  /// The answer, and the model that gave it.
  case answered(String, model: String)
  /// By the policy, or by a person that it asked.
  case refused(String)
  /// A person has to say, and there is none.
  case approvalNeeded(String)
  /// It could cost more than is left.
  case costSpent(String)
  /// The network or the provider gave no answer.
  case failed(String)
  /// It cannot be asked as this machine is set up.
  case misconfigured(String)
}
