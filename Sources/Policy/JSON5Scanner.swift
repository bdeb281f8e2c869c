// JSON5Scanner.swift — the strict pass over a policy's bytes before anything is decoded.
//
// Foundation's JSON5 decoder keeps the first of two equal keys, drops keys that nobody asks for,
// takes infinity, and does not decode escapes in bare keys, each without a word. In a policy each
// of these can hide a rule. So this pass walks the text first, and accepts a subset of JSON5
// (https://spec.json5.org) whose every text has one meaning:
//
//     comments // and /* */, trailing commas, bare keys, single quotes   as in JSON5
//     white space       space, tab, line feed, carriage return
//     keys              plain ASCII, no escapes, unique in their object
//     numbers           -12, 3.25: plain decimals of at most 15 digits; no hex, exponent, Infinity, NaN
//     strings           no bare control characters, no line continuation; escapes \" \' \\ \/ \b \f
//                       \n \r \t \uXXXX, whole surrogate pairs, never U+0000
//     limits            256 KiB, 32 levels
//
// It keeps where everything is and what kind it is; the values themselves are Foundation's to read.

/// Where a value is in the text and what it holds.
struct SourceNode {
  struct Member {
    let key: String
    let keyOffset: Int
    let node: SourceNode
  }

  enum Content {
    case null, bool, string
    case number(isWhole: Bool)
    case array([SourceNode])
    case object([Member])
  }

  let offset: Int
  let content: Content
}

struct JSON5Scanner {
  static let bytesMax = 256 << 10
  static let depthMax = 32
  /// Every such number is exact as a `Double`, so no reader can round it.
  static let digitsMax = 15

  private let text: SourceText
  private var offset = 0

  /// The places of the one value that `text` is.
  static func scan(_ text: SourceText) throws(PolicyError) -> SourceNode {
    try checkBytes(text)
    var scanner = JSON5Scanner(text: text)
    let node = try scanner.value(depth: 1)
    try scanner.skipSpace()
    guard scanner.offset == text.bytes.count else { throw scanner.error(.trailingText) }
    return node
  }

  private init(text: SourceText) { self.text = text }

  private static func checkBytes(_ text: SourceText) throws(PolicyError) {
    guard text.bytes.count <= bytesMax else {
      throw text.error(.tooLarge(bytesMax: bytesMax), at: nil)
    }
    guard !text.bytes.starts(with: [0xEF, 0xBB, 0xBF]) else {
      throw text.error(.byteOrderMark, at: nil)
    }
    guard let string = String(validating: text.bytes, as: UTF8.self) else {
      throw text.error(.invalidUTF8, at: nil)
    }
    var offset = 0
    for scalar in string.unicodeScalars {
      if isHidden(scalar) { throw text.error(.hiddenCharacter(scalar.value), at: offset) }
      offset += UTF8.width(scalar)
    }
    // JSON5 ends a line at a lone carriage return; a reader that does not would take the rules
    // after it for a part of the comment before it.
    for (index, byte) in text.bytes.enumerated() where byte == 0x0D {
      guard index + 1 < text.bytes.count, text.bytes[index + 1] == 0x0A else {
        throw text.error(.hiddenCharacter(0x0D), at: index)
      }
    }
  }

  /// Bidirectional controls, zero-width characters and tag characters: an auditor would see
  /// another policy than the one that is read.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF, 0xE0000...0xE007F: true
    default: false
    }
  }

  // MARK: Values

  private mutating func value(depth: Int) throws(PolicyError) -> SourceNode {
    guard depth <= Self.depthMax else { throw error(.tooDeep(depthMax: Self.depthMax)) }
    let byte = try peek(wanted: "a value")
    let start = offset
    switch byte {
    case UInt8(ascii: "{"):
      return SourceNode(offset: start, content: .object(try members(depth: depth)))
    case UInt8(ascii: "["):
      return SourceNode(offset: start, content: .array(try elements(depth: depth)))
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      try skipString()
      return SourceNode(offset: start, content: .string)
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
      UInt8(ascii: "."):
      return SourceNode(offset: start, content: .number(isWhole: try number()))
    default: return SourceNode(offset: start, content: try word())
    }
  }

  private mutating func members(depth: Int) throws(PolicyError) -> [SourceNode.Member] {
    offset += 1
    var members: [SourceNode.Member] = []
    var keys: Set<String> = []
    while try peek(wanted: "a key or \"}\"") != UInt8(ascii: "}") {
      let keyOffset = offset
      let key = try self.key()
      guard keys.insert(key).inserted else {
        offset = keyOffset
        throw error(.duplicateKey(key))
      }
      try expect(UInt8(ascii: ":"), wanted: "\":\"")
      members.append(
        SourceNode.Member(key: key, keyOffset: keyOffset, node: try value(depth: depth + 1)))
      try comma(before: UInt8(ascii: "}"))
    }
    offset += 1
    return members
  }

  private mutating func elements(depth: Int) throws(PolicyError) -> [SourceNode] {
    offset += 1
    var elements: [SourceNode] = []
    while try peek(wanted: "a value or \"]\"") != UInt8(ascii: "]") {
      elements.append(try value(depth: depth + 1))
      try comma(before: UInt8(ascii: "]"))
    }
    offset += 1
    return elements
  }

  /// Takes a comma; without one only `closing` may follow.
  private mutating func comma(before closing: UInt8) throws(PolicyError) {
    let wanted = "\",\" or \"\(Character(UnicodeScalar(closing)))\""
    let byte = try peek(wanted: wanted)
    if byte == UInt8(ascii: ",") {
      offset += 1
    } else if byte != closing {
      throw error(.unexpected(byte: byte, wanted: wanted))
    }
  }

  private mutating func key() throws(PolicyError) -> String {
    let bytes = text.bytes
    let quote = bytes[offset]
    var start = offset
    if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      start += 1
      offset = start
      while offset < bytes.count, bytes[offset] != quote {
        guard (0x20..<0x7F).contains(bytes[offset]), bytes[offset] != UInt8(ascii: "\\") else {
          throw error(.keyNotPlain)
        }
        offset += 1
      }
      guard offset < bytes.count else { throw error(.unexpectedEnd(wanted: "the end of a key")) }
      defer { offset += 1 }
      return String(decoding: bytes[start..<offset], as: UTF8.self)
    }
    while offset < bytes.count, Self.isWordByte(bytes[offset]) { offset += 1 }
    guard offset > start, !(0x30...0x39).contains(quote) else {
      let isForeign = quote >= 0x80 || quote == UInt8(ascii: "\\")
      offset = start
      throw error(isForeign ? .keyNotPlain : .unexpected(byte: quote, wanted: "a key"))
    }
    if offset < bytes.count, bytes[offset] >= 0x80 || bytes[offset] == UInt8(ascii: "\\") {
      throw error(.keyNotPlain)
    }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  private mutating func word() throws(PolicyError) -> SourceNode.Content {
    let start = offset
    while offset < text.bytes.count, Self.isWordByte(text.bytes[offset]) { offset += 1 }
    let word = String(decoding: text.bytes[start..<offset], as: UTF8.self)
    switch word {
    case "true", "false": return .bool
    case "null": return .null
    default: break
    }
    offset = start
    if word == "Infinity" || word == "NaN" { throw error(.number(word)) }
    throw error(.unexpected(byte: text.bytes[start], wanted: "a value"))
  }

  /// Takes a number; true where it has no fraction.
  private mutating func number() throws(PolicyError) -> Bool {
    let start = offset
    while offset < text.bytes.count, Self.isNumberByte(text.bytes[offset]) { offset += 1 }
    let bytes = Array(text.bytes[start..<offset])
    let parts = (bytes.first == UInt8(ascii: "-") ? bytes.dropFirst() : bytes[...])
      .split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    let isPlain =
      parts.allSatisfy { part in
        !part.isEmpty && part.allSatisfy { (0x30...0x39).contains($0) }
      }
      && parts.reduce(0) { $0 + $1.count } <= Self.digitsMax
      && (parts[0].count == 1 || parts[0].first != UInt8(ascii: "0"))
    guard isPlain else {
      offset = start
      throw error(.number(String(decoding: bytes.prefix(40), as: UTF8.self)))
    }
    return parts.count == 1
  }

  // MARK: Strings

  private mutating func skipString() throws(PolicyError) {
    let quote = text.bytes[offset]
    offset += 1
    while offset < text.bytes.count {
      let byte = text.bytes[offset]
      if byte == quote {
        offset += 1
        return
      }
      if byte == UInt8(ascii: "\\") {
        try skipEscape()
      } else if byte < 0x20 || byte == 0x7F {
        throw error(.controlCharacter(byte))
      } else {
        offset += 1
      }
    }
    throw error(.unexpectedEnd(wanted: "the end of a string"))
  }

  private mutating func skipEscape() throws(PolicyError) {
    let start = offset
    guard offset + 1 < text.bytes.count else {
      throw error(.unexpectedEnd(wanted: "an escape"))
    }
    let byte = text.bytes[offset + 1]
    if byte != UInt8(ascii: "u") {
      guard "\"'\\/bfnrt".utf8.contains(byte) else { throw error(.escape) }
      offset += 2
      return
    }
    let unit = try unicodeUnit()
    switch unit {
    case 0:
      offset = start
      throw error(.escape)
    case 0xD800...0xDBFF:
      guard offset < text.bytes.count, text.bytes[offset] == UInt8(ascii: "\\"),
        (0xDC00...0xDFFF).contains(try unicodeUnit())
      else {
        offset = start
        throw error(.loneSurrogate)
      }
    case 0xDC00...0xDFFF:
      offset = start
      throw error(.loneSurrogate)
    default: break
    }
  }

  /// Takes `\uXXXX`.
  private mutating func unicodeUnit() throws(PolicyError) -> UInt32 {
    let bytes = text.bytes
    guard offset + 6 <= bytes.count, bytes[offset + 1] == UInt8(ascii: "u") else {
      throw error(.escape)
    }
    var unit: UInt32 = 0
    for byte in bytes[offset + 2..<offset + 6] {
      guard byte < 0x80, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw error(.escape)
      }
      unit = unit << 4 | UInt32(digit)
    }
    offset += 6
    return unit
  }

  // MARK: Bytes

  private mutating func skipSpace() throws(PolicyError) {
    let bytes = text.bytes
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      case UInt8(ascii: "/"): try skipComment()
      default: return
      }
    }
  }

  private mutating func skipComment() throws(PolicyError) {
    let bytes = text.bytes
    let next = offset + 1 < bytes.count ? bytes[offset + 1] : 0
    if next == UInt8(ascii: "/") {
      while offset < bytes.count, bytes[offset] != 0x0A { offset += 1 }
      return
    }
    guard next == UInt8(ascii: "*") else {
      throw error(.unexpected(byte: bytes[offset], wanted: "a value, a key or a comment"))
    }
    var end = offset + 2
    while end + 1 < bytes.count,
      bytes[end] != UInt8(ascii: "*") || bytes[end + 1] != UInt8(ascii: "/")
    { end += 1 }
    guard end + 1 < bytes.count else {
      throw error(.unexpectedEnd(wanted: "the end of a comment"))
    }
    offset = end + 2
  }

  /// The next byte that is neither white space nor comment; it is not consumed.
  private mutating func peek(wanted: String) throws(PolicyError) -> UInt8 {
    try skipSpace()
    guard offset < text.bytes.count else {
      offset = text.bytes.count
      throw error(.unexpectedEnd(wanted: wanted))
    }
    return text.bytes[offset]
  }

  private mutating func expect(_ byte: UInt8, wanted: String) throws(PolicyError) {
    let found = try peek(wanted: wanted)
    guard found == byte else { throw error(.unexpected(byte: found, wanted: wanted)) }
    offset += 1
  }

  private func error(_ problem: PolicyError.Problem) -> PolicyError {
    text.error(problem, at: offset)
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"):
      true
    default: false
    }
  }

  /// Generous, so that a malformed number is shown whole.
  private static func isNumberByte(_ byte: UInt8) -> Bool {
    isWordByte(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: ".")
  }
}
