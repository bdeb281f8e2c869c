// OwnCaseTests.swift — the project's own calls with the verdicts that their author read off the policy.

import Base
import Policy
import TestKit
import Testing

@Suite struct `The project's own cases` {
  private static func engine(_ layers: [String]) throws -> PolicyEngine {
    let sources = try layers.map { layer in
      PolicySource(
        name: "\(layer).json5", bytes: try Vectors.bytes("policy/\(layer).json5"), place: .chosen)
    }
    return try PolicyEngine(
      base: Array(sources.prefix(1)), narrowing: Array(sources.dropFirst()), variables: variables)
  }

  @Test func `give each call its verdict by its rules`() throws {
    let lines = try Vectors.jsonLines("policy/own-cases.jsonl")
    #expect(lines.count >= 200)
    let engines = [1: try Self.engine(["own"]), 2: try Self.engine(["own", "own-narrow"])]
    for line in lines {
      guard case .object(var object) = line else { continue }
      let name = Comment(rawValue: line["name"]?.stringValue ?? "")
      for key in ["name", "layers", "verdict", "by"] { object[key] = nil }
      let call = try RehearsedCall(.object(object), workspace: workspace)
      let engine = try #require(engines[line["layers"]?.arrayValue?.count ?? 0])
      let decision = engine.judge(call.effect, call.state)
      #expect(decision.verdict.rawValue == line["verdict"]?.stringValue, name)
      #expect(decision.ruleIDs == line["by"]?.arrayValue?.compactMap(\.stringValue), name)
    }
  }
}
