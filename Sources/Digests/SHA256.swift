// SHA256.swift — SHA-256 (FIPS 180-4) by libcrypto: whole byte strings, or piece by piece.

import CCrypto

/// SHA-256 of bytes that arrive in pieces.
///
///     var hash = SHA256()
///     hash.update(first)
///     hash.update(second)
///     let digest = hash.finish()
///
/// Computing a digest cannot fail; a libcrypto that is broken or out of memory ends the process.
public struct SHA256: ~Copyable {
  private var hash = MessageDigest(Self.algorithm)

  public init() {}

  public mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }

  public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// The digest of everything that was given.
  public consuming func finish() -> Digest {
    Digest { start in hash.finish(into: start) }
  }

  /// The digest of `bytes`.
  public static func digest(of bytes: [UInt8]) -> Digest {
    bytes.withUnsafeBytes { digest(of: $0) }
  }

  /// The digest of `bytes`.
  public static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }

  private static let algorithm = MessageDigest.Algorithm("SHA2-256")
}
