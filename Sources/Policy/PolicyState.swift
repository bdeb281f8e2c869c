// PolicyState.swift — what the policy has to know about the run when it decides.

/// The run as the rules see it. Time, counters and labels come in here, so that judging is pure.
public struct PolicyState: Equatable, Sendable {
  /// Labels of everything that the model has seen since a person last cleared them.
  public var labels: Set<String>
  /// What was said so far by those whom a policy relies on; for rules that say `from`.
  public var context: [ContextSpan]
  /// What servers from elsewhere told of by name; for arguments that stand for a record.
  public var records: [NamedRecord]
  /// What the current period of each budget has used or reserved, by the budget's id.
  public var used: [String: BudgetAmounts]
  /// Nobody can be asked.
  public var isHeadless: Bool
  /// A person, or a lease, has approved exactly this: see ``PolicyEngine/approvalBytes(for:_:)``.
  public var isApproved: Bool
  /// The model that calls, as the gates name it: "local/gpt-oss-20b", "cloud/…". Nil in rehearsals
  /// that leave it open, and where no model is at work: then no gate is asked.
  public var model: String?
  /// The ledger cannot take the decision; then nothing may happen.
  public var isLedgerDown: Bool
  /// The wall that would stand around the effect; nil where it runs in none of its own.
  public var sandboxTier: SandboxTier?

  public init(
    model: String?, labels: Set<String> = [], used: [String: BudgetAmounts] = [:],
    isHeadless: Bool = false, isApproved: Bool = false, isLedgerDown: Bool = false,
    sandboxTier: SandboxTier? = nil, context: [ContextSpan] = [], records: [NamedRecord] = []
  ) {
    self.labels = labels
    self.used = used
    self.isHeadless = isHeadless
    self.isApproved = isApproved
    self.model = model
    self.isLedgerDown = isLedgerDown
    self.sandboxTier = sandboxTier
    self.context = context
    self.records = records
  }
}
