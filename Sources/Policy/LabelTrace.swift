// LabelTrace.swift — which words of a run came with which labels, so that a call which passes them on can be
// known by them.
//
// A word is traced where it is telling: twelve bytes or more, or six with a digit or a mark in it (an
// address, an account, a name of a file), or four words in a row. Upper and lower case are one. What the task
// says itself is the user's. Words that a model says in its own way are not found: labels on arguments add
// to labels on what has been read, and never stand for them.

public import Base

/// Remembers labelled words.
public struct LabelTrace: Sendable {
  /// By the hash of a telling word, or of four words in a row.
  private var labels: [Int: Set<String>] = [:]
  private var own: Set<Int> = []
  /// Labels of texts that no longer fitted in: from then on every argument has them.
  private var untracedLabels: Set<String> = []

  /// About 40 MB of memory in all.
  private static let hashCountMax = 500_000

  public init() {}

  /// Takes up what the user typed, which has no labels whoever else says it too.
  public mutating func add(own text: String) {
    guard own.count < Self.hashCountMax else { return }
    own.formUnion(Self.hashes(of: text))
  }

  /// Takes up a text that came with `labels`.
  public mutating func add(_ text: String, labels new: Set<String>) {
    guard !new.isEmpty else { return }
    guard labels.count < Self.hashCountMax, text.utf8.count < 8 << 20 else {
      untracedLabels.formUnion(new)
      return
    }
    for hash in Self.hashes(of: text) { labels[hash, default: []].formUnion(new) }
  }

  /// Labels of the words in `arguments`, also where a part of them is encoded.
  public func labels(of arguments: JSONValue) -> Set<String> {
    guard !labels.isEmpty || !untracedLabels.isEmpty else { return [] }
    var found = untracedLabels
    func look(_ text: String) {
      for hash in Self.hashes(of: text) where !own.contains(hash) {
        if let labels = labels[hash] { found.formUnion(labels) }
      }
    }
    arguments.forEachString { look($0) }
    for text in Self.decodedParts(of: arguments) { look(text) }
    return found
  }

  // MARK: Words

  private static func hashes(of text: String) -> Set<Int> {
    var hashes: Set<Int> = []
    var last: [String] = []
    for piece in text.utf8.split(whereSeparator: {
      $0 <= 0x20 || "\"'`<>(){}[]|,;".utf8.contains($0)
    }) {
      let word = String(decoding: piece, as: UTF8.self).lowercased().trimmed
      guard !word.isEmpty else { continue }
      if isTelling(word) { hashes.insert(word.hashValue) }
      // A path or an address is also known by its parts.
      for part in word.split(whereSeparator: { "/=&?#:@".contains($0) })
      where part.utf8.count < word.utf8.count {
        let part = String(part).trimmed
        if isTelling(part) { hashes.insert(part.hashValue) }
      }
      last.append(word)
      if last.count > 4 { last.removeFirst() }
      if last.count == 4, last.reduce(0, { $0 + $1.utf8.count }) >= 12 {
        hashes.insert(last.joined(separator: " ").hashValue)
      }
    }
    return hashes
  }

  private static func isTelling(_ word: String) -> Bool {
    let count = word.utf8.count
    guard count >= 6, count <= 4096 else { return false }
    if count >= 12 { return true }
    return word.utf8.contains { byte in
      (0x30...0x39).contains(byte) || "@./:_+=%".utf8.contains(byte)
    }
  }

  // MARK: Encoded parts

  /// Parts of texts in `arguments` that are text in base64, in hexadecimal or with percent signs, decoded.
  public static func decodedParts(of arguments: JSONValue) -> [String] {
    var parts: [String] = []
    arguments.forEachString { text in
      if text.utf8.contains(UInt8(ascii: "%")), let decoded = percentDecoded(text) {
        parts.append(decoded)
      }
      for run in text.utf8.split(whereSeparator: { !isCode($0) }) where run.count >= 16 {
        if let bytes = hexDecoded(run) ?? base64Decoded(run),
          let decoded = String(validating: bytes, as: UTF8.self)
        {
          parts.append(decoded)
        }
      }
    }
    return parts
  }

  private static func isCode(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
      || "+/-_".utf8.contains(byte)
  }

  private static func hexDecoded(_ run: Substring.UTF8View.SubSequence) -> [UInt8]? {
    guard run.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    var high: UInt8?
    for byte in run {
      guard let digit = hexDigit(byte) else { return nil }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return bytes
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46, 0x61...0x66: (byte | 0x20) - 0x61 + 10
    default: nil
    }
  }

  /// Both alphabets of RFC 4648, with or without padding.
  private static func base64Decoded(_ run: Substring.UTF8View.SubSequence) -> [UInt8]? {
    var bytes: [UInt8] = []
    var buffer: UInt32 = 0
    var bits = 0
    for byte in run {
      let value: UInt32
      switch byte {
      case 0x41...0x5A: value = UInt32(byte) - 0x41
      case 0x61...0x7A: value = UInt32(byte) - 0x61 + 26
      case 0x30...0x39: value = UInt32(byte) - 0x30 + 52
      case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
      case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
      default: return nil
      }
      buffer = (buffer << 6 | value) & 0xFF_FFFF
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
      }
    }
    return bytes
  }

  private static func percentDecoded(_ text: String) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2, let high = hexDigit(rest[rest.startIndex]),
        let low = hexDigit(rest[rest.startIndex + 1])
      {
        bytes.append(high << 4 | low)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

extension String {
  /// Without punctuation at its edges.
  fileprivate var trimmed: String {
    let marks: Set<Character> = [".", ":", "!", "?", "*", "_", "-", "#"]
    return String(
      drop(while: { marks.contains($0) }).reversed().drop(while: { marks.contains($0) }).reversed())
  }
}
