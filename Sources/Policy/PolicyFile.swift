// PolicyFile.swift — one policy file, read and checked, before it meets the other layers.

import Base

/// A policy's text and where it comes from; reading files is the caller's.
public struct PolicySource: Equatable, Sendable {
  /// The places a policy can come from, which decide what it may do.
  public enum Place: String, CaseIterable, Sendable {
    /// A file of `/etc/martlet/policy.d/`.
    case system
    /// Named on the command line: a shipped policy or a file.
    case chosen
    /// `~/.config/martlet/policy.json5`.
    case user
    /// `Policies/default.json5`.
    case shipped
    /// The workspace's own file, which came with whatever is in the workspace.
    case project
    /// A job's file.
    case job
    /// Options of the command line, put as a policy.
    case commandLine
  }

  /// The file's path, or what the text is.
  public var name: String
  public var bytes: [UInt8]
  public var place: Place

  public init(name: String, bytes: [UInt8], place: Place) {
    self.name = name
    self.bytes = bytes
    self.place = place
  }

  public init(name: String, text: String, place: Place) {
    self.init(name: name, bytes: Array(text.utf8), place: place)
  }
}

/// The content of one policy file.
struct PolicyFile: Sendable {
  enum DeclaredLayer: String, CaseIterable { case system, user, project, job, session }
  enum NoMatch: String, CaseIterable { case deny, inherit }
  enum Refusals: String, CaseIterable { case report, tolerate }

  let source: PolicySource
  /// Kept for the locks of earlier layers.
  let root: PolicyNode
  let id: String
  let revision: Int
  let declaredLayer: DeclaredLayer?
  let noMatch: NoMatch?
  let ask: AskSettings
  let refusals: Refusals?
  let locks: [Lock]
  let sandboxMinimum: SandboxMinimum
  let origins: [Origin]
  let labelSources: [LabelSource]
  let contentPatterns: [ContentPattern]
  let fileLabels: [FileLabel]
  let effects: [ToolEffects]
  let flows: [FlowRule]
  let rules: [Rule]
  let budgets: [Budget]
  /// Nil where the file says nothing about models.
  let models: [ModelGate]?
  let cloud: CloudSettings?
  let audit: AuditSettings?
  let signing: PolicySigningDemand?
  let tests: [InlineTest]
}

/// How an ask is put. Nil means that the file has no opinion.
struct AskSettings: Equatable, Sendable {
  enum Headless: String, CaseIterable { case deny, stop }
  enum Remember: String, CaseIterable { case never, session, lease }

  var headless: Headless?
  var timeoutSeconds: Int?
  var remember: Remember?
}

/// A place in later layers that may not be mentioned.
struct Lock: Equatable, Sendable {
  /// "/flow/F2".
  let text: String
  let components: [String]
}

/// Labels that a tool's results bring.
struct LabelSource: Equatable, Sendable {
  let tools: [NamePattern]
  let arguments: [Rule.NamedMatcher]
  let labels: Set<String>
}

/// Labels of files, by where they lie.
struct FileLabel: Equatable, Sendable {
  /// Of the absolute path.
  let path: Matcher
  let labels: Set<String>
}

/// Text that is known by its looks, such as a key.
struct ContentPattern: Equatable, Sendable {
  let id: String
  let pattern: Pattern
  let labels: Set<String>
  let isRedacted: Bool
}

/// What tools can do to the world.
struct ToolEffects: Equatable, Sendable {
  let tool: NamePattern
  let kinds: Set<Effect.Kind>
}

/// What may not go where.
struct FlowRule: Equatable, Sendable {
  let id: String
  let contextLabels: Set<String>
  let argumentLabels: Set<String>
  let sinks: Set<Effect.Kind>
  let verdict: Verdict
  let reason: String?
}

/// How much may be used; nil is without limit.
struct Budget: Equatable, Sendable {
  let id: String
  let period: BudgetPeriod
  var calls: Int?
  var bytes: Int?
  var tokens: Int?
  var microdollars: Int?
}

/// Which tools models of some names are shown.
struct ModelGate: Equatable, Sendable {
  let model: NamePattern
  let shown: [NamePattern]
}

/// Conditions for asking a model elsewhere.
struct CloudSettings: Equatable, Sendable {
  var isEnabled: Bool?
  var endpoints: [String]?
  var reasons: [String]?
  var denyLabels: Set<String> = []
  var redactLabels: Set<String> = []
  var stripsToolOutput = false
  /// On which conditions the planner may ask by itself; nil where the file has no opinion.
  var escalations: Set<CloudSend.Reason>?
}

/// What a base policy demands of the files in force; whoever reads files keeps to it.
public struct PolicySigningDemand: Equatable, Sendable {
  /// Public keys of Ed25519, 32 bytes each; a signature by any of them counts.
  public var keys: [[UInt8]]
  /// Files from these places have to be signed.
  public var places: Set<PolicySource.Place>
  /// Whether a revision lower than one that was in force before is refused.
  public var refusesOlderRevisions: Bool
}

/// What the ledger has to do beyond what it always does.
struct AuditSettings: Equatable, Sendable {
  var redactArguments: [String] = []
  var anchorEvery: Int?
}
