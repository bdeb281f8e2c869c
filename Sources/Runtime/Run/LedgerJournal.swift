// LedgerJournal.swift — the planner's journal over the ledger; what was recorded is then told.

import Base
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
  private var redaction: Redaction
  private var heads: HeadPublisher?
  /// Recorded with the next event.
  private var held: [RunEvent] = []
  private var citations = Citations()

  /// - Parameters:
  ///   - ledger: Holds `session` already.
  ///   - session: The run's id.
  ///   - news: Gets each event once it is recorded, as it was recorded.
  ///   - redaction: What must not be recorded.
  ///   - heads: Where heads of the chain are published; nil for nowhere.
  init(
    ledger: Ledger, session: String, news: AsyncStream<RunNews>.Continuation,
    redaction: Redaction, heads: HeadPublisher?
  ) {
    self.ledger = ledger
    self.session = session
    self.news = news
    self.redaction = redaction
    self.heads = heads
  }

  func append(_ event: RunEvent) async throws {
    if case .toolCalled = event {
      held.append(event)
      return
    }
    try write(event)
  }

  /// Has `value` kept out of every event from now on.
  func keepOut(_ value: String, name: String) { redaction.learn(value, name: name) }

  /// Has `event` recorded together with the next one that is appended.
  func hold(_ event: RunEvent) { held.append(event) }

  /// Takes up which pages a recorded run was shown, so that what it cites is known.
  func recall(_ events: [PlannerEvent], calls: [Int: ToolCall]) {
    citations.note(events, calls: calls)
  }

  private func write(_ event: RunEvent) throws {
    if case .finished(let summary) = event, let answer = summary.answer,
      let cited = citations.event(for: answer)
    {
      held.append(cited)
    }
    let all = held + [event]
    for event in all { citations.note(event) }
    var events: [RunEvent] = []
    for event in all { events.append(try redaction.applied(to: event)) }
    held = []
    let time = UnixTime.now()
    let recorded = try ledger.append(
      events.map { RunRecord.entry($0, time: time) }, to: session)
    for (event, record) in zip(events, recorded) {
      news.yield(.event(event, sequence: record.sequence, time: record.time))
    }
    guard let last = recorded.last else { return }
    var isEnd = false
    if case .finished = event { isEnd = true }
    try heads?.note(
      LedgerHead(session: session, eventCount: last.sequence, hash: last.hash), isEnd: isEnd)
  }
}
