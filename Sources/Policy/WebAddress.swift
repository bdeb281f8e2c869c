// WebAddress.swift — the parts of a URL that rules speak of.
//
// URL parsers disagree (Foundation and libcurl on 30 of 104 hostile URLs), so whoever fetches a
// URL passes the parts that its own parser found. Where none are passed, as in rehearsals and in
// calls whose plugin has not parsed yet, the reader below takes only URLs that every parser reads
// alike, and for the rest there are no parts: no rule on URLs matches them.

import Base

/// The parts of an http or https URL, in their canonical form.
public struct WebAddress: Equatable, Sendable {
  /// Lower case.
  public var scheme: String
  /// Lower case, without a final dot; an IPv6 address without brackets.
  public var host: String
  public var port: Int
  public var hasUserinfo: Bool
  /// Bytes between "?" and "#", as sent.
  public var queryBytes: Int
  /// What stands before "?" and "#", as sent; "/" where there is nothing.
  public var path: String

  public init(
    scheme: String, host: String, port: Int, hasUserinfo: Bool, queryBytes: Int, path: String = "/"
  ) {
    self.scheme = scheme
    self.host = host
    self.port = port
    self.hasUserinfo = hasUserinfo
    self.queryBytes = queryBytes
    self.path = path
  }

  /// The host as a numeric address.
  var address: IPAddress? { IPAddress(v4: host) ?? IPAddress(v6: host) }

  /// Whether the host is a name of the machine itself, of its network or of a metadata service, or
  /// an address that is not public.
  var isSpecial: Bool {
    if let address { return !address.isPublic }
    let name = Array(host.utf8)
    return !name.contains(UInt8(ascii: "."))
      || Self.specialSuffixes.contains { suffix in
        name == Array(suffix.dropFirst())
          || name.count > suffix.count && name.suffix(suffix.count) == suffix[...]
      }
  }

  /// RFC 6761 and 6762 names, what routers call their networks, and Google's metadata service.
  private static let specialSuffixes = [
    ".localhost", ".local", ".localdomain", ".internal", ".intranet", ".lan", ".home.arpa",
  ].map { Array($0.utf8) }
}

// MARK: Reading

extension WebAddress {
  static let bytesMax = 2_048

  /// Reads `text` where it has one meaning; nil otherwise.
  public init?(plain text: String) {
    let bytes = Array(text.utf8.prefix(Self.bytesMax + 1))
    guard bytes.count <= Self.bytesMax,
      bytes.allSatisfy({ (0x21..<0x7F).contains($0) && $0 != UInt8(ascii: "\\") }),
      let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
      bytes[colon...].starts(with: Array("://".utf8))
    else { return nil }
    scheme = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
    guard scheme == "http" || scheme == "https" else { return nil }
    let start = colon + 3
    let end = bytes[start...].firstIndex { "/?#".utf8.contains($0) } ?? bytes.count
    var authority = bytes[start..<end]
    hasUserinfo = false
    if let at = authority.firstIndex(of: UInt8(ascii: "@")) {
      guard authority[..<at].allSatisfy(Self.isUserinfoByte) else { return nil }
      hasUserinfo = true
      authority = authority[(at + 1)...]
    }
    guard let (host, port) = Self.hostAndPort(authority) else { return nil }
    self.host = host
    self.port = port ?? (scheme == "https" ? 443 : 80)
    let fragment = bytes[end...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.count
    let query = bytes[end..<fragment].firstIndex(of: UInt8(ascii: "?"))
    queryBytes = query.map { fragment - $0 - 1 } ?? 0
    let path = bytes[end..<(query.map { min($0, fragment) } ?? fragment)]
    self.path = path.isEmpty ? "/" : String(decoding: path, as: UTF8.self)
  }

  private static func hostAndPort(_ authority: ArraySlice<UInt8>) -> (String, Int?)? {
    var host = authority
    var port: Int?
    let bracket = authority.lastIndex(of: UInt8(ascii: "]"))
    if let colon = authority.lastIndex(of: UInt8(ascii: ":")), colon > bracket ?? -1 {
      guard let number = portNumber(authority[(colon + 1)...]) else { return nil }
      port = number
      host = authority[..<colon]
    }
    guard let name = hostName(host) else { return nil }
    return (name, port)
  }

  private static func portNumber(_ digits: ArraySlice<UInt8>) -> Int? {
    guard (1...5).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(String(decoding: digits, as: UTF8.self)), (1...65_535).contains(number)
    else { return nil }
    return number
  }

  private static func hostName(_ bytes: ArraySlice<UInt8>) -> String? {
    if bytes.first == UInt8(ascii: "[") {
      guard bytes.last == UInt8(ascii: "]"), bytes.count > 2 else { return nil }
      let inner = String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self)
      return IPAddress(v6: inner)?.description
    }
    return canonicalName(String(decoding: bytes, as: UTF8.self))
  }

  /// A DNS name or an IPv4 address as rules compare it: lower case, one final dot dropped.
  ///
  /// Nil for names that some parser takes for an address in another spelling: 127.1, 0x7f000001.
  static func canonicalName(_ text: String) -> String? {
    var name = Array(text.utf8)
    if name.last == UInt8(ascii: ".") { name.removeLast() }
    guard !name.isEmpty, name.count <= 253 else { return nil }
    for (index, byte) in name.enumerated() where (0x41...0x5A).contains(byte) {
      name[index] = byte | 0x20
    }
    let labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard labels.allSatisfy({ (1...63).contains($0.count) && $0.allSatisfy(isNameByte) }),
      let final = labels.last
    else { return nil }
    let result = String(decoding: name, as: UTF8.self)
    let isNumeric =
      final.allSatisfy { (0x30...0x39).contains($0) } || final.starts(with: Array("0x".utf8))
    return isNumeric && IPAddress(v4: result) == nil ? nil : result
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "_")
  }

  /// RFC 3986's userinfo: no second "@", nothing that another parser takes for a border.
  private static func isUserinfoByte(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
      || "-._~%!$&'()*+,;=:".utf8.contains(byte)
  }
}
