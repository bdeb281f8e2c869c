// LedgerCheck.swift — the check of a chain as a value: rows in, a report out.

import Digests

/// An event as it lies in the file.
struct StoredEvent: Sendable {
  var columns: EventColumns
  var hash: [UInt8]

  /// Reads a row of (sequence, kind, time_ms, header, bodies, hash).
  init(_ row: Row) {
    columns = EventColumns(
      sequence: row.integer(0), kind: row.bytes(1), time: row.integer(2), header: row.bytes(3),
      bodies: row.bytes(4))
    hash = row.bytes(5)
  }
}

/// How far a check has come. It is over once it has found a problem.
struct LedgerCheck {
  private(set) var report = LedgerReport()
  /// Pinned heads that were not met yet, by session, the furthest first.
  private var heads: [String: [LedgerHead]] = [:]
  /// Bodies that were judged already and found intact or erased.
  private(set) var bodies: Set<Digest> = []
  /// The hash that the next event has to continue.
  private var previous = LedgerChain.nothing
  private var sequence: Int64 = 0

  init(heads: [LedgerHead]) {
    self.heads = Dictionary(grouping: heads, by: \.session)
      .mapValues { $0.sorted { $0.eventCount > $1.eventCount } }
  }

  var isOver: Bool { report.problem != nil }

  /// Ends the check, unless something was found before.
  mutating func found(_ kind: LedgerProblem.Kind, session: String? = nil, sequence: Int64? = nil) {
    guard !isOver else { return }
    report.problem = LedgerProblem(
      kind: kind, session: session, sequence: sequence.map { Int($0) })
  }

  /// Starts on a session; `before` is the begin hash of the session before it.
  mutating func begin(_ row: SessionRow, before: [UInt8]) {
    let expected = LedgerChain.beginHash(
      previous: before, number: row.number, id: row.id, time: row.time, header: row.header)
    guard expected.bytes == row.beginHash else { return found(.altered, session: row.idText) }
    previous = row.beginHash
    sequence = 0
    report.sessionCount += 1
    compareWithPins(session: row.idText)
  }

  /// Checks that `event` is the session's next and returns the bodies it names that were not
  /// judged yet.
  mutating func take(
    _ event: StoredEvent, of row: SessionRow
  ) -> [LedgerEvent.BodyReference] {
    sequence += 1
    guard event.columns.sequence == sequence else {
      found(.missing, session: row.idText, sequence: sequence)
      return []
    }
    let expected = LedgerChain.eventHash(
      previous: previous, session: row.id, columns: event.columns)
    guard expected.bytes == event.hash,
      let references = LedgerEvent.BodyReference.read(event.columns.bodies)
    else {
      found(.altered, session: row.idText, sequence: sequence)
      return []
    }
    previous = event.hash
    report.eventCount += 1
    compareWithPins(session: row.idText)
    return references.filter { !bodies.contains($0.digest) }
  }

  /// Takes note of what a body of the present event is worth; nil if there is no such body.
  mutating func take(
    _ verdict: BodyCheck?, on body: LedgerEvent.BodyReference, of row: SessionRow
  ) {
    switch verdict {
    case .intact, .erased:
      guard bodies.insert(body.digest).inserted else { return }
      report.bodyCount += 1
      if verdict == .erased { report.erasedBodyCount += 1 }
    case .altered:
      found(.bodyAltered(name: body.name), session: row.idText, sequence: sequence)
    case nil: found(.bodyMissing(name: body.name), session: row.idText, sequence: sequence)
    }
  }

  /// Compares the end of a session with its record, read together with its last events.
  mutating func end(_ row: SessionRow) {
    if row.eventCount > sequence {
      found(.missing, session: row.idText, sequence: sequence + 1)
    } else if row.eventCount < sequence || row.headHash != previous {
      found(.headAltered, session: row.idText)
    }
  }

  /// Looks for a pinned head that was not met, in `session` if only that was looked at.
  mutating func finish(session: String?) {
    let left = session.map { heads[$0] ?? [] } ?? heads.sorted { $0.key < $1.key }.flatMap(\.value)
    guard let head = left.last else { return }
    found(
      .missing, session: head.session, sequence: head.eventCount > 0 ? Int64(head.eventCount) : nil)
  }

  private mutating func compareWithPins(session: String) {
    while let head = heads[session]?.last, head.eventCount <= Int(sequence) {
      heads[session]?.removeLast()
      if head.eventCount < Int(sequence) || head.hash.bytes != previous {
        found(.pinBroken, session: session, sequence: sequence > 0 ? sequence : nil)
      }
    }
  }
}
