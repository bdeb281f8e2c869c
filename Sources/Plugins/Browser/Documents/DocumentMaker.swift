// DocumentMaker.swift — a file of this machine to the text that is indexed and shown.

/// Reads documents of the kinds that can be indexed.
package enum DocumentMaker {
  /// Text beyond this is left out.
  private static let textBytesMax = 4 << 20
  /// Files beyond this are not read.
  static let fileBytesMax = 32 << 20

  /// - Parameters:
  ///   - bytes: Of the file.
  ///   - path: Absolute, as it will be addressed.
  /// - Returns: The document.
  /// - Throws: ``FetchFailure`` where it has no text, or none that can be read here.
  package static func document(_ bytes: [UInt8], path: String) throws(FetchFailure) -> LocalDocument
  {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    var document: LocalDocument
    switch Kind(name) {
    case .html: document = html(bytes, url: url(ofFile: path))
    case .pdf:
      document = LocalDocument(title: "", text: escaped(try PDFReader.text(bytes)), links: [])
    case .text:
      guard !bytes.prefix(8192).contains(0) else {
        throw FetchFailure(message: "It is not text.")
      }
      let text = escaped(TextDecoder.utf8(bytes, charset: nil, isHTML: false))
      document = LocalDocument(title: heading(text) ?? "", text: text, links: [])
    }
    if document.title.isEmpty { document.title = TextEscapes.line(name) }
    if document.text.count > textBytesMax {
      var end = textBytesMax
      while end > 0, document.text[end] & 0xC0 == 0x80 { end -= 1 }
      document.text = document.text[..<end] + Array("\n\n[The document is longer.]".utf8)
    }
    return document
  }

  private enum Kind {
    case html, pdf, text

    init(_ name: String) {
      switch name.split(separator: ".").last?.lowercased() {
      case "html", "htm", "xhtml": self = .html
      case "pdf": self = .pdf
      default: self = .text
      }
    }
  }

  private static func html(_ bytes: [UInt8], url: String) -> LocalDocument {
    let html = TextDecoder.utf8(bytes, charset: nil, isHTML: true)
    guard let page = try? PageMaker.text(ofHTML: html, url: url, shownURL: nil) else {
      return LocalDocument(title: "", text: TagStripper.text(html), links: [])
    }
    return LocalDocument(title: page.title, text: page.bytes, links: page.links)
  }

  private static func escaped(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    text.withUnsafeBufferPointer { TextEscapes.verbatim($0, into: &result) }
    while result.last == 0x0A { result.removeLast() }
    return result
  }

  /// The first heading of a Markdown text, if it begins with one.
  private static func heading(_ text: [UInt8]) -> String? {
    let line = text.drop { $0 <= 0x20 }.prefix { $0 != 0x0A }
    guard line.first == UInt8(ascii: "#") else { return nil }
    let title = String(decoding: line.prefix(1024).drop { $0 == UInt8(ascii: "#") }, as: UTF8.self)
    return TextEscapes.line(title)
  }

  /// The `file` address of an absolute path. (Source: RFC 8089, section 2.)
  package static func url(ofFile path: String) -> String {
    var url = "file://"
    for byte in path.utf8 {
      switch byte {
      case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x2D, 0x2E, 0x5F, 0x7E, 0x2F, 0x2C, 0x2B, 0x40:
        url.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        url += digits.utf8.count < 2 ? "%0" + digits : "%" + digits
      }
    }
    return url
  }

  /// The path of a `file` address; nil where it is none.
  package static func path(ofURL url: String) -> String? {
    guard url.hasPrefix("file:///") else { return nil }
    var bytes: [UInt8] = []
    let source = Array(url.utf8.dropFirst("file://".utf8.count))
    var index = 0
    while index < source.count {
      if source[index] == UInt8(ascii: "%"), index + 2 < source.count,
        let value = UInt8(String(decoding: source[index + 1...index + 2], as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        index += 3
      } else {
        bytes.append(source[index])
        index += 1
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
