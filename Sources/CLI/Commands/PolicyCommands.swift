// PolicyCommands.swift — a call in, the policy's decision out, without anything being done.

import Base
import Policy

extension Command {
  static let policyCheck = Command(
    name: "policy check",
    summary: "What the policy says to a call, one JSON object a line.",
    synopsis:
      "[--tool NAME [--arguments JSON] | --url URL] [--policy NAME|FILE | --layer FILE…] [--workspace DIR]",
    details: """
      Reads {"tool": …, "arguments": …} lines and writes {"verdict": …, "rules": …, "reason": …} lines.
      A line may also say "state" (labels, used, headless, approved, model, audit, tier, context,
      records), "actor", "links", "manifest", "effects", "content", "references" and "argumentLabels"; the
      tests in a policy file are written alike.
      Nothing is run, and no file but the policies is read. The exit code does not depend on the verdict.

      With --url: what the broker would say to a plugin that wants to fetch that page. Nothing is
      resolved or dialled; --resolves-to says where the host's name shall lead. "way":"fetcher" says
      that a process of the host would make the request, because rules speak of path or query.

      Without a call, the policies are loaded, which runs their own tests, and the layers in force are
      named. A policy that cannot be used is named with line and remedy; the exit code is 2.
      """,
    options: [.tool, .arguments, .url, .method, .resolvesTo] + Option.forPolicies,
    examples: [
      Example(
        command: "./martlet policy check --url https://example.com/ --resolves-to 10.0.0.1",
        meaning: "denied: a public name must not lead into this site's networks"),
      Example(
        command:
          "./martlet policy check --tool browser.search --arguments '{\"query\":\"swifts\"}'",
        meaning: #"{"verdict":"ask","rules":["ask-web"],"reason":…}"#),
      Example(command: "./martlet policy check </dev/null", meaning: "which policies are in force"),
    ]
  ) { arguments in
    let rehearsal = try Rehearsal(arguments)
    if let decision = try rehearsal.fetchDecision(arguments) {
      Output.jsonLine(decision)
      return .success
    }
    let count = try rehearsal.forEachCall(arguments) { call in
      Output.jsonLine(rehearsal.engine.judge(call.effect, call.state).json)
    }
    if count == 0 { Output.write(rehearsal.layers) }
    return .success
  }

  static let policyExplain = Command(
    name: "policy explain",
    summary: "Why the policy says that: every layer, every rule for the tool.",
    synopsis:
      "[--tool NAME [--arguments JSON]] [--policy NAME|FILE | --layer FILE…] [--workspace DIR]",
    details:
      "Reads calls as \"policy check\" does, and writes for each what every rule made of it.",
    options: [.tool, .arguments] + Option.forPolicies,
    examples: [
      Example(
        command: "./martlet policy explain --tool python --arguments '{\"code\":\"1+1\"}'",
        meaning: "the verdict, and for each rule whether it matches or what it lacks")
    ]
  ) { arguments in
    let rehearsal = try Rehearsal(arguments)
    var isFirst = true
    let count = try rehearsal.forEachCall(arguments) { call in
      if !isFirst { Output.line("") }
      isFirst = false
      Output.line(rehearsal.engine.explain(call.effect, call.state).description.plain)
    }
    if count == 0 { Output.write(rehearsal.layers) }
    return .success
  }
}
