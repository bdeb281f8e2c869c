// TidyTests.swift — what a machine can judge about the repository, so that people need not.

import Foundation
import TestKit
import Testing

@Suite struct `The repository` {
  /// Targets by floor, from the ground up; `Docs/ARCHITECTURE.md` draws the same picture.
  static let floors: [[String]] = [
    ["CKernels", "CSandbox", "CMarkup", "CSQLite", "CCrypto", "CCurl", "CGumbo"],
    ["Base", "Digests", "Transfer"],
    ["ModelFiles", "Tokenizer", "Policy", "MCP", "Sandbox", "Store", "Hub", "Providers"],
    // The plugins lie in folders of `Sources/Plugins`.
    [
      "Inference", "Harmony", "ToolHost", "Plugins", "BrowserPlugin", "CloudPlugin",
      "ExecutionPlugin",
    ],
    ["Planner"],
    ["Runtime"],
    ["CLI"],
    ["martlet"],
  ]

  @Test func `imports only lower floors`() throws {
    var floorOf: [String: Int] = [:]
    for (floor, targets) in Self.floors.enumerated() {
      for target in targets { floorOf[target] = floor }
    }
    var findings: [String] = []
    for file in try SourceFile.all(under: "Sources", suffix: ".swift") {
      let target = file.path.split(separator: "/")[1]
      guard let floor = floorOf[String(target)] else {
        findings.append("\(file.path): the target \(target) has no floor; add it to TidyTests")
        continue
      }
      for (number, line) in file.numberedLines {
        let words = line.split(separator: " ").drop { ["public", "package"].contains($0) }
        guard words.first == "import", let module = words.dropFirst().first else { continue }
        guard let imported = floorOf[String(module)] else { continue }
        if imported >= floor {
          findings.append("\(file.path):\(number): imports \(module), which is not a lower floor")
        }
      }
    }
    #expect(findings == [])
  }

  /// Each banned text, what to use instead, and the folders where it is allowed after all.
  static let banned: [(text: String, instead: String, allowedIn: [String])] = [
    ("try!", "a typed throw", []),
    (" as! ", "a checked cast", []),
    ("@unchecked Send" + "able", "a Mutex, an actor or a value", []),
    ("Task.detac" + "hed", "a structured task or a thread of its own", []),
    (
      "print(", "Output or Progress of the CLI",
      // Python's own print, in programs and in the texts about it.
      ["Tests/", "Sources/Plugins/Execution/Python", "Sources/CLI/Doctor"]
    ),
    ("fatalError(", "a typed throw, or precondition for a bug of the caller", []),
  ]

  @Test func `keeps to the words of the house`() throws {
    var findings: [String] = []
    let files =
      try SourceFile.all(under: "Sources", suffix: ".swift")
      + SourceFile.all(under: "Tests", suffix: ".swift").filter { !$0.path.hasPrefix("Tests/Tidy") }
    for file in files {
      for (number, line) in file.numberedLines
      where !line.trimmingCharacters(in: .whitespaces).hasPrefix("//") {
        for rule in Self.banned
        where line.contains(rule.text) && !rule.allowedIn.contains(where: file.path.hasPrefix) {
          findings.append("\(file.path):\(number): \(rule.text), use \(rule.instead)")
        }
      }
    }
    #expect(findings == [])
  }

  @Test func `opens each file with its name and purpose`() throws {
    let files =
      try SourceFile.all(under: "Sources", suffix: ".swift")
      + SourceFile.all(under: "Tests", suffix: ".swift")
    let findings = files.compactMap { file in
      let name = file.path.split(separator: "/").last.map(String.init) ?? ""
      return file.text.hasPrefix("// \(name) — ") || file.text.hasPrefix("// swift-tools-version")
        ? nil : "\(file.path): the first line is not \"// \(name) — what it is for\""
    }
    #expect(findings == [])
  }

  @Test func `has no dead relative link in its documents`() throws {
    var findings: [String] = []
    for file in try SourceFile.all(under: "", suffix: ".md") {
      let folder = URL(filePath: Repository.path(file.path)).deletingLastPathComponent()
      for (number, line) in file.numberedLines {
        for match in line.matches(of: #/\]\(([^)#\s]+)(#[^)\s]*)?\)/#) {
          let link = String(match.1)
          guard !link.contains("://"), !link.hasPrefix("mailto:") else { continue }
          let target = folder.appending(path: link).path(percentEncoded: false)
          if !FileManager.default.fileExists(atPath: target) {
            findings.append("\(file.path):\(number): \(link) does not exist")
          }
        }
      }
    }
    #expect(findings == [])
  }

  @Test func `names only types that exist in its architecture page`() throws {
    let page = try String(contentsOfFile: Repository.path("Docs/ARCHITECTURE.md"), encoding: .utf8)
    let sources = try SourceFile.all(under: "Sources", suffix: ".swift").map(\.text).joined()
    let section = page.components(separatedBy: "## Core types").dropFirst().first ?? ""
    let names = section.components(separatedBy: "\n## ").first?.matches(of: #/`([A-Z]\w+)`/#)
    let missing = (names ?? []).map { String($0.1) }.filter { name in
      !["struct", "class", "enum", "actor", "protocol"].contains {
        sources.contains("\($0) \(name)")
      }
    }
    #expect(names?.isEmpty == false)
    #expect(missing == [])
  }

  @Test func `knows where each test vector came from`() throws {
    let manifest = try Vectors.manifest()
    let folder = Repository.path("Tests/Vectors")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { path in
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(
        atPath: folder + "/" + path, isDirectory: &isFolder)
      return exists && !isFolder.boolValue && path != "MANIFEST.json"
    }
    #expect(Set(files).subtracting(manifest.keys) == [], "files that MANIFEST.json does not list")
    #expect(Set(manifest.keys).subtracting(files) == [], "files that are listed but absent")
  }
}

/// A text file of the repository.
struct SourceFile {
  /// Relative to the root.
  let path: String
  let text: String

  var numberedLines: [(Int, String)] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map {
      ($0.offset + 1, String($0.element))
    }
  }

  static func all(under folder: String, suffix: String) throws -> [SourceFile] {
    let root = Repository.path(folder)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: root)
    return try paths.filter { $0.hasSuffix(suffix) && !$0.hasPrefix(".") }.sorted().map { path in
      let relative = folder.isEmpty ? path : folder + "/" + path
      let text = try String(contentsOfFile: Repository.path(relative), encoding: .utf8)
      return SourceFile(path: relative, text: text)
    }
  }
}
