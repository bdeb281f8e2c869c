// WebAddressTests.swift — hostile URLs: what has two readings matches no rule.

import Base
import Policy
import Testing

@Suite struct `A rule on URLs` {
  /// The policy of the URL cases: https to example.com and below docs.example.com, port 443.
  static func engine() throws -> PolicyEngine {
    try PolicyTests.engine(
      rule: """
        args: { url: { scheme: ['https'], host: ['example.com', '*.docs.example.com'], port: [443] } }
        """)
  }

  @Test(arguments: [
    "https://example.com/", "https://example.com:443/a", "https://EXAMPLE.com/",
    "HTTPS://Example.Com", "https://example.com./", "https://a.docs.example.com/",
    "https://a.b.docs.example.com/", "https://example.com#@evil.test/",
    "https://example.com?@evil.test/", "https://example.com/%0d%0aHost:evil",
    "https://example.com/a/../../admin",
  ])
  func `grants what it names, in any spelling`(url: String) throws {
    #expect(try Self.verdict(url) == .allow)
  }

  @Test(arguments: [
    "https://docs.example.com/", "https://notexample.com/", "https://example.com.evil.test/",
    "http://example.com/", "https://example.com:8443/", "https://example.com:0/",
    "https://example.com:65536/", "https://example.com:/", "https://example.com:443:443/",
    "https://example.com:+443/", "https://u:p@example.com/", "https://example.com@evil.test/",
    #"https://example.com\@evil.test/"#, #"https://example.com\.evil.test/"#,
    "https://example.com%00.evil.test/", "https://example.com%2eevil.test/",
    "https://evil.test/?u=https://example.com/", "https:///example.com/", "https:example.com",
    "//example.com/", "example.com", "", "https://", "https://.example.com/",
    "https://example..com/", "https://example.com../", "https://exa mple.com/",
    "https://①②⑦.⓪.⓪.①/", "https://ｅxample.com/", "https://example。com/",
    "https://exаmple.com/", " https://example.com/", "https://example.com/\n",
    "https://exam\tple.com/", "https://a@b@example.com/", "https://[::1]:80@example.com/",
    "https://[v1.x]/", "https://[example.com]/", "https://example.com]/",
    "file:///etc/passwd", "FILE:///etc/passwd", "gopher://example.com:443/_INFO",
    "jar:https://example.com!/", "javascript:alert(1)", "data:text/html,x",
    "ws://example.com/", "unix:///var/run/docker.sock", "https://1.1.1.1 &@2.2.2.2# @3.3.3.3/",
    "https://127.0.0.1/", "https://localhost/", "https://127.1/", "https://2130706433/",
    "https://0x7f000001/", "https://0177.0.0.1/", "https://[::1]/",
  ])
  func `grants nothing else`(url: String) throws {
    #expect(try Self.verdict(url) == .deny)
  }

  /// What a rule for any public host must never reach.
  @Test(arguments: [
    "http://127.0.0.1/", "http://localhost/", "http://localhost./", "http://LOCALHOST:80/",
    "http://foo.localhost/", "http://127.1/", "http://127.0.1/", "http://2130706433/",
    "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://017700000001/",
    "http://0/", "http://0.0.0.0/", "http://1.2.3/", "http://256.256.256.256/", "http://[::]/",
    "http://[::1]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::1]/", "http://[2002:7f00:1::]/", "http://[fe80::1%25eth0]/",
    "http://[fe80::1]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/",
    "http://[::ffff:169.254.169.254]/", "http://[2001:db8::1]/", "http://[2001::1]/",
    "http://[3fff::1]/", "http://[ff02::1]/", "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/",
    "http://169.254.170.2/v2/credentials", "http://metadata.google.internal/",
    "http://100.100.100.200/", "http://168.63.129.16/", "http://10.0.0.1/", "http://172.16.0.1/",
    "http://172.31.255.255/", "http://192.168.1.1/", "http://100.64.0.1/", "http://198.18.0.1/",
    "http://198.19.255.255/", "http://192.0.2.1/", "http://198.51.100.1/", "http://203.0.113.1/",
    "http://224.0.0.1/", "http://255.255.255.255/", "http://240.0.0.1/", "http://printer/",
    "http://printer.local/", "http://router.lan/", "http://a.home.arpa/",
  ])
  func `on any public host does not reach the machine, its network or metadata`(
    url: String
  )
    throws
  {
    let engine = try PolicyTests.engine(rule: "args: { url: { notHost: [] } }", effect: .ask)
    #expect(engine.judge(Self.call(url), PolicyState(model: nil)).verdict == .deny)
  }

  @Test(arguments: [
    "http://172.32.0.1/", "http://172.15.0.1/", "http://8.8.8.8/", "http://100.63.255.255/",
    "http://198.17.0.1/", "http://168.63.129.17/", "http://[2606:4700::1111]/",
    "http://[64:ff9b::808:808]/", "http://[2002:808:808::]/", "https://example.com:8443/?q=1",
  ])
  func `on any public host reaches the public ones`(url: String) throws {
    let engine = try PolicyTests.engine(rule: "args: { url: { notHost: [] } }", effect: .ask)
    #expect(engine.judge(Self.call(url), PolicyState(model: nil)).verdict == .ask)
  }

  @Test(arguments: ["http://127.0.0.1:8080/", "http://localhost:8080/", "http://[::1]:8080/"])
  func `grants a special address only by its name`(url: String) throws {
    let named = try PolicyTests.engine(
      rule: "args: { url: { host: ['127.0.0.1', 'localhost', '::1'] } }")
    #expect(named.judge(Self.call(url), PolicyState(model: nil)).verdict == .allow)
    let wildcard = try PolicyTests.engine(rule: "args: { url: { host: ['*.localhost'] } }")
    #expect(
      wildcard.judge(Self.call("http://a.localhost/"), PolicyState(model: nil)).verdict == .deny
    )
  }

  @Test func `denies whatever could be meant`() throws {
    let engine = try PolicyTests.engine(
      """
      rules: [ { id: 'R', effect: 'allow', tool: 't', args: 'any' },
               { id: 'D', effect: 'deny', tool: 't', args: { url: { host: ['evil.test', '10.0.0.1'] } } },
               { id: 'E', effect: 'deny', tool: 't', args: { url: { notHost: ['example.com', 'evil.test'] } } } ]
      """)
    for url in [
      "https://evil.test/", "http://u:p@EVIL.test.:8080/?q", "http://10.0.0.1/",
      "https://other.test/", "http://127.0.0.1/",
    ] {
      #expect(engine.judge(Self.call(url), PolicyState(model: nil)).verdict == .deny, "\(url)")
    }
    #expect(
      engine.judge(Self.call("https://example.com/"), PolicyState(model: nil)).verdict == .allow
    )
  }

  @Test func `bounds the query and the user part`() throws {
    let engine = try PolicyTests.engine(
      rule: "args: { url: { host: ['a.test'], maxQueryBytes: 4, userinfo: true } }")
    for (url, verdict) in [
      ("https://a.test/?abcd", Verdict.allow), ("https://a.test/?abcde", .deny),
      ("https://a.test/?abcd#efgh", .allow), ("https://a.test/#?abcdefg", .allow),
      ("https://u:p@a.test/", .allow), ("https://u p@a.test/", .deny),
    ] {
      #expect(
        engine.judge(Self.call(url), PolicyState(model: nil)).verdict == verdict, "\(url)")
    }
  }

  @Test func `is granted by paths that every server reads alike, and denied by all others`() throws
  {
    let granting = try PolicyTests.engine(
      rule: "args: { url: { host: ['a.test'], path: ['/docs/*', '/a', '/b/'] } }")
    let denying = try PolicyTests.engine(
      """
      rules: [ { id: 'R', effect: 'allow', tool: 't', args: 'any' },
               { id: 'D', effect: 'deny', tool: 't', args: { url: { host: ['a.test'], path: ['/docs/*', '/a', '/b/'] } } } ]
      """)
    func verdicts(_ path: String) -> [Verdict] {
      [granting, denying].map {
        $0.judge(Self.call("https://a.test\(path)"), PolicyState(model: nil)).verdict
      }
    }
    for path in [
      "/docs/", "/docs/x/y?q#f", "/%64ocs/%7Ex", "/docs/x;v=1", "/docs/%c3%a9", "/a", "/a?b", "/b/",
      "/docs/...", "/docs/x/",
    ] {
      #expect(verdicts(path) == [.allow, .deny], "\(path)")
    }
    for path in ["", "/", "/docs", "/Docs/", "/a/", "/b", "/c?/docs/", "/x/docs/"] {
      #expect(verdicts(path) == [.deny, .allow], "\(path)")
    }
    // Somebody may fold these into another path: no rule grants them, and every rule denies them.
    for path in [
      "/docs/../x", "/docs/..", "/docs/./x", "/docs/%2e%2e/x", "/docs/.%2E/x", "/docs/..;a/x",
      "/docs//x",
      "//docs/x", "/docs/%2fx", "/docs/%5cx", "/docs/%252e%252e/x", "/docs/%", "/docs/%4",
      "/docs/%00", "/docs/%zz",
    ] {
      #expect(verdicts(path) == [.deny, .deny], "\(path)")
    }
    for path in ["docs/", "/*/a", "/a**", "/a/../b", "/a?b", "/a#b", "", "/%2f"] {
      let sentence = refusal(
        "rules: [ { id: 'R', effect: 'allow', tool: 't', args: { url: { path: ['\(path)'] } } } ]")
      #expect(sentence?.contains("is no path of a URL") == true, "\(path): \(sentence ?? "")")
    }
  }

  @Test func `believes the parts that the fetcher's parser found`() throws {
    var effect = Self.call(#"https://example.com\@evil.test/"#)
    effect.webAddresses["url"] = WebAddress(
      scheme: "https", host: "example.com", port: 443, hasUserinfo: false, queryBytes: 0)
    #expect(try Self.engine().judge(effect, PolicyState(model: nil)).verdict == .allow)
    effect.webAddresses["url"]?.host = "evil.test"
    #expect(try Self.engine().judge(effect, PolicyState(model: nil)).verdict == .deny)
  }

  private static func call(_ url: String) -> Effect {
    Effect(tool: "t", arguments: ["url": .string(url)])
  }

  private static func verdict(_ url: String) throws -> Verdict {
    try engine().judge(call(url), PolicyState(model: nil)).verdict
  }
}
