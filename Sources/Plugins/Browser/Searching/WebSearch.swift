// WebSearch.swift — a search engine on the web, asked through the browser's own way out.

import Base

/// One engine with its place and its key.
struct WebSearch: SearchBackend {
  private let engine: SearchEngine
  private let base: String
  private let key: String?
  private let books: String?

  var name: String { engine.rawValue }

  init(engine: SearchEngine, base: String, key: String?, books: String?) {
    self.engine = engine
    self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
    self.key = key
    self.books = books
  }

  func search(
    _ query: String, countMax: Int, through fetcher: any PageFetcher
  ) throws(FetchFailure) -> [SearchHit] {
    let request = engine.request(
      query, countMax: countMax, base: base, key: key ?? "", books: books)
    let reply: FetchedPage
    do throws(FetchFailure) { reply = try fetcher.fetch(request) } catch {
      guard error.refused, request.method == "POST" else { throw error }
      throw FetchFailure(
        message: """
          \(error.message) The search engine \(name) is asked by POST, which no shipped policy allows; \
          Docs/BROWSER.md has the rule that allows it for this engine alone.
          """, refused: true)
    }
    guard reply.status == 200 else { throw failure(reply) }
    if engine == .kiwix { return try kiwixHits(reply) }
    guard
      let json = try? JSONReader.value(
        reply.body, source: name, limits: JSONReader.Limits(depthMax: 32, valueCountMax: 200_000)),
      let hits = engine.hits(json)
    else {
      throw FetchFailure(message: "The search engine \(name) sent a reply that cannot be read.")
    }
    return Array(hits.prefix(countMax))
  }

  private func failure(_ reply: FetchedPage) -> FetchFailure {
    let advice =
      switch reply.status {
      case 401, 402: " Its key is not accepted."
      case 403 where engine == .searxng:
        " Its settings have to list \"json\" under search.formats."
      case 403: " Its key is not accepted."
      case 429: " It wants fewer queries; try again later."
      default: ""
      }
    return FetchFailure(
      message: "The search engine \(name) answered with status \(reply.status).\(advice)")
  }

  /// Kiwix answers with a page: a list of links, each with a piece of the text after it.
  private func kiwixHits(_ reply: FetchedPage) throws(FetchFailure) -> [SearchHit] {
    var reader = HitListReader(page: reply.url)
    do throws(MarkupFailure) {
      try GumboReader.read(reply.body, limits: MarkupLimits(), &reader)
    } catch {
      throw FetchFailure(message: "The search engine \(name) sent a reply that cannot be read.")
    }
    return reader.hits
  }
}

/// Hears a page of results: each item of a list is a link, and what else its text is.
private struct HitListReader: MarkupHandler {
  private let page: WebAddress?
  private(set) var hits: [SearchHit] = []
  private var isInItem = false
  private var isInLink = false

  init(page url: String) { page = WebAddress(url) }

  mutating func start(_ element: some MarkupElement) -> Bool {
    switch element.tag {
    case .script, .style, .nav, .head: return false
    case .li: isInItem = true
    case .a where isInItem:
      guard let href = element.attribute("href"), let address = page?.resolve(href) else { break }
      hits.append(SearchHit(title: "", url: address.text, summary: ""))
      isInLink = true
    default: break
    }
    return true
  }

  mutating func text(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard isInItem, !hits.isEmpty else { return }
    let text = TextEscapes.line(String(decoding: bytes, as: UTF8.self))
    guard !text.isEmpty else { return }
    let last = hits.count - 1
    if isInLink {
      hits[last].title += (hits[last].title.isEmpty ? "" : " ") + text
    } else {
      hits[last].summary += (hits[last].summary.isEmpty ? "" : " ") + text
    }
  }

  mutating func end(_ tag: MarkupTag) {
    if tag == .a { isInLink = false }
    if tag == .li { isInItem = false }
  }
}
