// WebFetchTests.swift — what may be fetched: the hostile URLs, and the addresses that names lead to.

import Base
import Policy
import TestKit
import Testing

@Suite struct `A fetch` {
  /// The policy that the cases are stated for. A query is short there, since it can carry things out.
  private static let narrow = """
    rules: [ { id: 'R', effect: 'allow', tool: 'web.fetch', args: { method: { oneOf: ['GET'] },
      url: { scheme: ['https'], host: ['example.com', '*.docs.example.com'], port: [443], maxQueryBytes: 256 } } } ]
    """
  /// Every public host, over both schemes.
  private static let open = """
    rules: [ { id: 'R', effect: 'allow', tool: 'web.fetch', args: { method: { oneOf: ['GET'] },
      url: { scheme: ['http', 'https'], notHost: [] } } } ]
    """

  @Test func `of each of the 76 hostile URLs gets its verdict`() throws {
    let lines = try Vectors.jsonLines("web/urls.jsonl")
    #expect(Set(lines.compactMap { $0["case"]?.intValue }) == Set(1...76))
    let engines = [("verdict", try engine(Self.narrow)), ("open", try engine(Self.open))]
    for line in lines {
      let fetch = WebFetch(
        url: line["url"]?.stringValue ?? "", hop: line["hop"]?.intValue ?? 0)
      let addresses = (line["resolves"]?.arrayValue ?? []).compactMap(\.stringValue).compactMap {
        IPAddress(v4: $0) ?? IPAddress(v6: $0)
      }
      for (key, engine) in engines {
        guard let verdict = line[key]?.stringValue else { continue }
        let decision = engine.judge(fetch, addresses: addresses, PolicyState(model: nil))
        #expect(decision.verdict.rawValue == verdict, "\(line.compactText): \(decision.reason)")
        #expect(!decision.reason.isEmpty)
      }
    }
  }

  /// Which requests have to be made by the host, so that they are what was judged.
  @Test func `is bound where a rule for its host speaks of path or query`() throws {
    for (url, isBound) in [
      ("url: { scheme: ['https'], host: ['a.test'], port: [443] }", false),
      ("url: { any: true }", false), ("url: { notHost: [], userinfo: false }", false),
      ("url: { host: ['a.test'], maxQueryBytes: 9 }", true),
      ("url: { host: ['a.test'], path: ['/a'] }", true),
      ("url: { host: ['b.test'], path: ['/a'] }", false),
      ("url: { host: ['a.test'], port: [8443], path: ['/a'] }", false),
      ("url: { notHost: ['a.test'], path: ['/a'] }", false),
      ("url: { re: 'https://a[.]test/.*' }", true), ("url: { oneOf: ['https://b.test/'] }", true),
      ("url: { host: ['a.test'], from: ['task'], each: 'host' }", false),
      ("url: { host: ['a.test'], from: ['task'] }", true),
    ] {
      let fetch = WebFetch(url: "https://a.test/x?y")
      for effect in ["allow", "ask", "deny"] where effect == "allow" || !url.contains("from") {
        let engine = try engine(
          """
          rules: [ { id: 'A', effect: 'allow', tool: 'web.*', args: 'any' },
                   { id: 'R', effect: '\(effect)', tool: 'web.fetch', args: { \(url), method: { any: true } } } ]
          """)
        #expect(engine.bindsRequest(of: fetch) == isBound, "\(effect) \(url)")
      }
      // Rules about other effects, and of other actors, bind nothing.
      for rule in ["tool: 'browser.open'", "tool: 'web.fetch', actor: ['user']"] {
        let other = try engine(
          "rules: [ { id: 'R', effect: 'allow', \(rule), args: { \(url), method: { any: true } } } ]"
        )
        #expect(!other.bindsRequest(of: fetch), "\(rule) \(url)")
      }
    }
    // A later layer counts too.
    let layers = try engine(
      "rules: [ { id: 'A', effect: 'allow', tool: 'web.*', args: 'any' } ]",
      "defaults: { noMatch: 'inherit' }, rules: [ { id: 'D', effect: 'deny', tool: 'web.fetch', args: { url: { path: ['/x*'] } } } ]"
    )
    #expect(layers.bindsRequest(of: WebFetch(url: "https://a.test/")))
  }

  @Test func `that has two readings is refused whatever the rules say`() throws {
    let engine = try engine("rules: [ { id: 'R', effect: 'allow', tool: '*', args: 'any' } ]")
    let decision = engine.judge(
      WebFetch(url: #"https://example.com\@evil.test/"#), addresses: [], PolicyState(model: nil))
    #expect(decision.verdict == .deny)
    #expect(decision.ruleIDs == ["call-shape"])
    #expect(
      decision.reason == """
        The call cannot be judged. The URL is no http or https URL that all programs read alike: at most \
        2048 bytes of ASCII, a host in its plain spelling, a port from 1 to 65535.
        """)
  }

  private static func admits(
    _ host: String, _ address: String, hosts: String
  ) throws -> Bool {
    let engine = try engine(
      """
      rules: [ { id: 'R', effect: 'allow', tool: 'web.fetch',
        args: { method: { any: true }, url: { host: [\(hosts)] } } } ]
      """)
    let fetch = WebFetch(url: "http://\(host):8080/")
    let state = PolicyState(model: nil)
    #expect(engine.judge(fetch.effect, state).verdict == .allow, "\(host)")
    let number = try #require(IPAddress(v4: address) ?? IPAddress(v6: address))
    return engine.admits(number, for: fetch, state)
  }

  @Test(arguments: [
    ("example.com", "93.184.215.14", true), ("example.com", "2606:4700::1111", true),
    ("example.com", "10.0.0.1", false), ("example.com", "127.0.0.1", false),
    ("example.com", "::1", false), ("example.com", "fd12::1", false),
    ("example.com", "169.254.169.254", false), ("example.com", "::ffff:10.0.0.1", false),
    ("example.com", "64:ff9b::7f00:1", false), ("example.com", "2002:7f00:1::", false),
    ("example.com", "224.0.0.1", false), ("example.com", "0.0.0.0", false),
  ])
  func `of a public name leads to public addresses alone`(
    host: String, address: String, isAdmitted: Bool
  ) throws {
    #expect(try Self.admits(host, address, hosts: "'example.com'") == isAdmitted)
  }

  @Test(arguments: [
    ("searx.lan", "192.168.1.5", true), ("searx.lan", "127.0.0.1", true),
    ("searx.lan", "fd12::1", true), ("searx.lan", "169.254.169.254", false),
    ("searx.lan", "::ffff:192.168.1.5", false), ("searx.lan", "100.100.100.200", false),
    ("localhost", "127.0.0.1", true), ("localhost", "::1", true), ("localhost", "10.0.0.1", false),
    ("printer", "10.0.0.1", true), ("metadata.google.internal", "169.254.169.254", false),
  ])
  func `of a name that was spelled out stays in the house`(
    host: String, address: String, isAdmitted: Bool
  ) throws {
    #expect(
      try Self.admits(
        host, address, hosts: "'searx.lan', 'localhost', 'printer', 'metadata.google.internal'")
        == isAdmitted)
  }

  @Test func `leads to any address that a rule names`() throws {
    for address in ["10.0.0.5", "169.254.169.254", "127.0.0.1"] {
      #expect(
        try Self.admits("example.com", address, hosts: "'example.com', '\(address)'"))
      #expect(try Self.admits(address, address, hosts: "'\(address)'"))
    }
  }

  @Test func `takes an approval for its addresses too and for no others`() throws {
    let engine = try engine(
      """
      rules: [ { id: 'A', effect: 'ask', tool: 'web.fetch', args: { method: { any: true },
        url: { scheme: ['https'], host: ['example.com', '10.0.0.5'] } } } ]
      """)
    let fetch = WebFetch(url: "https://example.com/")
    let state = PolicyState(model: nil)
    func verdict(_ address: String) throws -> Verdict {
      engine.judge(fetch, addresses: [try #require(IPAddress(v4: address))], state).verdict
    }
    #expect(try verdict("93.184.215.14") == .ask)
    #expect(try verdict("10.0.0.5") == .ask)
    #expect(try verdict("10.0.0.6") == .deny)
  }
}

@Suite struct `An address` {
  @Test(arguments: [
    ("8.8.8.8", IPAddress.Reach.world), ("172.32.0.1", .world), ("2606:4700::1111", .world),
    ("64:ff9b::808:808", .world), ("10.1.2.3", .site), ("172.31.0.1", .site),
    ("192.168.0.1", .site),
    ("fd12::1", .site), ("fc00::1", .site), ("127.9.9.9", .machine), ("::1", .machine),
    ("0.0.0.0", .special), ("::", .special), ("169.254.1.1", .special), ("100.64.0.1", .special),
    ("168.63.129.16", .special), ("fd00:ec2::254", .special), ("fe80::1", .special),
    ("::ffff:127.0.0.1", .special), ("::127.0.0.1", .special), ("64:ff9b:1::1", .special),
    ("2001:db8::1", .special), ("2001::1", .special), ("ff02::1", .special), ("3fff::1", .special),
    ("255.255.255.255", .special), ("203.0.113.9", .special), ("::ffff:8.8.8.8", .world),
  ])
  func `is of the world, of the site, of the machine or none to go to`(
    text: String, reach: IPAddress.Reach
  ) throws {
    let address = try #require(IPAddress(v4: text) ?? IPAddress(v6: text))
    #expect(address.reach == reach)
    #expect(address.isPublic == (reach == .world))
    #expect(IPAddress(bytes: address.bytes) == address)
  }
}
