// ScalarClasses.swift — which part of the pre-tokenizer's pattern a Unicode scalar can match.

/// What the pattern asks about one scalar, as bits.
///
/// The pattern's two sets of letters overlap: titles, modifiers, letters without case and combining
/// marks belong to both, and a combining mark is in the sets without being a letter.
package struct ScalarClass: OptionSet {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// In `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`.
  static let wordHead = ScalarClass(rawValue: 1)
  /// In `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`.
  static let wordTail = ScalarClass(rawValue: 2)
  /// In `\p{L}`.
  static let letter = ScalarClass(rawValue: 4)
  /// In `\p{N}`.
  static let number = ScalarClass(rawValue: 8)
  /// In `\s`, line breaks too.
  static let space = ScalarClass(rawValue: 16)
  /// Carriage return or line feed; always a space too.
  static let newline = ScalarClass(rawValue: 32)

  static let mark: ScalarClass = [.wordHead, .wordTail]

  @inline(__always)
  func has(anyOf other: ScalarClass) -> Bool { rawValue & other.rawValue != 0 }
}

/// The class of every Unicode scalar, in two steps: block of 256, then scalar.
package struct ScalarClasses: Sendable {
  package static let shared = ScalarClasses()

  /// By `scalar >> 8`: where the block's 256 classes start in `classes`.
  private let blocks: [UInt16]
  /// Distinct blocks, one after another; the first is the block of ASCII.
  private let classes: [UInt8]

  @inline(__always)
  subscript(ascii byte: UInt8) -> ScalarClass { ScalarClass(rawValue: classes[Int(byte)]) }

  @inline(__always)
  package subscript(scalar: UInt32) -> ScalarClass {
    let block = Int(blocks[Int(scalar >> 8)])
    return ScalarClass(rawValue: classes[block << 8 | Int(scalar & 0xFF)])
  }

  private init() {
    let scalarCount = 0x11_0000
    var flat = [UInt8](repeating: 0, count: scalarCount)
    Self.fillASCII(&flat)
    for (index, entry) in Self.ranges.enumerated() {
      let start = Int(entry >> 3)
      let end = index + 1 < Self.ranges.count ? Int(Self.ranges[index + 1] >> 3) : scalarCount
      let kind = Int(entry & 7)
      for scalar in start..<min(end, scalarCount) {
        flat[scalar] = Self.bits[kind < 7 ? kind : 1 + (scalar - start) % 2]
      }
    }
    var blocks: [UInt16] = []
    var classes: [UInt8] = []
    var known: [ArraySlice<UInt8>: UInt16] = [:]
    for start in stride(from: 0, to: scalarCount, by: 256) {
      let block = flat[start..<start + 256]
      let number = known[block] ?? UInt16(classes.count >> 8)
      if known.updateValue(number, forKey: block) == nil { classes.append(contentsOf: block) }
      blocks.append(number)
    }
    self.blocks = blocks
    self.classes = classes
  }

  /// The classes by their number in `ranges`.
  private static let bits: [UInt8] = [
    ScalarClass([]), [.wordHead, .letter], [.wordTail, .letter], [.wordHead, .wordTail, .letter],
    .mark, .number, .space,
  ].map(\.rawValue)

  private static func fillASCII(_ flat: inout [UInt8]) {
    for scalar in UInt8(ascii: "A")...UInt8(ascii: "Z") { flat[Int(scalar)] = bits[1] }
    for scalar in UInt8(ascii: "a")...UInt8(ascii: "z") { flat[Int(scalar)] = bits[2] }
    for scalar in UInt8(ascii: "0")...UInt8(ascii: "9") { flat[Int(scalar)] = bits[5] }
    for scalar in [0x09, 0x0B, 0x0C, 0x20] { flat[scalar] = bits[6] }
    for scalar in [0x0A, 0x0D] { flat[scalar] = ScalarClass([.space, .newline]).rawValue }
  }
}
