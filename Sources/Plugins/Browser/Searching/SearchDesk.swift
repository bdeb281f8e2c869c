// SearchDesk.swift — which search a query goes to, and the page of what it found.

/// What can be searched: the web through one engine, and documents of this machine.
package struct SearchDesk: Sendable {
  /// Hits on a page, however many the call asked for: so the model knows it.
  static let hitCountMax = 20

  private let web: (any SearchBackend)?
  private let documents: (any LocalDocuments)?
  /// Why there is no engine although one is configured.
  private let problem: String?

  package init(
    web: (any SearchBackend)? = nil, documents: (any LocalDocuments)? = nil, problem: String? = nil
  ) {
    self.web = web
    self.documents = documents
    self.problem = problem
  }

  /// The page of what a query found.
  ///
  /// `source`: "local" for documents of this machine only; otherwise the engine is asked, where
  /// there is one.
  func page(
    _ query: String, source: String?, fetcher: any PageFetcher
  ) throws(FetchFailure) -> Page {
    let isLocal = ["local", "docs", "documents"].contains(source?.lowercased() ?? "")
    if isLocal || (web == nil && problem == nil) {
      guard let documents else {
        throw FetchFailure(
          message: """
            There is no search here: no search engine is configured, and no documents are indexed. \
            Pages can be opened by their address.
            """)
      }
      return Self.page(query, try documents.search(query, countMax: Self.hitCountMax))
    }
    guard let web else { throw FetchFailure(message: problem ?? "") }
    return Self.page(
      query, try web.search(query, countMax: Self.hitCountMax, through: fetcher))
  }

  /// A document of this machine.
  func document(_ address: WebAddress, isSource: Bool) throws(FetchFailure) -> Page {
    let url = address.withoutFragment
    guard let document = try documents?.document(at: url) else {
      throw FetchFailure(
        message: "It is no indexed document. Files are read only where they were indexed.")
    }
    let shown = TextEscapes.line(url, scalarCountMax: 8192)
    return Page(
      url: (isSource ? PageLibrary.sourcePrefix : "") + url,
      title: TextEscapes.line(document.title),
      text: Array("\nURL: \(shown)\n".utf8) + document.text,
      links: document.links.map { Page.Link(target: .url($0)) })
  }

  /// A heading, and a list of links, each followed by its summary.
  static func page(_ query: String, _ hits: [SearchHit]) -> Page {
    var html = "<h1>Search Results</h1><ul>"
    for hit in hits.prefix(hitCountMax) {
      let title = hit.title.contains { !$0.isWhitespace } ? hit.title : hit.url
      html +=
        "<li><a href=\"\(escaped(hit.url))\">\(escaped(title))</a> \(escaped(hit.summary))</li>"
    }
    html += hits.isEmpty ? "</ul><p>Nothing was found.</p>" : "</ul>"
    let text = try? PageMaker.text(ofHTML: Array(html.utf8), url: "", shownURL: "")
    return Page(
      url: "", title: TextEscapes.line(query), kind: .results, text: text?.bytes ?? [],
      links: (text?.links ?? []).map { Page.Link(target: .url($0)) })
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
