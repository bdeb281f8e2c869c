// PageLibrary.swift — where pages come from: the network, local documents, search.

/// Opens addresses and runs searches. Holds no pages.
package struct PageLibrary: Sendable {
  /// Before an address, this means the page as it was sent.
  static let sourcePrefix = "view-source:"

  private let fetcher: any PageFetcher
  private let search: SearchDesk

  /// - Parameters:
  ///   - fetcher: Of the network.
  ///   - search: What is searched.
  package init(fetcher: any PageFetcher, search: SearchDesk = SearchDesk()) {
    self.fetcher = fetcher
    self.search = search
  }

  /// Opens an address.
  func open(_ url: String) throws(UsageError) -> Page {
    let isSource = url.hasPrefix(Self.sourcePrefix)
    let target = isSource ? String(url.dropFirst(Self.sourcePrefix.count)) : url
    do throws(FetchFailure) {
      guard let address = WebAddress(typed: target) else {
        throw FetchFailure(message: "It is no address that can be opened.")
      }
      if address.isFile { return try search.document(address, isSource: isSource) }
      let fetched = try fetcher.fetch(PageRequest(url: address.withoutFragment))
      guard (200..<300).contains(fetched.status) else {
        throw FetchFailure(message: "The server answered with status \(fetched.status).")
      }
      return try PageMaker.page(from: fetched, isSource: isSource)
    } catch {
      throw UsageError(
        sentence: """
          Error fetching URL `\(TextEscapes.cut(Page.shown(url)))`: \(TextEscapes.cut(error.message))
          """)
    }
  }

  func search(_ query: String, source: String?) throws(UsageError) -> Page {
    do throws(FetchFailure) {
      return try search.page(query, source: source, fetcher: fetcher)
    } catch {
      throw UsageError(
        sentence: """
          Error during search for `\(TextEscapes.line(query))`: \(TextEscapes.cut(error.message))
          """)
    }
  }
}
