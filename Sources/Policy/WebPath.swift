// WebPath.swift — paths of URLs: which one servers read alike, and what rules say of them.
//
// Servers fold "..", decode escapes and merge slashes, each in its own way and in another order. A path
// that could be folded into another one is therefore none that a rule can grant.
//
// Source: RFC 3986, 2.3 (unreserved characters), 3.3 (segments), 5.2.4 (dot segments).

/// A path in a rule: the whole of it, or with a star at its end whatever begins so.
struct PathPattern: Equatable, Sendable {
  /// Unreserved characters unescaped, without the star.
  let text: [UInt8]
  let isOpen: Bool

  /// Nil where `text` does not begin with a slash, has a star elsewhere, or could be read in two ways.
  init?(_ text: String) {
    var bytes = Array(text.utf8)
    isOpen = bytes.last == UInt8(ascii: "*")
    if isOpen { bytes.removeLast() }
    guard !bytes.contains(UInt8(ascii: "*")), !bytes.contains(where: { "?#".utf8.contains($0) }),
      let plain = WebPath.plain(bytes)
    else { return nil }
    self.text = plain
  }

  /// `path`: As ``WebPath/plain(_:)`` gives it.
  func matches(_ path: [UInt8]) -> Bool { isOpen ? path.starts(with: text) : path == text }

  func covers(_ other: PathPattern) -> Bool {
    isOpen ? other.text.starts(with: text) : !other.isOpen && other.text == text
  }
}

enum WebPath {
  /// The path with unreserved characters unescaped; nil where servers may read it differently: dot
  /// segments, empty segments, escaped slashes, backslashes or percent signs.
  static func plain(_ path: some Collection<UInt8>) -> [UInt8]? {
    guard path.first == UInt8(ascii: "/"), let path = unescaped(Array(path)) else { return nil }
    let segments = path.dropFirst().split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    for (index, segment) in segments.enumerated() {
      // Some servers cut parameters off a segment before they fold it.
      let name = segment.prefix { $0 != UInt8(ascii: ";") }
      if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { return nil }
      if segment.isEmpty, index + 1 < segments.count { return nil }
    }
    return path.contains(UInt8(ascii: "\\")) ? nil : path
  }

  private static func unescaped(_ path: [UInt8]) -> [UInt8]? {
    var result: [UInt8] = []
    var index = 0
    while index < path.count {
      guard path[index] == UInt8(ascii: "%") else {
        result.append(path[index])
        index += 1
        continue
      }
      guard index + 2 < path.count, let high = digit(path[index + 1]),
        let low = digit(path[index + 2])
      else { return nil }
      let byte = high << 4 | low
      switch byte {
      case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, 0x2D, 0x2E, 0x5F, 0x7E: result.append(byte)
      case 0x00...0x1F, UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "%"), 0x7F: return nil
      default:
        result += [UInt8(ascii: "%"), upper(path[index + 1]), upper(path[index + 2])]
      }
      index += 3
    }
    return result
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  private static func upper(_ byte: UInt8) -> UInt8 { byte >= 0x61 ? byte - 0x20 : byte }
}
