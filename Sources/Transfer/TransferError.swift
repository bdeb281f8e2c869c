// TransferError.swift — why a transfer gave no answer, or not all of it.

/// Errors name the host, and never a query: signed links keep their secret there.
public enum TransferError: Error, Equatable, Sendable {
  case cannotResolve(WebOrigin)
  case cannotConnect(WebOrigin, reason: String)
  case proxyFailed(WebOrigin, reason: String)
  /// The proxy answered with a status of its own in place of a way to the origin. Its name is HOST:PORT.
  case proxyRefused(WebOrigin, proxy: String, status: Int)
  /// No secure connection, or a certificate that is not trusted.
  case insecure(WebOrigin, reason: String)
  case connectTimedOut(WebOrigin, seconds: Int)
  case silent(WebOrigin, seconds: Int)
  /// The connection ended before the answer did.
  case brokenOff(WebOrigin, reason: String)
  case notHTTP(WebOrigin, reason: String)
  case tooLarge(WebOrigin, bytesMax: Int)
  case headersTooLarge(WebOrigin, bytesMax: Int)
  /// A body that is a trap: it unfolds to so many times its size.
  case expandsTooMuch(WebOrigin, ratioMax: Int)
  /// More than one coding on top of each other.
  case codedTwice(WebOrigin)
  case tookTooLong(WebOrigin, seconds: Int)
  case redirectUnusable(WebOrigin)
  case redirectsTooMany(WebOrigin, countMax: Int)
  /// From https to http.
  case redirectInsecure(WebOrigin, to: WebOrigin)
  case unusableHeader(name: String)
  case cancelled
  case failed(WebOrigin, reason: String)

  /// Whether the same request may well succeed a little later.
  public var isTransient: Bool {
    switch self {
    case .cannotResolve, .cannotConnect, .connectTimedOut, .silent, .brokenOff: true
    case .proxyRefused(_, _, let status): status == 429 || status >= 500
    case .proxyFailed, .insecure, .notHTTP, .tooLarge, .headersTooLarge, .expandsTooMuch,
      .codedTwice,
      .tookTooLong, .redirectUnusable, .redirectsTooMany,
      .redirectInsecure, .unusableHeader, .cancelled, .failed:
      false
    }
  }
}

extension TransferError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cannotResolve(let origin):
      "The name \(origin.host) could not be resolved. Is this machine online?"
    case .cannotConnect(let origin, let reason): "\(origin) could not be reached: \(reason)."
    case .proxyFailed(let origin, let reason):
      "The proxy on the way to \(origin) could not be used: \(reason). See network.json, https_proxy and "
        + "no_proxy."
    case .proxyRefused(let origin, let proxy, let status):
      "The proxy \(proxy) gives no way to \(origin): it answered with status \(status). "
        + Self.remedy(status, origin)
    case .insecure(let origin, let reason):
      "The connection to \(origin) is not secure: \(reason). A private authority can be named: "
        + "SSL_CERT_FILE=FILE, or \"caFile\" in network.json"
    case .connectTimedOut(let origin, let seconds):
      "\(origin) did not take the connection within \(seconds) s."
    case .silent(let origin, let seconds): "\(origin) sent nothing for \(seconds) s."
    case .brokenOff(let origin, let reason):
      "\(origin) ended the connection before its answer was complete: \(reason)."
    case .notHTTP(let origin, let reason): "\(origin) did not answer in HTTP: \(reason)."
    case .tooLarge(let origin, let bytesMax):
      "The answer of \(origin) is larger than the \(bytesMax) bytes that are allowed here."
    case .headersTooLarge(let origin, let bytesMax):
      "The headers of \(origin) are larger than the \(bytesMax) bytes that are allowed here."
    case .expandsTooMuch(let origin, let ratioMax):
      "What \(origin) sent unfolds to more than \(ratioMax) times its size; no page does that."
    case .codedTwice(let origin):
      "What \(origin) sent is compressed more than once; that is refused."
    case .tookTooLong(let origin, let seconds):
      "\(origin) had not sent everything after \(seconds) s."
    case .redirectUnusable(let origin): "\(origin) redirects to what is no http or https address."
    case .redirectsTooMany(let origin, let countMax):
      "\(origin) redirects for the \(countMax + 1). time; that is no answer."
    case .redirectInsecure(let origin, let target):
      "\(origin) redirects to \(target), which is not secure."
    case .unusableHeader(let name):
      "The header \(name) holds a character that no header can have, such as a line end."
    case .cancelled: "The transfer was cancelled."
    case .failed(let origin, let reason): "The transfer from \(origin) failed: \(reason)."
    }
  }

  /// What to do about a proxy that answers with `status`.
  private static func remedy(_ status: Int, _ origin: WebOrigin) -> String {
    switch status {
    case 407:
      "It wants a name and a password: \"proxyCredentials\" in network.json, or "
        + "https_proxy=http://USER:PASSWORD@HOST:PORT."
    case 429, 500...: "Try again later, or ask those who run it."
    default:
      "Ask those who run it to open \(origin.host):\(origin.port), name another one, or list the host under "
        + "\"noProxy\" in network.json, or in no_proxy."
    }
  }
}
