// RecordedSecrets.swift — which secrets this machine's user has, so that no record keeps them.
//
// Known are, besides what looks like a secret: variables of this process's environment whose names say
// so (DB_PASSWORD, GITHUB_TOKEN), the token of the model hub, and the files that "secrets" in config.json
// names. A line "NAME=value" of such a file gives its value, any other line itself. The keys of configured
// services are known too, whatever their variables are called and wherever their files lie; one that a command
// prints is known once it was asked for.

import Base
import Glibc
import Hub
import Planner

/// Takes secrets out of what is about to be kept: in the ledger, and in memories.
public struct RecordedSecrets: Sendable {
  private(set) var scanner: SecretScanner

  /// More is no list of secrets.
  private static let fileBytesMax = 1 << 20

  /// The secrets of the user who runs this process.
  ///
  /// - Throws: ``RunError``: `config.json`, or a file that it names, cannot be read.
  public init(_ places: Places) throws(RunError) {
    var known = Self.environment()
    if let token = try? places.hubSettings(tokenFile: nil).token {
      known += [KnownSecret(name: "hub-token", value: token)].compactMap(\.self)
    }
    let configuration = try Configuration(places)
    for path in configuration.secretFiles { known += try Self.secrets(inFile: path) }
    // What is wrong with the cloud's configuration is told where it is used.
    let cloud = try? CloudConfiguration.find(places)
    let keys: [(String, KeySource?)] =
      [("cloud-key", cloud?.key)] + configuration.servers.values.map { ("server-key", $0.key) }
    known += keys.compactMap { name, source in
      source?.keyAtHand.flatMap { KnownSecret(name: name, value: $0) }
    }
    scanner = SecretScanner(known: known)
  }

  /// Without secrets of anybody's own, for what is known by its looks alone.
  init(scanner: SecretScanner) { self.scanner = scanner }

  /// Whether a record leaves it out: what gives access, and cards' numbers. Accounts and numbers of
  /// persons stay: a record of what was done has to say to whom.
  static func isTaken(_ finding: SecretFinding) -> Bool {
    finding.confidence >= .likely && (finding.kind.isCredential || finding.kind == .paymentCard)
  }

  /// `text` with marks in place of secrets, and how many there were.
  public func redacted(_ text: String) -> (text: String, count: Int) {
    let (text, findings) = scanner.redact(text, where: Self.isTaken)
    return (text, findings.count)
  }

  /// What is taken out of `text`, and where.
  func findings(in text: String) -> [SecretFinding] { scanner.scan(text).filter(Self.isTaken) }

  /// Has `value` taken out from now on, however it is encoded.
  mutating func learn(_ value: String, name: String) {
    if let secret = KnownSecret(name: name, value: value) { scanner.learn(secret) }
  }

  // MARK: - Where they are

  /// As this process was started.
  private static func environment() -> [KnownSecret] {
    let bytes = (try? wholeFile("/proc/self/environ", bytesMax: fileBytesMax)) ?? []
    return bytes.split(separator: 0).compactMap { variable in
      guard let mark = variable.firstIndex(of: UInt8(ascii: "=")) else { return nil }
      let name = String(decoding: variable[..<mark], as: UTF8.self)
      let value = variable[(mark + 1)...]
      // A path names where a secret is.
      guard SecretScanner.isSecretName(name), value.first != UInt8(ascii: "/") else { return nil }
      return KnownSecret(name: name, value: String(decoding: value, as: UTF8.self))
    }
  }

  private static func secrets(inFile path: String) throws(RunError) -> [KnownSecret] {
    let bytes: [UInt8]
    do throws(FileReadError) { bytes = try wholeFile(path, bytesMax: fileBytesMax) } catch {
      throw RunError(
        .misconfigured(
          """
          The file of secrets \(path), which config.json names, cannot be read: \(error.reason). \
          Mend it, or take it out of "secrets".
          """))
    }
    return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap {
      line in
      var value = line[...]
      if let mark = line.firstIndex(of: "="), line[..<mark].allSatisfy(isNamePart) {
        value = line[line.index(after: mark)...]
      }
      return KnownSecret(name: "secret", value: value.trimmingQuotes)
    }
  }

  private static func isNamePart(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_" || character == " "
  }
}

extension Substring {
  fileprivate var trimmingQuotes: String {
    var text = self
    while let last = text.last, last.isWhitespace { text.removeLast() }
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    if let first = text.first, text.count > 1, first == text.last, first == "\"" || first == "'" {
      return String(text.dropFirst().dropLast())
    }
    return String(text)
  }
}
