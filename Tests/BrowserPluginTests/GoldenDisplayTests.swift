// GoldenDisplayTests.swift — whole sessions on whole pages, compared to the character. `ServedBrowserTests`
// holds the same ones over loopback.

import Base
import BrowserPlugin
import Foundation
import MCP
import TestKit
import Testing

extension GoldenSession {
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
    let steps = try session.steps()
    for (number, step) in steps.enumerated() {
      let answer = browser.call(step.tool, step.arguments).text
      #expect(answer == step.answer, "call \(number + 1): \(step.tool)")
    }
    #expect(!steps.isEmpty)
  }
}
