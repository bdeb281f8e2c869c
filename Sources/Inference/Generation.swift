// Generation.swift — token after token, until something says stop.

public import Base
import ModelFiles

/// Why a generation ended.
public enum GenerationEnd: Equatable, Sendable {
  /// The last token is one of the stop tokens.
  case stopToken(TokenID)
  /// As many tokens as were asked for.
  case tokenLimit
  /// The context is full.
  case contextLimit
  /// The caller's `onToken` said so.
  case caller
}

/// What was generated, the stop token included.
public struct Generation: Equatable, Sendable {
  public var tokens: [TokenID]
  public var end: GenerationEnd

  public init(tokens: [TokenID], end: GenerationEnd) {
    self.tokens = tokens
    self.end = end
  }
}

extension InferenceSession {
  /// Samples tokens after `prefix` on the caller's thread.
  ///
  /// A token that the constraint leaves no choice about costs nothing: it is computed together with
  /// what comes after it, and the sampler moves on as if it had been drawn.
  ///
  /// - Parameters:
  ///   - prefix: The whole history; what the session holds of it is not computed again.
  ///   - sampler: Moves on by one per token.
  ///   - stopTokens: Any of them ends the generation, and is the last token of it.
  ///   - tokenCountMax: Tokens to generate, at most.
  ///   - control: For the prompt's computation; its cancellation check is asked before each token
  ///     too.
  ///   - constraint: What may come next, given what was generated so far; nil for everything.
  ///   - onToken: Gets each token as it comes, and says whether to go on.
  /// - Returns: The tokens and why there are no more.
  /// - Throws: What `logits(after:control:)` and `Sampler.next` throw. Tokens that `onToken` got
  ///   stay sampled, and the session holds what it computed.
  public func generate(
    after prefix: [TokenID], sampler: inout Sampler, stopTokens: Set<TokenID>, tokenCountMax: Int,
    control: PrefillControl = PrefillControl(),
    constraint: (_ generated: [TokenID]) -> AllowedTokens? = { _ in nil },
    onToken: (TokenID) -> Bool = { _ in true }
  ) throws(InferenceError) -> Generation {
    let quiet = PrefillControl(isCancelled: control.isCancelled)
    let vocabulary = 0..<engine.configuration.vocabularySize
    var isFirst = true
    var generated: [TokenID] = []
    while generated.count < tokenCountMax {
      // The token after a full context can still be sampled; what comes after it cannot.
      guard generated.isEmpty || prefix.count + generated.count <= contextLimit else {
        return Generation(tokens: generated, end: .contextLimit)
      }
      let allowed = constraint(generated)
      let token: TokenID
      if let forced = allowed?.single, vocabulary.contains(forced.index) {
        sampler.skip()
        token = forced
      } else {
        let logits = try logits(
          after: prefix + generated, control: isFirst ? control : quiet)
        isFirst = false
        token = try sampler.next(
          logits, allowed: allowed, after: prefix.count + generated.count)
      }
      generated.append(token)
      let goOn = onToken(token)
      if stopTokens.contains(token) { return Generation(tokens: generated, end: .stopToken(token)) }
      guard goOn else { return Generation(tokens: generated, end: .caller) }
    }
    return Generation(tokens: generated, end: .tokenLimit)
  }
}
