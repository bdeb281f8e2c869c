// TextEscapes.swift — what a page may not write itself: the marks of the display.
//
// Links, citations and finds are written with 【, † and 】. A page that could write them could forge a
// link or a citation, so its own become look-alikes. What nobody sees is dropped: zero-width spaces,
// control characters, and the tag characters that carry invisible text.

/// One scalar of a page, and what becomes of it.
enum ScalarFate: Equatable {
  case kept
  case dropped
  /// Counts as a space.
  case space
  /// By another scalar, of three bytes in UTF-8.
  case replaced(by: UInt32)
}

enum TextEscapes {
  /// What becomes of a scalar of a page's text. Line feeds count as spaces here.
  @inline(__always)
  static func fate(_ scalar: UInt32) -> ScalarFate {
    if scalar < 0x80 {
      if scalar > 0x20 { return scalar == 0x7F ? .dropped : .kept }
      switch scalar {
      case 0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1C...0x1F: return .space
      default: return .dropped
      }
    }
    switch scalar {
    case 0x3010: return .replaced(by: 0x3016)
    case 0x3011: return .replaced(by: 0x3017)
    case 0x25FC: return .replaced(by: 0x25FE)
    case 0x200B, 0xFEFF, 0xE0000...0xE007F: return .dropped
    case 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: return .space
    case 0x80...0x9F: return .dropped
    default: return .kept
    }
  }

  /// A text on one line: spaces merged, marks replaced, no longer than `scalarCountMax`.
  static func line(_ text: String, scalarCountMax: Int = 1024) -> String {
    var result = String.UnicodeScalarView()
    var hasSpace = false
    var count = 0
    for scalar in text.unicodeScalars {
      let fate = fate(scalar.value)
      if fate == .dropped { continue }
      if fate == .space {
        hasSpace = !result.isEmpty
        continue
      }
      if hasSpace { result.append(" ") }
      hasSpace = false
      if case .replaced(let other) = fate {
        result.append(Unicode.Scalar(other) ?? "\u{FFFD}")
      } else {
        result.append(scalar)
      }
      count += 1
      if count > scalarCountMax + 3 { break }
    }
    return cut(String(result), scalarCountMax: scalarCountMax)
  }

  /// The text, or its beginning and "..." where it is longer than `scalarCountMax`.
  static func cut(_ text: String, scalarCountMax: Int = 1024) -> String {
    guard text.utf8.count > scalarCountMax, text.unicodeScalars.count > scalarCountMax else {
      return text
    }
    return String(text.unicodeScalars.prefix(scalarCountMax - 3)) + "..."
  }

  /// Page text that is not HTML: line ends become line feeds, marks are replaced, the rest stays.
  static func verbatim(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
    output.reserveCapacity(output.count + bytes.count)
    var index = 0
    while index < bytes.count {
      let (scalar, length) = decode(bytes, index)
      defer { index += length }
      switch scalar {
      case 0x0A, 0x09: output.append(UInt8(scalar))
      case 0x0C: output.append(0x0A)
      case 0x0B, 0x1C...0x1F: output.append(0x20)
      case 0x0D:
        if index + 1 >= bytes.count || bytes[index + 1] != 0x0A { output.append(0x0A) }
      case 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x3000:
        output.append(contentsOf: bytes[index..<index + length])
      case 0x2028, 0x2029: output.append(0x0A)
      default:
        switch fate(scalar) {
        case .kept, .space: output.append(contentsOf: bytes[index..<index + length])
        case .dropped: break
        case .replaced(let other): append(other, to: &output)
        }
      }
    }
  }

  /// Appends a scalar that a fate names.
  static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
    bytes.append(0xE0 | UInt8(truncatingIfNeeded: scalar >> 12))
    bytes.append(0x80 | UInt8(truncatingIfNeeded: scalar >> 6 & 0x3F))
    bytes.append(0x80 | UInt8(truncatingIfNeeded: scalar & 0x3F))
  }

  /// The scalar at `index` of UTF-8 text and its length. A byte out of place counts as U+FFFD.
  @inline(__always)
  static func decode(
    _ bytes: UnsafeBufferPointer<UInt8>, _ index: Int
  ) -> (scalar: UInt32, length: Int) {
    let first = UInt32(bytes[index])
    if first < 0x80 { return (first, 1) }
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard first >= 0xC2, first < 0xF5, index + length <= bytes.count else { return (0xFFFD, 1) }
    var scalar = first & (0x7F >> UInt32(length))
    for offset in 1..<length {
      let next = UInt32(bytes[index + offset])
      guard next & 0xC0 == 0x80 else { return (0xFFFD, 1) }
      scalar = scalar << 6 | (next & 0x3F)
    }
    return (scalar, length)
  }

  /// Whether a scalar is part of a word: a letter, a digit, an underscore.
  static func isWord(_ scalar: UInt32) -> Bool {
    if scalar < 0x80 {
      return (scalar >= 0x61 && scalar <= 0x7A) || (scalar >= 0x41 && scalar <= 0x5A)
        || (scalar >= 0x30 && scalar <= 0x39) || scalar == 0x5F
    }
    guard let scalar = Unicode.Scalar(scalar) else { return false }
    return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }

  /// Whether a scalar is a letter, or an underscore.
  static func isLetter(_ scalar: UInt32) -> Bool {
    if scalar < 0x80 { return isWord(scalar) && !(scalar >= 0x30 && scalar <= 0x39) }
    guard let scalar = Unicode.Scalar(scalar) else { return false }
    return scalar.properties.isAlphabetic
  }
}
