// EgressProxy.swift — the way through a company's proxy: HTTP CONNECT (RFC 9110, 9.3.6).

/// A proxy that takes CONNECT, and the hosts that are reached without it.
public struct EgressProxy: Equatable, Sendable {
  public var host: String
  public var port: Int
  /// "USER:PASSWORD" for basic authentication; nil for none.
  public var credentials: String?
  /// Hosts that are dialled directly: names, names with a leading dot or "*." for everything below,
  /// numeric addresses; "*" for all.
  public var exceptions: [String]

  public init(host: String, port: Int, credentials: String? = nil, exceptions: [String] = []) {
    self.host = host
    self.port = port
    self.credentials = credentials
    self.exceptions = exceptions
  }

  var shown: String { "\(host):\(port)" }

  /// Whether `host` is reached through the proxy.
  public func carries(_ host: String) -> Bool {
    !exceptions.contains { Self.matches($0.lowercased(), host.lowercased()) }
  }

  private static func matches(_ exception: String, _ host: String) -> Bool {
    if exception == "*" || exception == host { return true }
    let suffix =
      exception.hasPrefix("*.")
      ? String(exception.dropFirst()) : exception.hasPrefix(".") ? exception : "." + exception
    return host.hasSuffix(suffix)
  }

  /// The request for a way to `host`.
  func request(host: String, port: Int) -> [UInt8] {
    let authority = (host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host) + ":\(port)"
    var text = "CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\n"
    if let credentials {
      text += "Proxy-Authorization: Basic \(Self.base64(Array(credentials.utf8)))\r\n"
    }
    return Array((text + "\r\n").utf8)
  }

  /// The proxy's answer once it is whole.
  enum Reply: Equatable {
    case incomplete
    /// The way is open; these bytes came after the answer.
    case open(rest: [UInt8])
    /// Why, as the end of a sentence, and what to do about it.
    case refused(String, remedy: String)
  }

  static let replyBytesMax = 16 << 10

  static func reply(_ bytes: [UInt8]) -> Reply {
    let end = Array("\r\n\r\n".utf8)
    guard let blank = bytes.firstRange(of: end) else {
      return bytes.count < replyBytesMax
        ? .incomplete : .refused("its answer has no end", remedy: noProxyRemedy)
    }
    let line = bytes.prefix { $0 != 0x0D }
    let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
    let status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) ?? 0 : 0
    guard line.starts(with: "HTTP/1.".utf8), (200..<300).contains(status) else {
      return status > 0
        ? .refused("it answered \(status)", remedy: remedy(status))
        : .refused("it does not speak HTTP", remedy: noProxyRemedy)
    }
    return .open(rest: Array(bytes[blank.upperBound...]))
  }

  private static let noProxyRemedy =
    "Is \"proxy\" in network.json one for HTTP, and its port right?"

  private static func remedy(_ status: Int) -> String {
    switch status {
    case 407: "It wants a name and a password: see \"proxyCredentials\" of network.json."
    case 429, 500...: "Try again later, or ask those who run it."
    default:
      "Ask those who run it to open the host, or see \"proxy\" and \"noProxy\" of network.json."
    }
  }

  /// RFC 4648, 4.
  static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let piece = bytes[start..<min(start + 3, bytes.count)]
      let value = piece.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - piece.count))
      for index in 0..<4 {
        text.append(
          index <= piece.count ? alphabet[value >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
