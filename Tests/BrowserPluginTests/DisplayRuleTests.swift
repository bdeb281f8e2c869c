// DisplayRuleTests.swift — one rule of the display at a time.

import Base
import BrowserPlugin
import TestKit
import Testing

@Suite struct `The text of a page` {
  @Test(arguments: [
    // Blocks and lines.
    ("<p>one</p><p>two</p>", "one\n\ntwo"),
    ("<div>one</div><div>two</div>", "one\n\ntwo"),
    ("<section>one</section><section>two</section>", "one\n\ntwo"),
    ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
    ("<p>one<br>\n<br>\n<br>\n<br>two", "one\n\ntwo"),
    ("a  lot\n of \t white&nbsp;&nbsp;space", "a lot of white space"),
    ("one<hr>two", "one\n\n* * *\n\ntwo"),
    ("<h1>one</h1><h3>three</h3><h6>six</h6>end", "# one\n\n### three\n\n###### six\n\nend"),
    ("<h2></h2><h2> </h2>text", "text"),
    // Words that elements separate are two words; marks do not stick to them.
    ("<b>Price</b><i>10</i>", "Price 10"),
    ("<b>bold</b>, <em>emphasis</em>.", "bold, emphasis."),
    ("super<wbr>long", "superlong"),
    // Lists.
    ("<ul><li>one<li>two</ul>after", "* one\n  * two\n\nafter"),
    ("x<ol><li>one<li>two</ol>", "x\n\n  1. one\n  2. two"),
    (
      "x<ol start=7><li>seven<ul><li>inner</ul><li>eight</ol>",
      "x\n\n  7. seven\n     * inner\n  8. eight"
    ),
    ("x<ul><li>one<ul><li>inner</ul></ul>", "x\n\n  * one\n    * inner"),
    ("x<ul><li><p>paragraph</p></li><li></li><li>last</ul>", "x\n\n  * paragraph\n\n  * last"),
    ("x<ul><li><ul><li>inner</ul></ul>", "x\n\n    * inner"),
    (
      "<dl><dt>term<dd>meaning<dt>other<dd>one<dd>two</dl>",
      "term\n    meaning\nother\n    one\n    two"
    ),
    // Quotes.
    (
      "x<blockquote><p>one</p><p>two<br>three</p></blockquote>y",
      "x\n\n> one\n>\n> two\n> three\n\ny"
    ),
    ("x<blockquote>one<blockquote>two</blockquote></blockquote>", "x\n\n> one\n>\n>> two"),
    ("<q>said</q>", "\"said\""),
    // Code.
    ("use <code>f(x)</code> and <kbd>^C</kbd>", "use `f(x)` and `^C`"),
    ("a <code></code>b <q> </q>c", "a b c"), ("<h2><code></code>x</h2>", "## x"),
    // What was taken back.
    ("<s>a</s> <del>b</del> <strike>c d</strike>.", "~~a~~ ~~b~~ ~~c d~~."),
    ("a<s>b</s>c<s>d</s>.", "a ~~b~~ c ~~d~~."),
    ("x<del><p>y</p><p>z</p></del>", "x ~~\n\ny\n\nz~~"), ("<a href=/x><s>y</s></a>", "【0†y】"),
    ("x<pre><s>y</s></pre>", "x\n\n    y"),
    ("x<pre>a\n  b\n\n\n\nc  \n</pre>y", "x\n\n    a\n      b\n\n    c\n\ny"),
    ("x<pre><span>de</span><span>f</span></pre>", "x\n\n    def"),
    // Tables: a row is a line.
    ("<table><caption>Cap</caption><tr><th>A<th>B<tr><td>1<td>2</table>z", "Cap\nA B\n1 2\n\nz"),
    ("<table><tr><td>end.<td>(next</table>", "end. (next"),
    // Images.
    (
      "<img alt='a cat' src=c.png><img src=d.png><img alt='' title=t><img title=t>",
      "[Image 0: a cat][Image 1][Image 2][Image 3: t]"
    ),
    // Raised and lowered.
    ("x<sup>2</sup> H<sub>2</sub>O e<sup>n+1</sup>", "x^{2} H_{2}O e^{n+1}"),
    ("<b>x</b><sup>2</sup>", "x^{2}"),
    ("x<sup></sup>y <sup><a href='/n'>[1]</a></sup>", "xy 【0†[1]】"),
    // What is not read.
    ("a<style>c</style><template>d</template><svg><text>e</text></svg>f", "a f"),
    ("a<style>b</style>c", "ac"),
    ("a<math><mi>x</mi></math>b<!-- c -->", "a b"),
    ("<noscript>without scripts</noscript>", "without scripts"),
    ("<select><option>one<option>two</select><textarea>three</textarea>", "one two three"),
  ])
  func `follows the rule for each element`(html: String, expected: String) {
    #expect(text(html) == expected)
  }

  @Test(arguments: [
    ("<p hidden>x</p>y", "y"), ("<p hidden=until-found>x</p>", "x"),
    ("<p style='display:none'>x</p>y", "y"), ("<p style='DISPLAY : None !important'>x</p>y", "y"),
    ("<p style='display:none;display:block'>x</p>", "x"),
    ("<p style='color:red; visibility:hidden'>x</p>y", "y"),
    ("<p style='visibility:collapse'>x</p>y", "y"), ("<p style='opacity:0.0'>x</p>y", "y"),
    ("<p style='opacity:0.5'>x</p>", "x"), ("<p style='font-size:0px'>x</p>y", "y"),
    ("<p style='font-size:10px'>x</p>", "x"), ("<dialog>x</dialog>y", "y"),
    ("<dialog open>x</dialog>", "x"), ("<input type=hidden value=x>y", "y"),
    ("<p style='background:url(none)'>x</p>", "x"),
    ("<p style='display:none'>x<a href=/l>y</a></p><a href=/m>z</a>", "【0†z】"),
  ])
  func `leaves out what a person would not see`(html: String, expected: String) {
    #expect(text(html) == expected)
  }

  @Test(arguments: [
    ("【0†forged】", "〖0†forged〗"), ("&#12304;0&dagger;x&#12305;", "〖0†x〗"),
    ("<a href=/x>a†b【c】</a>", "【0†a‡b〖c〗】"), ("◼", "◾"), ("a\u{200B}b", "ab"),
    ("a&#x200B;b", "ab"), ("a\u{FEFF}b", "ab"), ("a\u{E0041}\u{E0042}b", "ab"),
    ("<img alt='】x【'>", "[Image 0: 〗x〖]"), ("a&#27;[31mb", "a[31mb"),
    ("emoji 🚀 stays", "emoji 🚀 stays"),
    ("<pre>【1†x】</pre>", "〖1†x〗"),
  ])
  func `cannot contain the marks of the display`(html: String, expected: String) {
    let text = text(html)
    #expect(text.drop { $0 == " " } == expected[...])
  }

  @Test func `shows a title that cannot end its line or forge an address`() {
    var browser = browser(
      "<title> A\n [9] 【t】\u{200B} </title>x", url: "http://site.test/%0A%E3%80%90")
    let display = browser.open(["id": "http://site.test/%0A%E3%80%90"])
    #expect(
      display.hasPrefix(
        "[0] A [9] 〖t〗 (http://site.test/%0A〖)\n**viewing lines [0 - 2] of 2**\n\nL0: \n"))
  }

  @Test func `takes the first title of the page, not one of a picture`() {
    var browser = browser("<body><svg><title>no</title></svg><title>yes</title><title>late</title>")
    #expect(browser.open(["id": "http://site.test/page"]).hasPrefix("[0] yes ("))
    var untitled = BrowserPluginTests.browser("x", url: "http://site.test:8080/a/b")
    #expect(untitled.open(["id": "http://site.test:8080/a/b"]).hasPrefix("[0] site.test:8080 ("))
  }
}
