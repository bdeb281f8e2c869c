// NoNetwork.swift — the fetcher of a browser that was given no way out.

/// Refuses every page, and says why.
package struct NoNetwork: PageFetcher {
  package init() {}

  package func fetch(_ request: PageRequest) throws(FetchFailure) -> FetchedPage {
    throw FetchFailure(
      message:
        "This browser has no network here; only indexed documents can be searched and opened.",
      refused: true)
  }
}
