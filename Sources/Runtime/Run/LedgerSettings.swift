// LedgerSettings.swift — where heads of the ledger's chain go: `ledger.json`.
//
// The administrator's /etc/martlet/ledger.json where there is one, else the user's own. Every key may be
// missing; an unknown one is an error.
//
//     "heads": "/srv/audit/heads.jsonl"    a file that lines are appended to, best on another volume;
//              "syslog:/dev/log"           or a socket that takes datagrams of syslog
//     "signingKey": "/path/of/key.pem"     Ed25519, as `openssl genpkey -algorithm ed25519` makes it;
//                                          only its owner may read it
//     "publicKeys": ["ed25519:64 hex digits", "/path/of/public.pem"]    whose heads `session verify` takes
//     "required": true | false             whether a run ends where a head cannot be published; true

import Base
import Digests
import FoundationEssentials
import Glibc
import Planner

/// Settings of the ledger's second sink.
public struct LedgerSettings: Equatable, Sendable {
  /// Where heads go.
  public enum Sink: Equatable, Sendable {
    case file(String)
    case syslog(String)
  }

  public var sink: Sink?
  /// The private key's 32 bytes.
  var signingSeed: [UInt8]?
  /// Keys whose heads are believed; the signing key's own is among them.
  public var publicKeys: [[UInt8]] = []
  public var isRequired = true

  private static let bytesMax = 64 << 10
  private static let keys = ["heads", "signingKey", "publicKeys", "required"]

  private struct Problem: Error {
    var words: String

    init(_ words: String) { self.words = words }
  }

  public init() {}

  /// - Throws: ``RunError`` that names file, key and remedy.
  public init(_ places: Places) throws(RunError) {
    let paths = [places.systemFolder, places.configFolder].map { $0 + "/ledger.json" }
    guard let path = paths.first(where: Resources.exists) else { return }
    do {
      let json = try JSONReader.value(wholeFile(path, bytesMax: Self.bytesMax), source: path)
      try read(json)
    } catch let error as FileReadError {
      throw RunError(.misconfigured("\(path) cannot be read: \(error.reason)."))
    } catch let error as Problem {
      throw RunError(.misconfigured("\(path): \(error.words)."))
    } catch {
      throw RunError(.misconfigured("\(error)"))
    }
  }

  private mutating func read(_ json: JSONValue) throws {
    guard let object = json.objectValue else { throw Problem("it must be an object: { … }") }
    if let other = object.keys.first(where: { !Self.keys.contains($0) }) {
      throw Problem(
        "\"\(other)\" is not a setting; there are: \(Self.keys.joined(separator: ", "))")
    }
    if let value = object["heads"] { sink = try Self.sink(value) }
    if let value = object["required"] {
      guard let bool = value.boolValue else { throw Problem("\"required\" must be true or false") }
      isRequired = bool
    }
    if let value = object["publicKeys"] {
      guard let words = value.arrayValue?.compactMap(\.stringValue), words.count <= 64,
        words.count == value.arrayValue?.count
      else { throw Problem("\"publicKeys\" must be a list of keys, at most 64") }
      for word in words { publicKeys.append(try Self.publicKey(word)) }
    }
    if let value = object["signingKey"] {
      guard let path = value.stringValue, path.hasPrefix("/") else {
        throw Problem("\"signingKey\" must be an absolute path")
      }
      let seed = try Self.seed(inFile: path)
      signingSeed = seed
      if let key = Ed25519.publicKey(ofSeed: seed) { publicKeys.append(key) }
    }
  }

  private static func sink(_ value: JSONValue) throws -> Sink {
    let text = value.stringValue ?? ""
    if text.hasPrefix("syslog:/") { return .syslog(String(text.dropFirst("syslog:".count))) }
    guard text.hasPrefix("/") else {
      throw Problem("\"heads\" must be an absolute path, or \"syslog:\" and one")
    }
    return .file(text)
  }

  // MARK: - Keys

  /// DER before the 32 bytes of an Ed25519 key (RFC 8410): private in PKCS #8, public.
  private static let privatePrefix: [UInt8] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]
  private static let publicPrefix: [UInt8] = [
    0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
  ]

  private static func seed(inFile path: String) throws -> [UInt8] {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & 0o077 != 0 {
      throw Problem(
        "\"signingKey\": others than its owner may read \(path). Run: chmod 600 \(path)")
    }
    let bytes = try keyFile(path)
    guard let seed = key(bytes, label: "PRIVATE KEY", after: privatePrefix) else {
      throw Problem(
        """
        "signingKey": \(path) is no private Ed25519 key in PEM. Make one: \
        openssl genpkey -algorithm ed25519 -out \(path)
        """)
    }
    return seed
  }

  /// The 32 bytes of "ed25519:" and 64 hex digits, or of a public key in PEM at a path; nil where the
  /// word is neither.
  public static func readPublicKey(_ word: String) -> [UInt8]? {
    if word.hasPrefix("ed25519:") { return Digest(hex: String(word.dropFirst(8)))?.bytes }
    guard let bytes = try? keyFile(word) else { return nil }
    return key(bytes, label: "PUBLIC KEY", after: publicPrefix)
  }

  private static func publicKey(_ word: String) throws -> [UInt8] {
    guard let key = readPublicKey(word) else {
      throw Problem(
        """
        "publicKeys": \(word) is no key. Write "ed25519:" and 64 hex digits, or the path of a file that \
        openssl pkey -pubout has made
        """)
    }
    return key
  }

  private static func keyFile(_ path: String) throws(FileReadError) -> [UInt8] {
    try wholeFile(path, bytesMax: bytesMax)
  }

  private static func key(_ bytes: [UInt8], label: String, after prefix: [UInt8]) -> [UInt8]? {
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    guard let begin = lines.firstIndex(of: "-----BEGIN \(label)-----"),
      let end = lines.firstIndex(of: "-----END \(label)-----"), begin < end,
      let body = Data(base64Encoded: lines[(begin + 1)..<end].joined())
    else { return nil }
    let der = Array(body)
    guard der.starts(with: prefix), der.count == prefix.count + Ed25519.keyByteCount else {
      return nil
    }
    return Array(der[prefix.count...])
  }
}
