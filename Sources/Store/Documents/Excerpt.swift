// Excerpt.swift — a line of a text around the first place where one of some words stands.

enum Excerpt {
  /// Words are looked for no further.
  static let textBytesMax = 64 << 10

  private static let byteCountBefore = 60
  private static let byteCountMax = 240

  /// - Parameters:
  ///   - text: UTF-8; may end within a character.
  ///   - words: In lower case without accents, the most telling first.
  /// - Returns: One line, without marks of links; the beginning of the text where no word is found.
  static func of(_ text: UnsafeRawBufferPointer, around words: [String]) -> String {
    var place: Int?
    for word in words where place == nil { place = Self.place(of: Array(word.utf8), in: text) }
    var start = max(0, (place ?? 0) - byteCountBefore)
    // At the beginning of a word, or of a character at least.
    while start > 0, start < text.count, text[start - 1] > 0x20, (place ?? 0) - start < 100 {
      start -= 1
    }
    while start < text.count, text[start] & 0xC0 == 0x80 { start += 1 }
    var end = min(text.count, start + byteCountMax)
    while end > start, end < text.count, text[end] & 0xC0 == 0x80 { end -= 1 }
    let piece = String(decoding: text[start..<end], as: UTF8.self)
    let line = withoutMarks(piece).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return (start > 0 ? "… " : "") + line + (end < text.count ? " …" : "")
  }

  /// Where `word` begins in `text`, at the beginning of a word and in any case.
  private static func place(of word: [UInt8], in text: UnsafeRawBufferPointer) -> Int? {
    guard let first = word.first, text.count >= word.count else { return nil }
    var isAtStart = true
    for index in 0...(text.count - word.count) {
      let byte = lower(text[index])
      if isAtStart, byte == first,
        word.indices.allSatisfy({ lower(text[index + $0]) == word[$0] })
      {
        return index
      }
      isAtStart = byte < 0x80 ? !isWord(byte) : true
    }
    return nil
  }

  private static func lower(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
  }

  /// Marks of links keep their text: 【3†text†domain】 reads "text".
  static func withoutMarks(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    // 1 in a link's number, 2 in its text, 3 in its domain, 0 outside.
    var part = 0
    for scalar in text.unicodeScalars {
      switch scalar {
      case "【": part = 1
      case "†" where part > 0: part += 1
      case "】": part = 0
      default: if part % 2 == 0 { result.append(scalar) }
      }
    }
    return String(result)
  }
}
