// Page.swift — one page of the stack: its lines and where its links lead.

/// A page as it is shown. Immutable; the stack may hold it several times.
final class Page: Sendable {
  enum Kind: Equatable, Sendable {
    case document
    /// What a search found.
    case results
    /// Where a pattern was found on a page.
    case finds
  }

  struct Link: Sendable {
    enum Target: Sendable {
      case url(String)
      /// A page that is there already.
      case page(Page)
    }

    var target: Target
    /// The line to show first; nil for the beginning.
    var line: Int?
  }

  /// Empty on a page of our own.
  let url: String
  /// On one line.
  let title: String
  let kind: Kind
  let links: [Link]
  /// All lines one after the other, UTF-8.
  private let bytes: [UInt8]
  /// Where each line ends in `bytes`.
  private let ends: [Int]

  /// `text`: UTF-8; it is cut into lines here.
  init(url: String, title: String, kind: Kind = .document, text: [UInt8], links: [Link] = []) {
    self.url = url
    self.title = title
    self.kind = kind
    self.links = links
    let wrapped = LineWrapper(text)
    bytes = wrapped.bytes
    ends = wrapped.ends
  }

  /// At least 1.
  var lineCount: Int { ends.count }

  /// About what the page takes in memory.
  var byteCount: Int {
    bytes.count + ends.count * 8 + links.count * 100 + 1024
  }

  /// `index`: From 0 to ``lineCount`` - 1.
  func line(_ index: Int) -> ArraySlice<UInt8> {
    bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
  }

  /// The lines of `range`, each with its number before it: "L0: …", joined by line feeds.
  func numbered(_ range: Range<Int>) -> [UInt8] {
    var text: [UInt8] = []
    for index in range {
      if index > range.lowerBound { text.append(0x0A) }
      appendNumbered(index, to: &text)
    }
    return text
  }

  /// Appends a line with its number before it.
  func appendNumbered(_ index: Int, to text: inout [UInt8]) {
    text.append(contentsOf: "L\(index): ".utf8)
    text.append(contentsOf: line(index))
  }
}
