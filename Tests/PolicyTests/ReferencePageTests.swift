// ReferencePageTests.swift — Docs/policy.md and its neighbours: every policy loads, with its tests.

import Base
import Foundation
import Policy
import TestKit
import Testing

@Suite struct `The reference page` {
  private static func page(_ name: String = "policy") throws -> String {
    String(decoding: try Repository.bytes("Docs/\(name).md"), as: UTF8.self)
  }

  private static func blocks(_ language: String, of name: String = "policy") throws -> [String] {
    try page(name).components(separatedBy: "```\(language)\n").dropFirst().map {
      $0.components(separatedBy: "\n```")[0]
    }
  }

  @Test func `shows policies that load`() throws {
    let blocks = try Self.blocks("json5")
    #expect(blocks.count >= 5)
    let others = try ["BROWSER", "network", "CLOUD", "INJECTION"].flatMap {
      try Self.blocks("json5", of: $0)
    }
    #expect(others.count >= 2)
    for block in blocks + others {
      let source = PolicySource(name: "Docs/policy.md", text: block, place: .chosen)
      let isLayer = block.contains("noMatch: 'inherit'")
      let base = isLayer ? policy("rules: []") : source
      _ = try PolicyEngine(
        base: [base], narrowing: isLayer ? [source] : [], variables: variables)
    }
  }

  @Test func `names every check of lint and every key of a file`() throws {
    let page = try Self.page()
    for check in PolicyFinding.Check.allCases {
      #expect(page.contains("`\(check.rawValue)`"), "\(check.rawValue)")
    }
    let schema = try JSONReader.value(Repository.bytes("Policies/schema.json"), source: "schema")
    for key in schema["properties"]?.objectValue?.keys ?? [] where key != "$schema" {
      #expect(page.contains("`\(key)`") || page.contains("`\(key),"), "\(key)")
    }
    for key in schema["$defs"]?["matcher"]?["properties"]?.objectValue?.keys ?? [] {
      #expect(page.contains("`\(key)"), "\(key)")
    }
  }
}
