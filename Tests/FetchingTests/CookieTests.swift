// CookieTests.swift — cookies of a run: kept in memory, given back to their site, whoever makes the request.

import Base
import TestKit
import Testing
import Transfer

@Suite struct `A cookie` {
  @Test(arguments: [false, true])
  func `stays with its run and its site whoever makes the requests`(
    bindsRequests: Bool
  )
    async throws
  {
    let web = try WebStandIn()
    func run() async throws -> WalledFetcher {
      try await WalledFetcher(
        environment: ["MARTLET_ROBOTS": "ignore"], bindsRequests: bindsRequests)
    }
    let first = try await run()
    func get(_ host: String, _ path: String) async throws -> String {
      try await first.text("http://\(host):\(web.ports["plain"] ?? 0)\(path)")
    }
    func sent(to host: String, _ path: String = "/cookies") async throws -> Set<String> {
      Set(try await get(host, path).split(separator: "; ").map(String.init))
    }
    #expect(try await sent(to: "a.test") == ["none"])
    #expect(try await get("a.test", "/set?taste=good;Path=/") == "set")
    #expect(try await sent(to: "a.test") == ["taste=good"])
    #expect(try await sent(to: "b.test") == ["none"])
    #expect(try await sent(to: "below.a.test") == ["none"])
    // On the way, too.
    #expect(try await sent(to: "a.test", "/redirect-cookie") == ["taste=good", "hop=1"])
    // For a whole site, but for no suffix that many share; not for other paths; not without TLS.
    for cookie in [
      "wide=1;Domain=a.test;HttpOnly", "shared=1;Domain=test", "foreign=1;Domain=b.test",
      "deep=1;Path=/deep", "safe=1;Secure",
    ] {
      #expect(try await get("www.a.test", "/set?\(cookie)") == "set")
    }
    #expect(try await sent(to: "www.a.test") == ["wide=1"])
    #expect(try await sent(to: "a.test") == ["taste=good", "hop=1", "wide=1"])
    #expect(try await sent(to: "b.test") == ["none"])
    // Changed, and taken back.
    _ = try await get("a.test", "/set?taste=better;Path=/")
    _ = try await get("a.test", "/set?hop=;Path=/;Max-Age=0")
    #expect(try await sent(to: "a.test") == ["taste=better", "wide=1"])
    let next = try await run()
    #expect(
      try await next.text("http://a.test:\(web.ports["plain"] ?? 0)/cookies") == "none")
  }

  /// A plugin that was taken over may send what it likes on the stream to the host's fetcher.
  @Test(arguments: [
    ("a.test\tFALSE\t/\tFALSE\t0\tname\tvalue", "name=value"),
    ("b.test\tFALSE\t/\tFALSE\t0\tname\tvalue", "none"),
    ("test\tTRUE\t/\tFALSE\t0\tname\tvalue\r\nX-Other: y", nil),
    ("a.test\tFALSE\t/\tFALSE\t0\tname", nil), ("Set-Cookie: name=value", nil), ("ALL", nil),
    ("# a.test\tFALSE\t/\tFALSE\t0\tname\tvalue", nil),
  ])
  func `of the plugin's making reaches no other host and is no other header`(
    line: String, sent: String?
  ) async throws {
    let web = try WebStandIn()
    let fetcher = try await WalledFetcher(
      environment: ["MARTLET_ROBOTS": "ignore"], bindsRequests: true)
    let message: JSONValue = ["headers": [], "cookies": [.string(line)], "body": 0]
    let answer = try await fetcher.order([
      "url": .string("http://a.test:\(web.ports["plain"] ?? 0)/cookies"),
      "raw": .string(message.compactText + "\n"),
    ])
    let text = answer["text"]?.stringValue ?? ""
    if let sent {
      #expect(text.hasSuffix("}\n\(sent)"), "\(text)")
    } else {
      #expect(
        text.hasPrefix("{\"failure\":\"The plugin sent the host's fetcher what is no request.\""))
      #expect(try web.log() == [])
    }
  }

  @Test(arguments: [
    ("a.test\tFALSE\t/\tFALSE\t0\tn\tv", ["a.test"]),
    ("#HttpOnly_.A.test\tTRUE\t/\tTRUE\t99\tn\t", ["a.test", "b.a.test", "c.b.a.test"]),
    ("::1\tFALSE\t/\tFALSE\t0\tn\tv", ["[::1]"]),
  ])
  func `belongs to the hosts that its line names`(line: String, hosts: [String]) throws {
    let cookie = try #require(Cookie(line: line))
    let all = ["a.test", "b.a.test", "c.b.a.test", "xa.test", "test", "b.test", "[::1]", "[::2]"]
    #expect(all.filter { cookie.belongs(to: $0) } == hosts)
  }

  @Test func `takes up no more than there is room for, and no other site's place`() throws {
    func cookies(_ host: String, _ count: Int) -> [Cookie] {
      (0..<count).compactMap {
        Cookie(
          line: "\(host)\tFALSE\t/\tFALSE\t0\tn\($0)\t" + String(repeating: "v", count: 1000))
      }
    }
    var jar = CookieJar()
    jar.replace(of: "b.test", by: cookies("b.test", 2))
    jar.replace(of: "a.test", by: cookies("a.test", 100) + cookies("b.test", 3))
    #expect((60...64).contains(jar.cookies(of: "a.test").count))
    #expect(jar.cookies(of: "b.test") == cookies("b.test", 2))
    jar.replace(of: "a.test", by: cookies("a.test", 1))
    #expect(jar.cookies(of: "a.test") == cookies("a.test", 1))
    #expect(Cookie(line: cookies("a.test", 1)[0].line + String(repeating: "v", count: 8000)) == nil)
  }
}
