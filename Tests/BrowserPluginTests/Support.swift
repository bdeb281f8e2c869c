// Support.swift — a web that is made of values, and a browser on it.

import Base
import BrowserPlugin
import MCP
import TestKit
import Tokenizer

/// Pages by address; everything else is not there.
struct StillWeb: PageFetcher {
  var pages: [String: FetchedPage] = [:]

  func fetch(_ request: PageRequest) throws(FetchFailure) -> FetchedPage {
    guard let page = pages[request.url] else {
      throw FetchFailure(message: "There is no such page.")
    }
    return page
  }

  mutating func add(_ url: String, _ body: [UInt8], type: String? = "text/html; charset=utf-8") {
    pages[url] = FetchedPage(url: url, status: 200, contentType: type, body: body)
  }
}

/// A browser that was given one page, and what it shows of it.
func browser(
  _ html: String, url: String = "http://site.test/page", type: String? = "text/html; charset=utf-8"
) -> Browser {
  browser(Array(html.utf8), url: url, type: type)
}

func browser(
  _ body: [UInt8], url: String = "http://site.test/page", type: String? = "text/html; charset=utf-8"
) -> Browser {
  var web = StillWeb()
  web.add(url, body, type: type)
  return Browser(library: PageLibrary(fetcher: web), meter: .estimate)
}

/// The lines of a page without their numbers, after the one about its address.
func text(
  _ html: String, url: String = "http://site.test/page", type: String? = "text/html; charset=utf-8"
) -> String {
  text(Array(html.utf8), url: url, type: type)
}

func text(
  _ body: [UInt8], url: String = "http://site.test/page", type: String? = "text/html; charset=utf-8"
) -> String {
  var browser = browser(body, url: url, type: type)
  let result = browser.call("open", ["id": .string(url), "num_lines": 1_000_000])
  return plain(result.text)
}

/// A display without its head, its numbers and the address.
func plain(_ display: String) -> String {
  let lines = display.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(3)
  return lines.dropFirst(2).map { line in
    String(line.drop { $0 != ":" }.dropFirst(2))
  }.joined(separator: "\n")
}

extension Browser {
  mutating func open(_ arguments: JSONObject) -> String { call("open", arguments).text }

  mutating func find(_ arguments: JSONObject) -> String { call("find", arguments).text }
}
