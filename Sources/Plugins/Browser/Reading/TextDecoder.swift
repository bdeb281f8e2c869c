// TextDecoder.swift — the bytes of a page to UTF-8.
//
// Which encoding they are in is decided in the order of the WHATWG's standards: a byte order mark, then the
// header, then what the page's first 1,024 bytes say, then UTF-8 where they are valid as that, then
// windows-1252. What cannot be decoded becomes U+FFFD; nothing that a page does is an error.

import Glibc

enum TextDecoder {
  /// The text of `body` as UTF-8 without a byte order mark.
  ///
  /// `charset`: Of the header; nil where it names none.
  /// `isHTML`: Whether the page may say in a `meta` element what it is encoded in.
  static func utf8(_ body: [UInt8], charset: String?, isHTML: Bool) -> [UInt8] {
    let (encoding, markLength) = encoding(of: body, charset: charset, isHTML: isHTML)
    let bytes = body[markLength...]
    switch encoding {
    case CharsetLabel.utf8: return repaired(markLength == 0 ? body : Array(bytes))
    case "UTF-16LE", "UTF-16BE": return utf16(bytes, isBigEndian: encoding == "UTF-16BE")
    case CharsetLabel.fallback: return windows1252(bytes)
    default: return converted(bytes, from: encoding) ?? repaired(Array(bytes))
    }
  }

  /// glibc's name of the encoding, and the length of the byte order mark.
  static func encoding(
    of body: [UInt8], charset: String?, isHTML: Bool
  ) -> (name: String, markLength: Int) {
    if body.starts(with: [0xEF, 0xBB, 0xBF]) { return (CharsetLabel.utf8, 3) }
    if body.starts(with: [0xFE, 0xFF]) { return ("UTF-16BE", 2) }
    if body.starts(with: [0xFF, 0xFE]) { return ("UTF-16LE", 2) }
    if let encoding = charset.flatMap({ CharsetLabel.encoding($0) }) { return (encoding, 0) }
    if isHTML, let label = MetaPrescan.label(in: body.prefix(1024)),
      let encoding = CharsetLabel.encoding(label)
    {
      // Bytes that spell "meta" in ASCII are not UTF-16.
      return (encoding.hasPrefix("UTF-16") ? CharsetLabel.utf8 : encoding, 0)
    }
    return (isUTF8(body) ? CharsetLabel.utf8 : CharsetLabel.fallback, 0)
  }

  // MARK: - UTF-8

  /// Whether the bytes are UTF-8, a sequence that is cut off at their end excused.
  static func isUTF8(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBufferPointer { bytes in
      var index = 0
      while index < bytes.count {
        if bytes[index] < 0x80 {
          index = asciiEnd(bytes, index + 1)
          continue
        }
        let length = validLength(bytes, index)
        if length == 0 { return bytes.count - index < 4 && isBeginning(bytes, index) }
        index += length
      }
      return true
    }
  }

  /// Where ASCII ends that goes on at `start`, looked for eight bytes at a time.
  private static func asciiEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    let raw = UnsafeRawBufferPointer(bytes)
    var index = start
    while index + 8 <= raw.count,
      raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
    {
      index += 8
    }
    while index < raw.count, raw[index] < 0x80 { index += 1 }
    return index
  }

  private static func isBeginning(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
    let first = bytes[index]
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    return first >= 0xC2 && first < 0xF5 && index + length > bytes.count
      && bytes[(index + 1)...].allSatisfy { $0 & 0xC0 == 0x80 }
  }

  /// The length of the sequence at `index`, 2 to 4; 0 where it is none. (Unicode 16, table 3-7.)
  private static func validLength(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
    let first = bytes[index]
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard first >= 0xC2, first < 0xF5, index + length <= bytes.count else { return 0 }
    for offset in 1..<length where bytes[index + offset] & 0xC0 != 0x80 { return 0 }
    let second = bytes[index + 1]
    switch first {
    case 0xE0: return second >= 0xA0 ? 3 : 0
    case 0xED: return second < 0xA0 ? 3 : 0
    case 0xF0: return second >= 0x90 ? 4 : 0
    case 0xF4: return second < 0x90 ? 4 : 0
    default: return length
    }
  }

  private static func repaired(_ bytes: [UInt8]) -> [UInt8] {
    if isUTF8(bytes), !(bytes.last.map { $0 >= 0x80 } ?? false) { return bytes }
    return Array(String(decoding: bytes, as: UTF8.self).utf8)
  }

  private static func utf16(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) -> [UInt8] {
    let bytes = Array(bytes)
    var units: [UInt16] = []
    units.reserveCapacity(bytes.count / 2)
    for index in stride(from: 0, to: bytes.count - 1, by: 2) {
      let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
      units.append(isBigEndian ? first << 8 | second : second << 8 | first)
    }
    return Array(String(decoding: units, as: UTF16.self).utf8)
  }

  // MARK: - Other encodings

  /// Bytes 0x80 to 0x9F of windows-1252; the five that it does not define are controls.
  private static let windows1252Upper: [UInt16] = [
    0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039,
    0x152,
    0x8D, 0x17D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x2DC, 0x2122,
    0x161, 0x203A, 0x153, 0x9D, 0x17E, 0x178,
  ]

  private static func windows1252(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + bytes.count / 8)
    for byte in bytes {
      switch byte {
      case 0..<0x80: result.append(byte)
      case 0x80..<0xA0:
        if let scalar = Unicode.Scalar(windows1252Upper[Int(byte) - 0x80]) {
          result.append(contentsOf: UTF8.encode(scalar) ?? .init())
        }
      default:
        result.append(0xC0 | byte >> 6)
        result.append(0x80 | byte & 0x3F)
      }
    }
    return result
  }

  /// Converts with iconv; nil where this C library does not know the encoding. A byte that means nothing
  /// becomes U+FFFD.
  private static func converted(_ bytes: ArraySlice<UInt8>, from encoding: String) -> [UInt8]? {
    guard let converter = iconv_open("UTF-8", encoding), converter != iconv_t(bitPattern: -1) else {
      return nil
    }
    defer { iconv_close(converter) }
    var input = bytes.map { CChar(bitPattern: $0) }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count * 2)
    var chunk = [CChar](repeating: 0, count: 64 << 10)
    input.withUnsafeMutableBufferPointer { input in
      guard var next = input.baseAddress else { return }
      var left = input.count
      while left > 0 {
        let status = chunk.withUnsafeMutableBufferPointer { chunk -> (count: Int, error: Int32) in
          var out = chunk.baseAddress
          var room = chunk.count
          var from: UnsafeMutablePointer<CChar>? = next
          let outcome = iconv(converter, &from, &left, &out, &room)
          let error = outcome == -1 ? errno : 0
          next = from ?? next
          let written = chunk.count - room
          result.append(contentsOf: chunk[..<written].lazy.map { UInt8(bitPattern: $0) })
          return (written, error)
        }
        guard status.error != 0, status.error != E2BIG else { continue }
        result.append(contentsOf: [0xEF, 0xBF, 0xBD])
        // A sequence that is cut off is all that is left.
        guard status.error == EILSEQ else { return }
        next += 1
        left -= 1
        // The state of the converter, too, begins anew.
        iconv(converter, nil, nil, nil, nil)
      }
    }
    return repaired(result)
  }
}
