// BrowserTests.swift — the stack of pages, and the three functions on it, word for word.

import Base
import BrowserPlugin
import MCP
import TestKit
import Testing

@Suite struct `The browser` {
  private func session() -> Browser {
    var web = StillWeb()
    web.add("http://site.test/", Array("<title>Home</title><p>Start. <a href=/two>Two</a>".utf8))
    let lines = (0..<60).map { "<li>item \($0)" }.joined()
    web.add("http://site.test/two", Array("<title>Two</title><ul>\(lines)</ul>".utf8))
    return Browser(library: PageLibrary(fetcher: web), meter: .estimate)
  }

  @Test func `opens, follows, scrolls, each display under a cursor of its own`() {
    var browser = session()
    #expect(
      browser.open(["id": "http://site.test/"]) == """
        [0] Home (http://site.test/)
        **viewing lines [0 - 2] of 2**

        L0: \("")
        L1: URL: http://site.test/
        L2: Start. 【0†Two】
        """)
    #expect(
      browser.open(["id": 0, "num_lines": 3]).hasPrefix(
        "[1] Two (http://site.test/two)\n**viewing lines [0 - 2] of 61**\n\nL0: \nL1: URL: http://site.test/two\nL2: * item 0"
      ))
    #expect(
      browser.open(["loc": 60]) == """
        [2] Two (http://site.test/two)
        **viewing lines [60 - 61] of 61**

        L60:   * item 58
        L61:   * item 59
        """)
    // The link of an earlier page, and that page again.
    #expect(browser.open(["id": 0, "cursor": 0, "num_lines": 1]).hasPrefix("[3] Two"))
    #expect(
      browser.open(["cursor": 0, "loc": 2]).hasPrefix(
        "[4] Home (http://site.test/)\n**viewing lines [2 - 2] of 2**"))
  }

  @Test func `tells programs which page a display is of`() {
    var browser = session()
    let result = browser.call("open", ["id": "http://site.test/"])
    #expect(result.structured == ["cursor": 0, "title": "Home", "url": "http://site.test/"])
    #expect(!result.isError)
  }

  @Test(
    arguments: [
      (["id": 7], "Invalid link id `7`."),
      (["cursor": 5], "Cursor `5` is out of range. Available cursor indices: [0 - 0]."),
      (["cursor": -2], "Cursor `-2` is out of range. Available cursor indices: [0 - 0]."),
      (["loc": 3], "Invalid location parameter: `3`. Cannot exceed page maximum of 2."),
      (
        ["loc": 9_223_372_036_854_775_807],
        "Invalid location parameter: `9223372036854775807`. Cannot exceed page maximum of 2."
      ),
      (
        ["id": "http://gone.test/"],
        "Error fetching URL `http://gone.test/`: There is no such page."
      ),
      (["id": ""], "Error fetching URL ``: It is no address that can be opened."),
      (
        ["id": "javascript:alert(1)"],
        "Error fetching URL `javascript:alert(1)`: It is no address that can be opened."
      ),
      (
        ["id": "file:///etc/passwd"],
        "Error fetching URL `file:///etc/passwd`: It is no indexed document. Files are read only where they were indexed."
      ),
      (["id": true], "Invalid function arguments: `id` should be an integer or a string."),
      (["id": 1.5], "Invalid function arguments: `id` should be an integer or a string."),
      (["cursor": "x"], "Invalid function arguments: `cursor` should be an integer."),
      (["loc": [1]], "Invalid function arguments: `loc` should be an integer."),
      (["num_lines": 1e300], "Invalid function arguments: `num_lines` should be an integer."),
      (
        ["view_source": "yes"], "Invalid function arguments: `view_source` should be true or false."
      ),
    ] as [(JSONObject, String)])
  func `says what is wrong with a call, and pushes nothing`(arguments: JSONObject, expected: String)
  {
    var browser = session()
    _ = browser.open(["id": "http://site.test/"])
    let result = browser.call("open", arguments)
    #expect(result.text == expected)
    #expect(result.isError)
    #expect(browser.open([:]).hasPrefix("[1] Home"))
  }

  @Test func `has no page before the first is opened`() {
    var browser = session()
    #expect(browser.open([:]) == "No pages to access!")
    #expect(browser.open(["cursor": 0]) == "No pages to access!")
    #expect(browser.find(["pattern": "x"]) == "No pages to access!")
    #expect(browser.call("close", [:]).text == "Unknown function: close")
  }

  @Test func `takes numbers as models write them`() {
    var browser = session()
    _ = browser.open(["id": "http://site.test/"])
    #expect(browser.open(["id": "0", "num_lines": "1"]).hasPrefix("[1] Two"))
    #expect(browser.open(["id": 0.0, "cursor": 0, "loc": nil]).hasPrefix("[2] Two"))
    #expect(browser.open(["num_lines": 9_223_372_036_854_775_807]).hasPrefix("[3] Two"))
  }

  @Test func `finds in single lines, and its finds lead back to their lines`() {
    var browser = session()
    _ = browser.open(["id": "http://site.test/two"])
    #expect(
      browser.find(["pattern": "ITEM 5"]) == """
        [1] Find results for text: `item 5` in `Two` (http://site.test/two/find?pattern=item 5)
        **viewing lines [0 - 20] of 20**

        L0: # 【0†match at L7】
        L1:   * item 5
        L2:   * item 6
        L3:   * item 7
        L4:   * item 8
        L5: \("")
        L6: # 【1†match at L52】
        L7:   * item 50
        L8:   * item 51
        L9:   * item 52
        L10:   * item 53
        L11: \("")
        L12: # 【2†match at L56】
        L13:   * item 54
        L14:   * item 55
        L15:   * item 56
        L16:   * item 57
        L17: \("")
        L18: # 【3†match at L60】
        L19:   * item 58
        L20:   * item 59
        """)
    #expect(
      browser.open(["id": 1]).hasPrefix(
        "[2] Two (http://site.test/two)\n**viewing lines [48 - 61] of 61**\n\nL48:   * item 46"))
  }

  @Test func `finds nothing in words, and not in finds`() {
    var browser = session()
    _ = browser.open(["id": "http://site.test/two"])
    #expect(
      browser.find(["pattern": "No`such"]) == """
        [1] Find results for text: `no`such` in `Two` (http://site.test/two/find?pattern=no`such)
        **viewing lines [0 - 0] of 0**

        L0: No `find` results for pattern: `no`such`
        """)
    #expect(
      browser.find(["pattern": "x"])
        == "Cannot run `find` on search results page or find results page")
    #expect(browser.find(["pattern": "item 1", "cursor": 0]).hasPrefix("[2] Find results"))
    #expect(browser.find([:]) == "Invalid function arguments: `pattern` is missing.")
  }

  @Test func `finds text under links, and at most fifty times`() {
    let html = (0..<120).map { "<p>before <a href=/\($0)>needle here</a></p><p>a<p>b" }.joined()
    var browser = browser(html)
    _ = browser.open(["id": "http://site.test/page"])
    let display = browser.find(["pattern": "before needle"])
    #expect(display.contains("L0: # 【0†match at L2】\nL1: before needle here\nL2: \nL3: a\n"))
    let all = browser.open(["num_lines": 1000])
    #expect(all.contains("【49†match"))
    #expect(!all.contains("【50†"))
  }

  @Test func `shows a page as it was sent where that is wanted`() {
    var browser = session()
    let display = browser.open(["id": "http://site.test/", "view_source": true])
    #expect(
      display == """
        [0] site.test (view-source:http://site.test/)
        **viewing lines [0 - 2] of 2**

        L0: \("")
        L1: URL: view-source:http://site.test/
        L2: <title>Home</title><p>Start. <a href=/two>Two</a>
        """)
    _ = browser.open(["id": "http://site.test/"])
    #expect(
      browser.open(["view_source": true]).hasPrefix("[2] site.test (view-source:http://site.test/)")
    )
    #expect(
      browser.open(["id": 0, "cursor": 1, "view_source": true]).contains("L2: <title>Two</title>"))
  }

  @Test func `says that there is no search`() {
    var browser = session()
    #expect(
      browser.call("search", ["query": "swifts", "topn": 3]).text == """
        Error during search for `swifts`: There is no search here: no search engine is configured, and no \
        documents are indexed. Pages can be opened by their address.
        """)
    #expect(browser.call("search", [:]).text == "Invalid function arguments: `query` is missing.")
  }

  @Test func `says what a server answered, and which kinds of page cannot be shown`() {
    var web = StillWeb()
    web.pages["http://site.test/"] = FetchedPage(
      url: "http://site.test/", status: 404, contentType: "text/html", body: [])
    web.add("http://site.test/i", Array("GIF89a".utf8), type: "image/gif")
    var browser = Browser(library: PageLibrary(fetcher: web), meter: .estimate)
    #expect(
      browser.open(["id": "http://site.test/"])
        == "Error fetching URL `http://site.test/`: The server answered with status 404.")
    #expect(
      browser.open(["id": "http://site.test/i"])
        == "Error fetching URL `http://site.test/i`: The page is of the type \"image/gif\" (6 bytes), which cannot be shown as text."
    )
  }

  @Test func `gives up the oldest pages where all would take too much`() {
    var web = StillWeb()
    let body = Array(String(repeating: "some words of text ", count: 100_000).utf8)
    for number in 0..<60 { web.add("http://site.test/\(number)", body, type: "text/plain") }
    var browser = Browser(library: PageLibrary(fetcher: web), meter: .estimate)
    for number in 0..<60 { _ = browser.open(["id": .string("http://site.test/\(number)")]) }
    #expect(
      browser.open(["cursor": 0])
        == "The page at cursor `0` is not kept any more. Open `http://site.test/0` again.")
    #expect(browser.open(["cursor": 59]).hasPrefix("[60] "))
    #expect(browser.open(["id": "http://site.test/0"]).hasPrefix("[61] "))
  }
}
