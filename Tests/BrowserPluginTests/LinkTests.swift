// LinkTests.swift — links: numbers, domains, what is followed and what is only text.

import Base
import BrowserPlugin
import TestKit
import Testing

@Suite struct `A link` {
  @Test(arguments: [
    ("<a href=/x>there</a>", "【0†there】"),
    ("<a href='http://site.test/x'>there</a>", "【0†there】"),
    ("<a href='HTTP://SITE.TEST/x'>there</a>", "【0†there】"),
    ("<a href='https://other.test/x'>there</a>", "【0†there†other.test】"),
    ("<a href='//other.test:81/x'>there</a>", "【0†there†other.test:81】"),
    ("<a href='http://site.test@evil.test/'>there</a>", "【0†there†evil.test】"),
    ("<a href='https://arxiv.org/abs/1'>paper</a>", "【0†paper†arxiv.org】"),
    // One number for each address.
    ("<a href=/x>a</a> <a href=/y>b</a> <a href=/x>c</a>", "【0†a】 【1†b】 【0†c】"),
    ("<a href=/x>a</a><a href=/y>b</a>", "【0†a】【1†b】"),
    // Only text.
    ("<a href='#part'>part</a>", "part"), ("<a name=x>anchor</a>", "anchor"),
    ("<a href='mailto:a@b.test'>mail</a>", "mail"),
    ("<a href='javascript:alert(1)'>click</a>", "click"),
    ("<a href=' JavaScript:x'>click</a>", "click"), ("<a href='data:text/html,x'>data</a>", "data"),
    ("<a href='tel:+1'>call</a>", "call"), ("<a href='file:///etc/passwd'>file</a>", "file"),
    ("<a href='ftp://site.test/'>ftp</a>", "ftp"),
    // A link without any text shows its pictures; white space is text.
    ("<a href=/x><img alt=cat></a>", "[Image 0: cat]"), ("<a href=/x></a>y", "y"),
    ("<a href=/x>\n<img alt=cat>\n</a>y<img>", "【0† 】y[Image 0]"),
    ("<a href=/x> \u{200B}</a>y", "【0† 】y"), ("x<a href='#p'> </a>y", "x y"),
    ("<img><a href=/x><img alt=b> words</a><img>", "[Image 0]【0† words】[Image 1]"),
    // Whatever it is made of, its text is one line, white space merged.
    ("<a href=/x>\n  many\n <b>words</b>  </a>", "【0† many words 】"),
    ("<a href=/x>glu<b>ed</b></a>", "【0†glu ed】"),
    ("<a href=/x><div>one</div><div>two</div></a>", "【0†one two】"),
    ("<a href=/x>a<style>b</style><span hidden>c</span></a>", "【0†a】"),
  ])
  func `is written as the model was trained to read it`(html: String, expected: String) {
    #expect(text(html) == expected)
  }

  @Test(
    arguments: [
      ("y", "http://site.test/a/y"), ("./y", "http://site.test/a/y"),
      ("../y", "http://site.test/y"),
      ("../../../y", "http://site.test/y"), ("/y/./z/../w", "http://site.test/y/w"),
      ("?q=1", "http://site.test/a/b?q=1"), ("//o.test", "http://o.test/"),
      ("https://o.test?x", "https://o.test/?x"),
      ("y z", "http://site.test/a/y%20z"), (" y ", "http://site.test/a/y"),
      ("y\n\tz", "http://site.test/a/yz"), ("\\\\o.test\\y", "http://o.test/y"),
      ("http:y", "http://site.test/a/y"), ("y#f", "http://site.test/a/y"),
      ("http://arxiv.org/abs/1?q=arxiv.org", "http://ar5iv.org/abs/1?q=arxiv.org"),
      ("http://u:p@o.test/y", "http://o.test/y"), (".", "http://site.test/a/"),
      ("..", "http://site.test/"),
      ("a:b/c", nil), ("x.y/z:w", "http://site.test/a/x.y/z:w"), ("é", "http://site.test/a/é"),
    ] as [(String, String?)])
  func `leads where a browser would go`(reference: String, expected: String?) {
    var asked = Asked()
    let page = "http://site.test/a/b?old=1#top"
    asked.pages["http://site.test/a/b?old=1"] = FetchedPage(
      url: page, status: 200, contentType: "text/html",
      body: Array("<a href=\"\(reference)\">x</a>".utf8))
    var browser = Browser(library: PageLibrary(fetcher: asked), meter: .estimate)
    _ = browser.open(["id": .string(page)])
    let answer = browser.open(["id": 0])
    if let expected {
      // The address as it was fetched stands in the message of what is not there.
      #expect(answer.contains("not there: <\(expected)>"), "\(answer)")
    } else {
      #expect(answer == "Invalid link id `0`.")
    }
  }

  @Test func `is resolved against the page's base, the first that it names`() {
    var browser = browser(
      "<base href='http://b.test/d/'><base href='http://c.test/'><a href=x>x</a> <a href='http://site.test/y'>y</a>"
    )
    let display = browser.open(["id": "http://site.test/page"])
    #expect(plain(display) == "【0†x†b.test】 【1†y】")
  }

  @Test func `of a page with more than 50,000 is plain text from there on`() {
    let html = (0..<50_010).map { "<a href=/\($0)>l</a>" }.joined()
    let shown = text(html)
    #expect(shown.contains("【49999†l】"))
    #expect(!shown.contains("【50000"))
  }

  private struct Asked: PageFetcher {
    var pages: [String: FetchedPage] = [:]

    func fetch(_ request: PageRequest) throws(FetchFailure) -> FetchedPage {
      guard let page = pages[request.url] else {
        throw FetchFailure(message: "not there: <\(request.url)>")
      }
      return page
    }
  }
}
