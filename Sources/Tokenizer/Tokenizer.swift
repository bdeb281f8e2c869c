// Tokenizer.swift — text to token ids and back: byte-level BPE as gpt-oss uses it.

public import Base

/// A vocabulary and its rules. Immutable: one may serve any number of threads.
///
/// Encoding is that of o200k_harmony (fact: tiktoken and openai/harmony): text is cut into pieces by
/// a pattern, a piece that is a token is that token, any other is merged from its bytes.
public final class Tokenizer: Sendable {
  /// Highest id + 1, ids without a token included. The model may have more rows.
  public let vocabularySize: Int
  /// Every special token by its text.
  public let specials: [String: TokenID]

  private let model: BPEModel
  private let specialTokens: SpecialTokens

  /// Reads a `.tiktoken` file. Its special tokens are o200k_harmony's, right after the last rank.
  public convenience init(tiktokenFile path: String) throws(TokenizerError) {
    try self.init(tiktoken: try FileBytes.read(path), source: path)
  }

  /// As ``init(tiktokenFile:)``, from bytes; errors call them `source`.
  public convenience init(tiktoken bytes: [UInt8], source: String) throws(TokenizerError) {
    self.init(try TiktokenFile.model(bytes, source: source))
  }

  /// Reads a Hugging Face tokenizer.json with gpt-oss's pipeline; its added tokens are the specials.
  public convenience init(tokenizerJSON path: String) throws(TokenizerError) {
    try self.init(json: try FileBytes.read(path), source: path)
  }

  /// As ``init(tokenizerJSON:)``, from bytes; errors call them `source`.
  public convenience init(json bytes: [UInt8], source: String) throws(TokenizerError) {
    self.init(try TokenizerJSONFile.model(bytes, source: source))
  }

  /// Takes a vocabulary from GGUF metadata.
  ///
  /// - Parameters:
  ///   - ggufTokens: `tokenizer.ggml.tokens`, by id.
  ///   - merges: `tokenizer.ggml.merges`, each "a b".
  ///   - tokenTypes: `tokenizer.ggml.token_type`, one for each token. Control and user-defined tokens
  ///     are the specials; unused ones are no tokens.
  ///   - preTokenizer: `tokenizer.ggml.pre`.
  ///   - source: The file's path, for errors.
  /// - Throws: `TokenizerError`.
  public convenience init(
    ggufTokens: [String], merges: [String], tokenTypes: [Int32], preTokenizer: String,
    source: String
  ) throws(TokenizerError) {
    self.init(
      try GGUFVocabulary.model(
        tokens: ggufTokens, merges: merges, tokenTypes: tokenTypes, preTokenizer: preTokenizer,
        source: source))
  }

  private init(_ model: BPEModel) {
    self.model = model
    vocabularySize = model.vocabulary.size
    specials = model.vocabulary.specials
    specialTokens = SpecialTokens(model.vocabulary.specials)
  }

  // MARK: Text to ids

  /// The ids of `text`. Special tokens are never recognised: their text is text.
  ///
  /// This is the only way for text that a person, a tool or a page has written.
  public func encode(_ text: String) -> [TokenID] {
    var text = text
    return text.withUTF8 { bytes in
      var encoder = TextEncoder(model, bytes)
      encoder.append(0..<bytes.count)
      return encoder.ids
    }
  }

  /// The ids of `text`, special tokens recognised by their text. For trusted text only.
  public func encodeWithSpecials(_ text: String) -> [TokenID] {
    var text = text
    return text.withUTF8 { bytes in
      var encoder = TextEncoder(model, bytes)
      var start = 0
      while let (id, range) = specialTokens.next(in: bytes, from: start) {
        encoder.append(start..<range.lowerBound)
        encoder.append(id)
        start = range.upperBound
      }
      encoder.append(start..<bytes.count)
      return encoder.ids
    }
  }

  // MARK: Ids to text

  /// The bytes of a token, for a special token those of its text; nil where the id has no token.
  public func bytes(of id: TokenID) -> [UInt8]? {
    guard model.vocabulary.hasToken(id.index) else { return nil }
    return Array(model.vocabulary.bytes(of: id.index))
  }

  /// Appends the token's bytes. Returns false, appending nothing, where the id has no token.
  @discardableResult
  public func appendBytes(of id: TokenID, to bytes: inout [UInt8]) -> Bool {
    guard model.vocabulary.hasToken(id.index) else { return false }
    bytes.append(contentsOf: model.vocabulary.bytes(of: id.index))
    return true
  }

  /// The text of `ids`, special tokens as their text.
  ///
  /// Bytes that are not UTF-8 become U+FFFD, one for each maximal part of a sequence (Unicode 16,
  /// section 3.9, as in Python's `errors="replace"`), and so does an id that has no token.
  public func decode(_ ids: some Sequence<TokenID>) -> String {
    var bytes: [UInt8] = []
    for id in ids where !appendBytes(of: id, to: &bytes) {
      bytes.append(contentsOf: "\u{FFFD}".utf8)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether the id has a token; ids between 0 and the size may have none.
  public func hasToken(_ id: TokenID) -> Bool { model.vocabulary.hasToken(id.index) }

  // MARK: Special tokens

  /// The special token with this text, "<|start|>" for example.
  public func special(_ text: String) -> TokenID? { specials[text] }

  public func isSpecial(_ id: TokenID) -> Bool { model.vocabulary.isAdded(id.index) }

  /// Where the vocabulary came from, for errors.
  var source: String { model.vocabulary.source }
}
