// BrowserSettings.swift — what the host has put where the browser finds it.
//
// The sandbox profile grants, each where the host has it: the vocabulary of the model in use, the index of
// local documents, and the choice of a search engine. Keys of engines come in environment variables that
// the profile names.

import Glibc
import Store
import Tokenizer

/// The browser's surroundings.
struct BrowserSettings {
  var meter: TokenMeter
  var search: SearchDesk

  static let vocabularyPath = "/run/martlet/vocabulary"
  static let documentsPath = "/run/martlet/documents/index.sqlite"
  static let searchPath = "/run/martlet/search.json"

  /// Looks where the profile puts things; what is not there is done without.
  static func ofThisProcess() -> BrowserSettings {
    let documents = documents(index: documentsPath)
    let search: SearchDesk
    do throws(FetchFailure) {
      search = SearchDesk(web: try SearchSettings.backend(file: searchPath), documents: documents)
    } catch {
      search = SearchDesk(documents: documents, problem: error.message)
    }
    return BrowserSettings(meter: meter(vocabulary: vocabularyPath), search: search)
  }

  private static func documents(index path: String) -> (any LocalDocuments)? {
    guard access(path, F_OK) == 0 else { return nil }
    do throws(StoreError) {
      return IndexedDocuments(try DocumentIndex(path: path, access: .readOnly))
    } catch {
      return UnreadableDocuments(reason: "\(error)")
    }
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

/// An index that is there and cannot be read: searches say so.
private struct UnreadableDocuments: LocalDocuments {
  let reason: String

  func search(_ query: String, countMax: Int) throws(FetchFailure) -> [SearchHit] {
    throw FetchFailure(message: "The index of documents cannot be read: \(reason)")
  }

  func document(at url: String) throws(FetchFailure) -> LocalDocument? {
    throw FetchFailure(message: "The index of documents cannot be read: \(reason)")
  }
}
