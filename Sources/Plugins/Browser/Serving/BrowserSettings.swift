// BrowserSettings.swift — what the host has put where the browser finds it.
//
// The sandbox profile grants, each where the host has it: the vocabulary of the model in use under
// /run/martlet/vocabulary, the index of local documents under /run/martlet/documents, and the choice of a search
// engine in /run/martlet/search.json. Keys of engines come in environment variables that the profile names.

import Glibc
import Tokenizer

/// The browser's surroundings.
struct BrowserSettings {
  var meter: TokenMeter
  var search: SearchDesk

  static let vocabularyPath = "/run/martlet/vocabulary"

  /// Looks where the profile puts things; what is not there is done without.
  static func ofThisProcess() -> BrowserSettings {
    BrowserSettings(meter: meter(vocabulary: vocabularyPath), search: SearchDesk())
  }

  /// Counts with the vocabulary at `path`, a tokenizer.json or a .tiktoken file; estimates where it cannot
  /// be read.
  static func meter(vocabulary path: String) -> TokenMeter {
    guard access(path, R_OK) == 0 else { return .estimate }
    if let tokenizer = try? Tokenizer(tiktokenFile: path) { return .exact(tokenizer) }
    if let tokenizer = try? Tokenizer(tokenizerJSON: path) { return .exact(tokenizer) }
    return .estimate
  }
}
