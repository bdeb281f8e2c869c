// TokenID.swift — the number by which a vocabulary knows one token.

/// A token's row in the vocabulary; 0-based, never negative in a valid vocabulary.
public struct TokenID: RawRepresentable, Hashable, Comparable, Sendable, Codable {
  public var rawValue: Int32

  public init(rawValue: Int32) { self.rawValue = rawValue }

  public init(_ rawValue: Int32) { self.rawValue = rawValue }

  /// The row as an index, for arrays.
  public var index: Int { Int(rawValue) }

  public static func < (left: TokenID, right: TokenID) -> Bool { left.rawValue < right.rawValue }
}

extension TokenID: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int32) { self.init(rawValue: value) }
}

extension TokenID: CustomStringConvertible {
  public var description: String { String(rawValue) }
}
