// ForwardPass.swift — what a session asks of either precision.

import Base

/// The forward pass along one timeline: it holds the keys and values of the tokens so far.
///
/// No logit depends, in any bit, on how tokens were cut into calls of `append`.
protocol ForwardPass: AnyObject {
  /// Tokens held.
  var tokenCount: Int { get }

  /// Forgets all but the first `count` tokens.
  ///
  /// - Returns: False, with nothing changed, where that is further back than can be done exactly.
  ///   Keeping 0 always works.
  func keep(_ count: Int) -> Bool

  /// Computes the next tokens, a chunk at most, and holds them.
  ///
  /// - Parameters:
  ///   - tokens: Ids below the vocabulary's size.
  ///   - isCancelled: Asked before each layer.
  /// - Returns: False where it was cancelled; then as many tokens are held as before.
  /// - Throws: `outOfMemory`; then too.
  func append(
    _ tokens: ArraySlice<TokenID>, isCancelled: () -> Bool
  ) throws(InferenceError) -> Bool

  /// Logits after some tokens of the last `append`.
  ///
  /// - Parameters:
  ///   - rows: Which of them, counted from that chunk's first.
  ///   - out: (rows.count, vocabulary), overwritten.
  func writeLogits(after rows: Range<Int>, to out: Buffer<Float>)

  /// The memory that holds the keys and values of the first `count` tokens; nil where some are gone.
  func state(of count: Int) -> [UnsafeMutableRawBufferPointer]?

  /// The same for tokens that are not there yet: memory to write them to. Nothing must be held.
  func emptyState(of count: Int) -> [UnsafeMutableRawBufferPointer]?

  /// Holds `count` tokens, whose keys and values were written where ``emptyState(of:)`` said.
  func adoptState(of count: Int)
}

extension ForwardPass {
  func state(of count: Int) -> [UnsafeMutableRawBufferPointer]? { nil }
  func emptyState(of count: Int) -> [UnsafeMutableRawBufferPointer]? { nil }
  func adoptState(of count: Int) {}
}
