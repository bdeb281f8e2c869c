// MetaPrescan.swift — the encoding that an HTML page names for itself in its first bytes.
//
// Source: HTML Standard, "prescan a byte stream to determine its encoding": `meta` elements are read byte
// by byte, comments and other tags are stepped over; `charset` counts, and `content` beside
// `http-equiv="content-type"`.

struct MetaPrescan {
  private let bytes: [UInt8]
  private var index = 0

  /// The label of the encoding that `bytes` name; nil where they name none.
  static func label(in bytes: ArraySlice<UInt8>) -> String? {
    var scan = MetaPrescan(bytes: Array(bytes))
    return scan.run()
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func run() -> String? {
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "<") else {
        index += 1
        continue
      }
      if matches("<!--") {
        // "<!-->" is a whole comment.
        index += 2
        while index < bytes.count, !matches("-->") { index += 1 }
        index += 3
      } else if matches("<meta"), isSpaceOrSlash(index + 5) {
        index += 5
        if let label = readMeta() { return label }
      } else if let next = byte(index + 1), isLetter(next) || next == UInt8(ascii: "/") {
        index += 1
        while let byte = byte(index), !isSpace(byte), byte != UInt8(ascii: ">") { index += 1 }
        while readAttribute() != nil {}
      } else if let next = byte(index + 1), "!/?".utf8.contains(next) {
        while let byte = byte(index), byte != UInt8(ascii: ">") { index += 1 }
      } else {
        index += 1
      }
    }
    return nil
  }

  private mutating func readMeta() -> String? {
    var seen: Set<String> = []
    var isContentType = false
    var charset: String?
    var needsContentType = false
    while let (name, value) = readAttribute() {
      guard seen.insert(name).inserted else { continue }
      switch name {
      case "http-equiv": isContentType = value.lowercased() == "content-type"
      case "content":
        if charset == nil, let label = Self.label(inContent: value) {
          charset = label
          needsContentType = true
        }
      case "charset":
        charset = value
        needsContentType = false
      default: continue
      }
    }
    guard let charset, !needsContentType || isContentType,
      CharsetLabel.encoding(charset) != nil
    else { return nil }
    return charset
  }

  /// The value of "charset=" in a text such as "text/html; charset=utf-8".
  private static func label(inContent text: String) -> String? {
    var rest = Substring(text.lowercased())
    while let place = rest.firstRange(of: "charset") {
      rest = rest[place.upperBound...].drop { $0.isWhitespace }
      guard rest.first == "=" else { continue }
      rest = rest.dropFirst().drop { $0.isWhitespace }
      if let quote = rest.first, "\"'".contains(quote) {
        let value = rest.dropFirst()
        return value.contains(quote) ? String(value.prefix { $0 != quote }) : nil
      }
      return String(rest.prefix { !$0.isWhitespace && $0 != ";" })
    }
    return nil
  }

  /// The next attribute of the tag under way, names in lower case; nil at the tag's end.
  private mutating func readAttribute() -> (name: String, value: String)? {
    while let byte = byte(index), isSpace(byte) || byte == UInt8(ascii: "/") { index += 1 }
    guard let first = byte(index), first != UInt8(ascii: ">") else { return nil }
    var name: [UInt8] = []
    while let byte = byte(index) {
      if byte == UInt8(ascii: "="), !name.isEmpty { break }
      if isSpace(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ">") { break }
      name.append(byte)
      index += 1
    }
    while let byte = byte(index), isSpace(byte) { index += 1 }
    guard byte(index) == UInt8(ascii: "=") else { return (text(name), "") }
    index += 1
    while let byte = byte(index), isSpace(byte) { index += 1 }
    var value: [UInt8] = []
    if let quote = byte(index), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      index += 1
      while let byte = byte(index), byte != quote {
        value.append(byte)
        index += 1
      }
      index += 1
    } else {
      while let byte = byte(index), !isSpace(byte), byte != UInt8(ascii: ">") {
        value.append(byte)
        index += 1
      }
    }
    return (text(name), text(value))
  }

  private func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self).lowercased()
  }

  private func byte(_ index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

  /// Whether `text`, in lower case, stands at the index, in any case.
  private func matches(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { text in
      guard index + text.count <= bytes.count else { return false }
      for (offset, wanted) in text.enumerated() {
        let byte = bytes[index + offset]
        let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
        if lower != wanted { return false }
      }
      return true
    }
  }

  private func isSpaceOrSlash(_ index: Int) -> Bool {
    byte(index).map { isSpace($0) || $0 == UInt8(ascii: "/") } ?? false
  }

  private func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0C || byte == 0x0D
  }

  private func isLetter(_ byte: UInt8) -> Bool {
    (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A)
  }
}
