// LinkTable.swift — the links of one page: numbers in document order, one for each address.

struct LinkTable {
  enum Target: Equatable {
    /// A place on the page itself.
    case thisPage
    /// Another page; `domain` where it is not the domain of this one.
    case page(url: String, domain: String?)
  }

  /// By number.
  private(set) var urls: [String] = []
  private var numbers: [String: Int] = [:]
  /// Nil on a page of our own, whose links are all absolute.
  private var base: WebAddress?
  private let pageDomain: String
  private let isLocal: Bool
  /// What references meant that occurred already.
  private var known: [String: Target?] = [:]
  private var hasBase = false

  var count: Int { urls.count }

  init(page url: String) {
    base = WebAddress(url)
    pageDomain = base?.domain ?? ""
    isLocal = base?.isFile ?? true
  }

  /// Takes up a `base` element; the first counts.
  mutating func setBase(_ reference: String) {
    guard !hasBase else { return }
    hasBase = true
    known = [:]
    if let address = resolve(reference), !address.isFile { base = address }
  }

  /// Where a reference leads; nil where it is no link for the model: `mailto:`, scripts, other schemes.
  mutating func target(of reference: String) -> Target? {
    if let target = known[reference] { return target }
    let target = newTarget(of: reference)
    known[reference] = target
    return target
  }

  private func newTarget(of reference: String) -> Target? {
    guard reference.utf8.count <= WebAddress.byteCountMax else { return nil }
    if reference.utf8.first == UInt8(ascii: "#") { return .thisPage }
    guard var address = resolve(reference), isLocal || !address.isFile else { return nil }
    let domain = address.isFile && isLocal ? "" : address.domain
    // Papers are read in their HTML form.
    if domain == "arxiv.org" || domain == "www.arxiv.org" { address.replaceDomain("ar5iv.org") }
    return .page(url: address.text, domain: domain == pageDomain ? nil : domain)
  }

  private func resolve(_ reference: String) -> WebAddress? {
    if let base { return base.resolve(reference) }
    return WebAddress(reference)
  }

  /// The number of an address, new where it was not seen before.
  mutating func number(of url: String) -> Int {
    if let number = numbers[url] { return number }
    numbers[url] = urls.count
    urls.append(url)
    return urls.count - 1
  }

  /// A link's text: white space merged, marks replaced. Empty where there is nothing but white space.
  static func text(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var hasSpace = false
    var hasText = false
    bytes.withUnsafeBufferPointer { bytes in
      var index = 1  // The first piece has a space before it that separates nothing.
      while index < bytes.count {
        let (scalar, length) = TextEscapes.decode(bytes, index)
        defer { index += length }
        let fate = TextEscapes.fate(scalar)
        if fate == .dropped { continue }
        if fate == .space {
          hasSpace = true
          continue
        }
        if hasSpace { result.append(0x20) }
        hasSpace = false
        hasText = true
        if scalar == 0x2020 {
          result.append(contentsOf: "‡".utf8)
        } else if case .replaced(let other) = fate {
          TextEscapes.append(other, to: &result)
        } else {
          result.append(contentsOf: bytes[index..<index + length])
        }
      }
    }
    if hasSpace, hasText { result.append(0x20) }
    return hasText ? result : []
  }
}
