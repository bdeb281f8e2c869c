// RobotsRulesTests.swift — robots.txt by the examples and the corners of RFC 9309.

import BrowserPlugin
import Testing

@Suite struct `A robots file` {
  private static func allows(_ text: String, _ path: String, _ agent: String = "martlet") -> Bool {
    RobotsRules(text: Array(text.utf8)).allows(path, for: agent)
  }

  @Test(arguments: [
    ("/", true), ("/a", false), ("/ab", false), ("/a/b", true), ("/a/bc", true), ("/A", true),
    ("/x?q=a", true),
  ])
  func `is read by the longest match`(path: String, isAllowed: Bool) {
    #expect(Self.allows("User-agent: *\nDisallow: /a\nAllow: /a/b\n", path) == isAllowed)
  }

  @Test(arguments: [
    ("/*.gif$", "/a/b.gif", false), ("/*.gif$", "/a/b.gif?x", true), ("/a*b", "/axxb/c", false),
    ("/a$", "/a", false), ("/a$", "/ab", true), ("/*", "/anything", false), ("*/x", "/y/x", false),
    ("/a%3cd", "/a%3Cd/e", false), ("/~joe", "/%7Ejoe/", false), ("/a%2fb", "/a/b", true),
    ("/é", "/%C3%A9t%C3%A9", false), ("/**", "/z", false),
  ])
  func `knows stars ends and percent signs`(pattern: String, path: String, isAllowed: Bool) {
    #expect(Self.allows("user-agent: *\ndisallow: \(pattern)", path) == isAllowed)
  }

  @Test func `lets allow win where both are as long`() {
    #expect(Self.allows("User-agent: *\nDisallow: /page\nAllow: /page\n", "/page"))
  }

  @Test func `speaks to the group of the programs name before all others`() {
    let text = """
      \u{FEFF}User-Agent: OtherBot
      User-agent: Martlet/2.0
      Disallow: /private  # not for programs

      User-agent: *
      Disallow: /
      Sitemap: https://example.com/sitemap.xml
      """
    #expect(Self.allows(text, "/public"))
    #expect(!Self.allows(text, "/private/x"))
    #expect(!Self.allows(text, "/public", "somebody"))
    #expect(!Self.allows(text, "/private/x", "otherbot"))
  }

  @Test func `joins groups of the same name and passes over what it does not know`() {
    let text =
      "Disallow: /nobody\r\nUser-agent: martlet\rDisallow: /a\nUser-agent: x\nDisallow: /b\nUser-agent: martlet\nCrawl-delay: 5\nDisallow: /c\nDisallow:\nnonsense\n: \n"
    for (path, isAllowed) in [("/a", false), ("/b", true), ("/c", false), ("/nobody", true)] {
      #expect(Self.allows(text, path) == isAllowed, "\(path)")
    }
  }

  @Test func `that is not there opens everything and a broken site nothing`() {
    #expect(
      RobotsRules(status: 404, body: Array("User-agent: *\nDisallow: /".utf8)).allows("/", for: "m")
    )
    #expect(!RobotsRules(status: 503, body: []).allows("/", for: "m"))
    #expect(RobotsRules(status: 200, body: []).allows("/", for: "m"))
    #expect(
      !RobotsRules(status: 200, body: Array("User-agent: *\nDisallow: /".utf8)).allows(
        "/", for: "m"))
  }

  @Test(.timeLimit(.minutes(1))) func `of any size and shape is read in a moment`() {
    let stars = String(repeating: "*a", count: 1000)
    let text = "User-agent: *\n" + String(repeating: "Disallow: /\(stars)b\n", count: 250)
    #expect(Self.allows(text, "/" + String(repeating: "a", count: 2000)))
    #expect(Self.allows(String(repeating: "User-agent: *\n", count: 100_000), "/"))
    #expect(Self.allows(String(repeating: "\u{0}", count: 1 << 20), "/"))
  }
}
