// Ledger.swift — what happened, in order, for good: sessions of events, chained by hashes.

public import Base
public import Digests
import Synchronization

/// The record of all runs: one SQLite file, append-only, checkable.
///
/// An event is on the disk when ``append(_:to:)`` returns, so that whoever acts afterwards acts on
/// the record. Several ledgers, also in several processes, may use one file at once. Calls block
/// while they work: about a millisecond for an append, longer while another process holds the file.
/// Nothing else in the process may open the file meanwhile: closing it would drop SQLite's locks.
///
/// `LedgerChain.swift` says what the hashes cover, and what they can and cannot show.
public final class Ledger: Sendable {
  /// Of a session's id, an event's kind and a body's name, in UTF-8.
  public static let nameBytesMax = 256
  /// Of a header as JSON text.
  public static let headerBytesMax = 64 << 10
  /// Bodies of one event.
  public static let bodyCountMax = 256
  public static let bodyBytesMax = 64 << 20

  let database: Mutex<Database>
  /// The file.
  public let path: String

  /// Opens the ledger at `path`, with folders 0700 and file 0600 where they have to be made.
  public init(
    path: String, access: StoreAccess = .readWrite, limits: StoreLimits = StoreLimits()
  ) throws(StoreError) {
    let opened = try Database(path: path, format: .ledger, access: access, limits: limits)
    self.path = opened.path
    database = Mutex(opened)
  }

  // MARK: Writing

  /// Starts a session. The id is unique in this ledger; the header is like ``LedgerEntry/header``:
  /// small, public, never erased.
  public func beginSession(
    _ id: String, time: UnixTime, header: JSONValue = [:]
  ) throws(StoreError) {
    try Self.check(name: id, what: "A session's id")
    let header = try Self.headerText(header)
    try database.withLock { database throws(StoreError) in
      try database.write { () throws(StoreError) in
        guard try SessionRow.find(id, in: database) == nil else { throw .sessionExists(id: id) }
        let last = try SessionRow.last(in: database)
        let number = (last?.number ?? 0) &+ 1
        let begin = LedgerChain.beginHash(
          previous: last?.beginHash ?? LedgerChain.nothing, number: number, id: Array(id.utf8),
          time: time.milliseconds, header: Array(header.utf8))
        try database.run(
          "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, 0, ?)", .integer(number), .text(id),
          .integer(time.milliseconds), .text(header), .blob(begin.bytes), .blob(begin.bytes))
      }
    }
  }

  /// Records `entries`, in their order, at the end of a session: all or none. They are durable when
  /// this returns.
  @discardableResult
  public func append(
    _ entries: [LedgerEntry], to session: String
  ) throws(StoreError) -> [LedgerEvent] {
    var prepared: [PreparedEntry] = []
    for entry in entries { prepared.append(try PreparedEntry(entry)) }
    return try database.withLock { database throws(StoreError) in
      try database.write { () throws(StoreError) in
        guard let row = try SessionRow.find(session, in: database) else {
          throw .sessionUnknown(id: session)
        }
        guard row.eventCount >= 0, row.headHash.count == Digest.byteCount else {
          throw .unreadable(path: self.path, session: session, sequence: 0, column: "head")
        }
        return try Self.append(prepared, to: row, in: database)
      }
    }
  }

  /// Records one event; see ``append(_:to:)``.
  @discardableResult
  public func append(
    to session: String, kind: String, time: UnixTime, header: JSONValue = [:],
    bodies: [LedgerBody] = []
  ) throws(StoreError) -> LedgerEvent {
    let entry = LedgerEntry(kind: kind, time: time, header: header, bodies: bodies)
    let events = try append([entry], to: session)
    guard let event = events.first else { throw .sessionUnknown(id: session) }
    return event
  }

  private static func append(
    _ entries: [PreparedEntry], to row: SessionRow, in database: Database
  ) throws(StoreError) -> [LedgerEvent] {
    var events: [LedgerEvent] = []
    var sequence = row.eventCount
    var previous = row.headHash
    for prepared in entries {
      sequence &+= 1
      let entry = prepared.entry
      var references: [LedgerEvent.BodyReference] = []
      for body in entry.bodies {
        let digest = try store(body.content, in: database)
        references.append(LedgerEvent.BodyReference(name: body.name, digest: digest))
      }
      let bodies = LedgerEvent.BodyReference.text(references)
      let columns = EventColumns(
        sequence: sequence, kind: Array(entry.kind.utf8), time: entry.time.milliseconds,
        header: Array(prepared.header.utf8), bodies: Array(bodies.utf8))
      let hash = LedgerChain.eventHash(previous: previous, session: row.id, columns: columns)
      try database.run(
        "INSERT INTO ledger_events VALUES (?, ?, ?, ?, ?, ?, ?)", .integer(row.number),
        .integer(sequence), .text(entry.kind), .integer(entry.time.milliseconds),
        .text(prepared.header), .text(bodies), .blob(hash.bytes))
      try database.run(
        "UPDATE sessions SET event_count = ?, head_hash = ? WHERE number = ?", .integer(sequence),
        .blob(hash.bytes), .integer(row.number))
      events.append(
        LedgerEvent(
          session: row.idText, sequence: Int(sequence), kind: entry.kind, time: entry.time,
          header: entry.header, bodies: references, hash: hash))
      previous = hash.bytes
    }
    return events
  }

  /// Stores a content unless it is there already, and returns the digest it is known by.
  private static func store(
    _ content: [UInt8], in database: Database
  ) throws(StoreError) -> Digest {
    let contentHash = SHA256.digest(of: content)
    let known = try database.first(
      "SELECT digest FROM ledger_bodies WHERE content_hash = ?", .blob(contentHash.bytes)
    ) { $0.digest(0) }
    if let known, let digest = known { return digest }
    let salt = LedgerChain.newSalt()
    let digest = LedgerChain.bodyDigest(salt: salt, contentHash: contentHash)
    try database.run(
      "INSERT INTO ledger_bodies VALUES (?, ?, ?, ?)", .blob(digest.bytes), .blob(salt),
      .blob(contentHash.bytes), .blob(content))
    return digest
  }

  // MARK: Reading

  /// At most `limit` sessions, the one begun last first, after `skipping` of them.
  public func sessions(
    limit: Int, skipping: Int = 0
  ) throws(StoreError) -> [LedgerSession] {
    try database.withLock { database throws(StoreError) in
      let rows = try SessionRow.list(limit: limit, skipping: skipping, in: database)
      var sessions: [LedgerSession] = []
      for row in rows { sessions.append(try row.session(path: database.path)) }
      return sessions
    }
  }

  /// The session `id`; nil if there is none.
  public func session(_ id: String) throws(StoreError) -> LedgerSession? {
    try database.withLock { database throws(StoreError) in
      try SessionRow.find(id, in: database)?.session(path: database.path)
    }
  }

  /// Events of a session in their order: at most `limit`, from the sequence number `first` on.
  ///
  /// Reading does not check hashes; ``verify(session:heads:)`` does.
  public func events(
    of session: String, from first: Int = 1, limit: Int = .max
  ) throws(StoreError) -> [LedgerEvent] {
    try database.withLock { database throws(StoreError) in
      guard let row = try SessionRow.find(session, in: database) else {
        throw .sessionUnknown(id: session)
      }
      let path = database.path
      return try database.rows(
        """
        SELECT sequence, kind, time_ms, header, bodies, hash FROM ledger_events
        WHERE session = ? AND sequence >= ? ORDER BY sequence LIMIT ?
        """, .integer(row.number), .integer(Int64(first)), .integer(Int64(max(0, limit)))
      ) { event throws(StoreError) in try LedgerEvent(event, session: session, path: path) }
    }
  }

  /// The content behind a body's digest, checked against it.
  public func content(of digest: Digest) throws(StoreError) -> LedgerContent {
    try database.withLock { database throws(StoreError) in
      let path = database.path
      let found = try database.first(
        "SELECT salt, content_hash, content FROM ledger_bodies WHERE digest = ?",
        .blob(digest.bytes)
      ) { row throws(StoreError) -> LedgerContent in
        switch BodyCheck(row, digest: digest) {
        case .intact: .present(row.bytes(2))
        case .erased: .erased
        case .altered: throw .bodyDamaged(path: path, digest: digest)
        }
      }
      return found ?? .unknown
    }
  }

  /// Where a session's chain ends now, to be kept outside the file and given to
  /// ``verify(session:heads:)`` later.
  public func head(of session: String) throws(StoreError) -> LedgerHead {
    try database.withLock { database throws(StoreError) in
      guard let row = try SessionRow.find(session, in: database) else {
        throw .sessionUnknown(id: session)
      }
      guard let hash = Digest(bytes: row.headHash) else {
        throw .unreadable(path: self.path, session: session, sequence: 0, column: "head")
      }
      return LedgerHead(session: session, eventCount: Int(row.eventCount), hash: hash)
    }
  }
}

/// An entry whose parts are known to fit.
private struct PreparedEntry: Sendable {
  let entry: LedgerEntry
  /// The header as JSON text.
  let header: String

  init(_ entry: LedgerEntry) throws(StoreError) {
    try Ledger.check(name: entry.kind, what: "An event's kind")
    self.entry = entry
    header = try Ledger.headerText(entry.header)
    guard entry.bodies.count <= Ledger.bodyCountMax else {
      throw .tooMany(
        what: "bodies of one event", count: entry.bodies.count, countMax: Ledger.bodyCountMax)
    }
    for body in entry.bodies {
      try Ledger.check(name: body.name, what: "A body's name")
      guard body.content.count <= Ledger.bodyBytesMax else {
        throw .tooLarge(
          what: "The body \"\(body.name)\"", bytes: body.content.count,
          bytesMax: Ledger.bodyBytesMax)
      }
    }
  }
}

extension Ledger {
  fileprivate static func check(name: String, what: String) throws(StoreError) {
    if name.isEmpty { throw .empty(what: what) }
    let bytes = name.utf8.count
    guard bytes <= nameBytesMax else {
      throw .tooLarge(what: what, bytes: bytes, bytesMax: nameBytesMax)
    }
  }

  /// The header as it is stored. What could not be read back is not written.
  fileprivate static func headerText(_ header: JSONValue) throws(StoreError) -> String {
    let text = header.compactText
    guard text.utf8.count <= headerBytesMax else {
      throw .tooLarge(what: "A header", bytes: text.utf8.count, bytesMax: headerBytesMax)
    }
    guard (try? JSONReader.value(text, source: "header")) != nil else {
      throw .tooDeep(what: "A header")
    }
    return text
  }
}
