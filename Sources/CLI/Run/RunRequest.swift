// RunRequest.swift — the options that `run` and `chat` share, read and checked.

import Base
import Glibc
import Harmony
import Inference
import Planner
import Runtime

extension Command.Option {
  /// The options of everything that runs tasks.
  static let forRuns: [Self] = [
    Self(
      name: "--model", value: "MODEL",
      help:
        "a name, a folder, a .gguf file, http://HOST/v1#NAME, or script:FILE; default: the best that is here"
    ),
    Self(
      name: "--effort", value: "LEVEL", help: "how much it thinks: low, medium (default), high"),
    Self(
      name: "--policy", value: "POLICY",
      help: "a shipped policy's name, or a file; default: default"
    ),
    Self(name: "--tools", value: "DIR", help: "more tools: a folder of manifests"),
    .workspace,
    Self(name: "--max-steps", value: "N", help: "turns of the model, at most; default 50"),
    Self(name: "--max-tokens", value: "N", help: "tokens that it writes, at most; default 200000"),
    Self(name: "--max-time", value: "TIME", help: "90, 90s, 15m or 2h; default 1h"),
    Self(
      name: "--max-cost", value: "AMOUNT",
      help: "what servers and the cloud model may cost, in the currency of their prices"),
    Self(name: "--max-tool-calls", value: "N", help: "calls, at most; default 100"),
    Self(
      name: "--context", value: "N", help: "tokens to hold at once; default: what the model can"),
    Self(name: "--seed", value: "N", help: "the same tokens again; default: random, and recorded"),
    Self(
      name: "--temperature", value: "T", help: "0 takes the likeliest token; default: the model's"),
    .precision, .threads, .draft,
    Self(name: "--show-thinking", help: "show the chain of thought on standard error"),
    Self(
      name: "--cloud", help: "hand the task to the configured cloud model, if the policy lets it"),
    Self(name: "--headless", help: "ask nobody, also at a terminal"),
    Self(
      name: "--approver", value: "WHO",
      help: "rehearse the answers: ideal:FILE, tired:N, yes or none; recorded as such"),
    Self(name: "--quiet", help: "nothing on standard error but errors"),
  ]
}

/// How a run is to be made and shown.
struct RunRequest: Sendable {
  var settings: RunSettings
  var inference: InferenceOptions
  var contextTokensMax: Int?
  var isHeadless: Bool
  /// Who answers asks instead of a person; nil for a person.
  var approver: ApproverChoice?
  var showsThinking: Bool
  var isQuiet: Bool
  var isJSON: Bool

  /// A new run.
  init(_ arguments: Arguments, places: Places) throws(CommandError) {
    let workspace = try arguments.workspace()
    let sampling = SamplingChoice(
      temperature: try arguments.number("--temperature", in: 0...100),
      seed: try arguments.integer("--seed", in: 0...(.max)).map { UInt64($0) }
        ?? UInt64.random(in: 0...UInt64(Int.max)))
    let effort = try arguments.effort()
    let model: ModelChoice
    let configured: Budgets
    do throws(RunError) {
      configured = try Budgets.configured(places)
      model = try ModelChoice.find(arguments["--model"], in: places)
    } catch {
      throw CommandError(error)
    }
    let budgets = try arguments.budgets(configured)
    var settings = RunSettings(
      model: model, workspace: workspace, sampling: sampling, date: Self.today())
    settings.policy = arguments["--policy"]
    settings.toolsFolders = arguments["--tools"].map { [$0] } ?? []
    settings.effort = effort
    settings.budgets = budgets
    settings.asksCloud = arguments.has("--cloud")
    try self.init(arguments, settings)
  }

  /// A run whose settings are known.
  init(_ arguments: Arguments, _ settings: RunSettings) throws(CommandError) {
    self.settings = settings
    inference = try arguments.inferenceOptions()
    contextTokensMax = try arguments.integer("--context", in: 256...(.max))
    isHeadless = arguments.has("--headless")
    approver = try arguments.approver()
    self.settings.approver = approver?.name
    showsThinking = arguments.has("--show-thinking")
    isQuiet = arguments.has("--quiet")
    isJSON = arguments.has("--json")
  }

  /// By the clock on the wall.
  private static func today() -> String {
    var now = time(nil)
    var parts = tm()
    guard localtime_r(&now, &parts) != nil else { return "1970-01-01" }
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%Y-%m-%d", &parts)
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension Arguments {
  fileprivate func approver() throws(CommandError) -> ApproverChoice? {
    guard let text = self["--approver"] else { return nil }
    guard let choice = ApproverChoice(text) else {
      throw .usage(
        "--approver is ideal:FILE, tired:N, yes or none; \"\(text)\" is none of these.")
    }
    guard !has("--headless") else {
      throw .usage("--headless asks nobody, and --approver answers. Leave one of them out.")
    }
    return choice
  }

  fileprivate func effort() throws(CommandError) -> ReasoningEffort {
    guard let name = self["--effort"] else { return .medium }
    guard let effort = ReasoningEffort(rawValue: name) else {
      throw .usage("--effort is one of: low, medium, high; \"\(name)\" is not.")
    }
    return effort
  }

  /// `budgets` with what the options say instead.
  func budgets(_ budgets: Budgets) throws(CommandError) -> Budgets {
    var budgets = budgets
    if let steps = try integer("--max-steps", in: 1...1_000_000) { budgets.stepsMax = steps }
    if let tokens = try integer("--max-tokens", in: 1...1_000_000_000) {
      budgets.generatedTokensMax = tokens
    }
    if let calls = try integer("--max-tool-calls", in: 0...1_000_000) {
      budgets.toolCallsMax = calls
    }
    if let amount = try number("--max-cost", in: Budgets.costs) { budgets.setCostMax(amount) }
    if let text = self["--max-time"] { budgets.wallMillisecondsMax = try Self.milliseconds(text) }
    return budgets
  }

  /// "90", "90s", "1.5m", "2h".
  private static func milliseconds(_ text: String) throws(CommandError) -> Int {
    let factors: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
    let factor = text.last.flatMap { factors[$0] }
    let digits = factor == nil ? text[...] : text.dropLast()
    guard let number = Double(digits), number > 0, number * (factor ?? 1) <= 31_536_000 else {
      throw .usage("--max-time takes a time such as 90s, 15m or 2h; \"\(text)\" is none.")
    }
    return Int((number * (factor ?? 1) * 1000).rounded(.up))
  }
}

extension CommandError {
  init(_ error: RunError) {
    self.init(
      exitCode: ExitCode(rawValue: error.outcome.exitCode), sentence: error.description)
  }
}
