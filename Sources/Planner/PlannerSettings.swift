// PlannerSettings.swift — what a run may use and use up. Fixed when it starts, and part of its record.

public import Base

/// A tool as the model was told of it.
public struct ToolDeclaration: Equatable, Sendable {
  /// What the body of a call is.
  public enum Body: Equatable, Sendable {
    /// A JSON object with these members, in the schema's order. Where the schema wants one text
    /// and nothing else, `soleText` is its name.
    case json(parameters: [String], soleText: String?)
    /// Any text, passed on as it is: code, a patch.
    case raw
  }

  /// With its namespace: "python", "container.exec", "functions.apply_patch".
  public var name: String
  /// Other full names that mean this tool.
  public var aliases: [String]
  public var body: Body
  /// The model was not told of it, since the policy allows no call of it. One that is made all the
  /// same is put before the policy, which says why not.
  public var isHidden: Bool

  public init(name: String, aliases: [String] = [], body: Body, isHidden: Bool = false) {
    self.name = name
    self.aliases = aliases
    self.body = body
    self.isHidden = isHidden
  }

  /// A tool whose arguments are an object of this JSON Schema.
  public init(
    name: String, aliases: [String] = [], inputSchema: JSONObject, isHidden: Bool = false
  ) {
    let properties = inputSchema["properties"]?.objectValue ?? [:]
    let only = properties.count == 1 ? properties.keys.first : nil
    let soleText = only.flatMap { properties[$0]?["type"] == "string" ? $0 : nil }
    self.init(
      name: name, aliases: aliases, body: .json(parameters: properties.keys, soleText: soleText),
      isHidden: isHidden)
  }
}

/// What one task may use up. Counting starts anew with each task and each resumption.
public struct Budgets: Equatable, Sendable {
  /// Generations.
  public var stepsMax: Int
  public var generatedTokensMax: Int
  /// Time at work, not time spent waiting for a person to type.
  public var wallMillisecondsMax: Int
  public var toolCallsMax: Int
  /// The same call so many times in a row is not made any more…
  public var identicalCallsMax: Int
  /// …and from so many on the model is told.
  public var identicalCallsNoted: Int
  /// What model servers and the cloud model may cost, in millionths of the price tables' currency; nil for
  /// no bound. Counted where they are asked, and not by the planner.
  public var costMillionthsMax: Int?

  public init(
    stepsMax: Int = 50, generatedTokensMax: Int = 200_000, wallMillisecondsMax: Int = 3_600_000,
    toolCallsMax: Int = 100, identicalCallsMax: Int = 6, identicalCallsNoted: Int = 3,
    costMillionthsMax: Int? = nil
  ) {
    self.stepsMax = stepsMax
    self.generatedTokensMax = generatedTokensMax
    self.wallMillisecondsMax = wallMillisecondsMax
    self.toolCallsMax = toolCallsMax
    self.identicalCallsMax = identicalCallsMax
    self.identicalCallsNoted = identicalCallsNoted
    self.costMillionthsMax = costMillionthsMax
  }
}

/// Everything about a run that decides what the planner does.
public struct PlannerSettings: Equatable, Sendable {
  public var tools: [ToolDeclaration]
  public var budgets: Budgets
  /// Tokens that prompt and answer may have together; nil where the engine does not say.
  public var contextTokensMax: Int?
  /// A refused call does not count against the outcome.
  public var toleratesRefusals: Bool
  /// When a model elsewhere is asked in place of giving up; ``EscalationReason/taskMarked`` before
  /// anything else is done.
  public var escalations: Set<EscalationReason>

  public init(
    tools: [ToolDeclaration] = [], budgets: Budgets = Budgets(), contextTokensMax: Int? = nil,
    toleratesRefusals: Bool = false, escalations: Set<EscalationReason> = []
  ) {
    self.tools = tools
    self.budgets = budgets
    self.contextTokensMax = contextTokensMax
    self.toleratesRefusals = toleratesRefusals
    self.escalations = escalations
  }
}
