// TagStripper.swift — the text of HTML that is too hostile, or too large, to build a tree of.
//
// One pass, no memory but the text: tags go, scripts and styles go with what is in them, blocks begin
// lines. There are no links. It only stands in where the tree would take more than its limits.

struct TagStripper {
  private let html: [UInt8]
  private var index = 0
  private var flow = TextFlow()

  /// The text of `html`, UTF-8.
  static func text(_ html: [UInt8]) -> [UInt8] {
    var stripper = TagStripper(html: html)
    stripper.run()
    return stripper.flow.bytes
  }

  private init(html: [UInt8]) { self.html = html }

  private mutating func run() {
    while index < html.count {
      if html[index] == UInt8(ascii: "<"), let next = byte(index + 1),
        isLetter(next) || next == UInt8(ascii: "/") || next == UInt8(ascii: "!")
          || next == UInt8(ascii: "?")
      {
        readTag()
      } else {
        let end = html[(index + 1)...].firstIndex(of: UInt8(ascii: "<")) ?? html.count
        addText(index..<end)
        index = end
      }
    }
  }

  private mutating func readTag() {
    if html[index...].starts(with: "<!--".utf8) {
      index = end(of: "-->", from: index + 4)
      return
    }
    var start = index + 1
    let isEnd = html[start] == UInt8(ascii: "/")
    if isEnd { start += 1 }
    var end = start
    while let byte = byte(end), end - start < 16, isLetter(byte) || (byte >= 0x30 && byte <= 0x39) {
      end += 1
    }
    let name = String(decoding: html[start..<end], as: UTF8.self).lowercased()
    index = (html[end...].firstIndex(of: UInt8(ascii: ">")) ?? html.count - 1) + 1
    switch name {
    case "script", "style", "template", "noembed", "noframes", "iframe", "svg", "title":
      if !isEnd { index = self.end(of: "</" + name, from: index) }
    case "br": flow.addLineEnd()
    case "p", "div", "section", "article", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table",
      "blockquote", "pre", "header", "footer", "main", "nav", "aside":
      flow.breakParagraph()
    case "li", "tr", "dt", "dd": flow.breakLine()
    case "td", "th": flow.addSpace()
    default: flow.crossTag()
    }
  }

  /// Right after the next `text`, in lower case here and in any case there; the end where there is none.
  private func end(of text: String, from start: Int) -> Int {
    let wanted = Array(text.utf8)
    var place = start
    while place + wanted.count <= html.count {
      let isMatch = wanted.indices.allSatisfy { offset in
        let byte = html[place + offset]
        return (byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte) == wanted[offset]
      }
      if isMatch { return place + wanted.count }
      place += 1
    }
    return html.count
  }

  /// Adds text, with the few character references that matter most resolved.
  private mutating func addText(_ range: Range<Int>) {
    var piece: [UInt8] = []
    var place = range.lowerBound
    while place < range.upperBound {
      if html[place] == UInt8(ascii: "&"),
        let (name, byte) = Self.references.first(where: { html[place...].starts(with: $0.0) })
      {
        piece.append(byte)
        place += name.count
      } else {
        piece.append(html[place])
        place += 1
      }
    }
    piece.withUnsafeBufferPointer { flow.add($0) }
  }

  private static let references: [([UInt8], UInt8)] = [
    (Array("&amp;".utf8), UInt8(ascii: "&")), (Array("&lt;".utf8), UInt8(ascii: "<")),
    (Array("&gt;".utf8), UInt8(ascii: ">")), (Array("&quot;".utf8), UInt8(ascii: "\"")),
    (Array("&nbsp;".utf8), 0x20), (Array("&#39;".utf8), UInt8(ascii: "'")),
  ]

  private func byte(_ index: Int) -> UInt8? { index < html.count ? html[index] : nil }

  private func isLetter(_ byte: UInt8) -> Bool {
    (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A)
  }
}
