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
  private var base: WebAddress? { didSet { baseOrigin = Self.origin(of: base) } }
  /// What stands before a path that begins with a slash; nil where every reference has to be resolved.
  private var baseOrigin: String?
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
    baseOrigin = Self.origin(of: base)
  }

  private static func origin(of base: WebAddress?) -> String? {
    guard let base, !base.isFile, !isOfPapers(base.domain) else { return nil }
    return "\(base.scheme.rawValue)://\(base.domain)"
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
    if let base, let baseOrigin, Self.isPlainPath(reference) {
      return .page(
        url: baseOrigin + reference, domain: base.domain == pageDomain ? nil : base.domain)
    }
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
    if Self.isOfPapers(domain) { address.replaceDomain("ar5iv.org") }
    return .page(url: address.text, domain: domain == pageDomain ? nil : domain)
  }

  private static func isOfPapers(_ domain: String) -> Bool {
    domain == "arxiv.org" || domain == "www.arxiv.org"
  }

  /// Whether a reference is a path of the same site with nothing in it to resolve, encode or forgive: most are.
  private static func isPlainPath(_ reference: String) -> Bool {
    guard reference.utf8.count <= WebAddress.byteCountMax else { return false }
    var previous: UInt8 = 0
    var index = 0
    for byte in reference.utf8 {
      switch byte {
      case UInt8(ascii: "/") where index == 0: break
      case UInt8(ascii: "/") where index == 1: return false
      case UInt8(ascii: ".") where previous == UInt8(ascii: "/"): return false
      case 0...0x20, 0x7F, UInt8(ascii: "\\"): return false
      default: if index == 0 { return false }
      }
      previous = byte
      index += 1
    }
    return index > 0
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

  /// A link's text: white space merged, marks replaced. Empty where there is none at all; white space alone is some.
  ///
  /// `bytes`: Its pieces, with a space before each; what stands before the first separates nothing.
  static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var hasSpace = false
    var index = 1
    while index < bytes.count {
      let (scalar, length) = TextEscapes.decode(bytes, index)
      let piece = UnsafeBufferPointer(rebasing: bytes[index..<index + length])
      index += length
      switch TextEscapes.fate(scalar) {
      case .dropped: continue
      case .space:
        hasSpace = true
        continue
      case .kept where scalar != 0x2020:
        if hasSpace { result.append(0x20) }
        result.append(contentsOf: piece)
      case .kept:
        if hasSpace { result.append(0x20) }
        result.append(contentsOf: "‡".utf8)
      case .replaced(let other):
        if hasSpace { result.append(0x20) }
        TextEscapes.append(other, to: &result)
      }
      hasSpace = false
    }
    if hasSpace { result.append(0x20) }
    return result
  }
}
