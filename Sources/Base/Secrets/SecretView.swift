// SecretView.swift — a text read another way (unescaped, unwrapped, decoded, backwards), each byte
// still knowing where it came from.

/// Bytes, and for each the bytes of the text that it was made of.
struct SecretView {
  var bytes: [UInt8]
  /// For each byte, the first byte of the text that it came from; nil where the view is the text.
  private var starts: [Int]?
  /// For each byte, the end of what it came from.
  private var ends: [Int]?

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private init(capacity: Int) {
    bytes = []
    var starts: [Int] = []
    var ends: [Int] = []
    bytes.reserveCapacity(capacity)
    starts.reserveCapacity(capacity)
    ends.reserveCapacity(capacity)
    self.starts = starts
    self.ends = ends
  }

  /// The text's bytes that `range` of the view came from.
  func origin(of range: Range<Int>) -> Range<Int> {
    guard let starts, let ends, !range.isEmpty else { return range }
    let first = range.lowerBound
    let last = range.upperBound - 1
    return min(starts[first], starts[last])..<max(ends[first], ends[last])
  }

  private mutating func append(_ byte: UInt8, from range: Range<Int>, of view: SecretView) {
    let origin = view.origin(of: range)
    bytes.append(byte)
    starts?.append(origin.lowerBound)
    ends?.append(origin.upperBound)
  }

  // MARK: - Other readings

  /// `%41`, `\u0041`, `\x41`, `\n` and `\"` read as what they stand for; nil where nothing does.
  func unescaped() -> SecretView? {
    guard bytes.contains(0x25) || bytes.contains(0x5C) else { return nil }
    var result = SecretView(capacity: bytes.count)
    var position = 0
    while position < bytes.count {
      let (scalar, length) = escape(at: position)
      let range = position..<position + length
      switch scalar {
      case nil: result.append(bytes[position], from: range, of: self)
      case .some(.byte(let byte)): result.append(byte, from: range, of: self)
      case .some(.scalar(let scalar)):
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
          result.append(byte, from: range, of: self)
        }
      }
      position += length
    }
    return result.bytes.count == bytes.count ? nil : result
  }

  private enum Escaped {
    case byte(UInt8)
    case scalar(Unicode.Scalar)
  }

  private func escape(at position: Int) -> (Escaped?, length: Int) {
    let byte = bytes[position]
    if byte == 0x25, let value = hex(at: position + 1, digits: 2) {
      return (.byte(UInt8(value)), 3)
    }
    guard byte == 0x5C, position + 1 < bytes.count else { return (nil, 1) }
    switch bytes[position + 1] {
    case 0x75:  // \u
      guard let unit = hex(at: position + 2, digits: 4) else { return (nil, 1) }
      if unit >> 10 == 0x36, bytes.count > position + 7, bytes[position + 6] == 0x5C,
        bytes[position + 7] == 0x75, let low = hex(at: position + 8, digits: 4), low >> 10 == 0x37,
        let scalar = Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF)
      {
        return (.scalar(scalar), 12)
      }
      return (.scalar(Unicode.Scalar(unit) ?? "\u{FFFD}"), 6)
    case 0x78:  // \x
      guard let value = hex(at: position + 2, digits: 2) else { return (nil, 1) }
      return (.byte(UInt8(value)), 4)
    case 0x6E: return (.byte(0x0A), 2)
    case 0x72: return (.byte(0x0D), 2)
    case 0x74: return (.byte(0x09), 2)
    case 0x22, 0x27, 0x2F, 0x5C: return (.byte(bytes[position + 1]), 2)
    default: return (nil, 1)
    }
  }

  private func hex(at position: Int, digits: Int) -> UInt32? {
    guard position + digits <= bytes.count else { return nil }
    var value: UInt32 = 0
    for byte in bytes[position..<position + digits] {
      guard let digit = Self.hexDigit(byte) else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  /// Without line breaks and the white space around them; nil where there are none.
  func unwrapped() -> SecretView? {
    guard bytes.contains(0x0A) else { return nil }
    var result = SecretView(capacity: bytes.count)
    var position = 0
    while position < bytes.count {
      var end = position
      var breaks = false
      while end < bytes.count, bytes[end] == 0x20 || (0x09...0x0D).contains(bytes[end]) {
        breaks = breaks || bytes[end] == 0x0A
        end += 1
      }
      if breaks {
        position = end
        continue
      }
      let next = min(max(end, position + 1), bytes.count)
      for index in position..<next {
        result.append(bytes[index], from: index..<index + 1, of: self)
      }
      position = next
    }
    return result
  }

  /// Backwards.
  func reversed() -> SecretView {
    var result = SecretView(capacity: bytes.count)
    for index in bytes.indices.reversed() {
      result.append(bytes[index], from: index..<index + 1, of: self)
    }
    return result
  }

  // MARK: - Decoded

  /// Shorter runs hold no secret.
  static let encodedBytesMin = 16

  /// What runs of base64 and hex say, where that is text. `crossing` is for a view without line
  /// breaks: only runs that cross one, read from each place where their first group may begin.
  func decodedRuns(crossing: Bool = false) -> [SecretView] {
    runs(of: .anyBase64, crossing).flatMap { run in
      (0..<(crossing ? 4 : 1)).compactMap { base64(run.lowerBound + $0..<run.upperBound) }
    }
      + runs(of: .hex, crossing).flatMap { run in
        (0..<(crossing ? 2 : 1)).compactMap { hex(run.lowerBound + $0..<run.upperBound) }
      }
  }

  private func runs(of set: ByteSet, _ crossing: Bool) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var position = 0
    while position < bytes.count {
      var end = position
      while end < bytes.count, set.contains(bytes[end]) { end += 1 }
      if end - position >= Self.encodedBytesMin,
        !crossing || origin(of: position..<end).count > end - position
      {
        result.append(position..<end)
      }
      position = end + 1
    }
    return result
  }

  private func base64(_ run: Range<Int>) -> SecretView? {
    var result = SecretView(capacity: run.count / 4 * 3 + 3)
    var bits: UInt32 = 0
    var held = 0
    var first = run.lowerBound
    for index in run {
      bits = bits << 6 | UInt32(Self.base64Value(bytes[index]))
      held += 6
      guard held >= 8 else { continue }
      held -= 8
      result.append(UInt8(bits >> UInt32(held) & 0xFF), from: first..<index + 1, of: self)
      bits &= 0xFF
      first = held == 0 ? index + 1 : index
      if result.bytes.count == Self.sampleBytes, !result.isText { return nil }
    }
    return result.isText ? result : nil
  }

  private func hex(_ run: Range<Int>) -> SecretView? {
    var result = SecretView(capacity: run.count / 2)
    var index = run.lowerBound
    while index + 1 < run.upperBound {
      guard let high = Self.hexDigit(bytes[index]), let low = Self.hexDigit(bytes[index + 1])
      else { return nil }
      result.append(high << 4 | low, from: index..<index + 2, of: self)
      index += 2
      if result.bytes.count == Self.sampleBytes, !result.isText { return nil }
    }
    return result.isText ? result : nil
  }

  /// After so many bytes a run that says no text is given up.
  private static let sampleBytes = 48

  /// At most a tenth of the bytes are none of a text in ASCII.
  private var isText: Bool {
    let odd = bytes.count { !($0 >= 0x20 && $0 < 0x7F || $0 == 0x0A || $0 == 0x0D || $0 == 0x09) }
    return odd * 10 <= bytes.count
  }

  private static func base64Value(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x41...0x5A: byte - 0x41
    case 0x61...0x7A: byte - 0x61 + 26
    case 0x30...0x39: byte - 0x30 + 52
    case 0x2B, 0x2D: 62
    default: 63
    }
  }
}
