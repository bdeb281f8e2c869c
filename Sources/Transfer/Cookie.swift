// Cookie.swift — cookies of a run, by the site that set them.
//
// libcurl reads and sends cookies (RFC 6265) for one exchange at a time; between exchanges they are kept here, as the
// lines in which it writes them out. One line, parted by tabs:
//
//     DOMAIN  TRUE|FALSE (hosts below it too)  PATH  TRUE|FALSE (https alone)  EXPIRES  NAME  VALUE
//
// where DOMAIN may begin with "#HttpOnly_" and with a dot, and EXPIRES is in seconds since 1970, 0 for the end of the run.
// (Source: libcurl's CURLOPT_COOKIELIST and the file format of Netscape's browser.)

/// One cookie.
public struct Cookie: Equatable, Sendable {
  /// As libcurl writes it.
  public let line: String
  /// Lower case, without a leading dot.
  private let domain: String
  private let hasHostsBelow: Bool

  /// libcurl takes no longer ones from a server.
  static let bytesMax = 8 << 10

  /// Reads a line; nil where it is no cookie that a host could have set.
  public init?(line: String) {
    guard line.utf8.count <= Self.bytesMax,
      line.utf8.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F })
    else { return nil }
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
    guard fields.count == 7, Int(fields[4]) != nil, !fields[5].isEmpty else { return nil }
    var domain = fields[0]
    if domain.hasPrefix(Self.httpOnly) { domain = domain.dropFirst(Self.httpOnly.count) }
    if domain.hasPrefix(".") { domain = domain.dropFirst() }
    // Lines that begin with "#" are comments.
    guard !domain.isEmpty, !domain.hasPrefix("#") else { return nil }
    self.line = line
    self.domain = domain.lowercased()
    hasHostsBelow = fields[1] == "TRUE"
  }

  private static let httpOnly = "#HttpOnly_"

  /// Whether `host` may have set it, and gets it back. `host` is in lower case, an IPv6 address in brackets.
  public func belongs(to host: String) -> Bool {
    host == domain || host == "[\(domain)]" || hasHostsBelow && host.hasSuffix("." + domain)
  }
}

/// The cookies of one run, in memory.
public struct CookieJar: Equatable, Sendable {
  private var cookies: [Cookie] = []

  /// Of one host; what is beyond it is forgotten.
  static let bytesMax = 64 << 10

  public init() {}

  /// Those that `host` gets to see.
  public func cookies(of host: String) -> [Cookie] { cookies.filter { $0.belongs(to: host) } }

  /// Keeps what `host` holds after an exchange, in place of what it held before.
  public mutating func replace(of host: String, by new: [Cookie]) {
    cookies.removeAll { $0.belongs(to: host) }
    var room = Self.bytesMax
    cookies += new.filter { cookie in
      room -= cookie.line.utf8.count
      return room >= 0 && cookie.belongs(to: host)
    }
  }
}
