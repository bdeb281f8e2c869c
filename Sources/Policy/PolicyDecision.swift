// PolicyDecision.swift — what was decided about one effect, by which rules, and why.

/// A rule, or a check of the engine's own, that decided.
public struct DecidingRule: Equatable, Sendable {
  /// The policy file's id; empty for the engine's own checks.
  public var policy: String
  /// The rule's id, "noMatch:" and the policy's id, "budget:" and the budget's id, or a reserved id.
  public var id: String

  public init(policy: String, id: String) {
    self.policy = policy
    self.id = id
  }

  /// Ids of the engine's own checks, which no rule may bear.
  static let reservedIDs = [
    "address", "audit", "model-gate", "headless", "sandbox", "call-shape", "size",
    "cloud.denyLabels", "cloud.enabled", "cloud.endpoints", "cloud.reasons",
  ]
}

/// The answer to one effect. A decision is a value: nothing has happened yet.
public struct PolicyDecision: Equatable, Sendable {
  /// What a refusal means for the run.
  public enum Refusal: String, Equatable, Sendable {
    /// The model reads the reason and goes on.
    case tellModel
    /// The run ends before the effect, resumable.
    case stopRun
  }

  public var verdict: Verdict
  /// The strictest ones, in the order of the layers.
  public var decidedBy: [DecidingRule]
  /// One or two sentences for the model and for people.
  public var reason: String
  /// For a denied effect.
  public var refusal: Refusal
  /// Profiles of all matching rules that allow or ask; what runs is walled by all of them.
  public var sandboxProfiles: [String]
  public var sandboxMinimum: SandboxMinimum
  /// Budgets to reserve from, atomically, before the effect.
  public var charges: [BudgetCharge]
  /// The union of the context's labels and the arguments' own, which an approval is bound to.
  public var contextLabels: Set<String>
  public var argumentLabels: Set<String>
  /// Labels that the result will bring into the context.
  public var resultLabels: Set<String>
  /// Whether an approval may be kept for the session: never where a flow rule had a say.
  public var mayRemember: Bool
  /// Whether a lease may answer: never where a flow rule had a say.
  public var mayLease: Bool

  /// The deciding ids alone: "R3", "headless".
  public var ruleIDs: [String] { decidedBy.map(\.id) }
  /// The first deciding rule.
  public var ruleID: String { decidedBy.first?.id ?? "" }
  /// Whether a stronger wall is demanded than this machine builds.
  public var isForSandbox: Bool { verdict == .deny && ruleIDs == ["sandbox"] }
  /// The policy whose rule decided first.
  public var layer: String { decidedBy.first?.policy ?? "" }
}

extension PolicyDecision {
  /// Turns the decision into a denial for a reason that only the runtime can know.
  public mutating func deny(by id: String, _ reason: String) {
    verdict = .deny
    refusal = .tellModel
    decidedBy = [DecidingRule(policy: "", id: id)]
    self.reason = reason
    charges = []
  }
}

/// The most that a budget allows; nil is without limit.
public struct BudgetLimits: Equatable, Sendable {
  public var calls: Int?
  public var bytes: Int?
  public var tokens: Int?
  /// Millionths of a US dollar.
  public var microdollars: Int?
}

/// What an effect takes from one budget.
public struct BudgetCharge: Equatable, Sendable {
  public var budget: String
  public var period: BudgetPeriod
  public var amounts: BudgetAmounts
}

/// Over which time a budget is counted.
public enum BudgetPeriod: String, CaseIterable, Equatable, Sendable {
  case turn, session, day
}

/// The weakest wall that is good enough.
public struct SandboxMinimum: Equatable, Sendable {
  /// Nil where no policy demands one.
  public var tier: SandboxTier?
  /// 0 where no policy demands one.
  public var landlockABI: Int
  public var seccomp: Bool

  public init(tier: SandboxTier? = nil, landlockABI: Int = 0, seccomp: Bool = false) {
    self.tier = tier
    self.landlockABI = landlockABI
    self.seccomp = seccomp
  }
}

/// How strong a wall is, weakest first.
public enum SandboxTier: String, CaseIterable, Comparable, Sendable {
  case landlock, full

  public static func < (left: SandboxTier, right: SandboxTier) -> Bool {
    left == .landlock && right == .full
  }
}
