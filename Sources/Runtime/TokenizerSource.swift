// TokenizerSource.swift — from a path that a user typed to a tokenizer.

public import Tokenizer

/// Opens the tokenizer that belongs to a path, whatever kind of file or folder the path names.
public enum TokenizerSource {
  /// - Parameter path: A `.tiktoken` file, a `tokenizer.json`, a folder that holds one, or a GGUF file.
  public static func open(_ path: String) throws -> Tokenizer {
    if Resources.isFolder(path) {
      return try Tokenizer(tokenizerJSON: path + "/tokenizer.json")
    }
    if path.hasSuffix(".json") { return try Tokenizer(tokenizerJSON: path) }
    return try Tokenizer(tiktokenFile: path)
  }
}
