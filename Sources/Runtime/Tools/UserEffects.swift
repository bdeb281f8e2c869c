// UserEffects.swift — what a person's own command is about to do, judged like everything else.

public import Base
public import Policy
import Store
public import ToolHost

/// The policy's word about a command that a person typed.
public struct UserEffects: Sendable {
  private let policy: PolicyEngine
  private let desk: AskDesk
  private let days: DayBudgets

  /// - Parameters:
  ///   - policy: In force.
  ///   - approver: Nil where nobody can be asked.
  ///   - places: Where leases are kept, and what a day has used.
  public init(policy: PolicyEngine, approver: (any Approver)?, places: Places) {
    self.policy = policy
    desk = AskDesk(
      policy: policy, approver: approver, recordsPath: places.policyRecordsPath, origin: "command")
    days = DayBudgets(of: policy, path: places.policyRecordsPath)
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

  /// Judges the use of a model server, which is sent the whole conversation.
  ///
  /// - Parameter server: Where it is, and which model.
  /// - Returns: As ``judgePull(of:_:)`` does.
  /// - Throws: `CancellationError` where the asking was broken off.
  public func judgeServer(
    _ server: ServerAddress
  ) async throws(CancellationError) -> PolicyDecision {
    try await judge(Effect(useOf: server))
  }

  /// Whether a budget of the policy counts what the use of a model server costs.
  public func countsDollars(of server: ServerAddress) -> Bool {
    policy.limitsDollars(
      policy.judge(Effect(useOf: server), PolicyState(model: nil, isApproved: true)))
  }

  /// Judges the saving of a note that the person typed.
  ///
  /// - Parameters:
  ///   - text: The note.
  ///   - scope: "workspace" or "global", as the model's tool has it.
  /// - Returns: As ``judgePull(of:_:)`` does.
  /// - Throws: `CancellationError` where the asking was broken off.
  public func judgeSave(
    of text: String, scope: String
  ) async throws(CancellationError) -> PolicyDecision {
    try await judge(
      Effect(
        tool: MemoryTools.saveName, arguments: ["text": .string(text), "scope": .string(scope)],
        actor: .user))
  }

  /// Judges the start of a server from elsewhere, so that it can be looked at.
  ///
  /// - Parameter manifest: How it starts.
  /// - Returns: As ``judgePull(of:_:)`` does.
  /// - Throws: `CancellationError` where the asking was broken off.
  public func judgeStart(
    of manifest: ToolManifest
  ) async throws(CancellationError) -> PolicyDecision {
    try await judge(Effect(startOf: manifest, actor: .user))
  }

  /// The day's budgets count a command as they count a call of a run.
  private func judge(_ effect: Effect) async throws(CancellationError) -> PolicyDecision {
    var state = PolicyState(model: nil)
    do throws(StoreError) { state.used = try days.used() } catch {
      return DayBudgets.unaccountable(policy.judge(effect, state), error)
    }
    var decision = policy.judge(effect, state)
    if decision.verdict == .ask {
      let call = ToolCall(id: 0, tool: effect.tool, body: effect.arguments.compactText)
      decision = try await desk.settle(effect, decision, in: state, call, asker: .user).decision
    }
    guard decision.verdict == .allow else { return decision }
    do throws(StoreError) {
      if let budget = try days.reserve(decision) {
        decision.deny(
          by: "budget:\(budget)", "The budget \"\(budget)\" is spent: a run was faster.")
      }
    } catch {
      return DayBudgets.unaccountable(decision, error)
    }
    return decision
  }
}

extension Effect {
  /// The use of a model server, which is sent the whole conversation.
  init(useOf server: ServerAddress) {
    self.init(
      tool: "model.server",
      arguments: ["url": .string(server.base), "model": .string(server.model)], actor: .user)
  }
}
