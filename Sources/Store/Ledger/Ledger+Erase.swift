// Ledger+Erase.swift — taking contents out of the ledger without breaking its chain.

public import Digests
import Synchronization

/// What an erasure did, and what it could not do.
public struct LedgerErasure: Equatable, Sendable {
  /// Digests of the bodies whose contents are gone.
  public var erased: [Digest]
  /// Events that hold the text in their kind or header, which are under the chain and stay.
  public var kept: [LedgerPlace]

  public init(erased: [Digest] = [], kept: [LedgerPlace] = []) {
    self.erased = erased
    self.kept = kept
  }
}

/// An event by its place.
public struct LedgerPlace: Equatable, Sendable {
  public var session: String
  /// 0 for the session's own record.
  public var sequence: Int

  public init(session: String, sequence: Int) {
    self.session = session
    self.sequence = sequence
  }
}

extension Ledger {
  /// Erases every body that holds `text`, and leaves no trace of them in the file or its journal.
  ///
  /// Found are the text's UTF-8 bytes, also where they are escaped as JSON, up to three times over, and
  /// where they are in base64. Not found is what only the caller can read, such as token ids: see ``eraseBodies(where:)``.
  /// A short text is held by many bodies, and all of them go.
  ///
  /// - Throws: ``StoreError/traceRemains(path:reason:)`` if the contents are gone for readers and the
  ///   file could not be rewritten; it is tried again with the next erasure or opening.
  @discardableResult
  public func eraseBodies(containing text: String) throws(StoreError) -> LedgerErasure {
    try eraseBodies(containing: [text])
  }

  /// Erases every body that holds one of `texts`, all at once.
  @discardableResult
  public func eraseBodies(containing texts: [String]) throws(StoreError) -> LedgerErasure {
    let traces = texts.compactMap { TextTrace($0) }
    guard traces.count == texts.count else { throw .empty(what: "The text to erase") }
    var erasure = LedgerErasure()
    erasure.erased = try eraseBodies { bytes in traces.contains { $0.isFound(in: bytes) } }
    erasure.kept = try places { bytes in traces.contains { $0.isFound(in: bytes) } }
    return erasure
  }

  /// Erases the bodies with these digests; those that are unknown or erased already are skipped.
  @discardableResult
  public func eraseBodies(_ digests: [Digest]) throws(StoreError) -> [Digest] {
    try erase { database throws(StoreError) in
      var present: [Digest] = []
      for digest in Set(digests) {
        let count = try database.integer(
          "SELECT count(*) FROM ledger_bodies WHERE digest = ? AND content IS NOT NULL",
          .blob(digest.bytes))
        if count > 0 { present.append(digest) }
      }
      return present
    }
  }

  /// Erases every body for whose content `holds` answers true; the pointer is valid for the call.
  /// Returns their digests.
  @discardableResult
  public func eraseBodies(
    where holds: @Sendable (UnsafeRawBufferPointer) -> Bool
  ) throws(StoreError) -> [Digest] {
    try erase { database throws(StoreError) in
      try database.rows(
        "SELECT digest, content FROM ledger_bodies WHERE content IS NOT NULL"
      ) { row in row.withBytes(1, holds) ? row.digest(0) : nil }.compactMap { $0 }
    }
  }

  private func erase(
    _ find: @Sendable (Database) throws(StoreError) -> [Digest]
  ) throws(StoreError) -> [Digest] {
    try database.withLock { database throws(StoreError) in
      var erased: [Digest] = []
      try database.writeScrubbing { () throws(StoreError) in
        for digest in try find(database) {
          try database.run(
            """
            UPDATE ledger_bodies SET salt = NULL, content_hash = NULL, content = NULL
            WHERE digest = ?
            """, .blob(digest.bytes))
          erased.append(digest)
        }
        return !erased.isEmpty
      }
      return erased
    }
  }

  /// Events and sessions whose texts under the chain answer `holds` with true.
  private func places(
    where holds: @Sendable (UnsafeRawBufferPointer) -> Bool
  ) throws(StoreError) -> [LedgerPlace] {
    try database.withLock { database throws(StoreError) in
      try database.rows(
        """
        SELECT id, 0, id, header FROM sessions
        UNION ALL
        SELECT id, sequence, kind, ledger_events.header
        FROM ledger_events JOIN sessions ON sessions.number = ledger_events.session
        """
      ) { row -> LedgerPlace? in
        guard row.withBytes(2, holds) || row.withBytes(3, holds) else { return nil }
        return LedgerPlace(session: row.text(0) ?? "", sequence: Int(row.integer(1)))
      }.compactMap { $0 }
    }
  }
}
