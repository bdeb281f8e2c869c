// PolicyCommands.swift — a call in, the policy's decision out, without anything being done.

import Base
import Glibc
import Policy
import Runtime

extension Command {
  static let policyCheck = Command(
    name: "policy check",
    summary: "What the policy says to a call, one JSON object a line.",
    synopsis:
      "[--tool NAME [--arguments JSON] | --url URL] [--policy NAME|FILE] [--workspace DIR]",
    details: """
      Reads {"tool": …, "arguments": …} lines and writes {"verdict": …, "rules": …, "reason": …} lines.
      A line may also say "state" (labels, used, headless, approved, model, audit, tier), "actor",
      "links", "manifest", "effects" and "argumentLabels"; the tests in a policy file are written alike.
      Nothing is run, and no file but the policies is read. The exit code does not depend on the verdict.

      With --url: what the broker would say to a plugin that wants to fetch that page. Nothing is
      resolved or dialled; --resolves-to says where the host's name shall lead.

      Without a call, the policies are loaded, which runs their own tests, and the layers in force are
      named. A policy that cannot be used is named with line and remedy; the exit code is 2.
      """,
    options: [
      .tool, .arguments, .url, .method, .resolvesTo, .policy, .rehearsalWorkspace,
    ],
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
      Output.jsonLine(decision.json)
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
    synopsis: "[--tool NAME [--arguments JSON]] [--policy NAME|FILE] [--workspace DIR]",
    details:
      "Reads calls as \"policy check\" does, and writes for each what every rule made of it.",
    options: [.tool, .arguments, .policy, .rehearsalWorkspace],
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

extension Command.Option {
  fileprivate static let tool = Self(
    name: "--tool", value: "NAME", help: "one call, given here instead of on standard input")
  fileprivate static let arguments = Self(
    name: "--arguments", value: "JSON", help: "its arguments; default: {}")
  fileprivate static let url = Self(
    name: "--url", value: "URL", help: "a page that a plugin would fetch, instead of a call")
  fileprivate static let method = Self(
    name: "--method", value: "METHOD", help: "how it would be fetched; default: GET")
  fileprivate static let resolvesTo = Self(
    name: "--resolves-to", value: "ADDRESS,...",
    help: "addresses of the URL's host, which are judged as well")
  fileprivate static let policy = Self(
    name: "--policy", value: "NAME|FILE", help: "a shipped policy, or a file, as the base layer")
  fileprivate static let rehearsalWorkspace = Self(
    name: "--workspace", value: "DIR",
    help: "the workspace, which need not exist; default: the current folder")
}

/// The policies in force, and the calls to try on them.
private struct Rehearsal {
  let engine: PolicyEngine
  private let workspace: String

  init(_ arguments: Arguments) throws(CommandError) {
    workspace = try arguments.rehearsalWorkspace()
    do {
      engine = try PolicyLoading.engine(
        chosen: arguments["--policy"], places: .ofThisProcess(), workspace: workspace)
    } catch {
      throw .usage("\(error)")
    }
  }

  /// The verdict on `--url`; nil where there is none.
  func fetchDecision(_ arguments: Arguments) throws(CommandError) -> PolicyDecision? {
    guard let url = arguments["--url"] else {
      for option in ["--method", "--resolves-to"] where arguments[option] != nil {
        throw .usage("\(option) needs a --url.")
      }
      return nil
    }
    for option in ["--tool", "--arguments"] where arguments[option] != nil {
      throw .usage("--url and \(option) cannot be used together: each is a call of its own.")
    }
    let fetch = WebFetch(url: url, method: arguments["--method"] ?? "GET")
    var addresses: [IPAddress] = []
    for text in (arguments["--resolves-to"] ?? "").split(separator: ",") {
      guard let address = IPAddress(v4: text) ?? IPAddress(v6: String(text)) else {
        throw .usage(
          "\"\(text)\" is no numeric address. Write one such as 192.0.2.1 or 2001:db8::1.")
      }
      addresses.append(address)
    }
    return engine.judge(fetch, addresses: addresses, PolicyState(model: nil))
  }

  /// Hands each call of the command line or of standard input to `body`; returns how many there were.
  func forEachCall(
    _ arguments: Arguments, _ body: (RehearsedCall) -> Void
  ) throws -> Int {
    if let tool = arguments["--tool"] {
      body(try call(["tool": .string(tool), "arguments": try Self.value(arguments)], ""))
      return 1
    }
    guard arguments["--arguments"] == nil else {
      throw CommandError.usage("--arguments needs a --tool.")
    }
    // At a terminal nobody would know what is waited for.
    guard isatty(STDIN_FILENO) == 0 else { return 0 }
    var count = 0
    try Input.forEachJSONLine { json, number in
      body(try call(json, "Line \(number): "))
      count += 1
    }
    return count
  }

  private static func value(_ arguments: Arguments) throws(CommandError) -> JSONValue {
    guard let text = arguments["--arguments"] else { return [:] }
    do throws(JSONError) { return try JSONReader.value(text, source: "--arguments") } catch {
      throw .usage(error.description)
    }
  }

  private func call(_ json: JSONValue, _ place: String) throws(CommandError) -> RehearsedCall {
    do throws(RehearsedCall.Problem) {
      return try RehearsedCall(json, workspace: workspace)
    } catch {
      throw .usage("\(place)\(error.description)")
    }
  }

  /// For people: that the policies are in order, and which they are.
  var layers: String {
    let rows = engine.policies.enumerated().map { index, policy in
      // The files of the system's folder are one layer.
      let isBase = index == 0 || policy.place == .system
      return (
        isBase ? "base" : "narrows",
        "\(policy.id) \(policy.revision)  (\(policy.place.rawValue))  \(policy.name)"
      )
    }
    return "The policy in force loads, and its own tests pass.\n" + Command.table(rows)
  }
}

extension Arguments {
  /// The workspace with links resolved where it exists: a rehearsal touches nothing in it.
  fileprivate func rehearsalWorkspace() throws(CommandError) -> String {
    let path = self["--workspace"] ?? "."
    if let resolved = path.resolvingLinks { return resolved }
    guard path.hasPrefix("/") else {
      throw .usage("There is no folder \(path). Name one that exists, or an absolute path.")
    }
    return path
  }
}
