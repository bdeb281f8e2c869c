// HarmonyVocabulary.swift — a tokenizer together with the tokens that frame messages.

public import Tokenizer

/// What rendering, parsing and the grammar need of a vocabulary. Make one and pass it around.
public struct HarmonyVocabulary: Sendable {
  public let tokenizer: Tokenizer
  public let tokens: HarmonyTokens

  /// Fails where the vocabulary lacks a token that frames messages.
  public init(_ tokenizer: Tokenizer) throws(HarmonyError) {
    self.tokenizer = tokenizer
    do { tokens = try HarmonyTokens(tokenizer) } catch {
      throw .unusableVocabulary(reason: error.description)
    }
  }
}
