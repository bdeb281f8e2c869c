// PageFetcher.swift — the port through which the browser asks for pages of the network.

/// What the browser asks of the network: one page, redirects followed and judged.
public protocol PageFetcher: Sendable {
  /// Fetches a page. Limits on decoded bytes, ratio, time and redirects are the fetcher's.
  ///
  /// - Throws: ``FetchFailure``: nothing was fetched, and why.
  func fetch(_ request: PageRequest) throws(FetchFailure) -> FetchedPage
}

/// One page that is asked for.
public struct PageRequest: Sendable {
  /// Absolute, http or https.
  public var url: String
  /// "GET" or "POST".
  public var method: String
  /// In the order in which they are sent.
  public var headers: [(String, String)]
  public var body: [UInt8]

  public init(
    url: String, method: String = "GET", headers: [(String, String)] = [], body: [UInt8] = []
  ) {
    self.url = url
    self.method = method
    self.headers = headers
    self.body = body
  }
}

/// What came back.
public struct FetchedPage: Sendable {
  /// The address of the last hop.
  public var url: String
  /// The HTTP status of the last hop.
  public var status: Int
  /// The header as it was sent; nil where there was none.
  public var contentType: String?
  /// Without its content coding.
  public var body: [UInt8]
  /// Whether the body was longer than the fetcher's limit.
  public var truncated: Bool

  public init(
    url: String, status: Int, contentType: String?, body: [UInt8], truncated: Bool = false
  ) {
    self.url = url
    self.status = status
    self.contentType = contentType
    self.body = body
    self.truncated = truncated
  }
}

/// Why there is no page.
public struct FetchFailure: Error, Sendable {
  /// One sentence for the model.
  public var message: String
  /// Whether the policy said no, as opposed to the network.
  public var refused: Bool
  /// When the same request may be made again, where the server said so.
  public var retryAt: ContinuousClock.Instant?

  public init(
    message: String, refused: Bool = false, retryAt: ContinuousClock.Instant? = nil
  ) {
    self.message = message
    self.refused = refused
    self.retryAt = retryAt
  }
}
