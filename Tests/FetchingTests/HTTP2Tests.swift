// HTTP2Tests.swift — servers that speak HTTP/2, well or badly, behind the walls and over the broker.

import Base
import TestKit
import Testing

@Suite struct `Over HTTP/2` {
  private static func fetcher(_ web: WebStandIn) async throws -> WalledFetcher {
    try await WalledFetcher(
      environment: [
        "MARTLET_ROBOTS": "ignore", "SILENCE_SECONDS_MAX": "2", "SECONDS_MAX": "15",
      ], authority: web.authority)
  }

  private static func url(_ way: String, _ web: WebStandIn) -> String {
    "https://good.test:\(web.ports["h2-" + way] ?? 0)/"
  }

  @Test func `a page comes, in one frame or in many`() async throws {
    let web = try WebStandIn(certificates: true)
    let fetcher = try await Self.fetcher(web)
    // The server ends connections that did not choose HTTP/2 by ALPN.
    for way in ["page", "parts"] {
      let page = try await fetcher.fetch(Self.url(way, web))
      #expect(page["status"] == 200, "\(way): \(page)")
      #expect(page["type"] == "text/html")
      #expect(page["text"] == "<title>A page</title><p>Over HTTP/2.")
    }
  }

  @Test(.timeLimit(.minutes(4))) func `a hostile server gets a clear error`() async throws {
    let web = try WebStandIn(certificates: true)
    let fetcher = try await Self.fetcher(web)
    let ends = "ended the connection before its answer was complete"
    let large = "are larger than the 65536 bytes"
    let strange = "did not answer in HTTP"
    let silent = "sent nothing for 2 s."
    // Each frame of these is answered by one, until the host has had enough.
    let cut = "was cut by the host: More than"
    for (way, words) in [
      ("settings", [cut, silent, strange, ends]), ("ping", [cut, silent, strange, ends]),
      ("continuation", [large, strange, ends]),
      ("empty-continuation", [strange, ends, silent, cut]),
      ("giant-header", [large, strange, ends]), ("many-headers", [large, strange, ends]),
      ("table", [large, strange, ends]), ("empty-data", [silent, strange, ends, cut]),
      ("goaway", [ends, strange]), ("reset", [ends, strange]), ("push", [ends, strange]),
      ("huge-frame", [ends, strange]), ("garbage", [ends, strange]), ("http1", [ends, strange]),
      ("close", [ends, strange]), ("drip", [silent]),
    ] {
      let start = ContinuousClock.now
      let answer = try await fetcher.fetch(Self.url(way, web))
      let failure = try #require(answer["failure"]?.stringValue, "\(way): \(answer)")
      #expect(words.contains { failure.contains($0) }, "\(way): \(failure)")
      #expect(ContinuousClock.now - start < .seconds(20), "\(way)")
      #expect(try await fetcher.fetch(Self.url("page", web))["status"] == 200, "\(way)")
    }
    let page = try await fetcher.fetch(Self.url("endless-data", web))
    #expect(page["bytes"]?.intValue == 8 << 20, "\(page)")
    #expect(page["truncated"] == true)
    let peakBytes = try await fetcher.peakBytes()
    #expect(peakBytes < 300 << 20, "\(peakBytes)")
  }
}
