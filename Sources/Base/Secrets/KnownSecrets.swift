// KnownSecrets.swift — finds given values in a text: as they are, backwards, in base64 and in hex.
//
// Base64 says the same bytes in three ways, by where they stand in a group of three. What a value's
// own bits settle is looked for; the letter before and after carries bits of it too and is covered.

/// Where given values occur. The time is linear in the text; values are few.
struct KnownSecrets: Sendable {
  /// More than anybody has. It bounds what is learnt in a run.
  static let countMax = 512

  private struct Needle: Sendable {
    let bytes: [UInt8]
    let name: String
    /// Letters of base64 before and after that carry bits of the value.
    var before = 0
    var after = 0
  }

  private var needles: [Needle] = []
  /// Needles by their first `keyBytes` bytes.
  private var byKey: [UInt64: [Int]] = [:]
  /// Whether a needle begins with these two bytes.
  private var begins: [Bool] = []
  private static let keyBytes = 6
  private(set) var values: Set<String> = []

  var isEmpty: Bool { needles.isEmpty }

  init(_ secrets: [KnownSecret]) { for secret in secrets { insert(secret) } }

  /// Does nothing for a value that is there, and past ``countMax``.
  mutating func insert(_ secret: KnownSecret) {
    guard values.count < Self.countMax, values.insert(secret.value).inserted else { return }
    let bytes = Array(secret.value.utf8)
    add(Needle(bytes: bytes, name: secret.name))
    add(Needle(bytes: bytes.reversed(), name: secret.name))
    let backwards = String(String.UnicodeScalarView(secret.value.unicodeScalars.reversed()))
    add(Needle(bytes: Array(backwards.utf8), name: secret.name))
    for digits in [Array("0123456789abcdef".utf8), Array("0123456789ABCDEF".utf8)] {
      let hex = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
      add(Needle(bytes: hex, name: secret.name))
    }
    for last in ["+/", "-_"] {
      for shift in 0..<3 {
        let (letters, before, after) = Self.base64(bytes, shift: shift, last: Array(last.utf8))
        add(Needle(bytes: letters, name: secret.name, before: before, after: after))
      }
    }
  }

  private mutating func add(_ needle: Needle) {
    guard needle.bytes.count >= Self.keyBytes else { return }
    if begins.isEmpty { begins = Array(repeating: false, count: 1 << 16) }
    let key = Self.key(needle.bytes, at: 0)
    if byKey[key, default: []].contains(where: { needles[$0].bytes == needle.bytes }) { return }
    byKey[key, default: []].append(needles.count)
    begins[Int(key >> 40 & 0xFF) << 8 | Int(key >> 32 & 0xFF)] = true
    needles.append(needle)
  }

  private static func key(_ bytes: [UInt8], at position: Int) -> UInt64 {
    var key: UInt64 = 0
    for index in position..<position + keyBytes { key = key << 8 | UInt64(bytes[index]) }
    return key
  }

  /// The letters that `bytes` settle alone after `shift` bytes of something else.
  private static func base64(
    _ bytes: [UInt8], shift: Int, last: [UInt8]
  ) -> (letters: [UInt8], before: Int, after: Int) {
    let alphabet =
      Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8) + last
    let all = Array(repeating: UInt8(0), count: shift) + bytes
    let firstLetter = (shift * 8 + 5) / 6
    let endLetter = all.count * 8 / 6
    let letters = (firstLetter..<endLetter).map { letter in
      let bit = letter * 6
      let high = UInt16(all[bit / 8]) << 8
      let low = bit / 8 + 1 < all.count ? UInt16(all[bit / 8 + 1]) : 0
      return alphabet[Int((high | low) >> UInt16(10 - bit % 8) & 63)]
    }
    return (letters, shift * 8 % 6 == 0 ? 0 : 1, all.count * 8 % 6 == 0 ? 0 : 1)
  }

  /// Every occurrence, as ranges of `bytes`.
  func occurrences(in bytes: [UInt8]) -> [(range: Range<Int>, name: String)] {
    guard !needles.isEmpty, bytes.count >= Self.keyBytes else { return [] }
    var found: [(range: Range<Int>, name: String)] = []
    var position = 0
    while position + Self.keyBytes <= bytes.count {
      defer { position += 1 }
      guard begins[Int(bytes[position]) << 8 | Int(bytes[position + 1])],
        let candidates = byKey[Self.key(bytes, at: position)]
      else { continue }
      for index in candidates {
        let needle = needles[index]
        let end = position + needle.bytes.count
        guard end <= bytes.count, bytes[position..<end].elementsEqual(needle.bytes) else {
          continue
        }
        found.append((covered(needle, position..<end, bytes), needle.name))
      }
    }
    return found
  }

  private func covered(
    _ needle: Needle, _ range: Range<Int>, _ bytes: [UInt8]
  ) -> Range<Int> {
    var start = range.lowerBound
    var end = range.upperBound
    if needle.before > 0, start > 0, ByteSet.anyBase64.contains(bytes[start - 1]) { start -= 1 }
    if needle.after > 0, end < bytes.count, ByteSet.anyBase64.contains(bytes[end]) { end += 1 }
    return start..<end
  }
}
