// BPEModel.swift — what every vocabulary file comes down to, and the list of merges on the way there.

/// A byte-level byte-pair encoding, ready to use.
struct BPEModel: Sendable {
  var vocabulary: Vocabulary
  var merges: MergeTable
  /// Whether a piece that is a token is that token, whatever the merges would make of it.
  var wholePieceFirst: Bool
  /// The longest run of digits in one piece.
  var digitRunMax: Int
}

/// Merges in the order in which a file lists them.
struct MergeList {
  private let vocabulary: Vocabulary
  private var entries: [UInt64] = []
  private var mergedTokens: [UInt32] = []
  /// Whether no merge makes a token of lower id than the one before.
  private var isInIDOrder = true
  private var joined: [UInt8] = []

  init(_ vocabulary: Vocabulary) { self.vocabulary = vocabulary }

  /// Adds the next merge, its two tokens in the byte-level alphabet.
  mutating func add(
    _ left: some Collection<UInt8>, _ right: some Collection<UInt8>
  ) throws(TokenizerError) {
    let index = entries.count
    guard index < MergeTable.countMax else {
      throw .tooManyMerges(source: vocabulary.source, countMax: MergeTable.countMax)
    }
    joined.removeAll(keepingCapacity: true)
    guard !left.isEmpty, !right.isEmpty, ByteAlphabet.decode(left, into: &joined) else {
      throw malformed
    }
    let cut = joined.count
    guard ByteAlphabet.decode(right, into: &joined) else {
      throw malformed
    }
    let leftID = try find(0..<cut)
    let rightID = try find(cut..<joined.count)
    let mergedID = try find(0..<joined.count)
    if let last = mergedTokens.last, mergedID < last { isInIDOrder = false }
    entries.append(MergeTable.entry(leftID, rightID, rank: UInt32(index)))
    mergedTokens.append(mergedID)
  }

  /// Adds a merge written "a b"; the byte-level alphabet has no space.
  mutating func add(_ text: some Collection<UInt8>) throws(TokenizerError) {
    let parts = text.split(
      separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw malformed
    }
    try add(parts[0], parts[1])
  }

  /// What is wrong with the next merge where it is not two tokens.
  var malformed: TokenizerError {
    .malformedMerge(source: vocabulary.source, index: entries.count)
  }

  private func find(_ range: Range<Int>) throws(TokenizerError) -> UInt32 {
    let id = joined.withUnsafeBytes {
      vocabulary.find(UnsafeRawBufferPointer(rebasing: $0[range]))
    }
    guard id != Vocabulary.none else {
      throw .mergeOutsideVocabulary(
        source: vocabulary.source, index: entries.count,
        token: String(decoding: joined[range], as: UTF8.self))
    }
    return id
  }

  /// The table of these merges. `idsMayRank` says whether ids may stand in for places in the list
  /// where the list is in id order. The two differ where one token has several merges: tiktoken,
  /// and so gpt-oss, takes the leftmost of them, the `tokenizers` library the first in the list.
  func table(idsMayRank: Bool) -> MergeTable {
    guard idsMayRank, isInIDOrder else {
      return MergeTable(entries, mergedTokens: mergedTokens, byteTokens: vocabulary.byteTokens)
    }
    let byID = entries.indices.map { entries[$0] & ~0xFF_FFFF | UInt64(mergedTokens[$0]) }
    return MergeTable(byID, mergedTokens: [], byteTokens: vocabulary.byteTokens)
  }
}

extension MergeTable {
  /// Every way to cut a token of `vocabulary` into two tokens, ranked by the token's id: what
  /// tiktoken's ranks mean.
  init(splitsOf vocabulary: Vocabulary) throws(TokenizerError) {
    var entries: [UInt64] = []
    for id in 0..<vocabulary.size where !vocabulary.isAdded(id) {
      vocabulary.bytes(of: id).withUnsafeBytes { token in
        for cut in stride(from: 1, to: token.count, by: 1) {
          let left = vocabulary.find(UnsafeRawBufferPointer(rebasing: token[..<cut]))
          guard left != Vocabulary.none else { continue }
          let right = vocabulary.find(UnsafeRawBufferPointer(rebasing: token[cut...]))
          guard right != Vocabulary.none else { continue }
          entries.append(MergeTable.entry(left, right, rank: UInt32(id)))
        }
      }
      guard entries.count <= MergeTable.countMax else {
        throw .tooManyMerges(source: vocabulary.source, countMax: MergeTable.countMax)
      }
    }
    self.init(entries, mergedTokens: [], byteTokens: vocabulary.byteTokens)
  }
}
