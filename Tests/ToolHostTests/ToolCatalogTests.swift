// ToolCatalogTests.swift — what manifests say, what is wrong with them, and which tool a name means.

import Base
import Foundation
import Harmony
import TestKit
import Testing
import ToolHost

@Suite struct `A tool catalog` {
  private static func catalog() throws -> ToolCatalog {
    try ToolCatalog(folders: [Repository.path("Tools")])
  }

  @Test func `holds the manifests of the repository`() throws {
    let catalog = try Self.catalog()
    #expect(
      catalog.manifests.map(\.name) == ["apply_patch", "browser", "cloud", "container", "python"])
    #expect(
      catalog.manifests.flatMap { $0.tools.map(\.name) }
        == [
          "functions.apply_patch", "browser.search", "browser.open", "browser.find",
          "cloud.ask", "container.exec", "python",
        ])
    #expect(
      catalog.manifests.map(\.profile) == ["container", "browser", "cloud", "container", "python"])
    #expect(catalog.manifests.map(\.audience) == [.developer, .system, .system, .system, .system])
  }

  @Test func `tells the model of python in the words of its training`() throws {
    let python = try Self.catalog().manifests.first { $0.name == "python" }
    #expect(python?.namespaceDescription == ToolNamespace.python.description)
  }

  @Test(arguments: [
    ("python", "python"), ("functions.python", "python"), ("python.exec", "python"),
    ("container.exec", "container.exec"), ("functions.container.exec", "container.exec"),
    ("functions.apply_patch", "functions.apply_patch"), ("apply_patch", "functions.apply_patch"),
    ("function.apply_patch", "functions.apply_patch"),
    ("repo_browser.apply_patch", "functions.apply_patch"),
    ("exec", nil), ("", nil), ("functions.", nil), ("container", nil),
  ])
  func `knows a tool by the names that models use`(name: String, tool: String?) throws {
    #expect(try Self.catalog().resolve(name)?.tool.name == tool)
  }

  @Test func `refuses two tools of one name`() throws {
    let first = try ToolManifest(text: Array(Self.text().utf8), path: "a/echo/manifest.json")
    let second = try ToolManifest(
      text: Array(Self.text(("\"name\": \"echo\"", "\"name\": \"other\"")).utf8),
      path: "a/other/manifest.json")
    #expect {
      _ = try ToolCatalog([second, first])
    } throws: { error in
      (error as? ToolHostError)?.description == """
        The tool name "fake.echo" is taken by both a/echo/manifest.json and a/other/manifest.json. \
        Rename it in one of them.
        """
    }
  }

  @Test func `passes over a folder that is not there, and prefers the earlier one`() throws {
    let folder = try TemporaryFolder()
    #expect(try ToolCatalog(folders: [folder.path + "/none"]).manifests.isEmpty)
    let twice = [Repository.path("Tools"), Repository.path("Tools")]
    #expect(try ToolCatalog(folders: twice) == Self.catalog())
  }

  /// A manifest with one text in it replaced.
  private static func text(_ change: (String, String)? = nil) -> String {
    let text = """
      { "manifest": 1, "name": "echo", "purpose": "Says it again.", "audience": "system",
        "namespace": { "name": "fake" },
        "tools": [{ "name": "echo", "aliases": ["say"], "calls": "echo" }],
        "command": ["{folder}/echo"], "sandbox": "closed",
        "limits": { "startSeconds": 5, "callSeconds": 5, "outputKiB": 4 } }
      """
    guard let change else { return text }
    guard let range = text.range(of: change.0) else { return "" }
    return text.replacingCharacters(in: range, with: change.1)
  }

  @Test(arguments: [
    (
      "\"manifest\": 1", "\"manifest\": 2", "manifest",
      "must be 1, the only format that this version reads."
    ),
    (
      "\"name\": \"echo\", \"p", "\"name\": \"eco\", \"p", "name",
      "must be the name of the manifest's folder, \"echo\"."
    ),
    ("\"purpose\"", "\"porpoise\"", "purpose", "is missing. Add it."),
    (
      "\"sandbox\": \"closed\",", "\"sandbox\": \"closed\", \"network\": 1,", "network",
      "is no key of a manifest. Remove it, or correct its spelling."
    ),
    ("\"calls\"", "\"call\"", "tools[0].calls", "is missing. Add it."),
    (
      "\"aliases\": [\"say\"]", "\"aliases\": [1]", "tools[0].aliases", "must be a list of strings."
    ),
    ("\"system\"", "\"sistem\"", "audience", "must be \"system\" or \"developer\"."),
    (
      "\"system\"", "\"developer\"", "namespace.name",
      "is \"functions\" for the audience \"developer\", and for no other."
    ),
    (
      "\"callSeconds\": 5", "\"callSeconds\": 0", "limits.callSeconds",
      "must be a whole number from 1 to 86400."
    ),
    ("[\"{folder}/echo\"]", "[]", "command", "is empty. Name the program first."),
    ("{ \"name\": \"fake\" }", "7", "namespace", "must be an object: { … }."),
    ("\"closed\"", "\"../closed\"", "sandbox", "must be 1 to 64 letters, digits, \"_\" or \"-\"."),
  ])
  func `names file, key and remedy of a manifest that is wrong`(
    old: String, new: String, key: String, problem: String
  ) {
    let path = "/tools/echo/manifest.json"
    #expect(throws: ToolHostError.manifest(path: path, key: key, problem: problem)) {
      _ = try ToolManifest(text: Array(Self.text((old, new)).utf8), path: path)
    }
  }

  @Test func `refuses a manifest that is not JSON, with its place`() {
    #expect {
      _ = try ToolManifest(text: Array("{,".utf8), path: "echo/manifest.json")
    } throws: { error in
      "\(error)".hasPrefix("echo/manifest.json, line 1, column 2: ")
        && (error as? ToolHostError)?.exitStatus == 2
    }
  }
}
