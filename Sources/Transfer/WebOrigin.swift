// WebOrigin.swift — URLs as libcurl itself reads them, so that what is judged is what is fetched.
//
// Source: RFC 6454 (origins), RFC 3986 5.2 (relative references).

import CCurl

/// Scheme, host and port: whom a secret belongs to.
public struct WebOrigin: Hashable, Sendable, CustomStringConvertible {
  /// "http" or "https".
  public let scheme: String
  /// Lower case.
  public let host: String
  /// The scheme's own where the URL names none.
  public let port: Int

  public var description: String {
    let isDefault = port == (scheme == "https" ? 443 : 80)
    return "\(scheme)://\(host)" + (isDefault ? "" : ":\(port)")
  }
}

/// An absolute http or https URL.
public struct WebURL: Hashable, Sendable {
  /// As libcurl writes it out.
  public let text: String
  public let origin: WebOrigin
  /// With its leading slash, without the query: signed links keep their secret there.
  public let path: String

  /// No link that a server sends comes near this.
  public static let bytesMax = 64 << 10

  /// Reads an absolute URL; nil unless it is http or https, names a host, and holds no user name or
  /// password.
  public init?(_ text: String) { self.init(text, relativeTo: nil) }

  /// Reads `text`, which may be relative to this URL.
  public func resolving(_ text: String) -> WebURL? { WebURL(text, relativeTo: self) }

  private init?(_ text: String, relativeTo base: WebURL?) {
    // libcurl would take what is no URL character too: a space, or half of a header line.
    guard text.utf8.count <= Self.bytesMax,
      text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), let handle = curl_url()
    else { return nil }
    defer { curl_url_cleanup(handle) }
    if let base, curl_url_set(handle, CURLUPART_URL, base.text, 0) != CURLUE_OK { return nil }
    guard curl_url_set(handle, CURLUPART_URL, text, 0) == CURLUE_OK,
      let scheme = Self.part(handle, CURLUPART_SCHEME)?.lowercased(),
      scheme == "http" || scheme == "https",
      let host = Self.part(handle, CURLUPART_HOST)?.lowercased(), !host.isEmpty,
      let port = Self.part(handle, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap({ Int($0) }),
      let path = Self.part(handle, CURLUPART_PATH),
      Self.part(handle, CURLUPART_USER) == nil, Self.part(handle, CURLUPART_PASSWORD) == nil
    else { return nil }
    // The server does not read it.
    curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0)
    guard let whole = Self.part(handle, CURLUPART_URL) else { return nil }
    self.text = whole
    self.path = path
    origin = WebOrigin(scheme: scheme, host: host, port: port)
  }

  private static func part(
    _ handle: OpaquePointer, _ part: CURLUPart, _ flags: UInt32 = 0
  ) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(validatingCString: text)
  }
}

extension WebURL: CustomStringConvertible {
  /// Without the query, so that it can stand in a message.
  public var description: String { origin.description + path }
}
