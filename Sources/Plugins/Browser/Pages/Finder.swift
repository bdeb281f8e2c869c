// Finder.swift — where a pattern stands on a page.

enum Finder {
  private static let findCountMax = 50
  /// Lines shown of each find; the search goes on after them.
  private static let shownLineCount = 4
  /// Longer patterns are found nowhere: a line has 80 columns.
  private static let patternBytesMax = 4096

  /// The page of finds: each with its line and the three after it, links without their marks.
  ///
  /// `pattern`: Matched within single lines, capitals and small letters alike.
  static func page(_ pattern: String, on page: Page) -> Page {
    let pattern = pattern.lowercased()
    let wanted = Array(pattern.utf8)
    var lines = MarkStripper(page)
    var text: [UInt8] = []
    var links: [Page.Link] = []
    var index = 0
    while index < page.lineCount, wanted.count <= patternBytesMax {
      guard contains(lines.line(index), wanted) else {
        index += 1
        continue
      }
      if !links.isEmpty { text.append(contentsOf: "\n\n".utf8) }
      text.append(contentsOf: "# 【\(links.count)†match at L\(index)】".utf8)
      for shown in index..<min(index + shownLineCount, page.lineCount) {
        text.append(0x0A)
        text.append(contentsOf: lines.line(shown))
      }
      links.append(Page.Link(target: .page(page), line: index))
      guard links.count < findCountMax else { break }
      index += shownLineCount
    }
    let shown = TextEscapes.line(pattern)
    if links.isEmpty { text = Array("No `find` results for pattern: `\(shown)`".utf8) }
    return Page(
      url: "\(page.url)/find?pattern=\(quoted(pattern))",
      title: "Find results for text: `\(shown)` in `\(page.title)`", kind: .finds, text: text,
      links: links)
  }

  /// Percent-encoded: all but letters, digits, "_.-~" and "/". (Source: RFC 3986, section 2.)
  private static func quoted(_ pattern: String) -> String {
    var result = ""
    for byte in pattern.utf8.prefix(1024) {
      switch byte {
      case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x5F, 0x2E, 0x2D, 0x7E, 0x2F:
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result += digits.utf8.count < 2 ? "%0" + digits : "%" + digits
      }
    }
    return result
  }

  private static func contains(_ line: [UInt8], _ wanted: [UInt8]) -> Bool {
    guard let first = wanted.first else { return true }
    let folded = folded(line)
    guard folded.count >= wanted.count else { return false }
    for start in 0...(folded.count - wanted.count) where folded[start] == first {
      if folded[start..<start + wanted.count] == wanted[...] { return true }
    }
    return false
  }

  private static func folded(_ line: [UInt8]) -> [UInt8] {
    var result = line
    for index in line.indices {
      let byte = line[index]
      if byte >= 0x80 { return Array(String(decoding: line, as: UTF8.self).lowercased().utf8) }
      if byte >= 0x41, byte <= 0x5A { result[index] = byte | 0x20 }
    }
    return result
  }
}

/// The lines of a page without the marks of its links: 【3†text†domain】 reads "text".
///
/// A mark may run over several lines, so lines are read in order; what is left of a mark on a later line is
/// taken out there.
struct MarkStripper {
  private let page: Page
  private var cache: [Int: [UInt8]] = [:]
  private var next = 0
  /// What part of a mark the text is in.
  private var part = Part.text

  private enum Part {
    case text, number, content, domain
  }

  init(_ page: Page) { self.page = page }

  /// `index`: Not before lines that were forgotten: at most four behind the last one.
  mutating func line(_ index: Int) -> [UInt8] {
    while next <= index {
      cache[next] = strip(page.line(next))
      cache[next - 8] = nil
      next += 1
    }
    return cache[index] ?? []
  }

  private mutating func strip(_ line: ArraySlice<UInt8>) -> [UInt8] {
    guard part != .text || line.contains(0xE3) else { return Array(line) }
    var result: [UInt8] = []
    result.reserveCapacity(line.count)
    var index = line.startIndex
    while index < line.endIndex {
      let length = min(3, line.endIndex - index)
      let three = line[index..<index + length]
      if three.elementsEqual([0xE3, 0x80, 0x90]) {
        part = .number
        index += 3
      } else if three.elementsEqual([0xE3, 0x80, 0x91]) {
        part = .text
        index += 3
      } else if part != .text, three.elementsEqual([0xE2, 0x80, 0xA0]) {
        part = part == .number ? .content : .domain
        index += 3
      } else {
        if part == .text || part == .content { result.append(line[index]) }
        index += 1
      }
    }
    return result
  }
}
