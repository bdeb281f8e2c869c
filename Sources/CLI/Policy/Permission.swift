// Permission.swift — a command asks the policy before it does something, and ends where that says no.

import Policy
import Runtime

/// The policy's word about what a command is about to do.
enum Permission {
  /// Returns where the policy, or whoever it asks, allows it.
  ///
  /// - Parameters:
  ///   - what: The beginning of a sentence: "Saving a memory".
  ///   - judge: Asks.
  /// - Throws: `CommandError` with the exit code of a refusal, or of an approval that is needed.
  static func need(
    _ what: String,
    _ judge: @escaping @Sendable () async throws(CancellationError) -> PolicyDecision
  ) throws(CommandError) {
    let decision = waiting { () async -> PolicyDecision? in try? await judge() }
    guard let decision else { throw CommandError(exitCode: .interrupted, sentence: "interrupted") }
    guard decision.verdict != .allow else { return }
    let needsApproval = decision.verdict == .ask || decision.refusal == .stopRun
    throw CommandError(
      exitCode: needsApproval ? .approvalNeeded : .denied,
      sentence: """
        \(what) \(needsApproval ? "needs approval" : "is refused") \
        (\(decision.ruleIDs.joined(separator: ", "))): \(decision.reason)
        """.plain)
  }

  /// The policies in force in `workspace`.
  static func engine(
    _ chosen: String?, workspace: String
  ) throws(CommandError) -> PolicyEngine {
    do {
      return try PolicyLoading.engine(
        chosen: chosen, places: .ofThisProcess(), workspace: workspace)
    } catch {
      throw .usage("\(error)")
    }
  }
}
