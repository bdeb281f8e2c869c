// FetcherTests.swift — pages fetched from behind the walls, over connections of the broker.

import Base
import Glibc
import Sandbox
import TestKit
import Testing
import Transfer

@Suite struct `The brokered fetcher` {
  @Test func `reads a page in every coding`() async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher()
    let page = try await fetcher.fetch(web.url("/?q=1#part"))
    #expect(page["text"] == "<title>A page</title><p>Words.")
    #expect(page["status"] == 200)
    #expect(page["type"] == "text/html")
    #expect(page["url"]?.stringValue == web.url("/?q=1"))
    for coding in ["gzip", "deflate"] {
      #expect(try await fetcher.text(web.url("/\(coding)")).hasPrefix("Grüße, aufgefaltet.\n"))
    }
    #expect(try await fetcher.text(web.url("/br")).hasPrefix("Grüße aus brotli.\n"))
    #expect(try await fetcher.text(web.url("/zstd")).hasPrefix("Grüße aus zstd.\n"))
    // Each fetch is judged, and has a connection of its own, which is over with it.
    let paths = ["/?q=1", "/robots.txt", "/gzip", "/deflate", "/br", "/zstd"]
    #expect(fetcher.gate.urls == paths.map { "0 GET \(web.url($0))" })
    let outcomes = try await fetcher.outcomes(paths.count)
    #expect(outcomes.count == paths.count)
    #expect(outcomes.allSatisfy { $0.receivedBytes > 0 && $0.sentBytes > 0 })
  }

  @Test func `hands over what a server says instead of a page`() async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher()
    for (path, status) in [("/none", 404), ("/error", 500), ("/empty", 204)] {
      #expect(try await fetcher.fetch(web.url(path))["status"]?.intValue == status, "\(path)")
    }
    let answer = try await fetcher.order([
      "url": .string(web.url("/echo")), "method": "POST", "headers": ["X-Key": "k"],
      "body": "words",
    ])
    let echo = try JSONReader.value(answer["text"]?.stringValue ?? "", source: "echo")
    #expect(echo["method"] == "POST")
    #expect(echo["body"] == "words")
    #expect(echo["headers"]?["X-Key"] == "k")
    #expect(echo["headers"]?["User-Agent"] == "martlet/1")
    #expect(echo["headers"]?["Accept-Language"] == nil)
    let other = try await WalledFetcher(
      environment: ["MARTLET_ROBOTS": "ignore", "MARTLET_ACCEPT_LANGUAGE": "de, en;q=0.5"])
    let text = try await other.text(web.url("/echo"))
    #expect(text.contains("\"Accept-Language\": \"de, en;q=0.5\""), "\(text)")
  }

  @Test func `says what is wrong with a hostile answer and goes on`() async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher(environment: ["MARTLET_ROBOTS": "ignore"])
    let brokenOff = "ended the connection before its answer was complete"
    let bomb = "unfolds to more than 200 times its size"
    let address = "is no http or https address that can be fetched"
    for (url, words) in [
      (web.url("/nothing"), brokenOff), (web.url("/short"), brokenOff),
      (web.url("/reset"), brokenOff), (web.url("/http09"), "did not answer in HTTP"),
      (web.url("/broken-gzip"), "did not answer in HTTP"),
      (web.url("/twice"), "is compressed more than once"), (web.url("/bomb-gzip"), bomb),
      (web.url("/bomb-br"), bomb), (web.url("/bomb-chunked"), bomb),
      (web.url("/flood"), "are larger than the 65536 bytes"),
      (web.url("/one-header"), "are larger than the 65536 bytes"),
      (web.url("/continue"), "are larger than the 65536 bytes"),
      (web.url("/pdf-large"), "is larger than the 33554432 bytes"),
      ("http://127.0.0.1:1/", "could not be reached: Connection refused."),
      ("ftp://127.0.0.1/", address), ("", address), ("http://user:word@127.0.0.1/", address),
      ("http://127.0.0.1/a b", address), ("file:///etc/passwd", address),
    ] {
      let answer = try await fetcher.fetch(url)
      let failure = try #require(answer["failure"]?.stringValue, "\(url): \(answer)")
      #expect(failure.contains(words), "\(url): \(failure)")
      // The next page is none the worse for it, and memory stayed bounded.
      #expect(try await fetcher.fetch(web.url("/"))["status"] == 200)
    }
    let peakBytes = try await fetcher.peakBytes()
    #expect(peakBytes < 300 << 20, "\(peakBytes)")
  }

  @Test func `cuts text at its bound and takes larger documents whole`() async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher()
    for path in ["/large", "/endless", "/endless-plain"] {
      let page = try await fetcher.fetch(web.url(path))
      #expect(page["bytes"]?.intValue == 8 << 20, "\(path): \(page)")
      #expect(page["truncated"] == true)
    }
    let document = try await fetcher.fetch(web.url("/pdf"))
    #expect(document["bytes"]?.intValue == 9 << 20)
    #expect(document["truncated"] == false)
    #expect(try await fetcher.peakBytes() < 300 << 20)
  }

  @Test(.timeLimit(.minutes(1))) func `gives a slow server up`() async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher(
      environment: ["MARTLET_ROBOTS": "ignore", "SILENCE_SECONDS_MAX": "2", "SECONDS_MAX": "20"])
    for path in ["/drip", "/drip-head", "/silent"] {
      let start = ContinuousClock.now
      #expect(try await fetcher.text(web.url(path)) == "\(web.url("")) sent nothing for 2 s.")
      #expect(ContinuousClock.now - start < .seconds(12))
    }
  }

  @Test func `gives up what takes too long in all`() async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher(
      environment: ["MARTLET_ROBOTS": "ignore", "SILENCE_SECONDS_MAX": "60", "SECONDS_MAX": "2"])
    let failure = try await fetcher.text(web.url("/drip"))
    #expect(failure == "\(web.url("")) had not sent everything after 2 s.")
  }

  @Test func `asks for patience where a site asks for it`() async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher(environment: ["MARTLET_ROBOTS": "ignore"])
    let origin = web.url("")
    #expect(
      try await fetcher.text(web.url("/down"))
        == "\(origin) answers 503 (not available now); try again later.")
    #expect(
      try await fetcher.text(web.url("/busy"))
        == "\(origin) answers 429 (too many requests) and asks to wait 120 s.")
    let before = try web.log().count
    #expect(
      try await fetcher.text(web.url("/"))
        .hasPrefix("\(origin) asked to be left alone for another 1"))
    #expect(try web.log() == [])
    #expect(before == 2)
  }

  @Test func `takes its time between the pages of a host that is not this machine`() async throws {
    let web = try WebStandIn()
    var settings = EgressSettings()
    settings.proxy = EgressProxy(
      host: "127.0.0.1", port: web.ports["plain"] ?? 0, credentials: "user:word")
    let fetcher = try await WalledFetcher(
      environment: ["MARTLET_ROBOTS": "ignore", "MARTLET_PACE": "1500"], settings: settings)
    func seconds(_ url: String) async throws -> Double {
      let start = ContinuousClock.now
      #expect(try await fetcher.fetch(url)["status"] == 200)
      return (ContinuousClock.now - start) / .seconds(1)
    }
    _ = try await seconds("http://a.test/")
    #expect(try await seconds("http://a.test/gzip") > 1.2)
    // Services are not pages, and this machine is not kept waiting.
    let own = try await WalledFetcher(
      environment: ["MARTLET_ROBOTS": "ignore", "MARTLET_PACE": "60000"])
    for _ in 0..<3 { #expect(try await own.fetch(web.url("/"))["status"] == 200) }
  }

  @Test func `waits where a site asks for a short wait, by a number or a date`() async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher(environment: ["MARTLET_ROBOTS": "ignore"])
    for path in ["/later", "/later-date"] {
      #expect(try await fetcher.text(web.url(path)) == "now")
      // Each attempt is judged.
      #expect(fetcher.gate.urls.filter { $0 == "0 GET \(web.url(path))" }.count == 2)
    }
    #expect(try web.log() == ["GET /later", "GET /later", "GET /later-date", "GET /later-date"])
  }
}

@Suite struct `The way to a page` {
  @Test func `leads over five redirects and no more`() async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher(environment: ["MARTLET_ROBOTS": "ignore"])
    #expect(try await fetcher.text(web.url("/hop/5")) == "arrived")
    #expect(fetcher.gate.urls == (0...5).map { "\($0) GET \(web.url("/hop/\(5 - $0)"))" })
    for path in ["/hop/6", "/loop"] {
      #expect(
        try await fetcher.text(web.url(path))
          == "\(web.url("")) redirects more than 5 times; that is no page.")
    }
    #expect(try await fetcher.fetch(web.url("/nowhere"))["status"] == 301)
    for path in ["/to-file", "/to-dict"] {
      #expect(
        try await fetcher.text(web.url(path))
          == "\(web.url("")) redirects to what is no http or https address.")
    }
  }

  @Test func `is judged at every turn`() async throws {
    let web = try WebStandIn()
    let second = web.ports["second"]
    let fetcher = try await WalledFetcher(environment: ["MARTLET_ROBOTS": "ignore"]) { url in
      url.origin.port == second ? "No rule opens that port." : nil
    }
    let answer = try await fetcher.fetch(web.url("/to?" + web.url("/", port: "second")))
    #expect(answer["failure"] == "No rule opens that port.")
    #expect(answer["refused"] == true)
    #expect(try web.log() == ["GET /to?\(web.url("/", port: "second"))"])
  }

  @Test func `leaves secrets and bodies with those they are for`() async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher(environment: ["MARTLET_ROBOTS": "ignore"])
    func echo(_ path: String, _ method: String = "GET") async throws -> JSONValue {
      let answer = try await fetcher.order([
        "url": .string(web.url(path)), "method": .string(method), "body": "words",
        "headers": ["X-Subscription-Token": "secret", "Authorization": "Bearer secret"],
      ])
      let text = answer["text"]?.stringValue ?? answer["failure"]?.stringValue ?? ""
      return (try? JSONReader.value(text, source: "echo")) ?? .string(text)
    }
    let near = try await echo("/to?/echo")
    #expect(near["headers"]?["Authorization"] == "Bearer secret")
    let far = try await echo("/to?" + web.url("/echo", port: "second"))
    #expect(far["method"] == "GET")
    #expect(far["headers"]?["Authorization"] == nil)
    #expect(far["headers"]?["X-Subscription-Token"] == nil)
    let posted = try await echo("/to307?/echo", "POST")
    #expect(posted["method"] == "POST")
    #expect(posted["body"] == "words")
    let turned = try await echo("/to?/echo", "POST")
    #expect(turned["method"] == "GET")
    #expect(turned["body"] == "")
    // The redirect itself is the answer where following it would give the body away.
    #expect(
      try await echo("/to307?" + web.url("/echo", port: "second"), "POST") == .string("elsewhere"))
  }

  @Test func `is closed where a site does not want programs`() async throws {
    let web = try WebStandIn()
    try web.setRobots("User-agent: *\nDisallow: /large\nAllow: /\n")
    let fetcher = try await WalledFetcher()
    #expect(try await fetcher.fetch(web.url("/"))["status"] == 200)
    #expect(
      try await fetcher.text(web.url("/large"))
        == "\(web.url("")) does not want programs to read this page (robots.txt).")
    #expect(try await fetcher.fetch(web.url("/gzip"))["status"] == 200)
    // Asked once, and a service is no page.
    let called = try await fetcher.order([
      "url": .string(web.url("/large")), "headers": ["Accept": "application/json"],
    ])
    #expect(called["status"] == 200)
    #expect(try web.log() == ["GET /robots.txt", "GET /", "GET /gzip", "GET /large"])
    try web.setRobots(500)
    #expect(
      try await WalledFetcher().text(web.url("/"))
        == "\(web.url("")) could not say which of its pages programs may read (robots.txt).")
    let rude = try await WalledFetcher(environment: ["MARTLET_ROBOTS": "ignore"])
    #expect(try await rude.fetch(web.url("/large"))["status"] == 200)
  }

  @Test func `is secure or not taken`() async throws {
    let web = try WebStandIn(certificates: true)
    let fetcher = try await WalledFetcher(
      environment: ["MARTLET_ROBOTS": "ignore"], authority: web.authority)
    func url(_ name: String, _ port: String) -> String {
      "https://\(name).test:\(web.ports[port] ?? 0)/"
    }
    #expect(try await fetcher.fetch(url("good", "good"))["status"] == 200)
    #expect(
      try await fetcher.fetch(url("good.test.", "good").replacing("..test", with: "."))["status"]
        == 200)
    for (name, port) in [
      ("expired", "expired"), ("good", "other"), ("good", "self"),
    ] {
      let failure = try await fetcher.text(url(name, port))
      #expect(failure.contains("is not secure: "), "\(name) \(port): \(failure)")
    }
    let stranger = try await WalledFetcher(environment: ["MARTLET_ROBOTS": "ignore"])
    #expect(try await stranger.text(url("good", "good")).contains("is not secure: "))
  }

  @Test func `is short where the page still holds`() async throws {
    let web = try WebStandIn()
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o777)
    for run in 1...2 {
      let fetcher = try await WalledFetcher(
        environment: ["MARTLET_ROBOTS": "ignore"], cache: folder.path)
      for path in ["/kept", "/kept-private"] {
        let page = try await fetcher.fetch(web.url(path))
        #expect(page["text"] == "version one")
        #expect(page["status"] == 200)
      }
      #expect(
        try web.log() == [run == 1 ? "GET /kept" : "GET /kept if not \"v1\"", "GET /kept-private"])
    }
    // A run that was given no folder knows nothing of it.
    let other = try await WalledFetcher(environment: ["MARTLET_ROBOTS": "ignore"])
    #expect(try await other.text(web.url("/kept")) == "version one")
    #expect(try web.log() == ["GET /kept"])
  }

  @Test func `ends where the broker cuts it`() async throws {
    let web = try WebStandIn()
    var settings = EgressSettings()
    settings.receivedBytesMax = 1 << 20
    let fetcher = try await WalledFetcher(
      environment: ["MARTLET_ROBOTS": "ignore"], settings: settings)
    #expect(
      try await fetcher.text(web.url("/endless"))
        == "The connection to \(web.url("")) was cut by the host: More than 1048576 bytes came.")
  }
}
