// SearchBackend.swift — the port of search engines, and what they find.

/// One thing that a search found.
package struct SearchHit: Equatable, Sendable {
  package var title: String
  package var url: String
  /// A sentence or two of it. Never trusted: it is shown, and escaped, like any page.
  package var summary: String

  package init(title: String, url: String, summary: String) {
    self.title = title
    self.url = url
    self.summary = summary
  }
}

/// A search engine behind its own interface.
package protocol SearchBackend: Sendable {
  /// The name that is configured and shown.
  var name: String { get }

  /// `query`: As the model wrote it.
  /// `countMax`: Hits that are wanted.
  /// Throws: ``FetchFailure``, in a sentence for the model.
  func search(
    _ query: String, countMax: Int, through fetcher: any PageFetcher
  ) throws(FetchFailure) -> [SearchHit]
}

/// Documents of this machine, indexed beforehand.
package protocol LocalDocuments: Sendable {
  func search(_ query: String, countMax: Int) throws(FetchFailure) -> [SearchHit]

  /// The document at a `file` address; nil where none such is indexed.
  func document(at url: String) throws(FetchFailure) -> LocalDocument?
}

/// A document as it was indexed.
package struct LocalDocument: Equatable, Sendable {
  package var title: String
  /// UTF-8: the text that a page of it shows, links of HTML included as marks.
  package var text: [UInt8]
  /// Where its links lead, by number.
  package var links: [String]

  package init(title: String, text: [UInt8], links: [String]) {
    self.title = title
    self.text = text
    self.links = links
  }
}
