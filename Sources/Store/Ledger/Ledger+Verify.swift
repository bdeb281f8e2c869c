// Ledger+Verify.swift — the check of the chain, session by session, event by event.
//
// A check of a large ledger takes longer than other processes should wait, so it reads in pages and
// lets go of the file between them. What is already there does not change meanwhile; what is
// appended meanwhile is checked as far as it is met.

import Digests
import Synchronization

extension Ledger {
  /// Events read at a time.
  private static let pageEventCount = 128

  /// Checks hashes, order, completeness and bodies.
  ///
  /// - Parameters:
  ///   - session: Only this one; nil for all of them and the file as a whole.
  ///   - heads: What ``head(of:)`` said earlier: the chain must still lead through there.
  /// - Returns: What was looked at, and the first thing that is wrong.
  /// - Throws: What keeps the file from being read at all, ``StoreError/damaged(path:)`` among it.
  public func verify(
    session: String? = nil, heads: [LedgerHead] = []
  ) throws(StoreError) -> LedgerReport {
    var check = LedgerCheck(heads: heads)
    if let session {
      try verifyOne(session, &check)
    } else {
      try verifyAll(&check)
    }
    return check.report
  }

  private func verifyOne(_ id: String, _ check: inout LedgerCheck) throws(StoreError) {
    let (row, before) = try read { database throws(StoreError) in
      guard let row = try SessionRow.find(id, in: database) else { throw .sessionUnknown(id: id) }
      return (row, try SessionRow.find(number: row.number &- 1, in: database)?.beginHash)
    }
    check.begin(row, before: before ?? LedgerChain.nothing)
    try verifyEvents(of: row, &check)
    check.finish(session: id)
  }

  private func verifyAll(_ check: inout LedgerCheck) throws(StoreError) {
    var number: Int64 = 0
    var before = LedgerChain.nothing
    while !check.isOver, let row = try nextSession(after: number) {
      number += 1
      guard row.number == number else { return check.found(.missing) }
      check.begin(row, before: before)
      try verifyEvents(of: row, &check)
      before = row.beginHash
    }
    check.finish(session: nil)
    if !check.isOver { try verifyRest(&check) }
  }

  private func nextSession(after number: Int64) throws(StoreError) -> SessionRow? {
    try read { database throws(StoreError) in try SessionRow.next(after: number, in: database) }
  }

  private func verifyEvents(
    of row: SessionRow, _ check: inout LedgerCheck
  ) throws(StoreError) {
    var after: Int64 = 0
    var pageCount = Self.pageEventCount
    while !check.isOver {
      let page: (events: [StoredEvent], end: SessionRow?)
      do throws(StoreError) {
        page = try readEvents(of: row, after: after, limit: pageCount)
      } catch {
        guard case .damaged = error else { throw error }
        guard pageCount == 1 else {
          // One at a time, so that the first that cannot be read is known.
          pageCount = 1
          continue
        }
        return check.found(.unreadable, session: row.idText, sequence: after + 1)
      }
      for event in page.events where !check.isOver {
        for body in check.take(event, of: row) { try verify(body, of: event, row, &check) }
        after = event.columns.sequence
      }
      if let end = page.end { return check.end(end) }
    }
  }

  private func verify(
    _ body: LedgerEvent.BodyReference, of event: StoredEvent, _ row: SessionRow,
    _ check: inout LedgerCheck
  ) throws(StoreError) {
    do throws(StoreError) {
      check.take(try judge(body.digest), on: body, of: row)
    } catch {
      guard case .damaged = error else { throw error }
      check.found(
        .bodyUnreadable(name: body.name), session: row.idText, sequence: event.columns.sequence)
    }
  }

  /// Events of a session in their order, and, with the last of them, the session's record as it was
  /// at that moment.
  private func readEvents(
    of row: SessionRow, after sequence: Int64, limit: Int
  ) throws(StoreError) -> (events: [StoredEvent], end: SessionRow?) {
    try read { database throws(StoreError) in
      let events = try database.rows(
        """
        SELECT sequence, kind, time_ms, header, bodies, hash FROM ledger_events
        WHERE session = ? AND sequence > ? ORDER BY sequence LIMIT ?
        """, .integer(row.number), .integer(sequence), .integer(Int64(limit))
      ) { StoredEvent($0) }
      if events.count == limit { return (events, nil) }
      return (events, try SessionRow.find(number: row.number, in: database) ?? row)
    }
  }

  private func judge(_ digest: Digest) throws(StoreError) -> BodyCheck? {
    try read { database throws(StoreError) in
      try database.first(
        "SELECT salt, content_hash, content FROM ledger_bodies WHERE digest = ?",
        .blob(digest.bytes)
      ) { BodyCheck($0, digest: digest) }
    }
  }

  /// What no session leads to: stray events, stray bodies, the file's own structure.
  private func verifyRest(_ check: inout LedgerCheck) throws(StoreError) {
    let strayEventCount = try read { database throws(StoreError) in
      try database.integer(
        """
        SELECT count(*) FROM ledger_events
        WHERE sequence < 1 OR session NOT IN (SELECT number FROM sessions)
        """)
    }
    guard strayEventCount == 0 else { return check.found(.eventUnclaimed) }
    let claimed = check.bodies
    let hasStrayBody = try read { database throws(StoreError) in
      let others = try database.rows("SELECT digest FROM ledger_bodies") { row -> [UInt8]? in
        row.digest(0).map { claimed.contains($0) } == true ? nil : row.bytes(0)
      }.compactMap { $0 }
      for digest in others {
        // A shorter digest could occur inside another one's text.
        guard Digest(bytes: digest) != nil else { return true }
        // Bodies of events that were appended after their session was checked are not stray.
        let eventCount = try database.integer(
          "SELECT count(*) FROM ledger_events WHERE instr(bodies, lower(hex(?))) > 0",
          .blob(digest))
        if eventCount == 0 { return true }
      }
      return false
    }
    guard !hasStrayBody else { return check.found(.bodyUnclaimed) }
    let words = try read { database throws(StoreError) in
      try database.first("PRAGMA integrity_check(1)") { $0.text(0) ?? "" }
    }
    if words != "ok" { check.found(.file(words ?? "")) }
  }

  /// Runs `body` on one state of the file.
  private func read<Result: Sendable>(
    _ body: @Sendable (Database) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try database.withLock { database throws(StoreError) in
      try database.read { () throws(StoreError) in try body(database) }
    }
  }
}
