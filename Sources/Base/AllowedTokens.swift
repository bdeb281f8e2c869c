// AllowedTokens.swift — what may be sampled next: the answer of a decoding constraint.

/// The tokens a decoding constraint permits at one position.
///
/// The two cases are the two shapes that occur: inside a header almost nothing is allowed, inside a
/// message almost everything is.
public enum AllowedTokens: Equatable, Sendable {
  /// Exactly these tokens.
  case only(Set<TokenID>)
  /// Every token of the vocabulary but these.
  case allExcept(Set<TokenID>)

  public func contains(_ token: TokenID) -> Bool {
    switch self {
    case .only(let tokens): tokens.contains(token)
    case .allExcept(let tokens): !tokens.contains(token)
    }
  }
}
