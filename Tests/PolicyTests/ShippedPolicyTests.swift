// ShippedPolicyTests.swift — the files in Policies/, which people start from.

import Base
import Foundation
import Policy
import TestKit
import Testing

@Suite struct `A shipped policy` {
  static let names = [
    "assistant", "cautious", "ci", "closed", "cloud", "default", "demo-web", "enterprise",
    "offline",
  ]
  /// Those that are no base.
  static let layers = ["code-asks"]

  static func source(_ name: String) throws -> PolicySource {
    let path = Repository.path("Policies/\(name).json5")
    return PolicySource(
      name: "Policies/\(name).json5", bytes: [UInt8](try Data(contentsOf: URL(filePath: path))),
      place: .shipped)
  }

  static func engine(_ name: String) throws -> PolicyEngine {
    try PolicyEngine(base: [source(name)], variables: variables)
  }

  @Test func `is one of those that these tests know`() throws {
    let files = try FileManager.default.contentsOfDirectory(
      atPath: Repository.path("Policies"))
    #expect(
      Set(files.filter { $0.hasSuffix(".json5") })
        == Set((Self.names + Self.layers).map { "\($0).json5" }))
  }

  @Test(arguments: Self.names)
  func `loads, with tests that hold`(name: String) throws {
    let engine = try Self.engine(name)
    #expect(engine.policies.map(\.id) == [name])
  }

  @Test(arguments: Self.names + Self.layers)
  func `narrows another one`(name: String) throws {
    var narrowing = try Self.source(name)
    narrowing.place = .chosen
    let engine = try PolicyEngine(
      base: [Self.source("default")], narrowing: [narrowing], variables: variables)
    #expect(engine.judge(try call("shell"), PolicyState(model: nil)).verdict == .deny)
  }

  @Test func `called default shows the model what it could use`() throws {
    let tools = [
      "python", "container.exec", "functions.apply_patch", "browser.search", "browser.open",
      "browser.find", "memory.search", "memory.save", "cloud.ask", "mcp.files.read", "shell",
    ]
    let state = PolicyState(model: "local/nano")
    #expect(
      try Self.engine("default").callableTools(among: tools, state)
        == tools.filter { $0 != "cloud.ask" && $0 != "shell" })
    #expect(
      try Self.engine("offline").callableTools(among: tools, state)
        == ["python", "container.exec", "functions.apply_patch", "memory.search", "memory.save"])
    #expect(try Self.engine("closed").callableTools(among: tools, state) == [])
  }
}
