// ContentType.swift — what the bytes of a page are: by the header, and by their looks where it says nothing.

/// A `Content-Type` header, taken apart.
struct ContentType: Equatable, Sendable {
  /// In lower case, "text/html"; empty where the header names none.
  var name = ""
  /// The parameter `charset`, as it was written.
  var charset: String?

  init(header: String?) {
    guard let header else { return }
    let parts = header.prefix(1024).split(separator: ";", omittingEmptySubsequences: false)
    name = Self.trimmed(parts.first ?? "").lowercased()
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, Self.trimmed(pair[0]).lowercased() == "charset" else { continue }
      var value = Self.trimmed(pair[1])
      if value.count >= 2, let quote = value.first, quote == value.last, "\"'".contains(quote) {
        value = String(value.dropFirst().dropLast())
      }
      charset = charset ?? value
    }
  }

  private static func trimmed(_ text: Substring) -> String {
    let start = text.drop { $0.isWhitespace }
    return start.lastIndex { !$0.isWhitespace }.map { String(start[...$0]) } ?? ""
  }
}

/// How a page's bytes are read.
enum ContentKind: Equatable, Sendable {
  case html
  /// Text, shown as it is.
  case text
  case pdf
  /// Nothing that can be shown; the word names it.
  case other(String)

  /// Bytes that are looked at where the header says nothing.
  private static let sniffedByteCount = 512

  init(_ type: ContentType, _ body: [UInt8]) {
    switch type.name {
    case "text/html", "application/xhtml+xml": self = .html
    case "application/pdf", "application/x-pdf": self = .pdf
    case "", "application/octet-stream", "binary/octet-stream", "unknown/unknown", "*/*":
      self = Self.sniffed(body, name: type.name)
    case let name where Self.isText(name): self = .text
    default: self = .other(type.name)
    }
  }

  private static func isText(_ name: String) -> Bool {
    if name.hasPrefix("text/") || name.hasSuffix("+json") || name.hasSuffix("+xml") { return true }
    return [
      "application/json", "application/xml", "application/javascript", "application/ecmascript",
      "application/x-javascript", "application/yaml", "application/x-yaml", "application/toml",
      "application/x-ndjson", "application/jsonl", "application/sql", "application/x-sh",
      "application/markdown", "application/rtf", "application/x-tex", "application/x-latex",
      "message/rfc822", "application/graphql",
    ].contains(name)
  }

  /// By the first bytes, as Docs/BROWSER.md tells.
  private static func sniffed(_ body: [UInt8], name: String) -> ContentKind {
    let head = body.prefix(sniffedByteCount)
    if head.starts(with: Array("%PDF-".utf8)) { return .pdf }
    if head.starts(with: [0xFE, 0xFF]) || head.starts(with: [0xFF, 0xFE]) { return .text }
    if head.contains(0) { return .other(name.isEmpty ? "application/octet-stream" : name) }
    let text = String(decoding: head, as: UTF8.self).lowercased()
    for mark in ["<!doctype html", "<html", "<head", "<body", "<script"] where text.contains(mark) {
      return .html
    }
    return .text
  }
}
