// ShapedPages.swift — pages built like those of the web: the same words in ten kinds of markup.

import Base

/// A page, and what has to be left of it.
struct ShapedPage: CustomStringConvertible, Sendable {
  var name: String
  var html: String
  /// In the order in which they are read.
  var sentences: [String]
  /// Texts of links, in order, those of menus included.
  var links: [String]

  var description: String { name }

  static let layouts = [
    "article", "news", "wiki", "forum", "manual", "shop", "figures", "questions", "releases",
    "mail",
  ]

  /// Six pages of each layout.
  static let all: [ShapedPage] = layouts.flatMap { layout in
    (1...6).map { seed in
      var maker = ShapedPageMaker(seed: UInt64(seed))
      return maker.page(layout, name: "\(layout) \(seed)")
    }
  }
}

/// Writes pages out of a few words.
private struct ShapedPageMaker {
  private var random: SplitMix64
  private var sentences: [String] = []
  private var links: [String] = []

  private static let words = [
    "swift", "martin", "flock", "roof", "season", "nest", "ringing", "station", "harbour",
    "weather",
    "counts", "migrating", "naïve", "Zürich", "evening", "observers", "published", "records",
    "data",
    "between", "northern", "across", "during", "several", "thousand", "birds", "returned", "early",
  ]

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  private mutating func words(_ range: ClosedRange<Int>) -> String {
    (0..<Int.random(in: range, using: &random)).map { _ in
      Self.words[Int.random(in: 0..<Self.words.count, using: &random)]
    }.joined(separator: " ")
  }

  private mutating func sentence(_ range: ClosedRange<Int> = 6...30) -> String {
    let text = "\(words(range)) \(sentences.count)."
    sentences.append(text)
    return text
  }

  private mutating func link(_ attributes: String = "") -> String {
    let text = "\(words(1...3)) \(links.count)"
    links.append(text)
    return "<a \(attributes) href=\"/p/\(links.count)?a=1&amp;b=2\">\(text)</a>"
  }

  private mutating func menu(_ count: Int) -> String {
    "<nav role=navigation><ul class=\"menu\">"
      + (0..<count).map { _ in "<li class='menu-item'>\(link())</li>" }.joined() + "</ul></nav>"
  }

  private mutating func paragraph() -> String {
    "<p class=\"lead-\(sentences.count)\">\(sentence()) \(link("rel=nofollow")) \(sentence(3...8))</p>\n"
  }

  private mutating func paragraphs(_ range: ClosedRange<Int> = 2...6) -> String {
    (0..<Int.random(in: range, using: &random)).map { _ in paragraph() }.joined()
  }

  private let head = """
    <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Page</title>
    <meta name="viewport" content="width=device-width"><link rel=stylesheet href=a.css>
    <style>.x{display:none}</style><script>window.dataLayer=[];if(1<2){}</script></head>
    """

  mutating func page(_ layout: String, name: String) -> ShapedPage {
    let body: String
    switch layout {
    case "article": body = article()
    case "news": body = news()
    case "wiki": body = wiki()
    case "forum": body = forum()
    case "manual": body = manual()
    case "shop": body = shop()
    case "figures": body = figures()
    case "questions": body = questions()
    case "releases": body = releases()
    default: body = mail()
    }
    return ShapedPage(
      name: name, html: head + "<body class='\(layout)'>" + body + "</body></html>",
      sentences: sentences, links: links)
  }

  private mutating func article() -> String {
    "<header>\(menu(5))</header><main><article><h1>\(sentence(3...8))</h1>"
      + "<div class=meta>By \(link("rel=author")) · <time datetime=2026-01-01>\(sentence(2...3))</time></div>"
      + paragraphs() + "<h2>\(sentence(2...5))</h2>" + paragraphs()
      + "<blockquote><p>\(sentence())</p></blockquote></article></main><footer>\(menu(3))</footer>"
  }

  private mutating func news() -> String {
    let boxes = (0..<5).map { _ in
      "<div class=card><div class=img><img src=x.jpg alt=''></div><h3>\(link())</h3><div>\(sentence())</div></div>"
    }
    return "<div id=page><div class=row><div class=col>" + boxes.joined()
      + "</div></div></div><div style='display:none'>invisible words</div>" + menu(4)
  }

  private mutating func wiki() -> String {
    "<div id=content><h1><span>\(sentence(2...4))</span></h1><div id=toc><ul>"
      + (1...3).map { "<li><a href='#s\($0)'><span>\($0)</span> part</a></li>" }.joined()
      + "</ul></div><table class=infobox><tbody><tr><th colspan=2>\(sentence(2...3))</th></tr>"
      + "<tr><th>Family</th><td>\(link())</td></tr></tbody></table>"
      + (1...3).map { part in
        "<h2 id=s\(part)>\(sentence(1...3))</h2><p>\(sentence())<sup class=reference><a href='#n\(part)'>"
          + "[\(part)]</a></sup> \(link()) \(sentence())</p><dl><dd>\(sentence())</dd></dl>"
      }.joined()
      + "<ol class=references><li>^ <i>\(sentence())</i></li></ol></div>"
  }

  private mutating func forum() -> String {
    "<table width=100%><tr><td><font size=2>\(link())</font><td>\(link())</table>"
      + (0..<4).map { _ in
        "<table class=post><tr><td valign=top><b>\(link())</b><br>Posts: 12<td><div class=body>\(sentence())"
          + "<br><br>\n\(sentence())<blockquote>\(sentence())</blockquote>\(sentence())</div></table>"
      }.joined()
  }

  private mutating func manual() -> String {
    "<div class=sidebar>\(menu(6))</div><div class=doc role=main>"
      + (0..<4).map { part in
        "<section><h2>\(sentence(1...3))<a class=headerlink href='#p\(part)'>¶</a></h2>\(paragraph())"
          + "<dl><dt><code>option-\(part)</code></dt><dd><p>\(sentence())</p></dd></dl>"
          + "<div class=highlight><pre><span></span><span>let</span> x = \(part)\n  y()</pre></div></section>"
      }.joined() + "</div>"
  }

  private mutating func shop() -> String {
    menu(4) + "<ul class=products>"
      + (0..<6).map { number in
        "<li><div><div>\(link())</div><span class=price>\(number)9.90 €</span><button>Add</button>"
          + "<p>\(sentence(3...9))</p></div></li>"
      }.joined()
      + "</ul><form><input name=q placeholder=search><select><option>A<option>B</select></form>"
  }

  private mutating func figures() -> String {
    "<h1>\(sentence(2...4))</h1><table><thead><tr><th>\(sentence(1...2))<th>\(sentence(1...2))</tr></thead>"
      + (0..<12).map { _ in "<tr><td>\(sentence(1...3))</td>\n<td align=right>\(link())</td></tr>\n"
      }.joined()
      + "</table>" + paragraphs(1...2)
  }

  private mutating func questions() -> String {
    "<div id=question><h1>\(link())</h1><div class=post-text>\(paragraphs(1...3))"
      + "<pre><code>if (a &lt; b) {\n  return;\n}</code></pre></div></div>"
      + (0..<3).map { number in
        "<div class=answer><div class=votes>\(number)</div><div>\(paragraph())<ul><li>\(sentence())</li>"
          + "<li>\(sentence())<ul><li>\(sentence())</ul></ul></div><div class=comment>\(sentence(2...6)) – \(link())"
          + "</div></div>"
      }.joined()
  }

  private mutating func releases() -> String {
    (0..<5).map { number in
      "<section><h2>\(link()) — 1.\(number)</h2><h3>Fixed</h3><ul>"
        + (0..<3).map { _ in "<li><p>\(sentence()) (\(link()))</p></li>" }.joined()
        + "</ul></section>"
    }.joined()
  }

  private mutating func mail() -> String {
    "<center><table bgcolor=#fff><tr><td><p>\(sentence())</p><div>\(paragraph())</div>"
      + "<p style='margin:0'>\(sentence())<br>\(sentence())<br></p></td></tr></table></center>"
      + "<hr><address>\(link())</address><p>\(sentence())"
  }
}
