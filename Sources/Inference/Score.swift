// Score.swift — how well a model predicts a text it is given.

public import Base
import Glibc

/// A model's predictions along a given sequence of tokens.
public struct Score: Equatable, Sendable {
  /// Logits after the last token.
  public var lastLogits: [Float]
  /// After each token, the entry with the largest logit; the lowest id of equal ones.
  public var argmax: [TokenID]
  /// Sum over all tokens but the first of -log p(token), in nats.
  public var negativeLogLikelihood: Double

  public init(lastLogits: [Float], argmax: [TokenID], negativeLogLikelihood: Double) {
    self.lastLogits = lastLogits
    self.argmax = argmax
    self.negativeLogLikelihood = negativeLogLikelihood
  }
}

extension InferenceSession {
  /// Computes `tokens` from the start and scores each against what the model predicted for its
  /// place.
  ///
  /// - Throws: `unusableLogits` where a logit is NaN or infinite.
  public func score(
    _ tokens: [TokenID], control: PrefillControl = PrefillControl()
  ) throws(InferenceError) -> Score {
    var score = Score(lastLogits: [], argmax: [], negativeLogLikelihood: 0)
    try forEachLogits(of: tokens, control: control) { (index, logits) throws(InferenceError) in
      if let place = logits.firstIndex(where: { !$0.isFinite }) {
        throw .unusableLogits(
          tokenCount: index + 1, index: place, value: logits[place].isNaN ? "NaN" : "infinity")
      }
      let best = logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }
      score.argmax.append(TokenID(Int32(best)))
      if index + 1 < tokens.count {
        let largest = Double(logits[best])
        let total = logits.reduce(0.0) { $0 + exp(Double($1) - largest) }
        score.negativeLogLikelihood +=
          largest + log(total) - Double(logits[tokens[index + 1].index])
      } else {
        score.lastLogits = Array(logits)
      }
    }
    return score
  }
}
