// DisplayBuilder.swift — a document, element by element, to the text that the model reads, and its links.
//
// What becomes of each element is told in Docs/BROWSER.md. The rules are those of the browser that gpt-oss
// was trained with; where that one loses text (cells that run together, whole sections on one line), ours
// keeps it apart.

/// A page as text, before it is cut into lines.
struct PageText {
  var title: String
  /// UTF-8.
  var bytes: [UInt8]
  /// Where each link leads, by its number on the page.
  var links: [String]
  var scriptCount: Int
}

/// Hears a document and writes its text.
struct DisplayBuilder: MarkupHandler {
  /// Links beyond these are plain text.
  private static let linkCountMax = 50_000
  private static let supBytesMax = 256

  private var flow = TextFlow()
  private var links: LinkTable
  private var title = ""
  private var hasTitle = false
  private var titlePieces: [UInt8]?
  private var imageCount = 0
  private var scriptCount = 0
  private var lists: [List] = []
  private var preDepth = 0
  /// Where superscripts and subscripts began that have not ended.
  private var raised: [TextFlow.Mark] = []
  private var link: OpenLink?
  /// The pieces of its text, each with a space before it: pieces are words of their own.
  private var linkText: [UInt8] = []

  private struct List {
    var isOrdered: Bool
    var number: Int
  }

  /// A link whose text is being heard. Its text becomes one line, whatever elements it is made of.
  private struct OpenLink {
    var target: LinkTable.Target
    var images: [String] = []
    /// Links inside, which are no links.
    var depth = 1
  }

  /// - Parameter url: Of the page; links are resolved against it. Empty for a page of our own.
  init(url: String) { links = LinkTable(page: url) }

  /// The text so far, with the page's address above it.
  ///
  /// `url`: As it is shown; nil for no line about it.
  consuming func page(url: String?) -> PageText {
    var bytes: [UInt8] = []
    if let url { bytes.append(contentsOf: "\nURL: \(url)\n".utf8) }
    let text = flow.bytes
    // As the whole is stripped, so is a list's indentation at the very beginning.
    bytes.append(contentsOf: text.drop { $0 == 0x20 })
    return PageText(
      title: TextEscapes.line(title), bytes: bytes, links: links.urls, scriptCount: scriptCount)
  }

  // MARK: - Elements

  mutating func start(_ element: some MarkupElement) -> Bool {
    let tag = element.tag
    switch tag {
    case .script:
      scriptCount += 1
      return false
    case .style, .template, .noembed, .noframes, .datalist, .rp, .meta, .link, .param, .area:
      return false
    case .iframe, .svg, .math, .frame, .input:
      // Something stands there, if nothing that can be read.
      flow.crossTag()
      return false
    case .head, .html, .body: return true
    case .base:
      if let base = element.attribute("href") { links.setBase(base) }
      return false
    case .title:
      guard !hasTitle, titlePieces == nil else { return false }
      titlePieces = []
      return true
    default: break
    }
    if element.hasAttributes || tag == .dialog, Visibility.isHidden(element) { return false }
    if link != nil { return startInLink(element) }
    switch tag {
    case .a: startLink(element)
    case .img: addImage(element)
    case .wbr: return false
    case .sup, .sub:
      flow.joinNext()
      raised.append(flow.mark)
      return true
    default: startBlock(element)
    }
    return true
  }

  private mutating func startBlock(_ element: some MarkupElement) {
    switch element.tag {
    case .p, .div, .section, .article, .aside, .header, .footer, .nav, .main, .figure, .figcaption,
      .address, .form, .fieldset, .legend, .details, .summary, .dialog, .center, .hgroup, .table,
      .menu, .dl:
      flow.breakParagraph()
      if element.tag == .menu { beginList(element, isOrdered: false) }
    case .h1, .h2, .h3, .h4, .h5, .h6:
      flow.breakParagraph()
      let level = Int(element.tag.rawValue - MarkupTag.h1.rawValue) + 1
      flow.addPrefix(String(repeating: "#", count: level) + " ")
    case .hr:
      flow.breakParagraph()
      flow.addMark(Array("* * *".utf8), first: 0x2A, last: 0x2A)
      flow.breakParagraph()
    case .br: flow.addLineEnd()
    case .blockquote: flow.beginQuote()
    case .ul: beginList(element, isOrdered: false)
    case .ol: beginList(element, isOrdered: true)
    case .li: startItem()
    case .dt: flow.breakLine()
    case .dd:
      flow.breakLine()
      flow.addPrefix("    ")
    case .pre, .listing, .xmp, .plaintext:
      if preDepth == 0 { flow.beginPre(indent: 4 + 4 * min(lists.count, 8)) }
      preDepth += 1
    case .tr, .caption, .optgroup: flow.breakLine()
    case .td, .th, .option, .select, .button, .textarea: flow.addSpace()
    case .code, .tt, .kbd:
      if preDepth == 0 { flow.addPrefix("`") }
    case .q: flow.addPrefix("\"")
    case .del, .s, .strike:
      flow.crossTag()
      // Blocks may stand inside, so this is no prefix, which would hold them on its line. It belongs to the word
      // that comes.
      if preDepth == 0 { flow.addMark(Array("~~".utf8), first: 0x61, last: 0x7E) }
    default: flow.crossTag()
    }
  }

  mutating func end(_ tag: MarkupTag) {
    if tag == .title, let pieces = titlePieces {
      title = String(decoding: pieces, as: UTF8.self)
      hasTitle = true
      titlePieces = nil
      return
    }
    if var open = link {
      if tag == .a {
        open.depth -= 1
        link = open
        if open.depth == 0 { endLink(open) }
      }
      return
    }
    switch tag {
    case .p, .div, .section, .article, .aside, .header, .footer, .nav, .main, .figure, .figcaption,
      .address, .form, .fieldset, .legend, .details, .summary, .dialog, .center, .hgroup, .table,
      .dl:
      flow.breakParagraph()
    case .h1, .h2, .h3, .h4, .h5, .h6:
      flow.dropPrefix()
      flow.breakParagraph()
    case .blockquote: flow.endQuote()
    case .ul, .ol, .menu:
      if !lists.isEmpty { lists.removeLast() }
      if lists.isEmpty { flow.breakParagraph() } else { flow.breakLine() }
    case .li, .dd:
      flow.dropPrefix()
      flow.breakLine()
    case .dt, .tr, .caption, .optgroup: flow.breakLine()
    case .td, .th, .option, .select, .button, .textarea: flow.addSpace()
    case .pre, .listing, .xmp, .plaintext:
      preDepth = max(0, preDepth - 1)
      if preDepth == 0 { flow.endPre() }
    case .code, .tt, .kbd: if preDepth == 0 { flow.closeMark("`") }
    case .q: flow.closeMark("\"")
    case .del, .s, .strike:
      if preDepth == 0 { flow.closeMark("~~", last: flow.lastScalar) }
      flow.crossTag()
    case .sup: endRaised("^{")
    case .sub: endRaised("_{")
    case .img, .br, .hr: break
    default: flow.crossTag()
    }
  }

  mutating func text(_ bytes: UnsafeBufferPointer<UInt8>) {
    if titlePieces != nil {
      titlePieces?.append(contentsOf: bytes)
    } else if link != nil {
      linkText.append(0x20)
      linkText.append(contentsOf: bytes)
    } else {
      flow.add(bytes)
    }
  }

  private mutating func endRaised(_ opening: String) {
    guard let mark = raised.popLast() else { return }
    flow.enclose(since: mark, opening: opening, countMax: Self.supBytesMax)
  }

  // MARK: - Lists

  private mutating func beginList(
    _ element: some MarkupElement, isOrdered: Bool
  ) {
    if lists.isEmpty {
      flow.breakParagraph()
    } else {
      // An item that only holds a list has no line of its own.
      flow.dropPrefix()
      flow.breakLine()
    }
    let start = isOrdered ? element.attribute("start").flatMap { Int($0) } ?? 1 : 0
    lists.append(List(isOrdered: isOrdered, number: min(max(start, -1_000_000), 1_000_000)))
  }

  private mutating func startItem() {
    flow.dropPrefix()
    flow.breakLine()
    var indent = ""
    var isInOrdered = false
    for list in lists.suffix(Self.listDepthMax) {
      indent += isInOrdered && !list.isOrdered ? "   " : "  "
      isInOrdered = list.isOrdered
    }
    if let list = lists.last, list.isOrdered {
      flow.addPrefix("\(indent)\(list.number). ")
      lists[lists.count - 1].number += 1
    } else {
      flow.addPrefix(indent + "* ")
    }
  }

  /// Lists deeper than this are indented as if they were not.
  private static let listDepthMax = 16

  // MARK: - Images and links

  private mutating func addImage(_ element: some MarkupElement) {
    flow.addMarkText(imageText(element))
    imageCount += 1
  }

  private func imageText(_ element: some MarkupElement) -> String {
    let name = TextEscapes.line(
      element.attribute("alt") ?? element.attribute("title") ?? "", scalarCountMax: 1024)
    return name.isEmpty ? "[Image \(imageCount)]" : "[Image \(imageCount): \(name)]"
  }

  private mutating func startLink(_ element: some MarkupElement) {
    guard let href = element.attribute("href"), links.count < Self.linkCountMax else {
      flow.crossTag()
      return
    }
    switch links.target(of: href) {
    case .none: flow.crossTag()
    case let target?:
      link = OpenLink(target: target)
      linkText.removeAll(keepingCapacity: true)
    }
  }

  private mutating func startInLink(_ element: some MarkupElement) -> Bool {
    switch element.tag {
    case .a: link?.depth += 1
    case .img:
      let number = imageCount + (link?.images.count ?? 0)
      let name = TextEscapes.line(element.attribute("alt") ?? element.attribute("title") ?? "")
      link?.images.append(name.isEmpty ? "[Image \(number)]" : "[Image \(number): \(name)]")
    default: break
    }
    return true
  }

  private mutating func endLink(_ open: OpenLink) {
    link = nil
    let text = linkText.withUnsafeBufferPointer { LinkTable.text($0) }
    guard !text.isEmpty else {
      // A link without any text shows its images, and leads nowhere: so the model knows it.
      for image in open.images { flow.addMarkText(image) }
      imageCount += open.images.count
      return
    }
    switch open.target {
    case .thisPage:
      text.withUnsafeBufferPointer { flow.add($0) }
    case .page(let url, let domain):
      var mark = Array("【\(links.number(of: url))†".utf8)
      mark.append(contentsOf: text)
      if let domain { mark.append(contentsOf: "†\(domain)".utf8) }
      mark.append(contentsOf: "】".utf8)
      flow.addMark(mark, first: 0x3010, last: 0x3011)
    }
  }
}

extension TextFlow {
  /// Adds a mark that begins and ends with brackets.
  mutating func addMarkText(_ text: String) {
    addMark(Array(text.utf8), first: 0x5B, last: 0x5D)
  }
}
