// Rehearsal.swift — the policies that a command is about, and the calls to try on them.

import Base
import Glibc
import Policy
import Runtime

extension Command.Option {
  static let tool = Self(
    name: "--tool", value: "NAME", help: "one call, given here instead of on standard input")
  static let arguments = Self(
    name: "--arguments", value: "JSON", help: "its arguments; default: {}")
  static let url = Self(
    name: "--url", value: "URL", help: "a page that a plugin would fetch, instead of a call")
  static let method = Self(
    name: "--method", value: "METHOD", help: "how it would be fetched; default: GET")
  static let resolvesTo = Self(
    name: "--resolves-to", value: "ADDRESS,...",
    help: "addresses of the URL's host, which are judged as well")

  /// The options of commands that look at policies.
  static let forPolicies: [Self] = [
    Self(
      name: "--policy", value: "NAME|FILE", help: "a shipped policy, or a file, as the base layer"),
    Self(
      name: "--layer", value: "FILE",
      help: "a layer, in order, the base first; replaces all that are found on this machine",
      isRepeatable: true),
    Self(
      name: "--workspace", value: "DIR",
      help: "the workspace, which need not exist; default: the current folder"),
    Self(name: "--home", value: "DIR", help: "what ${home} is in the policies; default: yours"),
  ]
}

/// The policies in force, and the calls to try on them.
struct Rehearsal {
  let engine: PolicyEngine
  private let workspace: String

  init(_ arguments: Arguments) throws(CommandError) {
    workspace = try arguments.rehearsalWorkspace()
    engine = try arguments.policies(workspace: workspace)
  }

  /// The verdict on `--url`, and the way that the request would take; nil where there is none.
  func fetchDecision(_ arguments: Arguments) throws(CommandError) -> JSONValue? {
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
    let decision = engine.judge(fetch, addresses: addresses, PolicyState(model: nil))
    var json = decision.json.objectValue ?? [:]
    if decision.verdict != .deny, engine.bindsRequest(of: fetch) { json["way"] = "fetcher" }
    return .object(json)
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
  func rehearsalWorkspace() throws(CommandError) -> String {
    let path = self["--workspace"] ?? "."
    if let resolved = path.resolvingLinks { return resolved }
    guard path.hasPrefix("/") else {
      throw .usage("There is no folder \(path). Name one that exists, or an absolute path.")
    }
    return path
  }

  /// The policies that the options name, or those in force.
  func policies(
    workspace: String, runsTests: Bool = true
  ) throws(CommandError) -> PolicyEngine {
    let layers = all("--layer")
    guard layers.isEmpty || self["--policy"] == nil else {
      throw .usage("--layer replaces every policy. Leave --policy out.")
    }
    do {
      guard layers.isEmpty else {
        return try PolicyLoading.engine(
          layers: layers, workspace: workspace, home: self["--home"], places: .ofThisProcess(),
          runsTests: runsTests)
      }
      return try PolicyLoading.engine(
        chosen: self["--policy"], places: .ofThisProcess(), workspace: workspace,
        home: self["--home"], runsTests: runsTests)
    } catch {
      throw .usage("\(error)")
    }
  }
}
