// PlainText.swift — recorded texts and times as a terminal may show them.

import Glibc
import Store

extension String {
  /// The text with what a terminal would obey, or would show otherwise than it is, written out as
  /// "\u{1B}": a model, a tool or a web page may have chosen it. Tabs and line ends stay.
  var plain: String {
    guard unicodeScalars.contains(where: \.isTreacherous) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      if scalar.isTreacherous {
        text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// ``plain``, on one line, of at most `lengthMax` characters.
  func oneLine(lengthMax: Int) -> String {
    let line = plain.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count <= lengthMax ? line : line.prefix(lengthMax - 1) + "…"
  }

  /// ``plain`` in lines, each indented; what goes beyond the bounds is counted instead.
  func indented(
    by columns: Int, lineCountMax: Int = .max, lineLengthMax: Int = .max
  ) -> [String] {
    let margin = String(repeating: " ", count: columns)
    var lines = plain.split(separator: "\n", omittingEmptySubsequences: false)
    while lines.last?.isEmpty == true { lines.removeLast() }
    var shown = lines.prefix(lineCountMax).map { line in
      line.count <= lineLengthMax
        ? margin + line
        : margin + line.prefix(lineLengthMax) + "… (\(line.count - lineLengthMax) more characters)"
    }
    if lines.count > shown.count {
      shown.append(margin + "… (\(lines.count - shown.count) more lines)")
    }
    return shown
  }
}

extension Unicode.Scalar {
  /// Control characters, and those that reorder what stands around them. (Source: Unicode Standard
  /// Annex 9, explicit directional formatting characters.)
  fileprivate var isTreacherous: Bool {
    switch value {
    case 0x09, 0x0A: false
    case 0x00..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}

extension UnixTime {
  /// "2026-11-25 17:05" by the clock on the wall.
  var shortText: String { text("%Y-%m-%d %H:%M", localtime_r) }

  /// "17:05:41" by the clock on the wall.
  var clockText: String { text("%H:%M:%S", localtime_r) }

  /// "2026-11-25T17:05:41.123Z" (ISO 8601).
  var isoText: String {
    let rest = String(((milliseconds % 1000) + 1000) % 1000)
    let padding = String(repeating: "0", count: 3 - rest.count)
    return text("%Y-%m-%dT%H:%M:%S", gmtime_r) + ".\(padding)\(rest)Z"
  }

  private func text(
    _ format: String,
    _ convert: (UnsafePointer<time_t>, UnsafeMutablePointer<tm>) -> UnsafeMutablePointer<tm>?
  ) -> String {
    // Whole seconds, rounded down also before 1970.
    var seconds = time_t(milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0))
    var parts = tm()
    guard convert(&seconds, &parts) != nil else { return "\(milliseconds) ms" }
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, format, &parts)
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
