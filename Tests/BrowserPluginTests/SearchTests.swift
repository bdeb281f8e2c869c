// SearchTests.swift — each engine's request and reply, the choice in search.json, documents of this machine.

import Base
import BrowserPlugin
import MCP
import Store
import Synchronization
import TestKit
import Testing

/// Keeps what was asked, and answers with one reply.
private final class StandIn: PageFetcher {
  private let asked = Mutex<[PageRequest]>([])
  private let reply: FetchedPage

  init(_ body: String, status: Int = 200, type: String = "application/json") {
    reply = FetchedPage(
      url: "http://engine.test/search", status: status, contentType: type, body: Array(body.utf8))
  }

  func fetch(_ request: PageRequest) throws(FetchFailure) -> FetchedPage {
    asked.withLock { $0.append(request) }
    return reply
  }

  var requests: [PageRequest] { asked.withLock { $0 } }
}

@Suite struct `A search engine` {
  private func backend(
    _ settings: String, _ keys: [String: String] = [:]
  ) throws -> any SearchBackend {
    try SearchSettings.backend(json: Array(settings.utf8)) { keys[$0] }
  }

  private static let replies:
    [(settings: String, reply: String, url: String, header: String, value: String, body: String)] =
      [
        (
          #"{"engine":"searxng","url":"http://127.0.0.1:8888/"}"#,
          #"{"results":[{"title":"A &amp; B","url":"http://a.test/","content":"<b>One</b> two"},{"title":"no address"}],"answers":[]}"#,
          "http://127.0.0.1:8888/search?q=a%20%26%20%C3%BC&format=json", "Accept",
          "application/json", ""
        ),
        (
          #"{"engine":"brave"}"#,
          #"{"web":{"results":[{"title":"A & B","url":"http://a.test/","description":"<strong>One</strong> two"}]}}"#,
          "https://api.search.brave.com/res/v1/web/search?q=a%20%26%20%C3%BC&count=20",
          "X-Subscription-Token", "key", ""
        ),
        (
          #"{"engine":"exa"}"#,
          #"{"results":[{"title":"A & B","url":"http://a.test/","summary":"One two","text":"long"}]}"#,
          "https://api.exa.ai/search", "x-api-key", "key",
          #"{"query":"a & ü","numResults":20,"contents":{"summary":true}}"#
        ),
        (
          #"{"engine":"kagi"}"#,
          #"{"data":[{"t":0,"title":"A & B","url":"http://a.test/","snippet":"One two"},{"t":1,"list":["x"]}]}"#,
          "https://kagi.com/api/v0/search?q=a%20%26%20%C3%BC&limit=20", "Authorization", "Bot key",
          ""
        ),
        (
          #"{"engine":"tavily"}"#,
          #"{"answer":null,"results":[{"title":"A & B","url":"http://a.test/","content":"One two","score":0.5}]}"#,
          "https://api.tavily.com/search", "Authorization", "Bearer key",
          #"{"query":"a & ü","max_results":20}"#
        ),
        (
          #"{"engine":"you"}"#,
          #"{"results":{"web":[{"title":"A & B","url":"http://a.test/","snippets":["One","two"]}]}}"#,
          "https://api.ydc-index.io/v1/search?query=a%20%26%20%C3%BC&count=20", "X-API-Key", "key",
          ""
        ),
      ]

  @Test(arguments: 0..<6)
  func `is asked as its documents say, and its reply is read`(number: Int) throws {
    let engine = Self.replies[number]
    let keys = Dictionary(
      uniqueKeysWithValues: ["BRAVE", "EXA", "KAGI", "TAVILY", "YDC"].map {
        ("\($0)_API_KEY", "key")
      })
    let standIn = StandIn(engine.reply)
    let hits = try backend(engine.settings, keys).search("a & ü", countMax: 20, through: standIn)
    #expect(hits == [SearchHit(title: "A & B", url: "http://a.test/", summary: "One two")])
    let request = try #require(standIn.requests.first)
    #expect(request.url == engine.url)
    #expect(request.headers.contains { $0.0 == engine.header && $0.1 == engine.value })
    #expect(String(decoding: request.body, as: UTF8.self) == engine.body)
    #expect(request.method == (engine.body.isEmpty ? "GET" : "POST"))
  }

  @Test func `may be Kiwix, whose page of results is read`() throws {
    let page = """
      <html><head><title>Search</title></head><body><div class="results"><ul>
      <li><a href="/content/wiki/Swift"> Common <b>swift</b> </a><cite>A <b>swift</b> is a bird.</cite>
      <div class="informations">from Wikipedia</div></li>
      <li><a href="/content/wiki/Roof">Roof</a></li></ul></div></body></html>
      """
    let standIn = StandIn(page, type: "text/html")
    let engine = try backend(#"{"engine":"kiwix","url":"http://kiwix.test:8080","books":"wiki"}"#)
    let hits = try engine.search("swift", countMax: 20, through: standIn)
    #expect(
      hits == [
        SearchHit(
          title: "Common swift", url: "http://engine.test/content/wiki/Swift",
          summary: "A swift is a bird. from Wikipedia"),
        SearchHit(title: "Roof", url: "http://engine.test/content/wiki/Roof", summary: ""),
      ])
    #expect(
      standIn.requests.first?.url
        == "http://kiwix.test:8080/search?pattern=swift&start=1&pageLength=20&books.name=wiki")
  }

  @Test(arguments: [
    (
      "", 403,
      "The search engine searxng answered with status 403. Its settings have to list \"json\" under search.formats."
    ),
    (
      "", 429,
      "The search engine searxng answered with status 429. It wants fewer queries; try again later."
    ),
    ("<html>", 200, "The search engine searxng sent a reply that cannot be read."),
    (#"{"results":{}}"#, 200, "The search engine searxng sent a reply that cannot be read."),
    ("[[[[", 200, "The search engine searxng sent a reply that cannot be read."),
  ])
  func `that does not answer is told of in a sentence`(
    body: String, status: Int, expected: String
  ) throws {
    let engine = try backend(#"{"engine":"searxng","url":"http://s.test"}"#)
    var browser = Browser(
      library: PageLibrary(fetcher: StandIn(body, status: status), search: SearchDesk(web: engine)),
      meter: .estimate)
    let result = browser.call("search", ["query": "swifts"])
    #expect(result.text == "Error during search for `swifts`: \(expected)")
    #expect(result.isError)
  }

  @Test(arguments: [
    ("", "is not JSON"), ("[]", "has to be one object"),
    ("{}", "has to name an \"engine\": searxng, brave, exa, kagi, kiwix, tavily, you"),
    (#"{"engine":"google"}"#, "has to name an \"engine\""),
    (#"{"engine":"searxng"}"#, "has to say with \"url\" where searxng is"),
    (#"{"engine":"searxng","url":"ftp://x"}"#, "has to say with \"url\""),
    (#"{"engine":"searxng","url":7}"#, "has a \"url\" that is no string"),
    (#"{"engine":"exa","key":"x"}"#, "has the key \"key\", which means nothing there"),
    (#"{"engine":"exa"}"#, "needs a key in the environment variable EXA_API_KEY"),
  ])
  func `that is chosen wrongly is told of when it is needed`(settings: String, expected: String) {
    do {
      _ = try backend(settings)
      Issue.record("nothing was thrown")
    } catch let failure as FetchFailure {
      #expect(failure.message.contains(expected))
    } catch {
      Issue.record("\(error)")
    }
  }
}

@Suite struct `Documents of this machine` {
  private func browser(_ folder: TemporaryFolder) throws -> Browser {
    let index = try DocumentIndex(path: folder.path + "/index.sqlite")
    try index.noteFolder("/home/u/notes", at: UnixTime(milliseconds: 0))
    let files: [(String, String)] = [
      (
        "/home/u/notes/swifts of the city.html",
        "<title>City swifts</title><p>They nest under <a href='roofs.md'>roofs</a>, see <a href='https://a.test/'>there</a>."
      ),
      ("/home/u/notes/roofs.md", "# Roofs\n\nTiles, and 【1†no link】 for swifts.\n"),
      ("/home/u/notes/plain.txt", "Nothing of interest."),
    ]
    let documents = try files.map { path, text in
      let document = try DocumentMaker.document(Array(text.utf8), path: path)
      return NewDocument(
        path: path, title: document.title, text: document.text, links: document.links,
        stamp: FileStamp(bytes: 0, modified: 0))
    }
    try index.save(documents, in: "/home/u/notes")
    let reader = try DocumentIndex(path: folder.path + "/index.sqlite", access: .readOnly)
    return Browser(
      library: PageLibrary(
        fetcher: NoNetwork(), search: SearchDesk(documents: IndexedDocuments(reader))),
      meter: .estimate)
  }

  @Test func `are searched, opened, followed and searched in like pages`() throws {
    let folder = try TemporaryFolder()
    var browser = try browser(folder)
    #expect(
      browser.call("search", ["query": "swifts"]).text == """
        [0] swifts
        **viewing lines [0 - 5] of 5**

        L0: \("")
        L1: URL: \("")
        L2: # Search Results
        L3: \("")
        L4:   * 【0†City swifts】 They nest under roofs, see there.
        L5:   * 【1†Roofs】 # Roofs Tiles, and 〖1†no link〗 for swifts.
        """)
    #expect(
      browser.open(["id": 0]) == """
        [1] City swifts (file:///home/u/notes/swifts of the city.html)
        **viewing lines [0 - 2] of 2**

        L0: \("")
        L1: URL: file:///home/u/notes/swifts%20of%20the%20city.html
        L2: They nest under 【0†roofs】, see 【1†there†a.test】.
        """)
    #expect(browser.open(["id": 0]).contains("[2] Roofs (file:///home/u/notes/roofs.md)"))
    #expect(browser.find(["pattern": "tiles"]).contains("# 【0†match at L4】"))
    #expect(
      browser.open(["id": 1, "cursor": 1])
        == "Error fetching URL `https://a.test/`: This browser has no network here; only indexed documents can be searched and opened."
    )
    #expect(
      browser.open(["id": "file:///home/u/notes/plain.txt"]).hasPrefix(
        "[4] plain.txt (file:///home/u/notes/plain.txt)"))
    #expect(
      browser.open(["id": "file:///etc/passwd"]).hasSuffix(
        "Files are read only where they were indexed."))
  }

  @Test func `are searched beside the web where that is wanted`() throws {
    let folder = try TemporaryFolder()
    var browser = try browser(folder)
    #expect(browser.call("search", ["query": "tiles", "source": "local"]).text.contains("Roofs"))
    #expect(
      browser.call("search", ["query": "unknownword"]).text.contains("L4: Nothing was found."))
    #expect(
      browser.find(["pattern": "x"])
        == "Cannot run `find` on search results page or find results page")
  }

  @Test(arguments: ["/a b/ü?#%.txt", "/plain", "/日本/x.html"])
  func `have addresses that lead back to their paths`(path: String) {
    #expect(DocumentMaker.path(ofURL: DocumentMaker.url(ofFile: path)) == path)
  }

  @Test(arguments: ["http://x", "file://host/x", "file:///%FF", ""])
  func `have no other addresses`(url: String) { #expect(DocumentMaker.path(ofURL: url) == nil) }
}
