// AskDesk.swift — where an ask is settled: by what was approved before, by a lease, by whoever answers.
//
// An approval lifts an ask and nothing else: after every answer the policy judges again, so that a
// deny, a budget or a gate stays what it was.

import Base
import Digests
import Glibc
import Policy
import Store

/// Settles the asks of one run, or of one command.
actor AskDesk {
  /// A decision that allows or denies, and how it came to that.
  struct Settlement: Sendable {
    var decision: PolicyDecision
    /// Members for the record: who answered, and what; never what was asked.
    var record: JSONObject
  }

  private let policy: PolicyEngine
  private let approver: (any Approver)?
  /// Where leases are kept.
  private let recordsPath: String
  private let origin: String
  private let policyDigest: Digest
  /// What was approved for the rest of the run, by the digest of exactly that.
  private var approved: Set<Digest> = []
  private var records: PolicyRecords?

  /// A person who says nothing for so long has said no, where no policy gives another time.
  private static let askSecondsMax = 300

  /// - Parameters:
  ///   - policy: In force.
  ///   - approver: Nil where nobody can be asked.
  ///   - recordsPath: The file of leases, which need not exist.
  ///   - origin: The session's id, or "command".
  init(policy: PolicyEngine, approver: (any Approver)?, recordsPath: String, origin: String) {
    self.policy = policy
    self.approver = approver
    self.recordsPath = recordsPath
    self.origin = origin
    policyDigest = SHA256.digest(of: policy.revisionBytes)
  }

  /// Settles an ask.
  ///
  /// - Parameters:
  ///   - effect: What is asked for.
  ///   - decision: The policy's, which is to ask.
  ///   - state: In which it was judged.
  ///   - call: To be shown.
  ///   - asker: Who wants it.
  /// - Returns: What came of it.
  /// - Throws: `CancellationError` where the run was ended meanwhile.
  func settle(
    _ effect: Effect, _ decision: PolicyDecision, in state: PolicyState, _ call: ToolCall,
    asker: ApprovalQuestion.Asker = .model
  ) async throws(CancellationError) -> Settlement {
    let action = SHA256.digest(of: policy.approvalBytes(for: effect, decision))
    if approved.contains(action) { return approval(effect, state, ["by": "run"]) }
    if decision.mayLease, let lease = takeLease(effect, state) {
      return approval(
        effect, state,
        [
          "by": "lease", "lease": .number(.integer(lease.id)),
          "uses_left": .number(.integer(Int64(lease.terms.usesLeft))),
        ])
    }
    guard let approver else {
      var asked = state
      asked.isHeadless = true
      return Settlement(decision: policy.judge(effect, asked), record: ["by": "nobody"])
    }
    let seconds = policy.askTimeoutSeconds ?? Self.askSecondsMax
    let answer = try await approver.ask(
      question(effect, decision, call, asker, secondsMax: seconds))
    return settlement(effect, decision, state, action, answer, approver.name, seconds)
  }

  private func question(
    _ effect: Effect, _ decision: PolicyDecision, _ call: ToolCall,
    _ asker: ApprovalQuestion.Asker, secondsMax: Int
  ) -> ApprovalQuestion {
    ApprovalQuestion(
      asker: asker, call: call, arguments: effect.canonicalArguments, reason: decision.reason,
      rules: decision.ruleIDs, sandboxProfiles: decision.sandboxProfiles,
      labels: decision.contextLabels.union(decision.argumentLabels).sorted(),
      mayRemember: decision.mayRemember, mayLease: decision.mayLease, secondsMax: secondsMax)
  }

  private func settlement(
    _ effect: Effect, _ decision: PolicyDecision, _ state: PolicyState, _ action: Digest,
    _ answer: ApprovalAnswer, _ name: String, _ seconds: Int
  ) -> Settlement {
    var record: JSONObject = ["by": .string(name)]
    switch answer {
    case .yes: record["answer"] = "once"
    case .yesForThisRun:
      record["answer"] = decision.mayRemember ? "run" : "once"
      if decision.mayRemember { approved.insert(action) }
    case .yesWithLease(let terms):
      record["answer"] = "once"
      if decision.mayLease, let lease = give(terms, for: effect) {
        record["answer"] = "lease"
        record["lease"] = .number(.integer(lease.id))
      }
    case .no, .timedOut:
      record["answer"] = answer == .no ? "no" : "timed_out"
      var refused = decision
      refused.verdict = .deny
      refused.refusal = .tellModel
      refused.reason =
        answer == .no
        ? "The user said no." : "The user was asked and gave no answer within \(seconds) s."
      return Settlement(decision: refused, record: record)
    }
    return approval(effect, state, record)
  }

  private func approval(
    _ effect: Effect, _ state: PolicyState, _ record: JSONObject
  ) -> Settlement {
    var asked = state
    asked.isApproved = true
    return Settlement(decision: policy.judge(effect, asked), record: record)
  }

  // MARK: - Leases

  /// Takes one use of the first live lease that stands for the effect. What cannot be read stands for
  /// nothing: then somebody is asked.
  private func takeLease(_ effect: Effect, _ state: PolicyState) -> Lease? {
    guard records != nil || access(recordsPath, F_OK) == 0, let records = opened() else {
      return nil
    }
    let now = UnixTime.now()
    guard let leases = try? records.leases() else { return nil }
    for lease in leases where lease.isLive(at: now) {
      guard lease.terms.policy == policyDigest, lease.terms.manifest == effect.manifestDigest ?? "",
        let pattern = try? LeasePattern(
          tool: lease.terms.tool, arguments: lease.terms.arguments, variables: policy.variables),
        pattern.covers(effect, state)
      else { continue }
      if let used = try? records.use(lease.id, at: now) { return used }
    }
    return nil
  }

  /// A lease for exactly this; nil where it cannot be kept, which makes the answer a single yes.
  private func give(_ terms: LeaseTerms, for effect: Effect) -> Lease? {
    let now = UnixTime.now()
    return try? opened()?.add(
      NewLease(
        tool: effect.tool, arguments: LeasePattern.exactly(effect), policy: policyDigest,
        manifest: effect.manifestDigest ?? "", usesLeft: terms.uses,
        expires: UnixTime(milliseconds: now.milliseconds + Int64(terms.seconds) * 1000),
        created: now, origin: origin))
  }

  private func opened() -> PolicyRecords? {
    if records == nil { records = try? PolicyRecords(path: recordsPath) }
    return records
  }
}
