// PolicyFixtures.swift — policies and calls in a line each, so that a test shows only what it is about.

import Base
import Policy
import TestKit

let workspace = "/srv/work"
let variables = PolicyVariables(workspace: workspace, home: "/home/u")

/// A policy file with these members, which begin its second line; the base unless `place` says otherwise.
func policy(
  _ members: String, id: String = "base", place: PolicySource.Place = .shipped
) -> PolicySource {
  PolicySource(
    name: "\(id).json5", text: "{ schema: 'tool-policy/1', id: '\(id)',\n\(members) }",
    place: place)
}

func engine(
  _ base: String, _ narrowing: String...
) throws(PolicyError) -> PolicyEngine {
  try PolicyEngine(
    base: [policy(base)],
    narrowing: narrowing.enumerated().map { index, members in
      policy(members, id: "layer\(index + 1)", place: .user)
    }, variables: variables)
}

/// An engine of one base policy with one rule on the tool `t`.
func engine(
  rule: String, effect: Verdict = .allow, tool: String = "t"
) throws(PolicyError) -> PolicyEngine {
  try engine("rules: [ { id: 'R', effect: '\(effect.rawValue)', tool: '\(tool)', \(rule) } ]")
}

/// A call of `tool` with these arguments, as JSON.
func call(_ tool: String, _ arguments: String = "{}") throws -> Effect {
  Effect(
    tool: tool, arguments: try JSONReader.value(arguments, source: "arguments"),
    workspace: workspace)
}

/// The sentence with which the policy is refused; nil where it loads.
func refusal(
  _ members: String, id: String = "base", place: PolicySource.Place = .shipped
)
  -> String?
{
  refusal(base: [policy(members, id: id, place: place)])
}

func refusal(base: [PolicySource], narrowing: [PolicySource] = []) -> String? {
  do {
    _ = try PolicyEngine(base: base, narrowing: narrowing, variables: variables)
    return nil
  } catch { return error.description }
}

extension PolicyEngine {
  /// The verdict on `tool` with `arguments`, as JSON.
  func verdict(
    _ tool: String, _ arguments: String = "{}", _ state: PolicyState = PolicyState(model: nil)
  ) throws -> Verdict {
    judge(try call(tool, arguments), state).verdict
  }
}
