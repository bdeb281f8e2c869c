// BrowsingTests.swift — whole runs that open pages: from the model's call to the broker and its record.

import Base
import TestKit
import Testing

@Suite struct `A run that opens a page` {
  private static func open(_ url: String) -> [String] {
    [Turn.call("browser.open", "{\"id\":\"\(url)\"}"), Turn.answer("Done.")]
  }

  /// Opening is allowed; what may be fetched, `fetch` says.
  private static func policy(_ fetch: String) -> String {
    """
    { id: 'open', effect: 'allow', tool: 'browser.open', args: 'any', sandbox: 'browser' },
    \(fetch)
    """
  }

  private static func fetchRule(
    _ port: Int?, effect: String = "allow", host: String = "127.0.0.1"
  ) -> String {
    let ports = port.map { ", port: [\($0)]" } ?? ""
    return """
      { id: 'fetch', effect: '\(effect)', tool: 'web.fetch',
        args: { url: { scheme: ['http'], host: ['\(host)']\(ports) }, method: { oneOf: ['GET'] } } }
      """
  }

  @Test func `shows it and records where the bytes came from`() throws {
    let web = try WebStandIn()
    let home = try Home()
    let url = web.url("/?q=1")
    let result = try home.run(
      script: Self.open(url), ["--policy", "demo-web", "What does it say?"])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output == "Done.\n")
    let events = try home.lastEvents()
    let answer = try #require(events.named("tool.answered").first)
    #expect(answer["status"] == "succeeded")
    #expect(answer["text"]?.stringValue?.contains("Words.") == true, "\(answer)")
    let judged = try #require(events.named("egress.judged").first)
    #expect(judged["verdict"] == "allow")
    #expect(judged["rules"] == ["fetch-loopback"])
    #expect(judged["host"] == "127.0.0.1")
    #expect(judged["port"]?.intValue == web.ports["plain"])
    #expect(judged["claimed"]?["url"]?.stringValue == url)
    #expect(judged["claimed"]?["method"] == "GET")
    let ended = events.named("egress.ended")
    // The page, and the site's robots.txt beside it.
    #expect(
      ended.compactMap { $0["claimed"]?["purpose"]?.stringValue }.sorted() == ["page", "robots"])
    for event in ended {
      #expect(event["address"] == "127.0.0.1")
      #expect(event["rule"] == "fetch-loopback")
      #expect(event["ending"]?.stringValue == "closed")
      #expect((event["received_bytes"]?.intValue ?? 0) > 50)
      #expect((event["sent_bytes"]?.intValue ?? 0) > 50)
    }
    // Each decision stands before what came of it, and all of it before the answer of the call.
    let names = events.names
    let order = ["policy.judged", "egress.judged", "egress.ended", "tool.answered"].compactMap {
      names.firstIndex(of: $0)
    }
    #expect(order.count == 4 && order == order.sorted())
    #expect(events.last?["event"] == "run.finished")
    #expect(try home.run("session", "verify").exitCode == 0)
    #expect(try web.log() == ["GET /robots.txt", "GET /?q=1"])
  }

  @Test func `takes a name of this machine`() throws {
    let web = try WebStandIn()
    let home = try Home()
    let url = "http://localhost:\(web.ports["plain"] ?? 0)/"
    let result = try home.run(
      script: Self.open(url), ["--policy", "demo-web", "What does it say?"])
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  @Test func `is refused with the reason where no rule opens the host`() throws {
    let web = try WebStandIn()
    let home = try Home()
    try home.setPolicy(Self.policy(Self.fetchRule(nil, host: "example.com")))
    let result = try home.run(script: Self.open(web.url("/")), ["What does it say?"])
    #expect(result.exitCode == 3, "\(result.errors)")
    let events = try home.lastEvents()
    let answer = try #require(events.named("tool.answered").first)
    #expect(answer["status"] == "refused")
    #expect(
      answer["text"]?.stringValue?.contains("The policy does not open http://127.0.0.1") == true,
      "\(answer)")
    #expect(events.named("egress.judged").first?["verdict"] == "deny")
    #expect(events.named("egress.ended").isEmpty)
    #expect(try web.log() == [])
  }

  @Test func `is judged anew at each redirect`() throws {
    let web = try WebStandIn()
    let home = try Home()
    try home.setPolicy(Self.policy(Self.fetchRule(web.ports["plain"])))
    let target = web.url("/", port: "second")
    let result = try home.run(script: Self.open(web.url("/to?\(target)")), ["What does it say?"])
    #expect(result.exitCode == 3, "\(result.errors)")
    let events = try home.lastEvents()
    let judged = events.named("egress.judged").filter { $0["claimed"]?["purpose"] == "page" }
    #expect(judged.compactMap { $0["verdict"]?.stringValue } == ["allow", "deny"])
    #expect(judged.last?["claimed"]?["url"]?.stringValue == target)
    #expect(judged.last?["claimed"]?["hop"] == 1)
    #expect(try web.log() == ["GET /robots.txt", "GET /to?\(target)"])
  }

  @Test func `needs a person where the rule asks and nobody is there`() throws {
    let web = try WebStandIn()
    let home = try Home()
    try home.setPolicy(Self.policy(Self.fetchRule(web.ports["plain"], effect: "ask")))
    let result = try home.run(script: Self.open(web.url("/")), ["What does it say?"])
    #expect(result.exitCode == 4, "\(result.errors)")
    let judged = try #require(try home.lastEvents().named("egress.judged").first)
    #expect(judged["rules"] == ["fetch", "headless"])
    #expect(try web.log() == [])
  }

  @Test func `marks what it read as untrusted`() throws {
    let web = try WebStandIn()
    let home = try Home()
    try home.setPolicy(
      Self.policy(Self.fetchRule(web.ports["plain"]))
        + ", { id: 'python', effect: 'allow', tool: 'python', args: 'any', sandbox: 'python' }",
      more: """
        labels: { sources: [ { tool: ['browser.*'], add: ['untrusted'] } ] },
        effects: { python: ['exec'], 'browser.open': ['read'], 'web.fetch': ['read'] },
        flow: [ { id: 'no-code-after-pages', when: { context: ['untrusted'] }, sink: ['exec'], then: 'deny' } ],
        """)
    let turns = [
      Turn.call("python", "1"), Turn.call("browser.open", "{\"id\":\"\(web.url("/"))\"}"),
      Turn.call("python", "2"), Turn.answer("Done."),
    ]
    let result = try home.run(script: turns, ["Go."])
    #expect(result.exitCode == 3, "\(result.errors)")
    let decided = try home.lastEvents().named("policy.decided")
    #expect(
      decided.compactMap { $0["verdict"]?.stringValue } == ["allowed", "allowed", "refused"])
    #expect(decided.last?["rule"] == "no-code-after-pages")
  }

  @Test func `goes through the proxy that the settings name`() throws {
    let web = try WebStandIn()
    let home = try Home()
    try home.setPolicy(Self.policy(Self.fetchRule(nil, host: "news.example")))
    let credentials = try home.write("credentials", "user:word\n")
    let settings: JSONValue = [
      "proxy": .string("http://127.0.0.1:\(web.ports["plain"] ?? 0)/"),
      "proxyCredentials": .string(credentials), "robots": "ignore",
    ]
    try home.write("config/martlet/network.json", settings.compactText)
    let page = try home.run(script: Self.open("http://news.example/"), ["What does it say?"])
    #expect(page.exitCode == 0, "\(page.errors)")
    let ended = try #require(try home.lastEvents().named("egress.ended").first)
    #expect(ended["host"] == "news.example")
    #expect(ended["address"] == nil)
    #expect(ended["proxy"]?.stringValue == "127.0.0.1:\(web.ports["plain"] ?? 0)")
    #expect(ended["resolved_by"] == "proxy")
    #expect(try web.log() == ["CONNECT news.example:80", "GET /"])
    // The ledger and the model get no password.
    #expect(try home.files(holding: "user:word") == ["credentials"])
    try home.write("credentials", "user:other\n")
    let refused = try home.run(script: Self.open("http://news.example/"), ["What does it say?"])
    #expect(refused.exitCode == 0, "\(refused.errors)")
    let answer = try #require(try home.lastEvents().named("tool.answered").first)
    #expect(
      answer["text"]?.stringValue?.contains("gave no way to news.example: it answered 407.") == true
    )
  }

  @Test func `is held to the path and the query that the rule names`() async throws {
    let web = try WebStandIn()
    let home = try Home()
    try home.setPolicy(
      Self.policy(
        """
        { id: 'fetch', effect: 'allow', tool: 'web.fetch',
          args: { url: { scheme: ['http'], host: ['127.0.0.1'], path: ['/', '/g*'], maxQueryBytes: 3 },
                  method: { oneOf: ['GET'] } } }
        """))
    let turns = ["/?q=1", "/gzip", "/notes.html", "/?q=12"].map {
      Turn.call("browser.open", "{\"id\":\"\(web.url($0))\"}")
    }
    let result = try home.run(script: turns + [Turn.answer("Done.")], ["What do they say?"])
    #expect(result.exitCode == 3, "\(result.errors)")
    let events = try home.lastEvents()
    #expect(
      events.named("tool.answered").compactMap { $0["status"]?.stringValue }
        == ["succeeded", "succeeded", "refused", "refused"])
    let judged = events.named("egress.judged")
    #expect(
      judged.compactMap { $0["verdict"]?.stringValue } == [
        "allow", "allow", "allow", "deny", "deny",
      ])
    for event in judged + events.named("egress.ended") {
      #expect(event["way"] == "fetcher")
      #expect(event["enforced"] == ["scheme", "host", "port", "path", "query", "method"])
      #expect(event["claimed"]?["url"] == nil)
      #expect(event["asked"]?["method"] == "GET")
    }
    #expect(judged.first?["asked"]?["url"]?.stringValue == web.url("/?q=1"))
    let endings = events.named("egress.ended").compactMap { $0["ending"]?.stringValue }
    #expect(endings == ["closed", "closed", "closed"])
    #expect(try web.log() == ["GET /robots.txt", "GET /?q=1", "GET /gzip"])
    let check = try home.run("policy", "check", "--url", web.url("/gzip"))
    #expect(check.output.hasSuffix("\"way\":\"fetcher\"}\n"), "\(check.output)")
  }

  @Test func `has used what it fetched when it is resumed`() async throws {
    let web = try WebStandIn()
    let home = try Home()
    let rule = Self.fetchRule(web.ports["plain"]).replacing(
      "method:", with: "hop: { any: true }, method:")
    try home.setPolicy(
      Self.policy(rule.replacing("effect: 'allow',", with: "effect: 'allow', budget: 'pages',")),
      more: "budgets: { pages: { per: 'session', calls: 1 } },")
    let turns = ["/", "/gzip"].map { Turn.call("browser.open", "{\"id\":\"\(web.url($0))\"}") }
    let first = try home.run(
      script: turns + [Turn.answer("Done.")], ["--max-steps", "1", "What do they say?"])
    #expect(first.exitCode == 5, "\(first.errors)")
    let resumed = try home.run("run", "--resume", "last", "--max-steps", "5")
    #expect(resumed.exitCode == 3, "\(resumed.errors)")
    #expect(resumed.errors.contains("The budget \"pages\" is spent"), "\(resumed.errors)")
    #expect(try web.log() == ["GET /robots.txt", "GET /"])
  }

  @Test func `asks a search engine by POST where a rule opens it and says how otherwise`()
    async throws
  {
    let web = try WebStandIn()
    let home = try Home()
    let search: JSONValue = ["engine": "tavily", "url": .string(web.url(""))]
    try home.write("config/martlet/search.json", search.compactText)
    func run(_ method: String) throws -> ProgramResult {
      try home.setPolicy(
        """
        { id: 'search', effect: 'allow', tool: 'browser.search', args: 'any', sandbox: 'browser' },
        { id: 'engine', effect: 'allow', tool: 'web.fetch',
          args: { url: { scheme: ['http'], host: ['127.0.0.1'], path: ['/search'], maxQueryBytes: 0 },
                  method: { oneOf: ['\(method)'] } } }
        """)
      let script = try home.script([
        Turn.call("browser.search", #"{"query":"swifts"}"#), Turn.answer("Done."),
      ])
      return try Program.run(
        ["run", "--model", script, "--workspace", home.workspace, "Find swifts."],
        environment: home.environment.merging(["TAVILY_API_KEY": "k"]) { $1 })
    }
    #expect(try run("GET").exitCode == 3)
    let refused = try home.lastEvents().named("tool.answered").first?["text"]?.stringValue ?? ""
    #expect(
      refused.hasSuffix(
        """
        The search engine tavily is asked by POST, which no shipped policy allows; Docs/BROWSER.md has \
        the rule that allows it for this engine alone.
        """), "\(refused)")
    #expect(try web.log() == [])
    let result = try run("POST")
    #expect(result.exitCode == 0, "\(result.errors)")
    let shown = try home.lastEvents().named("tool.answered").first?["text"]?.stringValue ?? ""
    #expect(shown.contains("【0†Swifts†a.test】 They nest."), "\(shown)")
    #expect(try web.log() == ["POST /search"])
  }

  @Test func `says which setting of the network it does not understand`() throws {
    let home = try Home()
    for (text, words) in [
      ("{\"prox\":1}", "\"prox\" is not a setting; there are: proxy, noProxy"),
      ("{\"proxy\":\"socks5://h:1\"}", "the proxy is not of the form http://HOST:PORT"),
      ("{\"caFile\":\"/no/such/file\"}", "\"caFile\": there is no file /no/such/file."),
      ("{\"paceSeconds\":61}", "\"paceSeconds\" must be a number from 0 to 60."),
      (
        "{\"acceptLanguage\":\"de\\r\\nX: y\"}",
        "\"acceptLanguage\" must be of the form \"de, en;q=0.5\"."
      ),
      ("{\"robots\":\"maybe\"}", "\"robots\" is \"respect\" or \"ignore\"."),
      ("[]", "it must be an object: { … }."),
    ] {
      let path = try home.write("config/martlet/network.json", text)
      let result = try home.run(script: [Turn.answer("x")], ["Go."])
      #expect(result.exitCode == 2)
      #expect(result.errors.contains("\(path): \(words)"), "\(result.errors)")
    }
  }
}
