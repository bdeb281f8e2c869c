// PackedTextTests.swift — text that is taken out before a page is parsed, and put back: nothing may show of it.

import Base
import BrowserPlugin
import Foundation
import TestKit
import Testing

@Suite struct `Text that is packed` {
  /// The page as it is shown, and as it is shown where a character of the private use area keeps its text in place.
  private static func displays(_ html: String) -> (packed: String, plain: String) {
    func shown(_ first: String) -> String {
      var browser = browser("<!--\(first)-->" + html)
      return browser.open(["id": "http://site.test/page", "num_lines": 1_000_000])
    }
    return (shown("x"), shown("\u{E000}"))
  }

  @Test func `leaves golden and shaped pages as they are`() throws {
    var pages = ShapedPage.all.map(\.html)
    for session in GoldenSession.all where session.name.hasSuffix(".html") {
      pages.append(
        String(
          decoding: try Vectors.bytes("\(GoldenSession.folder)/\(session.name)"), as: UTF8.self))
    }
    for (number, page) in pages.enumerated() {
      let (packed, plain) = Self.displays(page)
      #expect(packed == plain, "page \(number)")
    }
  }

  private static let words = "a run of plain words that is long enough"

  /// "¤" stands for the words.
  @Test(arguments: [
    "¤", "<p>¤", "<p>¤ &amp; ¤&nbsp;¤&copy ¤", "a &notin ¤",
    "<p>¤\n  ¤\t¤\r\n¤\u{C}¤\u{85}¤\u{1}¤",
    "<pre>\n¤\n\n  ¤ </pre>", "<a href='¤>¤'>¤</a>",
    "<a title=\"x > ¤\" href=/y>¤</a>", "<a title='\"' \">¤'>¤",
    "<!-- > ¤-->¤", "<!-->¤-->¤", "<!---->¤", "<!--¤--!>¤",
    "<! ¤>¤", "<? ¤ ?>¤", "</ ¤>¤", "</p ¤=\">\">¤",
    "a < ¤ > ¤ <", "<3 ¤<4>¤", "<p/¤/>¤", "<p =¤=>¤",
    "<script>¤ > ¤</script>¤", "<script><!-- <script> </script>¤</script>¤",
    "<style>¤</styl>¤</style >¤", "<title>¤</title>¤",
    "<textarea>¤<p>¤</textarea>¤", "<xmp><b>¤</xmp>¤",
    "<plaintext>¤<b>¤", "<noscript>¤<p>¤</noscript>¤",
    "<svg><title>¤<b c=\"</title>\">¤</svg>¤<title>¤</title>¤",
    "<svg/><style>¤</style>¤", "<svg a=b/><style><p a=\"¤</style>\">¤",
    "<svg><![CDATA[ ¤ > ¤ ]]>¤</svg>¤", "<math>¤</math>¤",
    "<select><option>¤<title><a b=\"</title>¤\">¤</select>¤",
    "<select><script><a b=\"</script>¤\">¤</select>¤",
    "<table>¤<tr>¤<td>¤</table>¤", "<table> ¤<caption>¤</table>",
    "<table><colgroup>¤<col>¤</table>", "<frameset>¤</frameset>¤",
    "<head>¤<body>¤</body>¤</html>¤", "<b>¤<p>¤</b>¤</p>",
    "<p hidden>¤</p>¤", "<ul><li>¤<li>¤</ul>", "<q>¤</q><code>¤</code>",
    "Ein Lauf schöner Wörter, der lang genug ist, 日本語の長い文章はここにあります。 ﷐ 🚀¤",
    "&#xE000;&#xE000;¤", "&#57344;&#xe000¤", "<title>&#xE000;&#xE001;</title>¤",
    "¤&#4294967295;¤&#x110000;¤",
    "\u{E000}\u{E000}¤",
  ])
  func `shows nowhere that it was`(page: String) {
    let (packed, plain) = Self.displays(page.replacing("¤", with: Self.words))
    #expect(packed == plain)
  }

  /// Fragments in a row, in an order that nobody thought of.
  @Test func `shows nowhere in any mixture`() {
    let fragments = [
      Self.words, Self.words + " ", " \(Self.words)", "<p>", "</p>", "<b>", "</b>", "<a href=/x>",
      "</a>", "<a title=\"a > b\">", "<a title='a > b'>", "<i x=y/>", "<br/>", "<table>", "<tr>",
      "<td>", "</table>", "<ul>", "<li>", "</ul>", "<pre>", "</pre>", "<!-- ", " -->", "<!-- x -->",
      "<script>", "</script>", "<style>", "</style>", "<textarea>", "</textarea>", "<title>",
      "</title>", "<svg>", "</svg>", "<select>", "<option>", "</select>", "&amp;", "&#39;", "\"",
      "'", ">", "<", "=", "/", "\n", "é", "日本語", "<div hidden>", "</div>",
    ]
    var random = SplitMix64(seed: 7)
    var differences: [String] = []
    let count = ProcessInfo.processInfo.environment["MARTLET_FULL"] == nil ? 2_000 : 100_000
    for _ in 0..<count {
      let html = (0..<Int.random(in: 2...24, using: &random)).map { _ in
        fragments[Int.random(in: 0..<fragments.count, using: &random)]
      }.joined()
      let (packed, plain) = Self.displays(html)
      if packed != plain { differences.append(html) }
    }
    #expect(differences.isEmpty, "\(differences.count): \(differences.first ?? "")")
  }
}
