// ShapedPageTests.swift — pages built like those of the web keep their text and their links, in order.

import Base
import BrowserPlugin
import Testing

@Suite struct `A page like those of the web` {
  @Test func `comes in sixty shapes`() { #expect(ShapedPage.all.count == 60) }

  @Test(arguments: ShapedPage.all)
  func `keeps its main text and the order of its links`(page: ShapedPage) {
    let shown = text(page.html)
    // Lines are cut anywhere between words.
    var rest = letters(shown)[...]
    for sentence in page.sentences {
      let wanted = letters(sentence)
      guard let place = rest.firstRange(of: wanted) else {
        Issue.record("\"\(sentence)\" is missing, or out of order")
        return
      }
      rest = rest[place.upperBound...]
    }
    let joined = shown.split(separator: "\n").joined(separator: " ")
    let links = joined.split(separator: "【", omittingEmptySubsequences: false).dropFirst().map {
      piece in
      String(piece.drop { $0 != "†" }.dropFirst().prefix { $0 != "】" && $0 != "†" })
    }
    #expect(links.map(letters) == page.links.map(letters))
    for unseen in ["dataLayer", "display:none", "invisible words", "placeholder"] {
      #expect(!shown.contains(unseen))
    }
  }

  private func letters(_ text: String) -> String { text.filter { $0.isLetter || $0.isNumber } }
}
