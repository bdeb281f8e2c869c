// JSONReader.swift — a strict, bounded JSON reader that can pull one value at a time.
//
// Why not Foundation's: it loses the order of keys and silently keeps the last of two equal keys,
// and a 28 MB tokenizer.json has to load in a fraction of a second without a tree being built.
//
// Grammar: RFC 8259, UTF-8 only, no byte order mark. Beyond the RFC, always errors: duplicate keys
// (in trees), lone surrogates, invalid UTF-8, nesting over `depthMax`, more than `valueCountMax`
// values in one tree.

/// Pulls JSON values from bytes, one step at a time or as whole trees.
public struct JSONReader {
  /// Bounds that hold whatever the text says.
  public struct Limits: Sendable {
    public var depthMax: Int
    /// Values in one tree, keys not counted.
    public var valueCountMax: Int

    public init(depthMax: Int = 64, valueCountMax: Int = 4_000_000) {
      self.depthMax = depthMax
      self.valueCountMax = valueCountMax
    }
  }

  /// What kind of value comes next.
  public enum Kind: Equatable, Sendable { case null, bool, number, string, array, object }

  public let source: String
  private let bytes: [UInt8]
  private let limits: Limits
  /// Byte offset of the next unread byte.
  public private(set) var offset = 0
  private var valueCount = 0

  public init(_ bytes: [UInt8], source: String, limits: Limits = Limits()) {
    self.bytes = bytes
    self.source = source
    self.limits = limits
  }

  /// Reads `bytes` as exactly one JSON value.
  public static func value(
    _ bytes: [UInt8], source: String, limits: Limits = Limits()
  ) throws(JSONError) -> JSONValue {
    var reader = JSONReader(bytes, source: source, limits: limits)
    let value = try reader.readValue()
    try reader.expectEnd()
    return value
  }

  /// Reads `text` as exactly one JSON value.
  public static func value(
    _ text: String, source: String, limits: Limits = Limits()
  ) throws(JSONError) -> JSONValue {
    try value(Array(text.utf8), source: source, limits: limits)
  }

  // MARK: Pulling

  /// The kind of the next value, which is not consumed.
  public mutating func peekKind() throws(JSONError) -> Kind {
    switch try peek(wanted: "a value") {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case let byte: throw error(.unexpected(byte: byte, wanted: "a value"))
    }
  }

  /// Enters an object; follow with ``nextKey(first:)``.
  public mutating func beginObject() throws(JSONError) {
    try expect(UInt8(ascii: "{"), wanted: "an object")
  }

  /// Enters an array; follow with ``nextElement(first:)``.
  public mutating func beginArray() throws(JSONError) {
    try expect(UInt8(ascii: "["), wanted: "an array")
  }

  /// The next key of the object being read, or nil once the object is closed. Duplicates are the
  /// caller's to notice here; ``readValue()`` notices them itself.
  public mutating func nextKey(first: inout Bool) throws(JSONError) -> String? {
    guard try more(closing: UInt8(ascii: "}"), first: &first) else { return nil }
    let key = try readString()
    try expect(UInt8(ascii: ":"), wanted: "\":\"")
    return key
  }

  /// As ``nextKey(first:)``, without making a `String`: appends the key's raw UTF-8 to `key`.
  /// Returns false once the object is closed.
  public mutating func nextKey(
    into key: inout [UInt8], first: inout Bool
  ) throws(JSONError) -> Bool {
    guard try more(closing: UInt8(ascii: "}"), first: &first) else { return false }
    try readString(into: &key)
    try expect(UInt8(ascii: ":"), wanted: "\":\"")
    return true
  }

  /// Whether the array being read has another element; false once it is closed.
  public mutating func nextElement(first: inout Bool) throws(JSONError) -> Bool {
    try more(closing: UInt8(ascii: "]"), first: &first)
  }

  public mutating func readString() throws(JSONError) -> String {
    var utf8: [UInt8] = []
    try readString(into: &utf8)
    guard let text = String(validating: utf8, as: UTF8.self) else { throw error(.invalidUTF8) }
    return text
  }

  /// Appends the string's bytes, unescaped, to `out`. They are not checked to be UTF-8.
  public mutating func readString(into out: inout [UInt8]) throws(JSONError) {
    try expect(UInt8(ascii: "\""), wanted: "a string")
    while true {
      let start = offset
      runToStringEvent()
      out.append(contentsOf: bytes[start..<offset])
      guard offset < bytes.count else {
        throw error(.unexpectedEnd(wanted: "the end of a string"))
      }
      switch bytes[offset] {
      case UInt8(ascii: "\""):
        offset += 1
        return
      case UInt8(ascii: "\\"):
        offset += 1
        try readEscape(into: &out)
      case let byte: throw error(.controlCharacter(byte))
      }
    }
  }

  public mutating func readBool() throws(JSONError) -> Bool {
    switch try peek(wanted: "true or false") {
    case UInt8(ascii: "t"):
      try expectWord("true")
      return true
    case UInt8(ascii: "f"):
      try expectWord("false")
      return false
    case let byte: throw error(.unexpected(byte: byte, wanted: "true or false"))
    }
  }

  public mutating func readNumber() throws(JSONError) -> JSONNumber {
    _ = try peek(wanted: "a number")
    let start = offset
    var isWhole = true
    skip(UInt8(ascii: "-"))
    if !skip(UInt8(ascii: "0")) { try skipDigits(from: start) }
    if skip(UInt8(ascii: ".")) {
      isWhole = false
      try skipDigits(from: start)
    }
    if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
      isWhole = false
      if !skip(UInt8(ascii: "+")) { skip(UInt8(ascii: "-")) }
      try skipDigits(from: start)
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isWhole, text != "-0" {
      if let value = Int64(text) { return .integer(value) }
      if let value = UInt64(text) { return .unsigned(value) }
    }
    guard let value = Double(text), value.isFinite else {
      offset = start
      throw error(.invalidNumber)
    }
    return .double(value)
  }

  /// A whole number that fits `Int`.
  public mutating func readInteger() throws(JSONError) -> Int {
    _ = try peek(wanted: "a whole number")
    let start = offset
    let number = try readNumber()
    guard let value = JSONValue.number(number).intValue else {
      offset = start
      throw error(.wrongType(wanted: "a whole number"))
    }
    return value
  }

  /// Steps over one value of any kind, checking its grammar and depth, building nothing.
  public mutating func skipValue() throws(JSONError) { try skipValue(depth: 0) }

  /// Reads one value of any kind as a tree.
  public mutating func readValue() throws(JSONError) -> JSONValue {
    valueCount = 0
    return try readValue(depth: 0)
  }

  /// Fails unless only white space is left.
  public mutating func expectEnd() throws(JSONError) {
    skipSpace()
    guard offset == bytes.count else { throw error(.trailingBytes) }
  }

  /// An error at the current place, for callers that find fault with what they read.
  public func error(_ problem: JSONError.Problem) -> JSONError {
    var line = 1
    var lineStart = 0
    let end = min(offset, bytes.count)
    for index in 0..<end where bytes[index] == UInt8(ascii: "\n") {
      line += 1
      lineStart = index + 1
    }
    return JSONError(
      source: source, problem: problem, offset: offset, line: line, column: end - lineStart + 1)
  }

  // MARK: Trees

  private mutating func readValue(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < limits.depthMax else { throw error(.tooDeep(depthMax: limits.depthMax)) }
    valueCount += 1
    guard valueCount <= limits.valueCountMax else {
      throw error(.tooManyValues(valueCountMax: limits.valueCountMax))
    }
    var first = true
    switch try peekKind() {
    case .null:
      try expectWord("null")
      return .null
    case .bool: return .bool(try readBool())
    case .number: return .number(try readNumber())
    case .string: return .string(try readString())
    case .array:
      try beginArray()
      var elements: [JSONValue] = []
      while try nextElement(first: &first) { elements.append(try readValue(depth: depth + 1)) }
      return .array(elements)
    case .object:
      try beginObject()
      var object = JSONObject()
      while let key = try nextKey(first: &first) {
        guard object[key] == nil else { throw error(.duplicateKey(key)) }
        object[key] = try readValue(depth: depth + 1)
      }
      return .object(object)
    }
  }

  private mutating func skipValue(depth: Int) throws(JSONError) {
    guard depth < limits.depthMax else { throw error(.tooDeep(depthMax: limits.depthMax)) }
    var first = true
    switch try peekKind() {
    case .null: try expectWord("null")
    case .bool: _ = try readBool()
    case .number: _ = try readNumber()
    case .string: try skipString()
    case .array:
      try beginArray()
      while try nextElement(first: &first) { try skipValue(depth: depth + 1) }
    case .object:
      try beginObject()
      while try more(closing: UInt8(ascii: "}"), first: &first) {
        try skipString()
        try expect(UInt8(ascii: ":"), wanted: "\":\"")
        try skipValue(depth: depth + 1)
      }
    }
  }

  // MARK: Bytes

  private mutating func skipSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return
      }
    }
  }

  private mutating func peek(wanted: String) throws(JSONError) -> UInt8 {
    skipSpace()
    guard offset < bytes.count else { throw error(.unexpectedEnd(wanted: wanted)) }
    return bytes[offset]
  }

  private mutating func expect(_ byte: UInt8, wanted: String) throws(JSONError) {
    let found = try peek(wanted: wanted)
    guard found == byte else { throw error(.unexpected(byte: found, wanted: wanted)) }
    offset += 1
  }

  private mutating func expectWord(_ word: StaticString) throws(JSONError) {
    for index in 0..<word.utf8CodeUnitCount {
      guard offset < bytes.count else { throw error(.unexpectedEnd(wanted: "\(word)")) }
      guard bytes[offset] == word.utf8Start[index] else {
        throw error(.unexpected(byte: bytes[offset], wanted: "\(word)"))
      }
      offset += 1
    }
  }

  private mutating func more(closing: UInt8, first: inout Bool) throws(JSONError) -> Bool {
    let isObject = closing == UInt8(ascii: "}")
    var byte = try peek(wanted: isObject ? "\",\" or \"}\"" : "\",\" or \"]\"")
    if byte == closing {
      offset += 1
      return false
    }
    if !first {
      guard byte == UInt8(ascii: ",") else {
        throw error(.unexpected(byte: byte, wanted: isObject ? "\",\" or \"}\"" : "\",\" or \"]\""))
      }
      offset += 1
      byte = try peek(wanted: isObject ? "a key" : "a value")
      if byte == closing {
        throw error(.unexpected(byte: byte, wanted: isObject ? "a key" : "a value"))
      }
    }
    first = false
    return true
  }

  @discardableResult
  private mutating func skip(_ byte: UInt8) -> Bool {
    guard offset < bytes.count, bytes[offset] == byte else { return false }
    offset += 1
    return true
  }

  private mutating func skipDigits(from start: Int) throws(JSONError) {
    let firstDigit = offset
    while offset < bytes.count, (0x30...0x39).contains(bytes[offset]) { offset += 1 }
    guard offset > firstDigit else {
      offset = start
      throw error(.invalidNumber)
    }
  }

  private mutating func readEscape(into out: inout [UInt8]) throws(JSONError) {
    guard offset < bytes.count else { throw error(.unexpectedEnd(wanted: "an escape")) }
    let byte = bytes[offset]
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "f"): out.append(0x0C)
    case UInt8(ascii: "n"): out.append(0x0A)
    case UInt8(ascii: "r"): out.append(0x0D)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "u"): try readUnicodeEscape(into: &out)
    default: throw error(.invalidEscape)
    }
  }

  private mutating func readUnicodeEscape(into out: inout [UInt8]) throws(JSONError) {
    let high = try readHexUnit()
    var code = UInt32(high)
    if (0xD800...0xDBFF).contains(high) {
      guard skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) else { throw error(.loneSurrogate) }
      let low = try readHexUnit()
      guard (0xDC00...0xDFFF).contains(low) else { throw error(.loneSurrogate) }
      code = 0x10000 + (UInt32(high - 0xD800) << 10) + UInt32(low - 0xDC00)
    }
    guard let scalar = UnicodeScalar(code) else { throw error(.loneSurrogate) }
    out.append(contentsOf: String(Character(scalar)).utf8)
  }

  private mutating func readHexUnit() throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard offset < bytes.count else { throw error(.unexpectedEnd(wanted: "four hex digits")) }
      guard let digit = Character(UnicodeScalar(bytes[offset])).hexDigitValue,
        bytes[offset] < 0x80
      else { throw error(.invalidEscape) }
      unit = unit << 4 | UInt16(digit)
      offset += 1
    }
    return unit
  }

  /// Steps over a string. Its escapes are only paired, not judged.
  private mutating func skipString() throws(JSONError) {
    try expect(UInt8(ascii: "\""), wanted: "a string")
    while true {
      runToStringEvent()
      guard offset < bytes.count else {
        throw error(.unexpectedEnd(wanted: "the end of a string"))
      }
      switch bytes[offset] {
      case UInt8(ascii: "\""):
        offset += 1
        return
      case UInt8(ascii: "\\"):
        guard offset + 1 < bytes.count else { throw error(.unexpectedEnd(wanted: "an escape")) }
        offset += 2
      case let byte: throw error(.controlCharacter(byte))
      }
    }
  }

  /// Moves to the next quote, backslash or control character, or to the end.
  private mutating func runToStringEvent() {
    let start = offset
    offset = bytes.withUnsafeBufferPointer { bytes in
      var index = start
      while index < bytes.count, bytes[index] != UInt8(ascii: "\""),
        bytes[index] != UInt8(ascii: "\\"), bytes[index] >= 0x20
      { index += 1 }
      return index
    }
  }
}
