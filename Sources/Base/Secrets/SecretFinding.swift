// SecretFinding.swift — what a scan for secrets found: which kind, where, how sure.

/// What a secret is, by name as a mark in a record shows it.
public enum SecretKind: String, CaseIterable, Sendable {
  /// A value that the scanner was given.
  case known = "secret"
  case cloudKey = "cloud-key"
  case gitToken = "git-token"
  case chatToken = "chat-token"
  case paymentKey = "payment-key"
  case modelKey = "model-key"
  case packageToken = "package-token"
  case serviceToken = "service-token"
  case webToken = "web-token"
  case privateKey = "private-key"
  case urlPassword = "url-password"
  case authorization = "authorization"
  /// What a name such as `password` or `api_key` stands before.
  case assigned = "assigned-secret"
  /// Random by its looks, and nothing else says what it is.
  case random = "random-token"
  case paymentCard = "payment-card"
  case iban = "iban"
  case nationalID = "national-id"

  /// What gives access, in contrast to what tells something about a person.
  public var isCredential: Bool {
    switch self {
    case .paymentCard, .iban, .nationalID: false
    default: true
    }
  }
}

/// One secret in a text.
public struct SecretFinding: Equatable, Sendable {
  /// How sure a finding is.
  public enum Confidence: Int, Comparable, Sendable {
    /// Many clean texts look like this.
    case possible
    /// A name, a checksum or a neighbouring word says so.
    case likely
    /// Nothing else looks like this.
    case certain

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  public var kind: SecretKind
  /// Bytes of the text's UTF-8.
  public var range: Range<Int>
  public var confidence: Confidence
  /// For a known secret, its name: "OPENAI_API_KEY".
  public var name: String?

  public init(
    kind: SecretKind, range: Range<Int>, confidence: Confidence, name: String? = nil
  ) {
    self.kind = kind
    self.range = range
    self.confidence = confidence
    self.name = name
  }

  /// What stands in its place: "[redacted: git-token]".
  public var mark: String { "[redacted: \(name ?? kind.rawValue)]" }
}

/// A value that must not be told, whatever it looks like.
public struct KnownSecret: Equatable, Sendable {
  public let name: String
  public let value: String

  /// Nil for a value that clean texts contain too: fewer than 6 bytes, or fewer than 8 and not both
  /// letters and digits.
  ///
  /// - Parameters:
  ///   - name: Stands in the mark, so it must not be secret: an environment variable's name.
  ///   - value: White space around it does not count.
  public init?(name: String, value: String) {
    var bytes = Array(value.utf8)[...]
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
    let hasDigit = bytes.contains { ByteSet.digits.contains($0) }
    let hasLetter = bytes.contains { ByteSet.letters.contains($0) }
    guard bytes.count >= 8 || bytes.count >= 6 && hasDigit && hasLetter else { return nil }
    self.name = name
    self.value = String(decoding: bytes, as: UTF8.self)
  }
}
