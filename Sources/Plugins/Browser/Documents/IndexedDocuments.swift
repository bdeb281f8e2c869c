// IndexedDocuments.swift — the index of documents as the browser searches and opens it.

package import Store

/// Documents that `martlet docs add` indexed.
package struct IndexedDocuments: LocalDocuments {
  private let index: DocumentIndex

  package init(_ index: DocumentIndex) { self.index = index }

  package func search(_ query: String, countMax: Int) throws(FetchFailure) -> [SearchHit] {
    try telling { () throws(StoreError) in
      try index.search(query, limit: countMax).map { hit in
        SearchHit(
          title: hit.title, url: DocumentMaker.url(ofFile: hit.path), summary: hit.excerpt)
      }
    }
  }

  package func document(at url: String) throws(FetchFailure) -> LocalDocument? {
    guard let path = DocumentMaker.path(ofURL: url) else { return nil }
    return try telling { () throws(StoreError) in
      try index.document(at: path).map { document in
        LocalDocument(title: document.title, text: document.text, links: document.links)
      }
    }
  }

  private func telling<Value>(
    _ body: () throws(StoreError) -> Value
  ) throws(FetchFailure) -> Value {
    do throws(StoreError) { return try body() } catch {
      throw FetchFailure(message: "The index of documents cannot be read: \(error)")
    }
  }
}
