// Vocabulary.swift — every token's bytes in one arena, and a table back from bytes to token.

import Base

/// The tokens of a vocabulary by id and by bytes. Immutable once built.
struct Vocabulary: Sendable {
  /// Ids and their count stay below 2^20, so that two of them and a rank fit one word.
  static let idMax = (1 << 20) - 2
  /// The longest token of o200k has 128 bytes.
  static let tokenBytesMax = 1_024
  /// An id that is no token's.
  static let none = UInt32.max

  let source: String
  private let arena: [UInt8]
  /// By id: where its bytes start in `arena`, and how many they are; none where there is no token.
  private let starts: [UInt32]
  private let lengths: [UInt16]
  private let isAdded: [Bool]
  /// The added tokens by their text.
  let specials: [String: TokenID]
  /// Open addressing, linear probing: 12 bits of the hash << 20 | id. Added tokens are not in it.
  private let slots: [UInt32]
  private let slotShift: UInt64
  private let hash = ByteHash()
  /// The token of each single byte.
  let byteTokens: [UInt32]
  /// Bytes of the longest token that is not an added one.
  let tokenLengthMax: Int

  private static let emptySlot = UInt32.max

  /// Highest id + 1; ids without a token count.
  var size: Int { starts.count }

  func hasToken(_ id: Int) -> Bool { lengths.indices.contains(id) && lengths[id] > 0 }

  func isAdded(_ id: Int) -> Bool { isAdded.indices.contains(id) && isAdded[id] }

  /// The token's bytes; empty where there is no token.
  @inline(__always)
  func bytes(of id: Int) -> ArraySlice<UInt8> {
    guard hasToken(id) else { return [] }
    let start = Int(starts[id])
    return arena[start..<start + Int(lengths[id])]
  }

  /// The token with exactly these bytes, added tokens aside, or `none`.
  @inline(__always)
  func find(_ bytes: UnsafeRawBufferPointer) -> UInt32 { find(bytes, key: key(bytes)) }

  /// The hash of `bytes`; the same for all that are longer than any token.
  @inline(__always)
  func key(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    bytes.count <= tokenLengthMax ? hash(bytes) : 0
  }

  /// As ``find(_:)``, with the hash of the bytes, ``key(_:)``, known.
  @inline(__always)
  func find(_ bytes: UnsafeRawBufferPointer, key: UInt64) -> UInt32 {
    guard bytes.count <= tokenLengthMax else { return Self.none }
    let tag = UInt32(truncatingIfNeeded: key & 0xFFF)
    let mask = slots.count - 1
    var index = Int(key >> slotShift)
    while slots[index] != Self.emptySlot {
      let slot = slots[index]
      if slot >> 20 == tag, equal(slot & 0xF_FFFF, bytes) { return slot & 0xF_FFFF }
      index = (index + 1) & mask
    }
    return Self.none
  }

  @inline(__always)
  private func equal(_ id: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard Int(lengths[Int(id)]) == bytes.count else { return false }
    let start = Int(starts[Int(id)])
    return arena.withUnsafeBytes { arena in
      var index = 0
      while index < bytes.count {
        if arena[start + index] != bytes[index] { return false }
        index += 1
      }
      return true
    }
  }

  /// Collects tokens in any order of ids.
  struct Builder {
    let source: String
    private(set) var arena: [UInt8] = []
    private(set) var starts: [UInt32] = []
    private(set) var lengths: [UInt16] = []
    private(set) var isAdded: [Bool] = []
    private(set) var specials: [String: TokenID] = [:]
    private(set) var count = 0

    init(source: String) { self.source = source }

    /// Gives `bytes` the id `id`.
    mutating func add(
      _ bytes: some Collection<UInt8>, id: Int
    ) throws(TokenizerError) {
      let length = bytes.count
      guard length > 0 else { throw .emptyToken(source: source, id: id) }
      guard length <= Vocabulary.tokenBytesMax else {
        throw .tokenTooLong(
          source: source, id: id, bytes: length, bytesMax: Vocabulary.tokenBytesMax)
      }
      try reserve(id)
      guard lengths[id] == 0 else { throw .duplicateID(source: source, id: id) }
      starts[id] = UInt32(arena.count)
      lengths[id] = UInt16(length)
      arena.append(contentsOf: bytes)
      count += 1
    }

    /// Makes `text` an added token. A token of the same id must be the same text.
    mutating func addSpecial(_ text: String, id: Int) throws(TokenizerError) {
      if let twin = specials.updateValue(TokenID(Int32(truncatingIfNeeded: id)), forKey: text) {
        throw .duplicateToken(source: source, token: text, first: twin.index, second: id)
      }
      if starts.indices.contains(id), lengths[id] > 0, !isAdded[id] {
        var bytes: [UInt8] = []
        let start = Int(starts[id])
        guard ByteAlphabet.decode(text.utf8, into: &bytes),
          bytes.elementsEqual(arena[start..<start + Int(lengths[id])])
        else { throw .duplicateID(source: source, id: id) }
        lengths[id] = 0
        count -= 1
      }
      try add(text.utf8, id: id)
      isAdded[id] = true
    }

    /// Makes room for `id`, with or without a token.
    mutating func reserve(_ id: Int) throws(TokenizerError) {
      guard (0...Vocabulary.idMax).contains(id) else {
        throw .idOutOfRange(source: source, id: id, idMax: Vocabulary.idMax)
      }
      guard id >= starts.count else { return }
      let missing = id + 1 - starts.count
      starts.append(contentsOf: repeatElement(0, count: missing))
      lengths.append(contentsOf: repeatElement(0, count: missing))
      isAdded.append(contentsOf: repeatElement(false, count: missing))
    }
  }

  /// Indexes the collected tokens. Fails where two are alike or a single byte is missing.
  init(_ builder: Builder) throws(TokenizerError) {
    source = builder.source
    arena = builder.arena
    starts = builder.starts
    lengths = builder.lengths
    isAdded = builder.isAdded
    specials = builder.specials
    var bits = 8
    while 1 << bits < 2 * builder.count { bits += 1 }
    slotShift = UInt64(64 - bits)
    var slots = [UInt32](repeating: Self.emptySlot, count: 1 << bits)
    var byteTokens = [UInt32](repeating: Self.none, count: 256)
    var longest = 0
    for id in starts.indices where lengths[id] > 0 && !isAdded[id] {
      let start = Int(starts[id])
      let length = Int(lengths[id])
      longest = max(longest, length)
      if length == 1 { byteTokens[Int(arena[start])] = UInt32(id) }
      let twin = Self.insert(
        id, start..<start + length, into: &slots, shift: slotShift, hash: hash, builder)
      if let twin {
        throw .duplicateToken(
          source: source, token: String(decoding: arena[start..<start + length], as: UTF8.self),
          first: twin, second: id)
      }
    }
    if let byte = byteTokens.firstIndex(of: Self.none) {
      throw .missingByte(source: source, byte: UInt8(byte))
    }
    self.slots = slots
    self.byteTokens = byteTokens
    tokenLengthMax = longest
  }

  /// Inserts a token, or returns the one that has the same bytes already.
  private static func insert(
    _ id: Int, _ range: Range<Int>, into slots: inout [UInt32], shift: UInt64, hash: ByteHash,
    _ builder: Builder
  ) -> Int? {
    builder.arena.withUnsafeBytes { arena in
      let key = hash(UnsafeRawBufferPointer(rebasing: arena[range]))
      let tag = UInt32(truncatingIfNeeded: key & 0xFFF)
      var index = Int(key >> shift)
      while slots[index] != emptySlot {
        let other = Int(slots[index] & 0xF_FFFF)
        let start = Int(builder.starts[other])
        let end = start + Int(builder.lengths[other])
        if slots[index] >> 20 == tag, arena[start..<end].elementsEqual(arena[range]) {
          return other
        }
        index = (index + 1) & (slots.count - 1)
      }
      slots[index] = tag << 20 | UInt32(id)
      return nil
    }
  }
}
