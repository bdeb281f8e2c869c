// SchemaTests.swift — the published schema of the format: it takes every policy that loads here, and
// refuses what does not.

import Base
import Foundation
import Policy
import TestKit
import Testing

@Suite struct `The policy schema` {
  private static func schema() throws -> JSONSchema {
    try JSONSchema(
      JSONReader.value(Repository.bytes("Policies/schema.json"), source: "schema.json"),
      source: "Policies/schema.json")
  }

  private static func json(_ path: String) throws -> JSONValue {
    try PolicySource(name: path, bytes: try Repository.bytes(path), place: .chosen).json()
  }

  @Test(
    arguments: (`A shipped policy`.names + `A shipped policy`.layers).map {
      "Policies/\($0).json5"
    }
      + ["system", "user", "project", "own", "own-narrow"].map {
        "Tests/Vectors/policy/\($0).json5"
      })
  func `takes what ships and what is golden`(path: String) throws {
    #expect(try Self.schema().problem(with: try Self.json(path)) == nil)
  }

  /// Random policies of the engine's own tests, which all load.
  @Test func `takes random policies that load`() throws {
    let schema = try Self.schema()
    for seed in 1...UInt64(150) {
      var dice = RandomPolicies(seed: seed)
      for layer in dice.layers() {
        let json = try PolicySource(name: "random", text: layer.json5, place: .chosen).json()
        #expect(schema.problem(with: json) == nil, "\(layer.json5)")
      }
    }
  }

  @Test(arguments: [
    "ruls: []", "id: 'a b'", "revision: -1", "revision: 1.5", "layer: 'admin'",
    "defaults: { noMatch: 'allow' }", "defaults: { extraArgs: 'allow' }",
    "ask: { remember: 'always' }",
    "ask: { onTimeout: 'allow' }", "refusals: 'ignore'", "lock: ['rules']", "sets: { a: [] }",
    "sets: { a: ['@b'] }", "origins: { task: { tool: 'a' } }", "origins: { a: {} }",
    "sandbox: { profiles: {} }", "sandbox: { minimum: { tier: 'none' } }",
    "labels: { sources: [ { tool: 'a', add: [] } ] }",
    "labels: { content: [ { id: 'a', re: 'b' } ] }",
    "effects: { 'a b': ['read'] }", "effects: { a: ['eat'] }",
    "rules: [ { id: 'a', effect: 'allow' } ]",
    "rules: [ { id: 'a', effect: 'allow', tool: '' } ]",
    "rules: [ { id: 'a', effect: 'allow', tool: 'a*b' } ]",
    "rules: [ { id: 'a', effect: 'permit', tool: 't' } ]",
    "rules: [ { id: 'a', effect: 'allow', tool: 't', arg: 'any' } ]",
    "rules: [ { id: 'a', effect: 'allow', tool: 't', args: 'all' } ]",
    "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { x: {} } } ]",
    "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { x: { any: false } } } ]",
    "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { x: { each: 'host', any: true } } } ]",
    "rules: [ { id: 'a', effect: 'deny', tool: 't', sandbox: 'p' } ]",
    "rules: [ { id: 'a', effect: 'allow', tool: 't', manifest: 'md5:00' } ]",
    "rules: [ { id: 'a', effect: 'allow', tool: 't', after: ['x'] } ]",
    "rules: [ { id: 'a', effect: 'allow', tool: 't', notFrom: ['task'] } ]",
    "rules: [ { id: 'a', effect: 'allow', tool: 't', can: [] } ]",
    "rules: [ { id: 'a', effect: 'deny', tool: 't', from: ['task'] } ]",
    "rules: [ { id: 'a', effect: 'deny', tool: 't', canOnly: ['read'] } ]",
    "rules: [ { id: 'a', effect: 'deny', tool: 't', notTool: [] } ]",
    "flow: [ { id: 'F', when: {}, sink: ['send'], then: 'ask' } ]",
    "flow: [ { id: 'F', when: { context: ['a'] }, sink: ['send'], then: 'allow' } ]",
    "flow: [ { id: 'F', when: { context: ['a'] }, sink: [], then: 'ask' } ]",
    "budgets: { b: { per: 'week', calls: 1 } }", "budgets: { b: { per: 'day' } }",
    "models: { 'local/*': {} }", "cloud: { enable: true }", "audit: { required: false }",
    "signing: { keys: ['rsa:00'] }", "tests: [ { tool: 'a' } ]",
    "tests: [ { tool: 'a', verdict: 'maybe' } ]",
  ])
  func `refuses what the loader refuses`(members: String) throws {
    let text =
      members.hasPrefix("id:")
      ? "{ schema: 'tool-policy/1', \(members) }"
      : "{ schema: 'tool-policy/1', id: 'p', \(members) }"
    let source = PolicySource(name: "p", text: text, place: .chosen)
    #expect(try Self.schema().problem(with: source.json()) != nil)
    #expect(throws: PolicyError.self) { try PolicyEngine(base: [source], variables: variables) }
  }
}
