// TokenizerSource.swift — from a path that a user typed to a tokenizer.

import ModelFiles
public import Tokenizer

/// Opens the tokenizer that belongs to a path, whatever kind of file or folder the path names.
public enum TokenizerSource {
  /// - Parameter path: A `.tiktoken` file, a `tokenizer.json`, a folder that holds one of them or a
  ///   GGUF model, or a GGUF file.
  /// - Returns: The tokenizer.
  /// - Throws: `TokenizerError` or `ModelFileError`, whose words name the file and the remedy.
  public static func open(_ path: String) throws -> Tokenizer {
    if Resources.isFolder(path) {
      // OpenAI's own layout keeps its files in `original/`, the tokenizer one level up.
      for folder in [path, path + "/.."] where Resources.exists(folder + "/tokenizer.json") {
        return try Tokenizer(tokenizerJSON: folder + "/tokenizer.json")
      }
      guard !Resources.exists(path + "/config.json") else {
        return try Tokenizer(tokenizerJSON: path + "/tokenizer.json")
      }
      return try inGGUF(path)
    }
    if path.hasSuffix(".json") { return try Tokenizer(tokenizerJSON: path) }
    if try isGGUF(path) { return try inGGUF(path) }
    return try Tokenizer(tiktokenFile: path)
  }

  private static func isGGUF(_ path: String) throws -> Bool {
    let file = try MappedFile(path: path)
    return withExtendedLifetime(file) { file.bytes.prefix(4).elementsEqual("GGUF".utf8) }
  }

  private static func inGGUF(_ path: String) throws -> Tokenizer {
    let checkpoint = try GPTOSSCheckpoint(path: path)
    guard let tokenizer = checkpoint.tokenizer else {
      return try Tokenizer(tokenizerJSON: path + "/tokenizer.json")
    }
    let tokens = try tokenizer.tokens()
    return try Tokenizer(
      ggufTokens: tokens, merges: tokenizer.merges(),
      tokenTypes: tokenizer.tokenTypes()?.map { Int32(clamping: $0) }
        ?? Array(repeating: 1, count: tokens.count),
      preTokenizer: tokenizer.preTokenizer ?? "", source: path)
  }
}
