// Redaction.swift — what a policy wants kept out of the record is taken out before anything is hashed.
//
// Only the record changes: the model and the user still read the text itself. A run that is resumed
// from such a record goes on with the mark in place of what was taken out.

import Base
import Planner
import Policy

/// Takes secrets, known by their looks, out of events.
struct Redaction: Sendable {
  let policy: PolicyEngine

  /// The event as it may be recorded.
  func applied(to event: RunEvent) -> RunEvent {
    let json = event.json
    var redacted = value(json)
    guard redacted != json else { return event }
    // The sampled tokens would spell it all the same; without them the messages are rendered anew.
    if case .planner(let inner) = event, case .modelSaid = inner.kind {
      redacted = Self.withoutTokens(redacted)
    }
    return (try? RunEvent(json: redacted)) ?? event
  }

  private func value(_ value: JSONValue) -> JSONValue {
    switch value {
    case .string(let text): return .string(self.text(text))
    case .array(let elements): return .array(elements.map(self.value))
    case .object(let object):
      var result: JSONObject = [:]
      for (key, member) in object { result[key] = self.value(member) }
      return .object(result)
    case .null, .bool, .number: return value
    }
  }

  private func text(_ text: String) -> String {
    let found = policy.redactedRanges(in: text).flatMap { pattern, ranges in
      ranges.map { (range: $0, pattern: pattern) }
    }
    guard !found.isEmpty else { return text }
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var end = 0
    for (range, pattern) in found.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      guard range.upperBound > end else { continue }
      if range.lowerBound >= end {
        result += bytes[end..<range.lowerBound]
        result += Array("[redacted: \(pattern)]".utf8)
      }
      end = range.upperBound
    }
    result += bytes[end...]
    return String(decoding: result, as: UTF8.self)
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
