// OriginMatcher.swift — whether a value was said by somebody who may say it.
//
// A value comes from an origin where it stands in a span of that origin: as it is, or with its white
// space folded, and never as a part of a longer word. `each` takes the hosts, the paths or the
// recipients out of both and compares those. Where anything is in doubt (nothing found, something that
// looks like a host and cannot be read, an object, an empty list) the value comes from nowhere.

import Base

/// A demand on where a value came from.
struct OriginMatcher: Equatable, Sendable {
  /// What of the value has to have been said.
  enum Item: String, CaseIterable, Equatable, Sendable { case value, host, path, recipient }

  /// Marks of spans, see ``ContextSpan/origins``.
  let origins: Set<String>
  /// The file's sets, where "policy" is among the origins.
  let policyTexts: [String]
  let each: Item
  let variables: PolicyVariables

  /// Whether every part of `value` was said by one of the origins, as far as can be known.
  func vouchesFor(_ value: Subject.Value, _ context: [ContextSpan]) -> Bool {
    switch value {
    case .text(let text): return vouchesFor(text.string, context)
    case .integer(let number):
      guard each == .value else { return false }
      return vouchesFor(String(number), context) || vouchesFor(Double(number), context)
    case .decimal(let number): return each == .value && vouchesFor(number, context)
    case .list(let elements):
      return !elements.isEmpty && elements.allSatisfy { vouchesFor($0, context) }
    case .bool, .other: return false
    }
  }

  /// By its value: 98.7 comes from "98.70". Beyond 2^53 a double stands for several whole numbers.
  private func vouchesFor(_ number: Double, _ context: [ContextSpan]) -> Bool {
    number.magnitude < 9_007_199_254_740_992
      && texts(in: context).contains { Occurrence.isNumberSaid(number, in: $0) }
  }

  private func vouchesFor(_ text: String, _ context: [ContextSpan]) -> Bool {
    let spans = texts(in: context)
    guard each != .value else { return spans.contains { Occurrence.isSaid(text, in: $0) } }
    let wanted = ContextItems(of: text, each, variables, isWholeValue: true)
    guard wanted.isReadable, !wanted.items.isEmpty else { return false }
    var open = wanted.items
    for span in spans where !open.isEmpty {
      open.subtract(ContextItems(of: span, each, variables, isWholeValue: false).items)
    }
    return open.isEmpty
  }
}

/// Finding a value as a whole word, or words, of a text.
enum Occurrence {
  /// Whether `text` says `value`: byte for byte, or with runs of white space taken as one space.
  static func isSaid(_ value: String, in text: String) -> Bool {
    let value = folded(value)
    guard value.count > 1 || value.first.map(isDigit) ?? false else { return false }
    let text = folded(text)
    guard text.count >= value.count else { return false }
    for start in 0...(text.count - value.count)
    where text[start] == value[0] && text[start..<(start + value.count)].elementsEqual(value) {
      if isWhole(start..<(start + value.count), in: text) { return true }
    }
    return false
  }

  private static func folded(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      let isSpace = byte == 0x20 || (0x09...0x0D).contains(byte)
      if !isSpace {
        bytes.append(byte)
      } else if let last = bytes.last, last != 0x20 {
        bytes.append(0x20)
      }
    }
    while bytes.last == 0x20 { bytes.removeLast() }
    return bytes
  }

  /// Whether what stands before and after does not belong to the same word, name, path or address.
  private static func isWhole(_ range: Range<Int>, in text: [UInt8]) -> Bool {
    if range.lowerBound > 0, belongs(text[range.lowerBound - 1]) { return false }
    // A full stop belongs to the word only where the word goes on behind it.
    var end = range.upperBound
    while end < text.count, ".,:;!?".utf8.contains(text[end]) { end += 1 }
    return end == text.count || !belongs(text[end])
  }

  private static func belongs(_ byte: UInt8) -> Bool {
    isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte >= 0x80
      || "_-@./%+~\\=:&#$*?!;,".utf8.contains(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
