// SecretNames.swift — which names stand before secrets: `password`, `api_key`, `--token`.

/// What a name says about the value after it.
enum SecretName: Sendable {
  /// A person chose it: short, perhaps.
  case password
  /// A machine made it: long and random.
  case token

  /// Longer names are not looked at.
  static let bytesMax = 64

  /// - Parameter name: Letters, digits, `_`, `-`, `.`, in any case.
  init?(_ name: ArraySlice<UInt8>) {
    let plain = name.compactMap { byte -> UInt8? in
      ByteSet.alphanumeric.contains(byte)
        ? (ByteSet.upper.contains(byte) ? byte | 0x20 : byte) : nil
    }
    guard plain.count >= 3, !Self.others.contains(where: { plain.hasSuffix($0) }) else {
      return nil
    }
    if plain.elementsEqual("pass".utf8)
      || Self.passwords.contains(where: { SecretText.occurs($0, in: plain) })
    {
      self = .password
    } else if Self.tokens.contains(where: { SecretText.occurs($0, in: plain) })
      || Self.whole.contains(plain)
    {
      self = .token
    } else {
      return nil
    }
  }

  private static func list(_ words: String) -> [[UInt8]] {
    words.split(separator: " ").map { Array($0.utf8) }
  }

  private static let passwords = list("password passwd passphrase passwort pwd")
  private static let tokens = list(
    """
    secret apikey accesskey privatekey authkey token credential encryptionkey signingkey \
    accountkey masterkey sharedkey webhookkey servicekey
    """)
  private static let whole = Set(list("auth sig signature jwt bearer"))
  /// Names that speak about a secret and do not stand before one.
  private static let others = list(
    """
    count max min limit length size type name file path url uri id ids start end field policy hint \
    expiry expires expiration ttl tokens tokenizer age rotation digest
    """)
}

extension [UInt8] {
  fileprivate func hasSuffix(_ other: [UInt8]) -> Bool {
    count >= other.count && self[(count - other.count)...].elementsEqual(other)
  }
}
