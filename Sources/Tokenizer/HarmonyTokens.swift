// HarmonyTokens.swift — the special tokens that frame Harmony's messages, by name.

public import Base

/// The ids of Harmony's special tokens in one vocabulary, found by their text.
public struct HarmonyTokens: Equatable, Sendable {
  /// `<|start|>`
  public let start: TokenID
  /// `<|end|>`
  public let end: TokenID
  /// `<|message|>`
  public let message: TokenID
  /// `<|channel|>`
  public let channel: TokenID
  /// `<|constrain|>`
  public let constrain: TokenID
  /// `<|return|>`
  public let `return`: TokenID
  /// `<|call|>`
  public let call: TokenID
  /// `<|endoftext|>`
  public let endOfText: TokenID
  /// `<|startoftext|>`
  public let startOfText: TokenID
  /// Ids below the vocabulary's size that no text and no message has: special tokens other than the
  /// above, and ids without a token.
  public let reserved: Set<TokenID>

  /// Fails where the vocabulary lacks one of the nine.
  public init(_ tokenizer: Tokenizer) throws(TokenizerError) {
    func find(_ text: String) throws(TokenizerError) -> TokenID {
      guard let id = tokenizer.special(text) else {
        throw .missingSpecial(source: tokenizer.source, text: text)
      }
      return id
    }
    start = try find("<|start|>")
    end = try find("<|end|>")
    message = try find("<|message|>")
    channel = try find("<|channel|>")
    constrain = try find("<|constrain|>")
    `return` = try find("<|return|>")
    call = try find("<|call|>")
    endOfText = try find("<|endoftext|>")
    startOfText = try find("<|startoftext|>")
    let named: Set = [
      start, end, message, channel, constrain, `return`, call, endOfText, startOfText,
    ]
    var reserved: Set<TokenID> = []
    for id in (0..<tokenizer.vocabularySize).map({ TokenID(Int32($0)) }) {
      let isText = tokenizer.hasToken(id) && !tokenizer.isSpecial(id)
      if !isText, !named.contains(id) { reserved.insert(id) }
    }
    self.reserved = reserved
  }
}
