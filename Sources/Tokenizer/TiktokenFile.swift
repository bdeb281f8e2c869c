// TiktokenFile.swift — OpenAI's vocabulary files: a token in base64, a space and its rank, line by line.
//
// The file has no special tokens. They follow the last rank, as openai/harmony
// (tiktoken_ext/public_encodings.rs) and tiktoken (openai_public.py) place them for o200k_harmony.

enum TiktokenFile {
  /// Digits in one piece; o200k's pattern.
  private static let digitRunMax = 3
  /// Ranks in the full vocabulary.
  private static let fullRankCount = 199_998
  /// The model has 201,088 rows, so the block of special tokens ends there.
  private static let fullSpecialCount = 201_088 - fullRankCount
  /// A cut vocabulary has the block's start, up to the last that tokenizer.json lists.
  private static let cutSpecialCount = 21

  static func model(_ bytes: [UInt8], source: String) throws(TokenizerError) -> BPEModel {
    var builder = Vocabulary.Builder(source: source)
    var token: [UInt8] = []
    var number = 0
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      if line.isEmpty { continue }
      token.removeAll(keepingCapacity: true)
      guard let space = line.firstIndex(of: UInt8(ascii: " ")),
        Base64.decode(line[..<space], into: &token),
        let rank = integer(line[(space + 1)...])
      else { throw .malformedLine(source: source, line: number) }
      try builder.add(token, id: rank)
    }
    let first = builder.starts.count
    for (offset, text) in specials(rankCount: first).enumerated() {
      try builder.addSpecial(text, id: first + offset)
    }
    let vocabulary = try Vocabulary(builder)
    return BPEModel(
      vocabulary: vocabulary, merges: try MergeTable(splitsOf: vocabulary),
      wholePieceFirst: true, digitRunMax: digitRunMax)
  }

  /// The special tokens that follow the ranks, in order.
  private static func specials(rankCount: Int) -> [String] {
    let count = rankCount == fullRankCount ? fullSpecialCount : cutSpecialCount
    let named = [
      0: "<|startoftext|>", 1: "<|endoftext|>", 4: "<|return|>", 5: "<|constrain|>",
      7: "<|channel|>", 8: "<|start|>", 9: "<|end|>", 10: "<|message|>", 14: "<|call|>",
    ]
    return (0..<count).map { named[$0] ?? "<|reserved_\(fullRankCount + $0)|>" }
  }

  /// Up to nine decimal digits and nothing else.
  private static func integer(_ digits: ArraySlice<UInt8>) -> Int? {
    guard (1...9).contains(digits.count) else { return nil }
    var value = 0
    for digit in digits {
      guard (0x30...0x39).contains(digit) else { return nil }
      value = 10 * value + Int(digit - 0x30)
    }
    return value
  }
}

/// Base64 with padding (RFC 4648, section 4).
private enum Base64 {
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (value, letter) in letters.utf8.enumerated() { values[Int(letter)] = UInt8(value) }
    return values
  }()

  static func decode(_ text: ArraySlice<UInt8>, into out: inout [UInt8]) -> Bool {
    guard text.count % 4 == 0 else { return false }
    let padding = text.reversed().prefix(2).prefix { $0 == UInt8(ascii: "=") }.count
    var group: UInt32 = 0
    var count = 0
    for letter in text.dropLast(padding) {
      let value = values[Int(letter)]
      guard value < 64 else { return false }
      group = group << 6 | UInt32(value)
      count += 1
      if count == 4 {
        out.append(UInt8(truncatingIfNeeded: group >> 16))
        out.append(UInt8(truncatingIfNeeded: group >> 8))
        out.append(UInt8(truncatingIfNeeded: group))
        group = 0
        count = 0
      }
    }
    if padding == 1 {
      guard group & 0x3 == 0 else { return false }
      out.append(UInt8(truncatingIfNeeded: group >> 10))
      out.append(UInt8(truncatingIfNeeded: group >> 2))
    } else if padding == 2 {
      guard group & 0xF == 0 else { return false }
      out.append(UInt8(truncatingIfNeeded: group >> 4))
    }
    return true
  }
}
