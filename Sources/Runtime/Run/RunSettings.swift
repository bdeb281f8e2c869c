// RunSettings.swift — what a person or a script chose for a run; recorded, so that it can go on.

public import Base
public import Harmony
public import Planner

/// Everything that decides how a run goes, except its task.
public struct RunSettings: Equatable, Sendable {
  public var model: ModelChoice
  /// The folder that the tools work in; every link resolved.
  public var workspace: String
  /// What `--policy` says.
  public var policy: String?
  /// Folders of manifests, searched before those of the places.
  public var toolsFolders: [String] = []
  public var effort = ReasoningEffort.medium
  public var budgets = Budgets()
  public var sampling: SamplingChoice
  /// YYYY-MM-DD, as the model is told.
  public var date: String
  /// The JSON schema that the answer has to match.
  public var outputSchema: JSONValue?
  /// Whether the user hands the task to the configured cloud model.
  public var asksCloud = false
  /// What answers asks in place of a person, as it is recorded; nil for a person, or nobody.
  public var approver: String?

  public init(model: ModelChoice, workspace: String, sampling: SamplingChoice, date: String) {
    self.model = model
    self.workspace = workspace
    self.sampling = sampling
    self.date = date
  }

  /// The name of the event that keeps the settings.
  static let eventName = "run.configured"

  /// The settings as members of that event.
  var json: JSONObject {
    var object: JSONObject = [
      "model": .string(model.shownName),
      "workspace": .string(workspace),
      "effort": .string(effort.rawValue),
      // As text: it may be larger than what every reader of JSON takes.
      "seed": .string(String(sampling.seed)),
      "date": .string(date),
    ]
    if case .checkpoint(_, let path) = model { object["model_path"] = .string(path) }
    object["policy"] = policy.map(JSONValue.string)
    if !toolsFolders.isEmpty { object["tools"] = .array(toolsFolders.map(JSONValue.string)) }
    object["temperature"] = sampling.temperature.map { .number(.double($0)) }
    object["output_schema"] = outputSchema
    object["approver"] = approver.map(JSONValue.string)
    if asksCloud { object["cloud"] = true }
    return object
  }

  /// Reads what ``json`` wrote; nil where it did not.
  init?(_ object: JSONObject, budgets: Budgets) {
    guard let name = object["model"]?.stringValue,
      let workspace = object["workspace"]?.stringValue,
      let effort = object["effort"]?.stringValue.flatMap(ReasoningEffort.init),
      let seed = object["seed"]?.stringValue.flatMap({ UInt64($0) }),
      let date = object["date"]?.stringValue
    else { return nil }
    let model: ModelChoice
    if let path = object["model_path"]?.stringValue {
      model = .checkpoint(name: name, path: path)
    } else if name.hasPrefix("script:") {
      model = .script(path: String(name.dropFirst("script:".count)))
    } else if let address = try? ServerAddress(name) {
      model = .server(address)
    } else {
      return nil
    }
    self.init(
      model: model, workspace: workspace,
      sampling: SamplingChoice(temperature: object["temperature"]?.doubleValue, seed: seed),
      date: date)
    self.effort = effort
    self.budgets = budgets
    policy = object["policy"]?.stringValue
    toolsFolders = object["tools"]?.arrayValue?.compactMap(\.stringValue) ?? []
    outputSchema = object["output_schema"]
    approver = object["approver"]?.stringValue
    asksCloud = object["cloud"]?.boolValue ?? false
  }
}
