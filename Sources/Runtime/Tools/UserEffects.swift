// UserEffects.swift — what a person's own command is about to do, judged like everything else.

public import Base
public import Policy

/// The policy's word about a command that a person typed.
public struct UserEffects: Sendable {
  private let policy: PolicyEngine
  private let approver: (any Approver)?

  /// A person who says nothing for so long has said no, where no policy gives another time.
  private static let askSecondsMax = 300

  /// - Parameters:
  ///   - policy: In force.
  ///   - approver: Nil where nobody can be asked.
  public init(policy: PolicyEngine, approver: (any Approver)?) {
    self.policy = policy
    self.approver = approver
  }

  /// Judges the fetch of a model, and asks where a rule says so.
  ///
  /// - Parameters:
  ///   - model: ORG/NAME, whichever way it was typed.
  ///   - more: What else is known of it; rules may look at it and need not.
  /// - Returns: A decision that allows or denies. One that stops the run means that somebody would
  ///   have to be asked, and nobody can be.
  /// - Throws: `CancellationError` where the asking was broken off.
  public func judgePull(
    of model: String, _ more: JSONObject
  ) async throws(CancellationError) -> PolicyDecision {
    var effect = Effect(tool: "model.pull", arguments: ["model": .string(model)], actor: .user)
    effect.derivedArguments = more
    return try await judge(effect)
  }

  private func judge(_ effect: Effect) async throws(CancellationError) -> PolicyDecision {
    var state = PolicyState(model: nil)
    var decision = policy.judge(effect, state)
    guard decision.verdict == .ask else { return decision }
    guard let approver else {
      state.isHeadless = true
      return policy.judge(effect, state)
    }
    let seconds = policy.askTimeoutSeconds ?? Self.askSecondsMax
    let call = ToolCall(id: 0, tool: effect.tool, body: effect.arguments.compactText)
    let answer = try await approver.ask(
      ApprovalQuestion(
        asker: .user, call: call, reason: decision.reason, mayRemember: false,
        secondsMax: seconds))
    switch answer {
    case .yes, .yesForThisRun:
      state.isApproved = true
      return policy.judge(effect, state)
    case .no, .timedOut:
      decision.verdict = .deny
      decision.refusal = .tellModel
      decision.reason =
        answer == .no
        ? "The user said no." : "The user was asked and gave no answer within \(seconds) s."
      return decision
    }
  }
}
