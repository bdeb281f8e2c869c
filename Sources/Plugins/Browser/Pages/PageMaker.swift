// PageMaker.swift — the bytes that came back to a page of lines.

enum PageMaker {
  /// A page with less text than this, and scripts, is one that only scripts fill.
  private static let scalarCountMin = 200

  /// `isSource`: Show what was sent instead of what it means.
  /// Throws: ``FetchFailure`` where nothing of the page can be shown.
  static func page(from fetched: FetchedPage, isSource: Bool = false) throws(FetchFailure) -> Page {
    let type = ContentType(header: fetched.contentType)
    let kind = ContentKind(type, fetched.body)
    var notes: [String] = []
    if fetched.truncated {
      notes.append("[The page is longer; only its first \(fetched.body.count) bytes were read.]")
    }
    switch kind {
    case .html where !isSource: return html(fetched, type, notes)
    case .html, .text:
      let text = TextDecoder.utf8(fetched.body, charset: type.charset, isHTML: kind == .html)
      return self.text(text, url: fetched.url, isSource: isSource, notes)
    case .pdf:
      let text = try PDFReader.text(fetched.body)
      return self.text(text, url: fetched.url, isSource: isSource, notes)
    case .other(let name):
      throw FetchFailure(
        message: """
          The page is of the type "\(TextEscapes.line(name, scalarCountMax: 80))" \
          (\(fetched.body.count) bytes), which cannot be shown as text.
          """)
    }
  }

  private static func html(
    _ fetched: FetchedPage, _ type: ContentType, _ notes: [String]
  ) -> Page {
    let html = TextDecoder.utf8(fetched.body, charset: type.charset, isHTML: true)
    var notes = notes
    var page: PageText
    do throws(MarkupFailure) {
      page = try text(ofHTML: html, url: fetched.url, shownURL: fetched.url)
    } catch {
      let stripped = TagStripper.text(html)
      page = PageText(title: "", bytes: heading(fetched.url) + stripped, links: [], scriptCount: 0)
      notes.append("[The page is too intricate to be read with its links; this is its text.]")
    }
    if page.scriptCount > 0, page.bytes.count - fetched.url.utf8.count < scalarCountMin {
      notes.append("[The page shows little without JavaScript, which is not run here.]")
    }
    if page.title.isEmpty { page.title = host(fetched.url) }
    return Page(
      url: fetched.url, title: page.title, text: page.bytes + trailer(notes),
      links: page.links.map { Page.Link(target: .url($0)) })
  }

  /// The text and links of an HTML page.
  ///
  /// `html`: UTF-8.
  /// `url`: Links are resolved against it; empty for a page of our own.
  /// `shownURL`: For the line about it; nil for no such line.
  static func text(
    ofHTML html: [UInt8], url: String, shownURL: String?, limits: MarkupLimits = MarkupLimits()
  ) throws(MarkupFailure) -> PageText {
    var builder = DisplayBuilder(url: url)
    try GumboReader.read(html, limits: limits, &builder)
    return builder.page(url: shownURL.map { TextEscapes.line($0, scalarCountMax: 8192) })
  }

  private static func text(
    _ text: [UInt8], url fetchedURL: String, isSource: Bool, _ notes: [String]
  ) -> Page {
    let url = isSource ? PageLibrary.sourcePrefix + fetchedURL : fetchedURL
    var bytes = heading(url)
    text.withUnsafeBufferPointer { TextEscapes.verbatim($0, into: &bytes) }
    while bytes.last == 0x0A { bytes.removeLast() }
    return Page(url: url, title: title(fetchedURL), text: bytes + trailer(notes))
  }

  private static func heading(_ url: String) -> [UInt8] {
    Array("\nURL: \(TextEscapes.line(url, scalarCountMax: 8192))\n".utf8)
  }

  private static func trailer(_ notes: [String]) -> [UInt8] {
    notes.flatMap { Array("\n\n\($0)".utf8) }
  }

  private static func host(_ url: String) -> String {
    TextEscapes.line(WebAddress(url)?.domain ?? url)
  }

  /// A text has no title of its own: the last part of its address, or the host.
  private static func title(_ url: String) -> String {
    let path = url.prefix { $0 != "?" && $0 != "#" }
    guard let slash = path.lastIndex(of: "/"), path[path.index(after: slash)...].contains(".")
    else {
      return host(url)
    }
    return TextEscapes.line(Page.shown(String(path[path.index(after: slash)...])))
  }
}
