// Redaction.swift — secrets, and what a policy wants kept out of the record, are taken out before anything
// is hashed.
//
// Only the record changes: the model and the user still read the text itself. A run that is resumed
// from such a record goes on with the mark in place of what was taken out. A mark says which kind of
// secret stood there, and nothing that is made of the secret: a digest of a weak one tells it to whoever
// guesses.

import Base
import Planner
import Policy

/// Takes secrets out of events.
struct Redaction: Sendable {
  /// What stands in place of arguments that a policy names.
  static let argumentMark = "[redacted: argument]"
  /// How every mark begins.
  static let markBeginning = "[redacted: "

  private let policy: PolicyEngine
  private var secrets: RecordedSecrets
  /// The names on the way to an argument that is left out, "*" for any.
  private let argumentPaths: [[String]]

  /// Longer values are found by their looks each time.
  private static let learntBytesMax = 512

  init(policy: PolicyEngine, secrets: RecordedSecrets) {
    self.policy = policy
    self.secrets = secrets
    argumentPaths = policy.redactedArguments.map { path in
      path.split(separator: ".").map(String.init)
    }
  }

  /// The event as it may be recorded. What is a secret in it is known from now on, so that another
  /// spelling of it is found later.
  ///
  /// - Throws: `PlannerError` where the event is none any more without its secrets.
  mutating func applied(to event: RunEvent) throws(PlannerError) -> RunEvent {
    // Digits drawn at random look like a card's number once in a while, and a seed is no secret.
    if case .reported(RunSettings.eventName, var members) = event, let seed = members["seed"] {
      members["seed"] = nil
      guard
        case .reported(let name, var rest) = try withoutSecrets(
          .reported(name: RunSettings.eventName, members))
      else { return event }
      rest["seed"] = seed
      return .reported(name: name, rest)
    }
    return try withoutSecrets(event)
  }

  /// Has `value` taken out from now on, wherever it stands.
  mutating func learn(_ value: String, name: String) { secrets.learn(value, name: name) }

  private mutating func withoutSecrets(_ event: RunEvent) throws(PlannerError) -> RunEvent {
    let json = event.json
    var redacted = value(json)
    guard redacted != json else { return event }
    // The sampled tokens would spell it all the same; without them the messages are rendered anew.
    if case .planner(let inner) = event, case .modelSaid = inner.kind {
      redacted = Self.withoutTokens(redacted)
    }
    return try RunEvent(json: redacted)
  }

  private mutating func value(_ value: JSONValue) -> JSONValue {
    switch value {
    case .string(let text): return .string(self.text(text))
    case .array(let elements):
      var result: [JSONValue] = []
      for element in elements { result.append(self.value(element)) }
      return .array(result)
    case .object(let object):
      var result: JSONObject = [:]
      for (key, member) in object { result[text(key)] = self.value(member) }
      return .object(result)
    case .number(.integer(let number)) where number >= 1_000_000_000_000:
      let digits = String(number)
      let shown = text(digits)
      return shown == digits ? value : .string(shown)
    case .null, .bool, .number: return value
    }
  }

  // MARK: - Texts

  private mutating func text(_ text: String) -> String {
    let text = withoutNamedArguments(text)
    let bytes = Array(text.utf8)
    // A policy's own name for a thing comes first.
    var found = policy.redactedRanges(in: text).flatMap { pattern, ranges in
      ranges.map { (range: $0, mark: "\(Self.markBeginning)\(pattern)]") }
    }
    for finding in secrets.findings(in: text) {
      learn(finding, bytes)
      if !found.contains(where: { $0.range.overlaps(finding.range) }) {
        found.append((finding.range, finding.mark))
      } else {
        found.append((finding.range, ""))
      }
    }
    guard !found.isEmpty else { return text }
    var result: [UInt8] = []
    var end = 0
    for (range, mark) in found.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      guard range.upperBound > end else { continue }
      if range.lowerBound >= end { result += bytes[end..<range.lowerBound] }
      result += Array(mark.utf8)
      end = range.upperBound
    }
    result += bytes[end...]
    return String(decoding: result, as: UTF8.self)
  }

  private mutating func learn(_ finding: SecretFinding, _ bytes: [UInt8]) {
    guard finding.kind != .known, finding.range.count <= Self.learntBytesMax else { return }
    secrets.learn(
      String(decoding: bytes[finding.range], as: UTF8.self), name: finding.kind.rawValue)
  }

  // MARK: - Named arguments

  /// Arguments in JSON without those that a policy names, wherever a text is such an object.
  private mutating func withoutNamedArguments(_ text: String) -> String {
    guard !argumentPaths.isEmpty, text.utf8.first == UInt8(ascii: "{"),
      let json = try? JSONReader.value(text, source: "arguments"), case .object = json
    else { return text }
    let redacted = withoutNamed(json, at: [])
    return redacted == json ? text : redacted.compactText
  }

  private mutating func withoutNamed(_ value: JSONValue, at path: [String]) -> JSONValue {
    if !path.isEmpty, argumentPaths.contains(where: { Self.covers($0[...], path[...]) }) {
      if let text = value.stringValue { secrets.learn(text, name: "argument") }
      return .string(Self.argumentMark)
    }
    switch value {
    case .array(let elements):
      var result: [JSONValue] = []
      for element in elements { result.append(withoutNamed(element, at: path)) }
      return .array(result)
    case .object(let object):
      var result: JSONObject = [:]
      for (key, member) in object { result[key] = withoutNamed(member, at: path + [key]) }
      return .object(result)
    default: return value
    }
  }

  /// "*" stands for any names on the way, none too: "*.password" is every `password`.
  static func covers(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
    guard let first = pattern.first else { return path.isEmpty }
    if first == "*" {
      return (path.startIndex...path.endIndex).contains {
        covers(pattern.dropFirst(), path[$0...])
      }
    }
    return path.first == first && covers(pattern.dropFirst(), path.dropFirst())
  }

  private static func withoutTokens(_ json: JSONValue) -> JSONValue {
    guard case .object(var object) = json else { return json }
    object["tokens"] = .array([])
    let messages = object["messages"]?.arrayValue ?? []
    object["messages"] = .array(
      messages.map { message in
        guard case .object(var members) = message else { return message }
        members["token_start"] = 0
        members["token_end"] = 0
        return .object(members)
      })
    return .object(object)
  }
}
