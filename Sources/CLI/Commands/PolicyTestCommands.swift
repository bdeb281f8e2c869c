// PolicyTestCommands.swift — a policy's own tests one by one, and what it probably does not mean.

import Base
import Policy
import Runtime
import ToolHost

extension Command {
  static let policyTest = Command(
    name: "policy test",
    summary: "Run the tests that policy files carry, and name each that fails.",
    synopsis: "[--policy NAME|FILE | --layer FILE…] [--json]",
    details: """
      A test is a call under "tests" with the verdict that its layer alone should give. A rule that is
      locked has to have one. The exit code is 2 where one fails; a policy whose tests fail does not load.
      """,
    options: Option.forPolicies + [.json],
    examples: [
      Example(
        command: "./martlet policy test --policy enterprise",
        meaning: "each test, and whether it holds")
    ]
  ) { arguments in
    let engine = try arguments.policies(workspace: arguments.rehearsalWorkspace(), runsTests: false)
    let outcomes: [PolicyTestOutcome]
    do throws(PolicyError) { outcomes = try engine.testOutcomes() } catch {
      throw CommandError.usage(error.description)
    }
    let failures = outcomes.compactMap(\.failure)
    for outcome in outcomes {
      if arguments.has("--json") {
        Output.jsonLine(json(outcome))
      } else if let failure = outcome.failure {
        Output.line(
          "failed  \(outcome.policy)  \(outcome.name.plain)\n        \(failure.description.plain)")
      } else {
        Output.line("holds   \(outcome.policy)  \(outcome.name.plain)")
      }
    }
    if !arguments.has("--json") {
      Output.line("tests: \(outcomes.count), failed: \(failures.count)")
    }
    return failures.isEmpty ? .success : .usage
  }

  static let policyLint = Command(
    name: "policy lint",
    summary: "What a policy says and probably does not mean: dead rules, wide ones, unnamed tools.",
    synopsis: "[--policy NAME|FILE | --layer FILE…] [--strict] [--json]",
    details: """
      The exit code is 2 where the policy cannot be used or something in it is an error: a rule that can
      never decide. With --strict also where there is a warning. Notes never count.

      checks: \(PolicyFinding.Check.allCases.map(\.rawValue).joined(separator: " "))
      """,
    options: Option.forPolicies + [
      Option(
        name: "--tools", value: "DIR", help: "more tools, whose names and arguments are known"),
      Option(name: "--strict", help: "warnings count as errors"), .json,
    ],
    examples: [
      Example(
        command: "./martlet policy lint --policy default",
        meaning: "file, line, check and remedy of each")
    ]
  ) { arguments in
    let engine = try arguments.policies(workspace: arguments.rehearsalWorkspace())
    let findings = engine.lint(tools: try knownTools(arguments["--tools"]))
    for finding in findings {
      if arguments.has("--json") {
        Output.jsonLine(json(finding))
      } else {
        Output.line(finding.description.plain)
      }
    }
    func count(_ severity: PolicyFinding.Severity) -> Int {
      findings.filter { $0.severity == severity }.count
    }
    if !arguments.has("--json") {
      Output.line(
        "errors: \(count(.error)), warnings: \(count(.warning)), notes: \(count(.note))")
    }
    let isBad = count(.error) > 0 || arguments.has("--strict") && count(.warning) > 0
    return isBad ? .usage : .success
  }

  /// The tools of this machine with the names of their arguments, where a schema closes the list.
  private static func knownTools(_ folder: String?) throws(CommandError) -> KnownTools {
    let catalog: ToolCatalog
    do throws(ToolHostError) {
      catalog = try ToolCatalog(
        folders: (folder.map { [$0] } ?? []) + Places.ofThisProcess().toolsFolders)
    } catch {
      throw .usage(error.description)
    }
    var known: KnownTools = [:]
    for manifest in catalog.manifests where manifest.kind == .mcp {
      for tool in manifest.tools {
        known[tool.name] = Set(tool.parameters?["properties"]?.objectValue?.keys ?? [])
      }
    }
    return known
  }

  private static func json(_ outcome: PolicyTestOutcome) -> JSONValue {
    var object: JSONObject = [
      "policy": .string(outcome.policy), "test": .string(outcome.name),
      "holds": .bool(outcome.failure == nil),
    ]
    object["failure"] = outcome.failure.map { .string($0.description) }
    return .object(object)
  }

  private static func json(_ finding: PolicyFinding) -> JSONValue {
    var object: JSONObject = [
      "check": .string(finding.check.rawValue), "severity": .string(finding.severity.rawValue),
      "source": .string(finding.source),
    ]
    object["line"] = finding.line.map { .number(.integer(Int64($0))) }
    object["policy"] = .string(finding.policy)
    object["rule"] = finding.rule.map { .string($0) }
    object["sentence"] = .string(finding.sentence)
    return .object(object)
  }
}

extension Command.Option {
  fileprivate static let json = Self(name: "--json", help: "one JSON object a line")
}
