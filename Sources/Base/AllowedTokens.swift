// AllowedTokens.swift — what may be sampled next: the answer of a decoding constraint.

/// The tokens a decoding constraint permits at one position.
///
/// The cases are the shapes that occur: inside a header almost nothing is allowed, inside a free
/// message almost everything is, inside JSON anything from one token to most of them.
public enum AllowedTokens: Equatable, Sendable {
  /// Exactly these tokens.
  case only(Set<TokenID>)
  /// Every token of the vocabulary but these.
  case allExcept(Set<TokenID>)
  /// Exactly these tokens, where they may be many.
  case mask(TokenMask)

  public func contains(_ token: TokenID) -> Bool {
    switch self {
    case .only(let tokens): tokens.contains(token)
    case .allExcept(let tokens): !tokens.contains(token)
    case .mask(let mask): mask.contains(token)
    }
  }

  /// The token, where it is the only one; nil where there are more, or where all but a few are allowed.
  public var single: TokenID? {
    switch self {
    case .only(let tokens): tokens.count == 1 ? tokens.first : nil
    case .mask(let mask): mask.single
    case .allExcept: nil
    }
  }
}
