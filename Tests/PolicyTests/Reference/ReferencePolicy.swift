// ReferencePolicy.swift — policies and calls as plain values, for the slow reading of the fifteen rules.
//
// Nothing here comes from the engine: a policy is rendered to JSON5 for it, and judged as these values
// by `ReferenceJudge`.

import Base

/// A value of a call. URLs and paths keep their parts, so that nobody has to parse them here.
indirect enum ReferenceValue: Equatable {
  case text(String)
  case url(ReferenceURL)
  case integer(Int)
  case decimal(Double)
  case bool(Bool)
  case null
  case list([ReferenceValue])
  case object([String: ReferenceValue])
}

struct ReferenceURL: Equatable {
  var scheme: String
  var host: String
  var port: Int?
  var user: String?
  var path = ReferencePath(sent: "/p", plain: "/p")
  var query: String?
  var fragment: String?

  var text: String {
    scheme + "://" + (user.map { $0 + "@" } ?? "") + host + (port.map { ":\($0)" } ?? "")
      + path.sent + (query.map { "?" + $0 } ?? "") + (fragment.map { "#" + $0 } ?? "")
  }
}

/// A path as it is sent, and as all servers read it; nil where they may differ.
struct ReferencePath: Equatable {
  var sent: String
  var plain: String?
}

indirect enum ReferenceCheck: Equatable {
  case any
  case oneOf([ReferenceValue])
  case notOneOf([ReferenceValue])
  /// One of `ReferenceJudge.patterns`.
  case re(String)
  case notRe(String)
  case maxBytes(Int)
  case under([String])
  case notUnder([String])
  case range(min: Int?, max: Int?)
  case number(least: Double?, most: Double?)
  case prefix([[String]])
  case notPrefix([[String]])
  case denyFlags([String])
  case maxLen(Int)
  case all([ReferenceCheck])
  case some([ReferenceCheck])
  case web(ReferenceWeb)
  case from([String])
  case notFrom([String])
}

struct ReferenceWeb: Equatable {
  var scheme: [String]?
  var host: [String]?
  var notHost: [String]?
  var port: [Int]?
  var userinfo: Bool?
  var maxQueryBytes: Int?
  /// Of `ReferenceReading.pathPatterns`.
  var path: [String]?
}

struct ReferenceMatcher: Equatable {
  var name: String
  var isOptional: Bool
  var checks: [ReferenceCheck]
}

struct ReferenceRule: Equatable {
  var id: String
  var effect: String
  var tools: [String]
  /// Nil for "any".
  var args: [ReferenceMatcher]?
  var actor: [String]?
  var manifest: String?
  var sandbox: String?
  var budget: String?
}

struct ReferenceFlow: Equatable {
  var id: String
  var context: [String]
  var args: [String]
  var sink: [String]
  var then: String
}

struct ReferenceBudget: Equatable {
  var id: String
  var calls: Int
  var bytes: Int?
}

struct ReferencePolicy: Equatable {
  var id: String
  var noMatch: String?
  var headless: String?
  var remember: String?
  var rules: [ReferenceRule]
  var flows: [ReferenceFlow]
  var budgets: [ReferenceBudget]
  var effects: [(tool: String, kinds: [String])]
  var labelSources: [(tool: String, add: [String])]
  /// Words that bring labels wherever they occur.
  var contents: [(word: String, add: [String])]
  var models: [(model: String, show: [String])]?
  var cloudEnabled: Bool?
  var cloudDenyLabels: [String]
  var tier: String?
  /// A set, for from: ['policy'].
  var said: [String]

  static func == (left: Self, right: Self) -> Bool { left.json5 == right.json5 }
}

struct ReferenceCall {
  var tool: String
  var arguments: [(name: String, value: ReferenceValue)]
  var isObject = true
  var actor = "model"
  var manifest: String?
  var claimed: [String]?
  var labels: [String] = []
  var bytes = 0
}

struct ReferenceState {
  var labels: [String] = []
  var used: [String: (calls: Int, bytes: Int)] = [:]
  var isHeadless = false
  var isApproved = false
  var isLedgerDown = false
  var model: String?
  var tier: String?
  var said: [(from: String, text: String)] = []
}

/// What the reading comes to.
struct ReferenceVerdict: Equatable {
  var verdict: String
  var ids: [String]
  var stopsRun = false
  var profiles: Set<String> = []
  var resultLabels: Set<String> = []
  var argumentLabels: Set<String> = []
  var budgets: Set<String> = []
  var mayRemember = false
  var mayLease = false
}

// MARK: - JSON5

extension ReferenceValue {
  var json: JSONValue {
    switch self {
    case .text(let text): .string(text)
    case .url(let url): .string(url.text)
    case .integer(let value): .number(.integer(Int64(value)))
    case .decimal(let value): .number(.double(value))
    case .bool(let value): .bool(value)
    case .null: .null
    case .list(let values): .array(values.map(\.json))
    case .object(let values):
      .object(
        values.sorted { $0.key < $1.key }.reduce(into: JSONObject()) { $0[$1.key] = $1.value.json })
    }
  }
}

private func quoted(_ text: String) -> String { JSONValue.string(text).compactText }
private func listed(_ texts: [String]) -> String {
  "[" + texts.map(quoted).joined(separator: ", ") + "]"
}

extension ReferenceCheck {
  fileprivate var members: [String] {
    switch self {
    case .any: ["any: true"]
    case .oneOf(let values): ["oneOf: \(JSONValue.array(values.map(\.json)).compactText)"]
    case .notOneOf(let values): ["notOneOf: \(JSONValue.array(values.map(\.json)).compactText)"]
    case .re(let text): ["re: \(quoted(text))"]
    case .notRe(let text): ["notRe: \(quoted(text))"]
    case .maxBytes(let count): ["maxBytes: \(count)"]
    case .under(let folders): ["under: \(listed(folders))"]
    case .notUnder(let folders): ["notUnder: \(listed(folders))"]
    case .range(let min, let max):
      [min.map { "min: \($0)" }, max.map { "max: \($0)" }].compactMap(\.self)
    case .number(let least, let most):
      [least.map { "atLeast: \($0)" }, most.map { "atMost: \($0)" }].compactMap(\.self)
    case .prefix(let positions):
      ["prefix: [\(positions.map(listed).joined(separator: ", "))]"]
    case .notPrefix(let positions):
      ["notPrefix: [\(positions.map(listed).joined(separator: ", "))]"]
    case .denyFlags(let flags): ["denyFlags: \(listed(flags))"]
    case .maxLen(let count): ["maxLen: \(count)"]
    case .all(let checks): ["all: { \(checks.flatMap(\.members).joined(separator: ", ")) }"]
    case .some(let checks): ["some: { \(checks.flatMap(\.members).joined(separator: ", ")) }"]
    case .web(let web):
      [
        web.scheme.map { "scheme: \(listed($0))" }, web.host.map { "host: \(listed($0))" },
        web.notHost.map { "notHost: \(listed($0))" },
        web.port.map { "port: [\($0.map(String.init).joined(separator: ", "))]" },
        web.userinfo.map { "userinfo: \($0)" },
        web.maxQueryBytes.map { "maxQueryBytes: \($0)" }, web.path.map { "path: \(listed($0))" },
      ].compactMap(\.self)
    case .from(let origins): ["from: \(listed(origins))"]
    case .notFrom(let origins): ["notFrom: \(listed(origins))"]
    }
  }
}

extension ReferenceRule {
  fileprivate var json5: String {
    var members = ["id: \(quoted(id))", "effect: \(quoted(effect))", "tool: \(listed(tools))"]
    if let args {
      let matchers = args.map { matcher in
        let own = (matcher.isOptional ? ["optional: true"] : []) + matcher.checks.flatMap(\.members)
        return "\(quoted(matcher.name)): { \(own.joined(separator: ", ")) }"
      }
      members.append("args: { \(matchers.joined(separator: ", ")) }")
    } else {
      members.append("args: 'any'")
    }
    if let actor { members.append("actor: \(listed(actor))") }
    if let manifest { members.append("manifest: \(quoted("sha256:" + manifest))") }
    if let sandbox { members.append("sandbox: \(quoted(sandbox))") }
    if let budget { members.append("budget: \(quoted(budget))") }
    return "{ \(members.joined(separator: ", ")) }"
  }
}

extension ReferencePolicy {
  /// The policy as a file.
  var json5: String {
    var members = ["schema: 'tool-policy/1'", "id: \(quoted(id))"]
    let ask = [
      headless.map { "headless: \(quoted($0))" }, remember.map { "remember: \(quoted($0))" },
    ]
    .compactMap(\.self)
    var defaults = noMatch.map { ["noMatch: \(quoted($0))"] } ?? []
    if !ask.isEmpty { defaults.append("ask: { \(ask.joined(separator: ", ")) }") }
    if !defaults.isEmpty { members.append("defaults: { \(defaults.joined(separator: ", ")) }") }
    if !said.isEmpty { members.append("sets: { said: \(listed(said)) }") }
    if let tier { members.append("sandbox: { minimum: { tier: \(quoted(tier)) } }") }
    let sources = labelSources.map { "{ tool: \(quoted($0.tool)), add: \(listed($0.add)) }" }
    let patterns = contents.map {
      "{ id: \(quoted("c-" + $0.word)), re: \(quoted($0.word)), add: \(listed($0.add)) }"
    }
    members.append(
      "labels: { sources: [\(sources.joined(separator: ", "))], content: [\(patterns.joined(separator: ", "))] }"
    )
    members.append(
      "effects: { \(effects.map { "\(quoted($0.tool)): \(listed($0.kinds))" }.joined(separator: ", ")) }"
    )
    members.append(
      "flow: ["
        + flows.map { flow in
          "{ id: \(quoted(flow.id)), when: { context: \(listed(flow.context)), args: \(listed(flow.args)) }, "
            + "sink: \(listed(flow.sink)), then: \(quoted(flow.then)) }"
        }.joined(separator: ", ") + "]")
    members.append("rules: [\n  \(rules.map(\.json5).joined(separator: ",\n  "))]")
    members.append(
      "budgets: { "
        + budgets.map { budget in
          "\(quoted(budget.id)): { per: 'session', calls: \(budget.calls)"
            + (budget.bytes.map { ", bytes: \($0)" } ?? "") + " }"
        }.joined(separator: ", ") + " }")
    if let models {
      members.append(
        "models: { \(models.map { "\(quoted($0.model)): { show: \(listed($0.show)) }" }.joined(separator: ", ")) }"
      )
    }
    var cloud = cloudEnabled.map { ["enabled: \($0)"] } ?? []
    if !cloudDenyLabels.isEmpty { cloud.append("denyLabels: \(listed(cloudDenyLabels))") }
    if !cloud.isEmpty { members.append("cloud: { \(cloud.joined(separator: ", ")) }") }
    return "{ \(members.joined(separator: ",\n")) }"
  }
}
