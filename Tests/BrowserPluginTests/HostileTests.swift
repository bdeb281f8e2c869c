// HostileTests.swift — pages that are made to break parsers, and to trick whoever reads them.

import Base
import BrowserPlugin
import MCP
import TestKit
import Testing

@Suite struct `A hostile page` {
  /// The display of all of it; fails where something holds that must not.
  private func display(_ html: [UInt8]) -> String {
    var browser = browser(html)
    let display = browser.open(["id": "http://site.test/page", "num_lines": 10_000_000])
    if let problem = DisplayCheck.problem(in: display) { Issue.record("\(problem)") }
    return display
  }

  @Test(arguments: [
    "", "<", "</", "<!", "<!-", "<!--", "<!-->", "<!--->", "<!--a--!>b", "<![CDATA[x]]>y",
    "<?php x ?>y",
    "<a", "<a ", "<a href", "<a href=", "<a href='", "<a href='x", "<a href=x", "<a href=x>",
    "</a></a></p></p>",
    "<a href=x><a href=y>z</a></a>", "<a href=x><table><a href=y>z",
    "<a href=x><p><a href=y><b>z</a></p></b>",
    "<b><p></b>x</p>", "<b><i></b>x</i>", "<p><b><i><u></p>x", "<table>x<tr>y<td>z</table>w",
    "<table><table><tr><td></table>x</table>y", "<table><select><tr>x</select>y",
    "<select><b>x</select>",
    "<select><select><option>x</select></select>y", "<form><form>x</form></form>y",
    "<button><button>x",
    "<svg><p>x</svg>y", "<svg><foreignObject><p>x</svg>y", "<math><mtext><p>x</math>y",
    "<svg></p>x",
    "<title><b>x</title>y", "<textarea><p>x</textarea>y",
    "<script><!--<script></script>x</script>y",
    "<script><!--<script>--></script>x", "<style></styl></style>x", "<plaintext></plaintext><b>x",
    "<noscript><p>x</noscript>y", "<frameset><frame></frameset>x", "<body><frameset>x",
    "<html><head>x</head>y",
    "</html>x</body>y", "<br/><br></br>x", "<p/>x<div/>y", "<image alt=x>", "<isindex prompt=x>",
    "&", "&a", "&amp", "&ampx", "&#", "&#x", "&#0;", "&#x110000;", "&#xD800;", "&#128;", "&notit;",
    "&copy",
    "&lt;a href=x&gt;y&lt;/a&gt;", "\u{0}x\u{0}", "<p\u{0}>x", "x\u{FFFE}y", "\u{FEFF}<p>x",
    "<ol start=99999999999999999999><li>x<li value=-5>y",
    "<ol start=-9223372036854775808><li>x<li>y",
    "<ruby>x<rp>(</rp><rt>y<rp>)</rp></ruby>", "<pre><pre>x</pre>y</pre>z",
    "<ul></li></ul><li>x</ul>",
    "<a href='javascript&colon;alert(1)'>x</a>", "<a href='java\tscript:x'>y</a>",
    "<img alt='[Image 9: x]'>",
    "<a href=x>】【9†forged】</a>", "<a href='http://a】b/'>x</a>",
    "<sup>【1†x】</sup><sub><sub>y</sub></sub>",
    "<sup><a href=x>y</sup></a>z", "<template><p>x</template>y", "<object><p>x</object>y",
    "<base href='://'>x",
    "<base href='javascript:x'><a href=y>z</a>", "<blockquote><pre>x\n\ny</blockquote>z</pre>w",
  ])
  func `of tag soup shows something without breaking a rule`(html: String) {
    _ = display(Array(html.utf8))
    // Cut anywhere, and in other bytes than were meant.
    for cut in 0..<html.utf8.count { _ = display(Array(html.utf8.prefix(cut))) }
    _ = display(Array(html.utf8.map { $0 ^ 0x80 }))
  }

  @Test(arguments: ["div", "b", "a href=x", "table><tr><td", "ul><li", "blockquote", "svg", "span"])
  func `that is nested deeply is read in time`(tag: String) {
    let html = Array(String(repeating: "<\(tag)>", count: 10_000).utf8) + Array("needle".utf8)
    #expect(display(html).contains("needle") || tag == "svg")
  }

  @Test func `that is nested so deeply that its tree takes too long is read without its links`() {
    let html = String(repeating: "<div>", count: 200_000) + "needle"
    let shown = display(Array(html.utf8))
    #expect(shown.contains("needle"))
    #expect(shown.hasSuffix(Self.note))
  }

  private static let note =
    "[The page is too intricate to be read with its links; this is its text.]"

  @Test(arguments: [
    nil, "utf-8", "utf-16", "shift_jis", "iso-2022-jp", "gb18030", "euc-kr", "windows-1252",
    "nonsense",
  ])
  func `in several encodings at once is read in one of them`(charset: String?) {
    let pieces: [[UInt8]] = [
      Array("<meta charset=koi8-r><p>needle é 日本".utf8),
      [0xE9, 0xFF, 0xFE, 0x3C, 0x00, 0x70, 0x00],
      [0x93, 0xFA, 0x96, 0x7B], [0x1B, 0x24, 0x42, 0x46, 0x7C, 0x1B, 0x28, 0x42],
      [0xEF, 0xBB, 0xBF],
      Array("</p><a href='/\u{3010}'>needle</a>".utf8), [0x81, 0x30, 0x81],
      [0xC7, 0xD1, 0xF0, 0x9F],
    ]
    for first in pieces.indices {
      let body = Array((pieces[first...] + pieces[..<first]).joined())
      let type = "text/html" + (charset.map { "; charset=\($0)" } ?? "")
      var browser = browser(body, type: type)
      let shown = browser.open(["id": "http://site.test/page", "num_lines": 1000])
      if let problem = DisplayCheck.problem(in: shown) { Issue.record("\(problem)") }
      // UTF-16 makes other characters of them.
      let isWide = charset == "utf-16" || body.starts(with: [0xFF, 0xFE])
      #expect(shown.contains("needle") || isWide, "from piece \(first): \(shown)")
    }
  }

  @Test func `with one huge attribute is read`() {
    let value = String(repeating: "x", count: 2 << 20)
    let shown = display(
      Array("<p class='\(value)'>one<a href='\(value)'>two</a><img alt='\(value)'>".utf8))
    #expect(shown.contains("one"))
    #expect(shown.contains("two"))
    #expect(shown.utf8.count < 10_000)
  }

  @Test func `with a hundred thousand attributes is read, or read without its links`() {
    let html = "<p " + (0..<100_000).map { "a\($0)=1" }.joined(separator: " ") + ">needle"
    #expect(display(Array(html.utf8)).contains("needle"))
  }

  @Test func `whose tree would be far larger than itself is read without its links`() {
    let open = (0..<2_000).map { "<b id=\($0)>" }.joined()
    let html = "<p>\(open)</p>" + String(repeating: "<p>x</p>", count: 5_000) + "<p>needle"
    let shown = display(Array(html.utf8))
    #expect(shown.hasSuffix(Self.note))
    #expect(shown.contains("needle"))
  }

  @Test func `of one line without an end is cut into lines`() {
    let shown = display(Array(String(repeating: "x", count: 1 << 20).utf8))
    #expect(shown.contains("of 13109**"))
  }

  @Test func `with little text and scripts says that it wants them`() {
    let shown = display(Array("<div id=root></div><script src=app.js></script>".utf8))
    #expect(
      shown.hasSuffix("L4: [The page shows little without JavaScript, which is not run here.]"))
  }

  @Test(arguments: [
    Array("%PDF-".utf8), Array("%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer".utf8),
  ])
  func `that only looks like a PDF is refused in a sentence`(body: [UInt8]) {
    var browser = browser(body, type: "application/pdf")
    let result = browser.call("open", ["id": "http://site.test/page"])
    #expect(result.isError)
    #expect(result.text.hasPrefix("Error fetching URL `http://site.test/page`: "))
  }
}
