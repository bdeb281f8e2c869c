// SharedText.swift — where one text has the words of another: runs of at least so many bytes.
//
// Both are compared with their case and their white space folded, so that a copy that was wrapped anew
// is still a copy. A rolling hash (Karp and Rabin, 1987) finds the places, a comparison confirms them.
// A paraphrase, a translation and an encoding are none of this: they are not found.

/// A text, made ready to be compared with many others.
public struct SharedText: Sendable {
  /// Shorter runs may be chance.
  public static let windowBytes = 32
  /// Windows of fewer different bytes are lines of dashes and the like.
  static let varietyMin = 8

  private let folded: [UInt8]
  /// Where each folded byte stands in the text.
  private let offsets: [Int]
  /// Places of each window, by its hash.
  private let windows: [UInt64: [Int]]
  /// One bit for the upper bits of each hash, so that most windows of other texts cost one look.
  private let filter: [UInt64]

  public init(_ text: String) {
    (folded, offsets) = Self.fold(Array(text.utf8))
    var windows: [UInt64: [Int]] = [:]
    var filter = [UInt64](repeating: 0, count: 1 << 10)
    var counts = [Int](repeating: 0, count: 256)
    var variety = 0
    var hash: UInt64 = 0
    for (index, byte) in folded.enumerated() {
      hash = hash &* Self.base &+ UInt64(byte)
      counts[Int(byte)] += 1
      if counts[Int(byte)] == 1 { variety += 1 }
      if index >= Self.windowBytes {
        let old = folded[index - Self.windowBytes]
        hash = hash &- UInt64(old) &* Self.power
        counts[Int(old)] -= 1
        if counts[Int(old)] == 0 { variety -= 1 }
      }
      guard index >= Self.windowBytes - 1, variety >= Self.varietyMin else { continue }
      windows[hash, default: []].append(index - Self.windowBytes + 1)
      filter[Self.slot(hash)] |= Self.bit(hash)
    }
    self.windows = windows
    self.filter = filter
  }

  /// Whether the text is too short to share anything.
  public var isEmpty: Bool { windows.isEmpty }

  /// The parts of the text, as ranges of its UTF-8, that `other` has too; in order.
  public func ranges(sharedWith other: [UInt8]) -> [Range<Int>] {
    guard !isEmpty, other.count >= Self.windowBytes else { return [] }
    let (other, _) = Self.fold(other)
    var isCovered = [Bool](repeating: false, count: folded.count)
    var seen: Set<UInt64> = []
    other.withUnsafeBufferPointer { other in
      let (count, base, power) = (Self.windowBytes, Self.base, Self.power)
      var hash: UInt64 = 0
      for index in other.indices {
        hash = hash &* base &+ UInt64(other[index])
        if index >= count { hash = hash &- UInt64(other[index - count]) &* power }
        guard index >= count - 1, filter[Self.slot(hash)] & Self.bit(hash) != 0,
          let places = windows[hash], !seen.contains(hash)
        else { continue }
        let window = other[(index - count + 1)...index]
        for place in places where folded[place..<(place + count)].elementsEqual(window) {
          for covered in place..<(place + count) { isCovered[covered] = true }
          seen.insert(hash)
        }
      }
    }
    return ranges(isCovered)
  }

  private func ranges(_ isCovered: [Bool]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start: Int?
    for (index, covered) in isCovered.enumerated() {
      if covered, start == nil { start = index }
      guard let first = start, !covered || index == isCovered.count - 1 else { continue }
      var (low, high) = (first, covered ? index : index - 1)
      // The space around it is nobody's.
      if folded[low] == 0x20 { low += 1 }
      if folded[high] == 0x20 { high -= 1 }
      ranges.append(offsets[low]..<(offsets[high] + 1))
      start = nil
    }
    return ranges
  }

  // MARK: Hashing

  private static let base: UInt64 = 0x9E37_79B9_7F4A_7C15
  /// `base` to the power of the window's length: what the byte that leaves has been multiplied by.
  private static let power = (0..<windowBytes).reduce(UInt64(1)) { power, _ in power &* base }

  private static func slot(_ hash: UInt64) -> Int { Int(hash >> 54) }
  private static func bit(_ hash: UInt64) -> UInt64 { 1 << (hash >> 48 & 63) }

  /// Lower case, runs of white space as one space; and where each byte stood.
  private static func fold(_ bytes: [UInt8]) -> ([UInt8], [Int]) {
    var folded: [UInt8] = []
    var offsets: [Int] = []
    folded.reserveCapacity(bytes.count)
    offsets.reserveCapacity(bytes.count)
    for (offset, byte) in bytes.enumerated() {
      let isSpace = byte == 0x20 || (0x09...0x0D).contains(byte)
      if isSpace {
        guard let last = folded.last, last != 0x20 else { continue }
        folded.append(0x20)
      } else {
        folded.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
      }
      offsets.append(offset)
    }
    return (folded, offsets)
  }
}
