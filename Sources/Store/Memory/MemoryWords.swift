// MemoryWords.swift — texts and queries as words that FTS5's tokenizer takes as they are.
//
// FTS5's unicode61 splits at spaces and punctuation, folds case and accents, and knows Unicode 6.1.
// It makes one word of a whole Japanese sentence and none of an emoji. So before it sees a text:
//
// * A run of letters of a script that is written without spaces (東京タワー) becomes its letters and
//   its pairs of neighbours (東 京 タ ワ ー 東京 京タ タワ ワー). A query's run becomes its pairs, or
//   its one letter. This is how search engines have long done it; no dictionary is needed.
// * A symbol, and any letter beyond the Basic Multilingual Plane, becomes its code (🚀 to u1f680).
//   Skin tones and joiners are dropped, so that a sequence is found by its parts.
// * Full-width Latin becomes plain Latin.

import Digests

/// Cuts texts and queries into words.
enum MemoryWords {
  /// A query's text beyond this is not looked at.
  private static let queryScalarCountMax = 4_096

  /// What is indexed of `text`: words separated by spaces.
  static func indexed(_ text: String) -> String {
    segmented(text.unicodeScalars[...], isQuery: false)
  }

  /// What is looked for: words separated by spaces.
  static func asked(_ query: String) -> String {
    segmented(query.unicodeScalars.prefix(queryScalarCountMax), isQuery: true)
  }

  /// The word that stands for a scope.
  static func word(for scope: MemoryScope) -> String {
    switch scope {
    case .global: "global"
    case .workspace(let path): "w" + SHA256.digest(of: Array(path.utf8)).hex.prefix(24)
    }
  }

  // MARK: Cutting

  /// What a scalar is to the cutting.
  private enum Part {
    /// Passed on as it is, or as another scalar.
    case plain(UnicodeScalar)
    /// A letter of a script without spaces.
    case unspaced
    case symbol
    case dropped
  }

  private static func segmented(
    _ scalars: Substring.UnicodeScalarView, isQuery: Bool
  ) -> String {
    var words = String.UnicodeScalarView()
    var run: [UnicodeScalar] = []
    for scalar in scalars {
      let part = part(scalar)
      if case .unspaced = part {
        run.append(scalar)
        continue
      }
      if !run.isEmpty {
        append(run: run, isQuery: isQuery, to: &words)
        run.removeAll(keepingCapacity: true)
      }
      switch part {
      case .plain(let plain): words.append(plain)
      case .symbol: words.append(contentsOf: " u\(String(scalar.value, radix: 16)) ".unicodeScalars)
      case .unspaced, .dropped: break
      }
    }
    append(run: run, isQuery: isQuery, to: &words)
    return String(words)
  }

  private static func append(
    run: [UnicodeScalar], isQuery: Bool, to words: inout String.UnicodeScalarView
  ) {
    words.append(" ")
    if !isQuery || run.count == 1 {
      for letter in run {
        words.append(letter)
        words.append(" ")
      }
    }
    for (first, second) in zip(run, run.dropFirst()) {
      words.append(first)
      words.append(second)
      words.append(" ")
    }
  }

  private static func part(_ scalar: UnicodeScalar) -> Part {
    switch scalar.value {
    case 0: return .plain(" ")
    case 1..<0x80: return .plain(scalar)
    case 0x200D, 0xFE00...0xFE0F, 0x1F3FB...0x1F3FF: return .dropped
    case 0xFF01...0xFF5E: return .plain(UnicodeScalar(UInt8(scalar.value - 0xFEE0)))
    case let value where unspaced.contains(where: { $0.contains(value) }):
      return scalar.properties.isAlphabetic ? .unspaced : .plain(scalar)
    case 0x10000...:
      return scalar.properties.generalCategory == .format ? .dropped : .symbol
    default: return scalar.properties.generalCategory == .otherSymbol ? .symbol : .plain(scalar)
    }
  }

  /// Blocks of scripts that are written without spaces, or, as Korean, with spaces between phrases
  /// rather than words (Unicode, Blocks.txt).
  private static let unspaced: [ClosedRange<UInt32>] = [
    0x0E00...0x0FFF,  // Thai, Lao, Tibetan
    0x1000...0x109F,  // Myanmar
    0x1100...0x11FF,  // Hangul Jamo
    0x1780...0x17FF,  // Khmer
    0x2E80...0x2FDF,  // CJK and Kangxi radicals
    0x3005...0x30FF,  // ideographic marks, Hiragana, Katakana
    0x3105...0x31FF,  // Bopomofo, Hangul compatibility Jamo, Katakana extensions
    0x3400...0x4DBF,  // CJK extension A
    0x4E00...0x9FFF,  // CJK
    0xA960...0xA97F,  // Hangul Jamo extended A
    0xAC00...0xD7FF,  // Hangul
    0xF900...0xFAFF,  // CJK compatibility
    0xFF66...0xFFDC,  // half-width Katakana and Hangul
  ]
}
