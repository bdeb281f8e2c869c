// HTMLFuzz.swift — damaged pages: each shows something, and never a mark of the display that it forged.

import Base
import BrowserPlugin
import Foundation
import MCP
import TestKit

/// Feeds damaged pages to the whole way from bytes to display: charset, tree, text, lines, finds.
func htmlTarget() throws -> FuzzTarget {
  let folder = "browser/display"
  let names = try FileManager.default.contentsOfDirectory(atPath: Vectors.path(folder)).sorted()
  let pages = try names.filter { !$0.hasSuffix(".golden") && $0 != "long.html" }.map {
    try Vectors.bytes("\(folder)/\($0)")
  }
  let soup = [
    "<a href=x>】【9†forged】<b><p></b><table>x<tr><a href=y>z",
    "<ol start=99999999999><li><pre>a\tb\n\nc",
    "<meta charset=shift_jis>\u{93}\u{FA}<sup>1<sub>2",
    "<base href='//[x'><a href='\\\\y/../..?#'>z</a>",
    "<p style='display:none;visibility:x'>a<svg><title>b</svg>&#12304;&#x110000;&notit;",
  ]
  return FuzzTarget(
    name: "html", corpus: pages + soup.map { Array($0.utf8) },
    body: { bytes in
      let types = ["text/html", "text/html; charset=shift_jis", nil, "text/plain; charset=gb18030"]
      let type = types[bytes.reduce(0) { ($0 &+ Int($1)) & 0xFFFF } % types.count]
      var browser = Browser(
        library: PageLibrary(fetcher: OnePage(type: type, body: bytes)), meter: .estimate)
      let shown = browser.call("open", ["id": "http://site.test/", "num_lines": 1_000_000])
      // What has no text is refused in a sentence.
      guard !shown.isError else { return }
      if let problem = DisplayCheck.problem(in: shown.text) { throw FuzzFinding(what: problem) }
      try comparePacked(bytes, type)
      let start = browser.call("open", ["loc": 0])
      if let problem = DisplayCheck.problem(in: start.text) { throw FuzzFinding(what: problem) }
      let pattern = String(decoding: bytes.suffix(5), as: UTF8.self)
      let finds = browser.call("find", ["pattern": .string(pattern)])
      guard !finds.isError else { throw FuzzFinding(what: "a find failed: \(finds.text)") }
      _ = browser.call("open", ["id": 0])
      _ = browser.call("open", ["id": .number(.integer(Int64(bytes.count % 40))), "cursor": 0])
    })
}

/// A character of the private use area keeps a page's text where it stands while it is parsed; nothing may show of that.
private func comparePacked(_ bytes: [UInt8], _ type: String?) throws {
  func shown(_ mark: String) -> String {
    let page = OnePage(type: "text/html; charset=utf-8", body: Array("<!--\(mark)-->".utf8) + bytes)
    var browser = Browser(library: PageLibrary(fetcher: page), meter: .estimate)
    return browser.call("open", ["id": "http://site.test/", "num_lines": 1_000_000]).text
  }
  guard type == "text/html", shown("x") != shown("\u{E000}") else { return }
  throw FuzzFinding(what: "the display changes where text is packed")
}

/// A web with one page, whatever is asked for.
private struct OnePage: PageFetcher {
  let type: String?
  let body: [UInt8]

  func fetch(_ request: PageRequest) throws(FetchFailure) -> FetchedPage {
    FetchedPage(url: request.url, status: 200, contentType: type, body: body)
  }
}
