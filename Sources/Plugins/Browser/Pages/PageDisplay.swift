// PageDisplay.swift — a part of a page as the model reads it.

extension Page {
  /// The display of some lines, to the character as gpt-oss was trained on it:
  ///
  ///     [CURSOR] TITLE (URL)
  ///     **viewing lines [A - B] of LAST**
  ///
  ///     LA: first line shown
  ///     …
  ///
  /// `cursor`: The page's place in the stack.
  /// `lines`: Not empty, and within the page.
  func display(cursor: Int, lines: Range<Int>) -> String {
    let address = TextEscapes.cut(Self.shown(url))
    var head = "[\(cursor)] \(title)"
    if !address.isEmpty { head += " (\(address))" }
    head +=
      "\n**viewing lines [\(lines.lowerBound) - \(lines.upperBound - 1)] of \(lineCount - 1)**\n\n"
    return head + String(decoding: numbered(lines), as: UTF8.self)
  }

  /// An address for reading: percent-encoded letters as themselves, but nothing that could end the line
  /// or pass for a mark of the display.
  static func shown(_ url: String) -> String {
    var bytes: [UInt8] = []
    let source = Array(url.utf8)
    var index = 0
    while index < source.count {
      if source[index] == UInt8(ascii: "%"), index + 2 < source.count,
        let high = hexValue(source[index + 1]), let low = hexValue(source[index + 2]),
        high << 4 | low >= 0x20, high << 4 | low != 0x7F
      {
        bytes.append(high << 4 | low)
        index += 3
      } else {
        bytes.append(source[index])
        index += 1
      }
    }
    var result = String.UnicodeScalarView()
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      switch TextEscapes.fate(scalar.value) {
      case .kept: result.append(scalar)
      case .space: result.append(" ")
      case .dropped: break
      case .replaced(let other): result.append(Unicode.Scalar(other) ?? "\u{FFFD}")
      }
    }
    return String(result)
  }

  private static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
