// GoldenCaseTests.swift — the verdicts of a separate reference evaluator over the format's example.

import Base
import Policy
import TestKit
import Testing

@Suite struct `The golden policies` {
  private static func source(_ layer: String) throws -> PolicySource {
    let places: [String: PolicySource.Place] = [
      "system": .system, "user": .user, "project": .project,
    ]
    return PolicySource(
      name: layer + ".json5", bytes: try Vectors.bytes("policy/\(layer).json5"),
      place: try #require(places[layer]))
  }

  static func engine(_ layers: [String]) throws -> PolicyEngine {
    let sources = try layers.map(source)
    return try PolicyEngine(
      base: Array(sources.prefix(1)), narrowing: Array(sources.dropFirst()),
      variables: variables)
  }

  /// A case as a line of `policy check`.
  static func call(_ line: JSONValue) throws -> RehearsedCall {
    var object = JSONObject()
    object["tool"] = line["call"]?["tool"]
    object["arguments"] = line["call"]?["arguments"]
    object["state"] = line["state"]
    object["links"] = line["links"]
    return try RehearsedCall(.object(object), workspace: workspace)
  }

  @Test func `give each of the 52 calls its verdict by its rules`() throws {
    let lines = try Vectors.jsonLines("policy/cases.jsonl")
    #expect(lines.count == 52)
    for line in lines {
      let layers = (line["layers"]?.arrayValue ?? []).compactMap(\.stringValue)
      let call = try Self.call(line)
      let decision = try Self.engine(layers).judge(call.effect, call.state)
      let name = Comment(rawValue: line["name"]?.stringValue ?? "")
      #expect(decision.verdict.rawValue == line["verdict"]?.stringValue, name)
      #expect(decision.ruleIDs == line["by"]?.arrayValue?.compactMap(\.stringValue), name)
      #expect(!decision.reason.isEmpty, name)
    }
  }
}
