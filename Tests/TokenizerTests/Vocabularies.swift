// Vocabularies.swift — the vocabularies that the tests use, each loaded once.

import Base
import Tokenizer
import TestKit

enum Vocabularies {
  /// The full o200k_harmony.
  static let full = Result {
    try Tokenizer(tiktokenFile: Repository.path("Models/o200k_harmony/o200k_base.tiktoken"))
  }

  /// The first thousand ranks of it, as a tokenizer.json.
  static let tiny = Result {
    try Tokenizer(tokenizerJSON: Vectors.path("tiny-gpt-oss/tokenizer.json"))
  }
}
