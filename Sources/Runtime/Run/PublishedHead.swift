// PublishedHead.swift — a head of the ledger's chain as one line elsewhere, signed or not.
//
//     {"martlet":"head","session":"…","events":12,"hash":"64 hex digits","time_ms":1769874300000,
//      "key":"64 hex digits","signature":"128 hex digits"}
//
// Signed (Ed25519, RFC 8032) are the bytes of
//
//     martlet ledger head 1 ⏎ SESSION ⏎ EVENTS ⏎ HASH ⏎ TIME_MS ⏎

import Base
import Digests
public import Store

/// A head, when it was published, and by whose key.
public struct PublishedHead: Equatable, Sendable {
  public var head: LedgerHead
  public var time: UnixTime
  var key: [UInt8]?
  var signature: [UInt8]?

  init(_ head: LedgerHead, time: UnixTime, seed: [UInt8]?) {
    self.head = head
    self.time = time
    guard let seed else { return }
    key = Ed25519.publicKey(ofSeed: seed)
    signature = Ed25519.signature(of: signedBytes, seed: seed)
  }

  /// What a line says; nil where it is no head.
  init?(line: Substring) {
    guard let json = try? JSONReader.value(String(line), source: "a head"),
      json["martlet"]?.stringValue == "head", let session = json["session"]?.stringValue,
      let events = json["events"]?.intValue, events >= 0,
      let hash = json["hash"]?.stringValue.flatMap({ Digest(hex: $0) }),
      let time = json["time_ms"]?.intValue
    else { return nil }
    head = LedgerHead(session: session, eventCount: events, hash: hash)
    self.time = UnixTime(milliseconds: Int64(time))
    key = json["key"]?.stringValue.flatMap { Digest(hex: $0)?.bytes }
    signature = json["signature"]?.stringValue.flatMap(Self.signature)
  }

  private static func signature(_ hex: String) -> [UInt8]? {
    guard hex.utf8.count == 4 * Digest.byteCount, hex.utf8.allSatisfy({ $0 < 0x80 }),
      let first = Digest(hex: String(hex.prefix(2 * Digest.byteCount))),
      let second = Digest(hex: String(hex.suffix(2 * Digest.byteCount)))
    else { return nil }
    return first.bytes + second.bytes
  }

  /// One line, with its end.
  var line: String {
    var object: JSONObject = [
      "martlet": "head", "session": .string(head.session),
      "events": .number(.integer(Int64(head.eventCount))), "hash": .string(head.hash.hex),
      "time_ms": .number(.integer(time.milliseconds)),
    ]
    if let key = key.flatMap({ Digest(bytes: $0) }), let signature,
      let first = Digest(bytes: Array(signature.prefix(Digest.byteCount))),
      let second = Digest(bytes: Array(signature.suffix(Digest.byteCount)))
    {
      object["key"] = .string(key.hex)
      object["signature"] = .string(first.hex + second.hex)
    }
    return JSONValue.object(object).compactText + "\n"
  }

  private var signedBytes: [UInt8] {
    Array(
      """
      martlet ledger head 1
      \(head.session)
      \(head.eventCount)
      \(head.hash.hex)
      \(time.milliseconds)

      """.utf8)
  }

  /// Whether one of `keys` has signed exactly this.
  func isSigned(byOneOf keys: [[UInt8]]) -> Bool {
    guard let signature else { return false }
    return keys.contains { Ed25519.isValid(signature, of: signedBytes, publicKey: $0) }
  }
}

/// The heads in a file, and what is wrong with it.
public struct PublishedHeads: Equatable, Sendable {
  public private(set) var heads: [LedgerHead] = []
  /// How many of them were signed by one of the keys that were asked for.
  public private(set) var signedCount = 0
  /// The first line that is no head, or that none of the keys has signed: one sentence.
  public private(set) var problem: String?

  /// Beyond this a file is to be cut by its keeper.
  private static let bytesMax = 256 << 20

  /// Reads the file at `path`.
  ///
  /// - Parameters:
  ///   - path: Of a file to which heads were appended.
  ///   - keys: Each line has to be signed by one of them; none asks for no signature.
  /// - Throws: `FileReadError` where there is nothing to read.
  public init(path: String, keys: [[UInt8]]) throws(FileReadError) {
    let text = String(decoding: try wholeFile(path, bytesMax: Self.bytesMax), as: UTF8.self)
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.isEmpty && problem == nil {
      guard let published = PublishedHead(line: line) else {
        problem = "Line \(index + 1) of \(path) is no head of a ledger."
        continue
      }
      if !keys.isEmpty {
        guard published.isSigned(byOneOf: keys) else {
          problem =
            """
            Line \(index + 1) of \(path), session "\(published.head.session)", was signed by none of the \
            keys, or changed since.
            """
          continue
        }
        signedCount += 1
      }
      heads.append(published.head)
    }
  }
}
