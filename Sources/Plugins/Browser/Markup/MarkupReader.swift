// MarkupReader.swift — the port behind which HTML is parsed: a tree, told in document order.

/// The elements that the display treats in a way of their own.
enum MarkupTag: UInt8, Sendable, CaseIterable {
  case a, abbr, area, article, aside, audio, base, blockquote, body, br, button, canvas, caption
  case center, code, dd, del, details, dialog, div, dl, dt, em, fieldset, figcaption, figure, footer
  case form, frame, frameset, h1, h2, h3, h4, h5, h6, head, header, hgroup, hr, html, iframe, img
  case input, kbd, legend, li, link, listing, main, math, menu, meta, nav, noembed, noframes,
    noscript
  case object, ol, optgroup, option, p, param, plaintext, pre, q, rp, s, script, section, select
  case strike, style
  case sub, summary, sup, svg, table, tbody, td, template, textarea, tfoot, th, thead, title, tr, tt
  case ul, video, wbr, xmp, address, datalist
  /// Any other element, also of SVG and MathML.
  case other
}

/// One start tag.
protocol MarkupElement {
  var tag: MarkupTag { get }

  /// The value of an attribute, by its name in lower case; nil where the element has none such.
  func attribute(_ name: StaticString) -> String?

  /// The same as UTF-8, for as long as the handler is at work on the element.
  func attributeBytes(_ name: StaticString) -> UnsafeBufferPointer<UInt8>?

  /// Whether the element has the attribute, whatever its value.
  func hasAttribute(_ name: StaticString) -> Bool

  var hasAttributes: Bool { get }
}

/// Hears of a document, element by element.
protocol MarkupHandler {
  /// - Returns: Whether to tell of what is inside, and of the end.
  mutating func start(_ element: some MarkupElement) -> Bool

  /// A piece of text, UTF-8, character references resolved.
  mutating func text(_ bytes: UnsafeBufferPointer<UInt8>)

  /// The end of an element whose inside was told.
  mutating func end(_ tag: MarkupTag)
}

/// Why there is no tree.
enum MarkupFailure: Error, Equatable {
  case tooLarge
  case tooSlow
  case noMemory
}

/// What parsing one document may take.
struct MarkupLimits: Equatable, Sendable {
  /// Of the tree and the parser together.
  var memoryBytesMax = 160 << 20
  /// Processor time.
  var millisecondsMax: UInt32 = 1_500
}

/// Parses HTML as the HTML standard has it.
protocol MarkupReader {
  /// Tells `handler` of a document, UTF-8, in document order.
  static func read(
    _ html: [UInt8], limits: MarkupLimits, _ handler: inout some MarkupHandler
  ) throws(MarkupFailure)
}
