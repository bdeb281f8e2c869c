// BoundRequestTests.swift — requests that the host's fetcher makes, since rules speak of their path.

import Base
import Sandbox
import TestKit
import Testing

@Suite struct `A request that the host makes` {
  private static func fetcher(_ web: WebStandIn) async throws -> WalledFetcher {
    try await WalledFetcher(
      environment: ["MARTLET_ROBOTS": "ignore"],
      authority: web.ports["good"] == nil ? nil : web.authority, bindsRequests: true)
  }

  @Test func `brings the page as one of the plugin's own does`() async throws {
    let web = try WebStandIn()
    let fetcher = try await Self.fetcher(web)
    let page = try await fetcher.fetch(web.url("/?q=1"))
    #expect(page["text"] == "<title>A page</title><p>Words.", "\(page)")
    #expect(page["type"] == "text/html")
    #expect(page["url"]?.stringValue == web.url("/?q=1"))
    #expect(try await fetcher.text(web.url("/gzip")).hasPrefix("Grüße, aufgefaltet.\n"))
    #expect(try await fetcher.fetch(web.url("/none"))["status"] == 404)
    #expect(try await fetcher.text(web.url("/hop/2")) == "arrived")
    let large = try await fetcher.fetch(web.url("/large"))
    #expect(large["bytes"]?.intValue == 8 << 20)
    #expect(large["truncated"] == true)
    let posted = try await fetcher.order([
      "url": .string(web.url("/echo")), "method": "POST", "headers": ["X-Api-Key": "k"],
      "body": "words",
    ])
    let echo = try JSONReader.value(posted["text"]?.stringValue ?? "", source: "echo")
    #expect(echo["method"] == "POST")
    #expect(echo["body"] == "words")
    #expect(echo["headers"]?["X-Api-Key"] == "k")
    let outcomes = try await fetcher.outcomes(8)
    #expect(outcomes.allSatisfy { $0.bindsRequest && $0.ending == .closed }, "\(outcomes)")
  }

  /// The call is over as soon as the plugin has its answer; the process that made the request may be there a
  /// little longer, and the host may hold its end of the connection for longer than that.
  @Test func `is recorded as closed whenever the end of the call comes behind it`() async throws {
    let web = try WebStandIn()
    let fetcher = try await Self.fetcher(web)
    for number in 1...24 {
      #expect(try await fetcher.fetch(web.url("/"))["status"] == 200)
      try await Task.sleep(for: .microseconds(400 * (number - 1)))
      await fetcher.endCall()
      #expect(fetcher.gate.outcomes.count == number)
      #expect(fetcher.gate.outcomes.last?.ending == .closed, "after \(400 * (number - 1)) µs")
    }
  }

  @Test func `is secure or not taken`() async throws {
    let web = try WebStandIn(certificates: true)
    let fetcher = try await Self.fetcher(web)
    func url(_ port: String) -> String { "https://good.test:\(web.ports[port] ?? 0)/" }
    #expect(try await fetcher.fetch(url("good"))["status"] == 200)
    #expect(try await fetcher.text(url("other")).contains("is not secure: "))
    #expect(
      try await fetcher.text(url("h2-page")) == "<title>A page</title><p>Over HTTP/2.")
  }

  @Test func `asks for nothing else whatever the plugin adds`() async throws {
    let web = try WebStandIn()
    let fetcher = try await Self.fetcher(web)
    for name in ["Host", "X-Original-URL", "Transfer-Encoding", "Content-Length", "Cookie"] {
      let answer = try await fetcher.order([
        "url": .string(web.url("/")), "headers": [name: "/secret"],
      ])
      #expect(
        answer["failure"]?.stringValue == "The host's fetcher does not send the header \(name).",
        "\(answer)")
    }
    #expect(try web.log() == [])
  }

  @Test func `says what is wrong with a hostile answer`() async throws {
    let web = try WebStandIn()
    let fetcher = try await Self.fetcher(web)
    for (path, words) in [
      ("/nothing", "ended the connection"), ("/bomb-br", "unfolds to more than 200 times"),
      ("/flood", "are larger than the 65536 bytes"), ("/http09", "did not answer in HTTP"),
    ] {
      let failure = try await fetcher.text(web.url(path))
      #expect(failure.contains(words), "\(path): \(failure)")
    }
    #expect(try await fetcher.fetch(web.url("/"))["status"] == 200)
  }

  @Test func `is not made where there is no fetcher`() async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher(
      environment: ["MARTLET_ROBOTS": "ignore"], bindsRequests: true, hasFetcher: false)
    #expect(
      try await fetcher.text(web.url("/"))
        == "A rule speaks of the path or the query, and nothing here could hold the request to it.")
    #expect(try web.log() == [])
  }

  @Test func `says so where the fetcher's walls cannot be built`() async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher(
      environment: ["MARTLET_ROBOTS": "ignore"], bindsRequests: true, fetcherProfile: "no-such")
    #expect(
      try await fetcher.text(web.url("/")).contains(
        "The process that was to make the request failed: There is no sandbox profile"))
    #expect(try await fetcher.outcomes(1).first?.ending == .fetcherFailed)
    #expect(try web.log() == [])
  }

  /// A plugin that was taken over speaks what it likes on the stream that it got.
  @Test func `is none where the plugin sends its own`() async throws {
    let web = try WebStandIn()
    let fetcher = try await Self.fetcher(web)
    let answer = try await fetcher.order([
      "url": .string(web.url("/")), "raw": "GET /secret HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ])
    #expect(
      answer["text"]?.stringValue
        == "{\"failure\":\"The plugin sent the host's fetcher what is no request.\",\"body\":0}\n",
      "\(answer)")
    #expect(try web.log() == [])
  }
}
