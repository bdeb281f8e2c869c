// LedgerReport.swift — what a check of the ledger found.

/// The result of ``Ledger/verify(session:heads:)``.
public struct LedgerReport: Equatable, Sendable {
  /// Sessions, events and bodies that were looked at before the first problem.
  public var sessionCount: Int
  public var eventCount: Int
  /// Different contents; those that several events share count once.
  public var bodyCount: Int
  /// How many of them were erased. An erased body breaks nothing.
  public var erasedBodyCount: Int
  /// The first thing that is wrong; nil if nothing is.
  public var problem: LedgerProblem?

  public init(
    sessionCount: Int = 0, eventCount: Int = 0, bodyCount: Int = 0, erasedBodyCount: Int = 0,
    problem: LedgerProblem? = nil
  ) {
    self.sessionCount = sessionCount
    self.eventCount = eventCount
    self.bodyCount = bodyCount
    self.erasedBodyCount = erasedBodyCount
    self.problem = problem
  }

  public var isIntact: Bool { problem == nil }
}

/// The first thing that a check found wrong, in the order of sessions and their events.
public struct LedgerProblem: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    /// The event, or the session's record, does not match its hash.
    case altered
    case missing
    /// A body's content or salt does not match the digest that the event names.
    case bodyAltered(name: String)
    case bodyMissing(name: String)
    /// The file is damaged where the event, or its body, lies: SQLite does not give it out.
    case unreadable
    case bodyUnreadable(name: String)
    /// The session's record does not match the events that are there.
    case headAltered
    /// The event is not the one that a given ``LedgerHead`` pins.
    case pinBroken
    /// An event whose session is not in the ledger; `session` is nil.
    case eventUnclaimed
    /// A body that no event names.
    case bodyUnclaimed
    /// SQLite's own check of the file; the text is SQLite's.
    case file(String)
  }

  public var kind: Kind
  /// The session's id; nil where the problem is in none.
  public var session: String?
  /// The event's place in the session; nil where the session's own record is meant.
  public var sequence: Int?

  public init(kind: Kind, session: String?, sequence: Int?) {
    self.kind = kind
    self.session = session
    self.sequence = sequence
  }
}

extension LedgerProblem: CustomStringConvertible {
  public var description: String {
    switch kind {
    case .altered: "\(place) was altered: it does not match its hash."
    case .missing: "\(place) is missing."
    case .bodyAltered(let name): "\(place): its body \"\(name)\" was altered."
    case .bodyMissing(let name): "\(place): its body \"\(name)\" is missing."
    case .unreadable: "\(place) cannot be read: the file is damaged there."
    case .bodyUnreadable(let name):
      "\(place): its body \"\(name)\" cannot be read: the file is damaged there."
    case .headAltered: "\(place) was altered: it does not match the session's last event."
    case .pinBroken: "\(place) is not the one that was pinned."
    case .eventUnclaimed: "The ledger holds an event of a session that it does not know."
    case .bodyUnclaimed: "The ledger holds a body that no event names."
    case .file(let words): "The file is damaged: \(words)."
    }
  }

  private var place: String {
    guard let session else { return "A session's record" }
    guard let sequence else { return "The record of session \"\(session)\"" }
    return "Event \(sequence) of session \"\(session)\""
  }
}
