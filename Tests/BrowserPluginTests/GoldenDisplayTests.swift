// GoldenDisplayTests.swift — whole sessions on whole pages, compared to the character.
//
// A page is a file of Tests/Vectors/browser/display; beside it, NAME.golden holds calls, each a line
// "> TOOL ARGUMENTS", and what each answers. The displays were read, line by line, against the rules of
// Docs/BROWSER.md; they are not to be taken from the program when it changes.

import Base
import BrowserPlugin
import Foundation
import MCP
import TestKit
import Testing

/// A page with the session that is held on it.
struct GoldenSession: CustomStringConvertible, Sendable {
  static let folder = "browser/display"
  static let site = "http://site.test/"

  var name: String

  var description: String { name }

  static let all: [GoldenSession] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: Vectors.path(folder))
    return (files ?? []).filter { !$0.hasSuffix(".golden") }.sorted().map {
      GoldenSession(name: $0)
    }
  }()

  /// Every page is on the site of every session.
  static func web() throws -> StillWeb {
    var web = StillWeb()
    for page in all {
      let types = [
        "html": "text/html", "txt": "text/plain", "json": "application/json",
        "xml": "application/xml",
      ]
      let type =
        types[page.name.split(separator: ".").last.map(String.init) ?? ""] ?? "text/markdown"
      let body = try Vectors.bytes("\(folder)/\(page.name)")
      let name =
        page.name == "address-with-rain.html" ? "address%20with%20%E9%9B%A8.html" : page.name
      web.add(site + name, body, type: type)
    }
    return web
  }
}

/// An engine that knows one query.
struct StillSearch: SearchBackend {
  let name = "still"

  func search(
    _ query: String, countMax: Int, through fetcher: any PageFetcher
  ) throws(FetchFailure) -> [SearchHit] {
    guard query.contains("swifts") else { return [] }
    return [
      SearchHit(
        title: "A found page", url: "http://site.test/search.html", summary: "Swifts return in May."
      ),
      SearchHit(
        title: "Another † 【1†x】", url: "https://other.test/?a=1&b=\"2\"",
        summary: "<b>Not</b> markup & more"),
      SearchHit(title: " ", url: "http://site.test/lists.html", summary: ""),
    ]
  }
}

@Suite struct `A golden session` {
  @Test func `is held on forty pages and more`() { #expect(GoldenSession.all.count >= 40) }

  @Test(arguments: GoldenSession.all)
  func `answers as it did when it was read`(session: GoldenSession) throws {
    var browser = Browser(
      library: PageLibrary(
        fetcher: try GoldenSession.web(), search: SearchDesk(web: StillSearch())), meter: .estimate)
    let golden = String(
      decoding: try Vectors.bytes("\(GoldenSession.folder)/\(session.name).golden"), as: UTF8.self)
    var calls = 0
    for part in golden.components(separatedBy: "\n> ").map({
      $0.hasPrefix("> ") ? String($0.dropFirst(2)) : $0
    }) {
      let lines = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      let words = lines[0].split(separator: " ", maxSplits: 1)
      let arguments = try JSONReader.value(String(words[1]), source: session.name)
      let answer = browser.call(String(words[0]), arguments.objectValue ?? [:]).text
      var expected = String(lines.count > 1 ? lines[1] : "")
      if expected.hasSuffix("\n") { expected.removeLast() }
      #expect(answer == expected, "call \(calls + 1): \(lines[0])")
      calls += 1
    }
    #expect(calls > 0)
  }
}
