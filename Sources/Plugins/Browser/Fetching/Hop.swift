// Hop.swift — one request on the way to a page, and the one that a redirect makes of it.

import Transfer

/// A request to one address, redirects not followed yet.
struct Hop {
  let url: WebURL
  let method: String
  var headers: [(String, String)] = []
  var body: [UInt8] = []

  init(url: WebURL, method: String) {
    self.url = url
    self.method = method
  }

  /// Nil where the address is none, or the method neither GET nor POST.
  init?(_ request: PageRequest) {
    guard let url = WebURL(request.url)?.withoutFinalDot,
      ["GET", "POST"].contains(request.method)
    else { return nil }
    self.init(url: url, method: request.method)
    headers = request.headers
    body = request.body
  }

  /// Whether it is a page that is read, and no service that is called: robots.txt governs the former.
  var isPage: Bool {
    method == "GET"
      && headers.allSatisfy { name, value in
        switch name.lowercased() {
        case "accept": !value.lowercased().hasPrefix("application/json")
        case "accept-language", "user-agent", "if-none-match", "if-modified-since": true
        default: false
        }
      }
  }

  /// Whether the answer is what anybody would get.
  var isPlain: Bool { method == "GET" && headers.isEmpty }

  /// The same request, which may be answered by "still as you have it".
  func asking(about kept: PageCache.Entry?) -> Hop {
    guard let kept else { return self }
    var hop = self
    hop.headers += kept.conditions
    return hop
  }

  func request(_ settings: BrokeredFetcher.Settings) -> HTTPRequest {
    var request = HTTPRequest(url, method: method == "POST" ? .post(body) : .get)
    request.headers["User-Agent"] = settings.userAgent
    request.headers["Accept"] = "text/html,application/xhtml+xml,text/plain;q=0.9,*/*;q=0.1"
    if let language = settings.acceptLanguage { request.headers["Accept-Language"] = language }
    for (name, value) in headers { request.headers[name] = value }
    return request
  }

  /// What `head` redirects to; nil where it leads nowhere that may be followed (RFC 9110, 15.4).
  ///
  /// What the caller put in stays with its origin: keys of a service, and bodies.
  func following(_ head: HTTPHead) -> Hop? {
    guard let target = head.redirectTarget?.withoutFinalDot else { return nil }
    let keepsMethod = [307, 308].contains(head.status)
    if keepsMethod, method == "POST", target.origin != url.origin { return nil }
    var next = Hop(url: target, method: keepsMethod ? method : "GET")
    if target.origin == url.origin { next.headers = headers }
    if next.method == "POST" {
      next.body = body
    } else if method == "POST" {
      next.headers.removeAll { $0.0.lowercased().hasPrefix("content-") }
    }
    return next
  }
}

extension WebURL {
  /// The same host without the root's dot, which neither certificates nor rules have.
  var withoutFinalDot: WebURL? {
    guard origin.host.hasSuffix(".") else { return self }
    let end = text.index(text.startIndex, offsetBy: "\(origin.scheme)://\(origin.host)".count)
    guard text[..<end].hasSuffix(".") else { return nil }
    return WebURL(String(text[..<end].dropLast()) + String(text[end...]))
  }
}
