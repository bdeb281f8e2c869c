// SecretScan.swift — one pass over one reading of a text, for what is known by its looks.

/// Looks for secrets in one view.
///
/// Every look backwards or forwards from a place is bounded, so that the time is linear.
struct SecretScan {
  let bytes: [UInt8]
  private(set) var findings: [SecretFinding] = []

  /// A value that is longer is looked at up to here.
  static let valueBytesMax = 512

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Everything that is known by its looks.
  static func all(in bytes: [UInt8]) -> [SecretFinding] {
    var scan = SecretScan(bytes)
    scan.tokens()
    scan.marks()
    scan.numbers()
    scan.randomTokens()
    return scan.findings
  }

  /// Tokens and keys that say themselves what they are.
  static func tokens(in bytes: [UInt8]) -> [SecretFinding] {
    var scan = SecretScan(bytes)
    scan.tokens()
    return scan.findings
  }

  mutating func add(
    _ kind: SecretKind, _ range: Range<Int>, _ confidence: SecretFinding.Confidence
  ) {
    findings.append(SecretFinding(kind: kind, range: range, confidence: confidence))
  }

  func holds(_ text: StaticString, at position: Int) -> Bool {
    guard position >= 0, position + text.utf8CodeUnitCount <= bytes.count else { return false }
    return text.withUTF8Buffer { bytes[position..<position + $0.count].elementsEqual($0) }
  }

  func byte(_ position: Int) -> UInt8? {
    bytes.indices.contains(position) ? bytes[position] : nil
  }

  func end(of set: ByteSet, from start: Int, max: Int) -> Int {
    var end = start
    while end < bytes.count, end - start < max, set.contains(bytes[end]) { end += 1 }
    return end
  }

  // MARK: - Tokens and keys

  private mutating func tokens() {
    var position = 0
    while position < bytes.count {
      let byte = bytes[position]
      var next = position + 1
      for shape in TokenShape.byFirstByte[Int(byte)] {
        guard let range = shape.match(bytes, at: position) else { continue }
        add(shape.kind, range, .certain)
        next = range.upperBound
        break
      }
      if byte == 0x2D, holds("-----BEGIN ", at: position), let end = privateKey(at: position) {
        next = end
      }
      if byte == 0x65, let range = webToken(at: position) {
        add(.webToken, range, .certain)
        next = max(next, range.upperBound)
      }
      position = max(next, position + 1)
    }
  }

  /// "-----BEGIN OPENSSH PRIVATE KEY-----" to its end line, or, cut off, to the last line of base64.
  private mutating func privateKey(at position: Int) -> Int? {
    let label = end(of: .upperDigits.union(" "), from: position + 11, max: 64)
    guard holds("-----", at: label),
      holds("PRIVATE KEY", at: label - 11) || holds("PRIVATE KEY BLOCK", at: label - 17)
    else { return nil }
    var end = label + 5
    var dashes = 0
    while end < bytes.count, bytes[end] < 0x80 {
      if bytes[end] == 0x2D, holds("-----END ", at: end) {
        let line = self.end(of: .upperDigits.union(" "), from: end + 9, max: 64)
        end = holds("-----", at: line) ? line + 5 : line
        add(.privateKey, position..<end, .certain)
        return end
      }
      dashes = bytes[end] == 0x2D ? dashes + 1 : 0
      if dashes == 5 || !Self.keyBody.contains(bytes[end]) { break }
      end += 1
    }
    guard end - label > 45 else { return nil }
    add(.privateKey, position..<end, .certain)
    return end
  }

  /// Base64 and its lines, headers such as "Proc-Type: 4,ENCRYPTED", escaped line breaks.
  private static let keyBody = ByteSet.base64.union("=\n\r\t :,-.()\\@<>")

  /// Three parts of base64url with dots between; the first two are JSON objects.
  private func webToken(at position: Int) -> Range<Int>? {
    guard holds("eyJ", at: position),
      position == 0 || !ByteSet.word.contains(bytes[position - 1])
    else { return nil }
    let header = end(of: .word, from: position, max: 4_096)
    guard header - position >= 10, byte(header) == 0x2E, holds("eyJ", at: header + 1) else {
      return nil
    }
    let claims = end(of: .word, from: header + 1, max: 16_384)
    guard byte(claims) == 0x2E, claims - header >= 10 else { return nil }
    return position..<end(of: .word, from: claims + 1, max: 4_096)
  }

  // MARK: - By the mark before it

  private mutating func marks() {
    for position in bytes.indices {
      switch bytes[position] {
      case 0x3A:  // :
        if holds("://", at: position) {
          urlPassword(at: position + 3)
        } else {
          assignment(at: position)
        }
      case 0x3D: assignment(at: position)
      case 0x20, 0x22, 0x27: flag(at: position)
      case 0x42, 0x62: bearer(at: position)
      default: break
      }
    }
  }

  /// scheme://user:password@host
  private mutating func urlPassword(at start: Int) {
    var position = start
    var colon: Int?
    while position < bytes.count, position - start < Self.valueBytesMax,
      bytes[position] > 0x20, !Self.hostEnd.contains(bytes[position])
    {
      if bytes[position] == 0x3A, colon == nil { colon = position }
      if bytes[position] == 0x40 {
        guard let colon, position - colon > 1 else { return }
        let value = bytes[colon + 1..<position]
        if !SecretText.isPlaceholder(value) { add(.urlPassword, colon + 1..<position, .certain) }
        return
      }
      position += 1
    }
  }

  private static let hostEnd = ByteSet("/?#\"'<>\\`")

  /// `name = value`, `"name": "value"`, `Authorization: Bearer value`.
  private mutating func assignment(at mark: Int) {
    var end = mark
    while end > 0, mark - end < 4, Self.aroundNames.contains(bytes[end - 1]) { end -= 1 }
    var start = end
    while start > 0, end - start < SecretName.bytesMax, Self.nameBytes.contains(bytes[start - 1]) {
      start -= 1
    }
    guard start < end else { return }
    let name = bytes[start..<end]
    var value = mark + 1
    if byte(value) == 0x3E || byte(value) == 0x3D { value += 1 }
    if Self.isAuthorization(name) {
      authorization(from: value)
    } else if let kind = SecretName(name) {
      let isQuery = start > 0 && (bytes[start - 1] == 0x26 || bytes[start - 1] == 0x3F)
      assigned(kind, from: value, stopsAtAmpersand: isQuery)
    }
  }

  private static let nameBytes = ByteSet.word.union(".")
  private static let aroundNames = ByteSet(" \t\"'`\\:")

  private static func isAuthorization(_ name: ArraySlice<UInt8>) -> Bool {
    name.count >= 13
      && name.suffix(13).elementsEqual("authorization".utf8) { $0 | 0x20 == $1 }
  }

  /// `--password value`, also as elements of a list: `"--password", "value"`.
  private mutating func flag(at mark: Int) {
    var start = mark
    while start > 0, mark - start < SecretName.bytesMax, ByteSet.word.contains(bytes[start - 1]) {
      start -= 1
    }
    guard mark - start >= 2, bytes[start] == 0x2D else { return }
    let separator = end(of: Self.aroundValues, from: mark, max: 6)
    if bytes[start + 1] == 0x2D, let kind = SecretName(bytes[start + 2..<mark]) {
      assigned(kind, from: separator, stopsAtAmpersand: false)
    } else if bytes[start..<mark].elementsEqual("-u".utf8)
      || bytes[start..<mark].elementsEqual("--user".utf8)
    {
      let end = valueEnd(from: separator, quote: nil, stopsAtAmpersand: false)
      guard let colon = bytes[separator..<end].firstIndex(of: 0x3A), end - colon > 4 else { return }
      let value = bytes[colon + 1..<end]
      if !SecretText.isPlaceholder(value) { add(.assigned, colon + 1..<end, .likely) }
    }
  }

  private static let aroundValues = ByteSet(" \t\"',")

  private mutating func assigned(
    _ kind: SecretName, from start: Int, stopsAtAmpersand: Bool
  ) {
    var position = end(of: Self.blanks, from: start, max: 16)
    if byte(position) == 0x5C, byte(position + 1) == 0x22 { position += 1 }
    var quote: UInt8?
    if let first = byte(position), Self.quotes.contains(first) {
      quote = first
      position += 1
    } else if position > 0, Self.quotes.contains(bytes[position - 1]), position > start {
      quote = bytes[position - 1]
    }
    let end = valueEnd(from: position, quote: quote, stopsAtAmpersand: stopsAtAmpersand)
    guard position < end else { return }
    let value = bytes[position..<end]
    guard !SecretText.isPlaceholder(value), Self.isSecret(value, kind, isQuoted: quote != nil)
    else { return }
    add(.assigned, position..<end, .likely)
  }

  private static let blanks = ByteSet(" \t")
  private static let quotes = ByteSet("\"'`")

  private func valueEnd(from start: Int, quote: UInt8?, stopsAtAmpersand: Bool) -> Int {
    var end = start
    while end < bytes.count, end - start < Self.valueBytesMax, bytes[end] > 0x20 {
      let byte = bytes[end]
      if let quote {
        if byte == quote || byte == 0x5C && self.byte(end + 1) == quote { break }
      } else if Self.valueStops.contains(byte) || stopsAtAmpersand && byte == 0x26 {
        break
      }
      end += 1
    }
    return end
  }

  private static let valueStops = ByteSet("\"'`,;<>|")

  private static func isSecret(
    _ value: ArraySlice<UInt8>, _ kind: SecretName, isQuoted: Bool
  ) -> Bool {
    let hasDigit = value.contains { ByteSet.digits.contains($0) }
    let hasLetter = value.contains { ByteSet.letters.contains($0) }
    let hasSymbol = value.contains { symbols.contains($0) }
    // A call or a member is code that reads the secret from somewhere; a path names a file.
    if !isQuoted, value.contains(0x28) || value.contains(0x5B) { return false }
    if value.first == 0x2F || value.starts(with: [0x7E, 0x2F]) || value.starts(with: [0x2E, 0x2F]) {
      return false
    }
    switch kind {
    case .password:
      guard value.count >= 6 else { return false }
      return hasLetter && (hasDigit || hasSymbol) || hasDigit && hasSymbol
    case .token:
      guard value.count >= 16, hasDigit, hasLetter else { return false }
      return SecretText.entropy(value) >= 3
    }
  }

  private static let symbols = ByteSet("!#$%^&*+=?@~")

  private mutating func authorization(from start: Int) {
    var position = end(of: Self.blanks.union("\"'\\"), from: start, max: 8)
    let scheme = end(of: .word, from: position, max: 20)
    if scheme > position, byte(scheme) == 0x20 { position = scheme + 1 }
    let end = valueEnd(from: position, quote: nil, stopsAtAmpersand: false)
    let value = bytes[position..<end]
    guard value.count >= 6, !SecretText.isPlaceholder(value) else { return }
    add(.authorization, position..<end, .certain)
  }

  /// "Bearer value" without the header's name.
  private mutating func bearer(at position: Int) {
    guard holds("Bearer ", at: position) || holds("bearer ", at: position),
      position == 0 || !ByteSet.alphanumeric.contains(bytes[position - 1])
    else { return }
    let end = self.end(of: .anyBase64.union(".=~"), from: position + 7, max: 4_096)
    let value = bytes[position + 7..<end]
    guard value.count >= 16, SecretText.isRandom(value, needsDigit: true) else { return }
    add(.authorization, position + 7..<end, .likely)
  }

  // MARK: - Random by its looks

  /// Letters of both cases and digits, of one length between 24 and 128, with nothing around them.
  private mutating func randomTokens() {
    var position = 0
    while position < bytes.count {
      let end = self.end(of: .anyBase64, from: position, max: bytes.count)
      defer { position = end + 1 }
      guard (24...128).contains(end - position) else { continue }
      let value = bytes[position..<end]
      guard value.contains(where: { ByteSet.upper.contains($0) }),
        value.contains(where: { ByteSet.lower.contains($0) }),
        value.count(where: { ByteSet.digits.contains($0) }) >= 3,
        value.count(where: { $0 == 0x2F || $0 == 0x2D || $0 == 0x5F }) <= value.count / 12,
        SecretText.entropy(value) >= 4
      else { continue }
      add(.random, position..<end, .possible)
    }
  }
}
