// Outcome.swift — how a run ended, by name, and the exit code that says so.

/// A bound that ran out.
public enum Budget: String, CaseIterable, Equatable, Sendable {
  case steps, generatedTokens = "generated_tokens", wallTime = "wall_time"
  case toolCalls = "tool_calls", identicalCalls = "identical_calls", context
  /// What servers and cloud models may cost.
  case cost
}

/// How a run ended, or what happened in it that its ending has to tell. Reasons are sentences.
public enum Outcome: Equatable, Sendable {
  /// A final answer, and nothing below happened on the way.
  case answered
  case failedInternally(String)
  /// A usage or configuration error, an invalid policy, profile, manifest or job.
  case misconfigured(String)
  /// The policy, or a person it asked, said no to something.
  case denied(String)
  /// The policy wants a person's word, and there is no one to ask.
  case approvalNeeded(String)
  case budgetExhausted(Budget)
  /// The model could not be run, or gave no usable final answer.
  case modelFailed(String)
  /// A tool failed in a way that the run could not get past.
  case toolFailed(String)
  /// The sandbox that the policy requires cannot be built here.
  case sandboxUnavailable(String)
  /// The final answer does not match the output schema.
  case answerMismatched(String)
  case networkFailed(String)
  case interrupted
  case terminated

  /// Fixed: scripts depend on it.
  public var exitCode: Int32 {
    switch self {
    case .answered: 0
    case .failedInternally: 1
    case .misconfigured: 2
    case .denied: 3
    case .approvalNeeded: 4
    case .budgetExhausted: 5
    case .modelFailed: 6
    case .toolFailed: 7
    case .sandboxUnavailable: 8
    case .answerMismatched: 9
    case .networkFailed: 10
    case .interrupted: 130
    case .terminated: 143
    }
  }

  /// The outcome's name in events.
  public var name: String {
    switch self {
    case .answered: "answered"
    case .failedInternally: "failed_internally"
    case .misconfigured: "misconfigured"
    case .denied: "denied"
    case .approvalNeeded: "approval_needed"
    case .budgetExhausted: "budget_exhausted"
    case .modelFailed: "model_failed"
    case .toolFailed: "tool_failed"
    case .sandboxUnavailable: "sandbox_unavailable"
    case .answerMismatched: "answer_mismatched"
    case .networkFailed: "network_failed"
    case .interrupted: "interrupted"
    case .terminated: "terminated"
    }
  }

  /// The detail that the name leaves out: a sentence, or a budget's name.
  public var reason: String? {
    switch self {
    case .failedInternally(let text), .misconfigured(let text), .denied(let text),
      .approvalNeeded(let text), .modelFailed(let text), .toolFailed(let text),
      .sandboxUnavailable(let text), .answerMismatched(let text), .networkFailed(let text):
      text
    case .budgetExhausted(let budget): budget.rawValue
    case .answered, .interrupted, .terminated: nil
    }
  }

  /// The outcome with this name and reason; nil where there is none.
  public init?(name: String, reason: String?) {
    switch (name, reason) {
    case ("answered", _): self = .answered
    case ("interrupted", _): self = .interrupted
    case ("terminated", _): self = .terminated
    case ("failed_internally", let text?): self = .failedInternally(text)
    case ("misconfigured", let text?): self = .misconfigured(text)
    case ("denied", let text?): self = .denied(text)
    case ("approval_needed", let text?): self = .approvalNeeded(text)
    case ("model_failed", let text?): self = .modelFailed(text)
    case ("tool_failed", let text?): self = .toolFailed(text)
    case ("sandbox_unavailable", let text?): self = .sandboxUnavailable(text)
    case ("answer_mismatched", let text?): self = .answerMismatched(text)
    case ("network_failed", let text?): self = .networkFailed(text)
    case ("budget_exhausted", let text?):
      guard let budget = Budget(rawValue: text) else { return nil }
      self = .budgetExhausted(budget)
    default: return nil
    }
  }

  /// Which of several exit codes a run ends with: the first in this order.
  static let precedence: [Int32] = [130, 143, 1, 2, 8, 6, 7, 10, 4, 5, 9, 3, 0]

  /// The one of several outcomes that a run ends with; of equals the earliest. Nothing is success
  /// by default: without an outcome a run has failed.
  public static func first(of outcomes: [Outcome]) -> Outcome {
    for code in precedence {
      if let outcome = outcomes.first(where: { $0.exitCode == code }) { return outcome }
    }
    return .failedInternally("The run ended without an outcome.")
  }
}
