// Effect.swift — everything that needs a decision, in one type.
//
// A tool call of the model, a page that a plugin wants, a download, a server to start, a memory to
// write: each is a name and arguments, and each goes through `PolicyEngine.judge`.

public import Base

/// Something that is about to happen and has to be allowed first.
public struct Effect: Equatable, Sendable {
  /// On whose account it would happen.
  public enum Actor: String, CaseIterable, Equatable, Sendable {
    /// The model called a tool.
    case model
    /// A person typed the command.
    case user
    /// A plugin asks while it answers a call.
    case plugin
    /// The planner, on a condition that the policy names.
    case planner
  }

  /// What a tool can do to the world.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    case read, write, exec, send, cloud
  }

  /// Why an effect cannot be judged; it is denied.
  public enum Flaw: Equatable, Sendable {
    /// Over eight megabytes of text, half a million values or 64 levels.
    case tooLarge
    /// One argument is given under two names, or is not what the tool takes; the sentence says which.
    case malformed(String)
  }

  /// The name in full: "python", "mcp.files.read", "model.pull".
  public var tool: String
  /// What the rules look at: an object, with every path absolute and resolved.
  public var arguments: JSONValue
  /// Facts that are in the arguments in another form, such as the paths in a patch. Rules may name
  /// them, and need not.
  public var derivedArguments: JSONObject
  public var actor: Actor
  /// SHA-256 of the manifest that describes the tool, in hex; rules can pin it.
  public var manifestDigest: String?
  /// What the tool's manifest says it does; nil where there is none.
  public var claimedKinds: Set<Kind>?
  /// Arguments that the tool's manifest calls content: they may be the model's own words where a rule asks
  /// who said the call.
  public var contentArguments: Set<String>
  /// Arguments that the tool's manifest calls references: the identifier of a record counts as said where
  /// the record's name was.
  public var referenceArguments: Set<String>
  /// Labels of data that was traced into the arguments.
  public var argumentLabels: Set<String>
  /// The parts of arguments that are URLs, by argument, as the parser of the fetcher found them.
  public var webAddresses: [String: WebAddress]
  /// The cloud endpoint that would be used, and why; nil where that is not known yet.
  public var cloudEndpoint: String?
  public var cloudReason: String?
  /// The most that it may use of a budget, besides the call itself.
  public var cost: BudgetAmounts
  /// For rehearsals: symbolic links that paths are read through, by their own canonical path.
  public var links: [String: String]
  public var flaw: Flaw?

  public init(
    tool: String, arguments: JSONValue = .object([:]), actor: Actor = .model,
    links: [String: String] = [:]
  ) {
    self.tool = tool
    self.arguments = arguments
    self.actor = actor
    self.links = links
    derivedArguments = [:]
    contentArguments = []
    referenceArguments = []
    argumentLabels = []
    webAddresses = [:]
    cost = BudgetAmounts()
  }
}

/// Amounts of what budgets count.
public struct BudgetAmounts: Equatable, Sendable {
  public var calls: Int
  public var bytes: Int
  public var tokens: Int
  /// Millionths of a US dollar.
  public var microdollars: Int

  public init(calls: Int = 0, bytes: Int = 0, tokens: Int = 0, microdollars: Int = 0) {
    self.calls = calls
    self.bytes = bytes
    self.tokens = tokens
    self.microdollars = microdollars
  }
}
