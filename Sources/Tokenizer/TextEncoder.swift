// TextEncoder.swift — the ids of one text: piece by piece, each looked up, else remembered, else merged.

import Base

/// Encodes one text into one array of ids.
struct TextEncoder {
  private let model: BPEModel
  private let bytes: UnsafeBufferPointer<UInt8>
  private var merger = PieceMerger()
  private var memory = PieceMemory()
  private(set) var ids: [TokenID] = []

  /// - Parameters:
  ///   - model: The vocabulary.
  ///   - bytes: The text as valid UTF-8, which must outlive the encoder.
  init(_ model: BPEModel, _ bytes: UnsafeBufferPointer<UInt8>) {
    self.model = model
    self.bytes = bytes
    ids.reserveCapacity(bytes.count / 4 + 4)
  }

  /// Appends a special token.
  mutating func append(_ id: TokenID) { ids.append(id) }

  /// Appends the ids of a part of the text, which is cut into pieces as if it stood alone.
  mutating func append(_ part: Range<Int>) {
    var scanner = PieceScanner(bytes, part, digitRunMax: model.digitRunMax)
    while let range = scanner.next() { appendPiece(range) }
  }

  private mutating func appendPiece(_ range: Range<Int>) {
    let piece = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[range])
    let key = model.vocabulary.key(piece)
    if model.wholePieceFirst {
      let id = model.vocabulary.find(piece, key: key)
      if id != Vocabulary.none {
        ids.append(TokenID(Int32(truncatingIfNeeded: id)))
        return
      }
    }
    if let known = memory.find(key, piece, in: bytes) {
      for index in known { ids.append(ids[index]) }
      return
    }
    let first = ids.count
    merger.merge(piece, model.vocabulary, model.merges, into: &ids)
    memory.remember(key, range, ids: first..<ids.count)
  }
}

/// The pieces of a text that were merged not long ago: where they stand in the text, and where their
/// ids stand in the result. Text repeats itself, and merging is the slow part.
private struct PieceMemory {
  private struct Entry {
    var start: Int32 = 0
    var ids: Int32 = 0
    /// Zero where nothing is remembered.
    var count: UInt16 = 0
    var idCount: UInt16 = 0
  }

  /// A place of the text or the result, and a count, fit an entry below these.
  private static let placeMax = Int(Int32.max)
  private static let countMax = Int(UInt16.max)
  private static let bits = 12

  /// By the top bits of the piece's hash; empty until something is remembered.
  private var entries: [Entry] = []

  @inline(__always)
  func find(
    _ key: UInt64, _ piece: UnsafeRawBufferPointer, in bytes: UnsafeBufferPointer<UInt8>
  ) -> Range<Int>? {
    guard !entries.isEmpty else { return nil }
    let entry = entries[Int(key >> (64 - Self.bits))]
    guard Int(entry.count) == piece.count else { return nil }
    let start = Int(entry.start)
    for index in 0..<piece.count where bytes[start + index] != piece[index] { return nil }
    return Int(entry.ids)..<Int(entry.ids) + Int(entry.idCount)
  }

  @inline(__always)
  mutating func remember(_ key: UInt64, _ range: Range<Int>, ids: Range<Int>) {
    guard range.count <= Self.countMax, range.lowerBound <= Self.placeMax,
      ids.lowerBound <= Self.placeMax
    else { return }
    if entries.isEmpty { entries = [Entry](repeating: Entry(), count: 1 << Self.bits) }
    entries[Int(key >> (64 - Self.bits))] = Entry(
      start: Int32(range.lowerBound), ids: Int32(ids.lowerBound), count: UInt16(range.count),
      idCount: UInt16(ids.count))
  }
}
