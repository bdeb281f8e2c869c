// Mutator.swift — seeded damage to bytes, for fuzzing parsers.

import Base

/// One thing to fuzz: good inputs to damage, and what to do with the result.
public struct FuzzTarget: Sendable {
  public let name: String
  /// Good inputs, from which the damaged ones are made.
  public let corpus: [[UInt8]]
  /// Feeds one input to the parser. Errors that the parser throws on purpose are caught inside;
  /// whatever is thrown out of here is a finding, as is a trap.
  public let body: @Sendable ([UInt8]) throws -> Void

  public init(
    name: String, corpus: [[UInt8]], body: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    self.name = name
    self.corpus = corpus
    self.body = body
  }
}

/// Makes damaged inputs from good ones; the same seed makes the same inputs everywhere.
public struct Mutator {
  private var random: SplitMix64
  private let corpus: [[UInt8]]
  private static let bytesMax = 1 << 20
  /// Values at which length and offset arithmetic goes wrong.
  private static let edges: [UInt64] = [
    0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
    0x0FFF_FFFF_FFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF,
  ]

  public init(seed: UInt64, corpus: [[UInt8]]) {
    random = SplitMix64(seed: seed)
    self.corpus = corpus.isEmpty ? [[]] : corpus
  }

  /// The next damaged input.
  public mutating func next() -> [UInt8] {
    var bytes = pick(corpus)
    for _ in 0..<Int.random(in: 1...6, using: &random) { damage(&bytes) }
    if bytes.count > Self.bytesMax { bytes.removeLast(bytes.count - Self.bytesMax) }
    return bytes
  }

  private mutating func damage(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else {
      bytes.append(UInt8.random(in: 0...255, using: &random))
      return
    }
    let index = place(in: bytes)
    switch Int.random(in: 0..<10, using: &random) {
    case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[index] = UInt8.random(in: 0...255, using: &random)
    case 2: bytes.removeLast(bytes.count - index)
    case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
    case 4: bytes.removeSubrange(range(from: index, in: bytes))
    case 5: bytes.insert(contentsOf: bytes[range(from: index, in: bytes)], at: index)
    case 6: writeEdge(&bytes, at: index, width: 4)
    case 7: writeEdge(&bytes, at: index, width: 8)
    case 8: replaceNumber(&bytes, from: index)
    default:
      let other = pick(corpus)
      guard !other.isEmpty else { return }
      let piece = range(from: Int.random(in: 0..<other.count, using: &random), in: other)
      bytes.replaceSubrange(range(from: index, in: bytes), with: other[piece])
    }
  }

  /// Headers come first in every format here, so the front is damaged more often.
  private mutating func place(in bytes: [UInt8]) -> Int {
    let end = Bool.random(using: &random) ? min(bytes.count, 512) : bytes.count
    return Int.random(in: 0..<end, using: &random)
  }

  private mutating func range(from index: Int, in bytes: [UInt8]) -> Range<Int> {
    let end = min(bytes.count, index + Int.random(in: 1...64, using: &random))
    return index..<end
  }

  private mutating func writeEdge(_ bytes: inout [UInt8], at index: Int, width: Int) {
    var value = pick(Self.edges)
    for position in index..<min(index + width, bytes.count) {
      bytes[position] = UInt8(truncatingIfNeeded: value)
      value >>= 8
    }
  }

  /// Replaces the run of ASCII digits at or after `index` by an edge value.
  private mutating func replaceNumber(_ bytes: inout [UInt8], from index: Int) {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let start = bytes[index...].firstIndex(where: { digits.contains($0) }) else { return }
    let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count
    bytes.replaceSubrange(start..<end, with: Array(String(pick(Self.edges)).utf8))
  }

  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &random)]
  }
}
