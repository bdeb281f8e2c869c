// InferenceError.swift — what can go wrong between token ids and the next token, and what to do.

public import Base

/// A computation that could not be done, or whose result cannot be used.
public enum InferenceError: Error, Equatable, Sendable {
  /// There is nothing to predict from.
  case emptyPrefix
  /// `index` is the token's place in the prefix.
  case tokenOutOfRange(token: TokenID, index: Int, vocabularySize: Int)
  /// `tokenCount` tokens were asked for where `limit` fit.
  case contextExceeded(tokenCount: Int, limit: Int)
  /// The logits after `tokenCount` tokens contain something that is not a usable number.
  case unusableLogits(tokenCount: Int, index: Int, value: String)
  /// The decoding constraint left nothing of the vocabulary.
  case noTokenAllowed
  case settingOutOfRange(name: String, value: String, range: String)
  case unsupportedModel(reason: String)
  case outOfMemory(byteCount: Int, purpose: String)
  /// The caller's cancellation check said so after `done` of `total` tokens; those stay computed.
  case cancelled(done: Int, total: Int)
}

extension InferenceError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .emptyPrefix:
      "There is no token to continue from. Give at least one."
    case .tokenOutOfRange(let token, let index, let vocabularySize):
      """
      Token \(index) of the prefix is \(token), and the model's vocabulary has \(vocabularySize) \
      entries. The tokens were probably made with another model's tokenizer.
      """
    case .contextExceeded(let tokenCount, let limit):
      """
      \(tokenCount) tokens do not fit the context of \(limit). Shorten the input, or raise the \
      limit where the model allows more.
      """
    case .unusableLogits(let tokenCount, let index, let value):
      """
      The model produced no usable logits after \(tokenCount) tokens: entry \(index) is \(value). \
      The weights are probably damaged; verify the model's files.
      """
    case .noTokenAllowed:
      """
      The decoding constraint allows no token of the vocabulary. The constraint and the \
      tokenizer probably belong to different models.
      """
    case .settingOutOfRange(let name, let value, let range):
      "\(name) is \(value), and must be \(range)."
    case .unsupportedModel(let reason):
      "This model cannot be run: \(reason)."
    case .outOfMemory(let byteCount, let purpose):
      """
      \(byteCount) bytes for \(purpose) could not be allocated. Close other programs, or lower \
      the context limit.
      """
    case .cancelled(let done, let total):
      "Cancelled after \(done) of \(total) tokens."
    }
  }
}
