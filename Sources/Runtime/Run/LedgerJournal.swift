// LedgerJournal.swift — the planner's journal over the ledger; what was recorded is then told.

import Planner
import Store

/// Records a session's events in the ledger, then tells them to whoever listens.
///
/// A call is recorded together with the decision about it: judging has no effect, and one append
/// waits for the disk once. Nothing is acted on before both are there.
actor LedgerJournal: Journal {
  private let ledger: Ledger
  private let session: String
  private let news: AsyncStream<RunNews>.Continuation
  private let redaction: Redaction
  /// Recorded with the next event.
  private var held: [RunEvent] = []

  /// - Parameters:
  ///   - ledger: Holds `session` already.
  ///   - session: The run's id.
  ///   - news: Gets each event once it is recorded, as it was recorded.
  ///   - redaction: What must not be recorded.
  init(
    ledger: Ledger, session: String, news: AsyncStream<RunNews>.Continuation,
    redaction: Redaction
  ) {
    self.ledger = ledger
    self.session = session
    self.news = news
    self.redaction = redaction
  }

  func append(_ event: RunEvent) async throws {
    if case .toolCalled = event {
      held.append(event)
      return
    }
    try write(event)
  }

  /// Has `event` recorded together with the next one that is appended.
  func hold(_ event: RunEvent) { held.append(event) }

  private func write(_ event: RunEvent) throws {
    let events = (held + [event]).map(redaction.applied)
    held = []
    let time = UnixTime.now()
    let recorded = try ledger.append(
      events.map { RunRecord.entry($0, time: time) }, to: session)
    for (event, record) in zip(events, recorded) {
      news.yield(.event(event, sequence: record.sequence, time: record.time))
    }
  }
}
