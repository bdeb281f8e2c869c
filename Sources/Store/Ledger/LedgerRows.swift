// LedgerRows.swift — rows of a ledger file as values, read with suspicion.

import Base
import Digests

/// A row of `sessions`, as it lies in the file.
struct SessionRow: Sendable {
  var number: Int64
  var id: [UInt8]
  /// Milliseconds since 1970.
  var time: Int64
  /// JSON text.
  var header: [UInt8]
  var beginHash: [UInt8]
  var eventCount: Int64
  var headHash: [UInt8]

  private init(_ row: Row) {
    number = row.integer(0)
    id = row.bytes(1)
    time = row.integer(2)
    header = row.bytes(3)
    beginHash = row.bytes(4)
    eventCount = row.integer(5)
    headHash = row.bytes(6)
  }

  private static let columns =
    "SELECT number, id, time_ms, header, begin_hash, event_count, head_hash FROM sessions"

  static func find(_ id: String, in database: Database) throws(StoreError) -> SessionRow? {
    try database.first("\(columns) WHERE id = ?", .text(id)) { SessionRow($0) }
  }

  static func find(number: Int64, in database: Database) throws(StoreError) -> SessionRow? {
    try database.first("\(columns) WHERE number = ?", .integer(number)) { SessionRow($0) }
  }

  static func last(in database: Database) throws(StoreError) -> SessionRow? {
    try list(limit: 1, skipping: 0, in: database).first
  }

  /// The newest first.
  static func list(
    limit: Int, skipping: Int, in database: Database
  ) throws(StoreError) -> [SessionRow] {
    try database.rows(
      "\(columns) ORDER BY number DESC LIMIT ? OFFSET ?", .integer(Int64(max(0, limit))),
      .integer(Int64(max(0, skipping)))
    ) { SessionRow($0) }
  }

  /// The session with the smallest number above `number`.
  static func next(after number: Int64, in database: Database) throws(StoreError) -> SessionRow? {
    try database.first(
      "\(columns) WHERE number > ? ORDER BY number LIMIT 1", .integer(number)
    ) { SessionRow($0) }
  }

  /// The id, repaired where it is not UTF-8 any more.
  var idText: String { String(decoding: id, as: UTF8.self) }

  func session(path: String) throws(StoreError) -> LedgerSession {
    guard String(validating: id, as: UTF8.self) != nil else {
      throw .unreadable(path: path, session: idText, sequence: 0, column: "id")
    }
    guard let header = try? JSONReader.value(header, source: "header") else {
      throw .unreadable(path: path, session: idText, sequence: 0, column: "header")
    }
    guard eventCount >= 0 else {
      throw .unreadable(path: path, session: idText, sequence: 0, column: "event_count")
    }
    return LedgerSession(
      id: idText, time: UnixTime(milliseconds: time), header: header, eventCount: Int(eventCount))
  }
}

extension LedgerEvent {
  /// Reads a row of (sequence, kind, time_ms, header, bodies, hash).
  init(_ row: Row, session: String, path: String) throws(StoreError) {
    let sequence = Int(row.integer(0))
    func unreadable(_ column: String) -> StoreError {
      .unreadable(path: path, session: session, sequence: sequence, column: column)
    }
    guard let kind = row.text(1) else { throw unreadable("kind") }
    guard let header = try? JSONReader.value(row.bytes(3), source: "header") else {
      throw unreadable("header")
    }
    guard let bodies = BodyReference.read(row.bytes(4)) else { throw unreadable("bodies") }
    guard let hash = row.digest(5) else { throw unreadable("hash") }
    self.init(
      session: session, sequence: sequence, kind: kind,
      time: UnixTime(milliseconds: row.integer(2)), header: header, bodies: bodies, hash: hash)
  }
}

extension LedgerEvent.BodyReference {
  /// The text of the column `bodies`.
  static func text(_ references: [Self]) -> String {
    let list = references.map { reference -> JSONValue in
      ["name": .string(reference.name), "digest": .string(reference.digest.hex)]
    }
    return JSONValue.array(list).compactText
  }

  /// Reads the column `bodies`; nil for anything that ``text(_:)`` does not write.
  static func read(_ text: [UInt8]) -> [Self]? {
    guard let list = (try? JSONReader.value(text, source: "bodies"))?.arrayValue else { return nil }
    var references: [Self] = []
    for element in list {
      guard let name = element["name"]?.stringValue, let hex = element["digest"]?.stringValue,
        let digest = Digest(hex: hex)
      else { return nil }
      references.append(Self(name: name, digest: digest))
    }
    return references
  }
}

/// What a row of `ledger_bodies` is worth.
enum BodyCheck {
  case intact, erased, altered

  /// Judges a row of (salt, content_hash, content).
  init(_ row: Row, digest: Digest) {
    if row.isNull(2) {
      // Erasing takes all three; one that is left was not left by us.
      self = row.isNull(0) && row.isNull(1) ? .erased : .altered
      return
    }
    let contentHash = row.withBytes(2) { content in
      var hash = SHA256()
      hash.update(content)
      return hash.finish()
    }
    let salt = row.bytes(0)
    let isIntact =
      row.bytes(1) == contentHash.bytes && salt.count == LedgerChain.saltByteCount
      && LedgerChain.bodyDigest(salt: salt, contentHash: contentHash) == digest
    self = isIntact ? .intact : .altered
  }
}
