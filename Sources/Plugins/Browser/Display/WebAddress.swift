// WebAddress.swift — the address of a page, and what a reference on that page means.
//
// References are resolved as RFC 3986, section 5.2, has it, with what browsers forgive: white space around
// them, line ends inside them, backslashes for slashes. Whether an address may be fetched is not decided
// here. A page may have thousands of links, so this works on bytes.

/// An absolute address of the kinds that the browser can open: http, https, and file for local documents.
struct WebAddress: Equatable, Sendable {
  /// Longer ones are no addresses.
  static let byteCountMax = 8 << 10

  enum Scheme: String, Sendable, CaseIterable {
    case http, https, file
  }

  let scheme: Scheme
  /// Host and port in lower case; a user's name and password are left out.
  private(set) var domain: String
  /// Path, query and fragment; begins with "/".
  private let rest: [UInt8]

  var isFile: Bool { scheme == .file }

  /// The whole.
  var text: String { "\(scheme.rawValue)://\(domain)" + String(decoding: rest, as: UTF8.self) }

  /// Without the fragment, which is never sent.
  var withoutFragment: String {
    "\(scheme.rawValue)://\(domain)"
      + String(decoding: rest.prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self)
  }

  private init(scheme: Scheme, domain: String, rest: [UInt8]) {
    self.scheme = scheme
    self.domain = domain
    self.rest = rest
  }

  /// Reads an absolute address; nil where it is none, or of another scheme.
  init?(_ text: String) {
    let bytes = Self.cleaned(text)
    guard let colon = Self.schemeEnd(bytes), let scheme = Self.scheme(bytes[..<colon]) else {
      return nil
    }
    self.init(scheme: scheme, afterScheme: bytes[(colon + 1)...])
  }

  /// Reads an address as people write it: "example.com/page" means https.
  init?(typed text: String) {
    if let address = WebAddress(text) {
      self = address
      return
    }
    let host = text.prefix { !"/?#".contains($0) }
    let port = host.split(separator: ":", maxSplits: 1).dropFirst().first ?? "1"
    guard host.contains(".") || host.hasPrefix("localhost"), port.allSatisfy(\.isNumber) else {
      return nil
    }
    self.init("https://" + text)
  }

  /// `afterScheme`: What follows the colon; an address begins with two slashes there.
  private init?(scheme: Scheme, afterScheme: ArraySlice<UInt8>) {
    guard afterScheme.starts(with: "//".utf8) else { return nil }
    let afterSlashes = afterScheme.dropFirst(2)
    let authority = afterSlashes.prefix { !Self.endsAuthority($0) }
    let host = authority.lastIndex(of: UInt8(ascii: "@")).map { authority[($0 + 1)...] }
    guard let domain = Self.domain(host ?? authority, scheme) else { return nil }
    self.init(
      scheme: scheme, domain: domain, rest: Self.normalized(afterSlashes[authority.endIndex...]))
  }

  mutating func replaceDomain(_ domain: String) { self.domain = domain }

  /// What `reference` means on the page at this address; nil for schemes that are not opened.
  func resolve(_ reference: String) -> WebAddress? {
    let bytes = Self.cleaned(reference)
    if let colon = Self.schemeEnd(bytes) {
      guard let scheme = Self.scheme(bytes[..<colon]) else { return nil }
      let afterScheme = bytes[(colon + 1)...]
      if afterScheme.starts(with: "//".utf8) {
        return WebAddress(scheme: scheme, afterScheme: afterScheme)
      }
      // "https:page.html" means a page beside this one, where the scheme is the same.
      return scheme == self.scheme ? joined(afterScheme) : nil
    }
    if bytes.starts(with: "//".utf8) { return WebAddress(scheme: scheme, afterScheme: bytes[...]) }
    return joined(bytes[...])
  }

  private func joined(_ reference: ArraySlice<UInt8>) -> WebAddress {
    let path = rest.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    let query = rest[path.endIndex...].prefix { $0 != UInt8(ascii: "#") }
    let new: [UInt8]
    switch reference.first {
    case nil: new = Array(path + query)
    case UInt8(ascii: "#")?: new = Array(path + query + reference)
    case UInt8(ascii: "?")?: new = Array(path + reference)
    case UInt8(ascii: "/")?: new = Self.normalized(reference)
    default:
      let folder = path.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? [UInt8(ascii: "/")]
      new = Self.normalized(folder + reference)
    }
    return WebAddress(scheme: scheme, domain: domain, rest: new)
  }

  // MARK: - Parts

  private static func endsAuthority(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
  }

  /// The host and port in lower case; nil where there is none, or where it has marks of the display in it.
  private static func domain(_ host: ArraySlice<UInt8>, _ scheme: Scheme) -> String? {
    guard scheme == .file || !host.isEmpty else { return nil }
    var isASCII = true
    let lower = host.map { byte -> UInt8 in
      if byte >= 0x80 { isASCII = false }
      return byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }
    let text = String(decoding: lower, as: UTF8.self)
    guard !isASCII else { return text }
    return text.contains { "【】†".contains($0) } ? nil : text.lowercased()
  }

  /// Where the colon after a scheme stands; nil where the text begins with none.
  private static func schemeEnd(_ bytes: [UInt8]) -> Int? {
    for (index, byte) in bytes.enumerated() {
      switch byte {
      case 0x61...0x7A, 0x41...0x5A: continue
      case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
        if index == 0 { return nil }
      case UInt8(ascii: ":"): return index == 0 ? nil : index
      default: return nil
      }
    }
    return nil
  }

  private static func scheme(_ name: ArraySlice<UInt8>) -> Scheme? {
    guard name.count <= 5 else { return nil }
    return Scheme(rawValue: String(decoding: name.map { $0 | 0x20 }, as: UTF8.self))
  }

  /// Without white space around it and line ends and tabs inside; spaces and controls are encoded.
  private static func cleaned(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var isInQuery = false
    for byte in text.utf8 {
      switch byte {
      case 0x09, 0x0A, 0x0D: continue
      case 0...0x20, 0x7F:
        if bytes.isEmpty { continue }
        bytes.append(contentsOf: [UInt8(ascii: "%"), hex(byte >> 4), hex(byte & 0xF)])
      case UInt8(ascii: "?"), UInt8(ascii: "#"):
        isInQuery = true
        bytes.append(byte)
      case UInt8(ascii: "\\") where !isInQuery: bytes.append(UInt8(ascii: "/"))
      default: bytes.append(byte)
      }
      if bytes.count > byteCountMax { return [] }
    }
    // What was white space at the end.
    while bytes.suffix(3).elementsEqual("%20".utf8), text.utf8.last == 0x20 { bytes.removeLast(3) }
    return bytes
  }

  private static func hex(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
  }

  /// Takes "." and ".." out of a path; what follows "?" or "#" stays as it is.
  private static func normalized(_ rest: ArraySlice<UInt8>) -> [UInt8] {
    let path = rest.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    let tail = rest[path.endIndex...]
    guard hasDotSegment(path) else {
      if path.first == UInt8(ascii: "/") { return Array(rest) }
      return [UInt8(ascii: "/")] + rest
    }
    var segments: [ArraySlice<UInt8>] = []
    let all = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    for (index, segment) in all.enumerated() {
      let isDot = segment.elementsEqual(".".utf8)
      let isDouble = segment.elementsEqual("..".utf8)
      if isDouble, segments.count > 1 { segments.removeLast() }
      if !isDot, !isDouble {
        segments.append(segment)
      } else if index == all.count - 1 {
        segments.append([])
      }
    }
    var result = Array(segments.joined(separator: [UInt8(ascii: "/")]))
    if result.first != UInt8(ascii: "/") { result.insert(UInt8(ascii: "/"), at: 0) }
    return result + tail
  }

  /// Whether a segment may be "." or "..": one begins with a dot.
  private static func hasDotSegment(_ path: ArraySlice<UInt8>) -> Bool {
    var previous = UInt8(ascii: "/")
    for byte in path {
      if byte == UInt8(ascii: "."), previous == UInt8(ascii: "/") { return true }
      previous = byte
    }
    return false
  }
}
