// RunRecord.swift — runs as the ledger keeps them: which part of an event lies under the chain for
// good, and which in a body that can be erased.

public import Base
import Glibc
public import Planner
public import Store

/// One recorded event of a run.
public struct RecordedEvent: Equatable, Sendable {
  /// From 1, without gaps.
  public var sequence: Int
  public var time: UnixTime
  /// The event's name, also where its content was erased.
  public var kind: String
  /// Numbers and names that stay for good.
  public var header: JSONValue
  /// Nil where the content was erased.
  public var event: RunEvent?
}

/// Writes and reads the events of runs.
public enum RunRecord {
  /// The body that holds the event as one JSON object, as ``RunEvent/json`` gives it.
  static let bodyName = "event"

  /// The event as an entry for the ledger. What anyone said goes into the body; the header holds
  /// counts and fixed words only.
  public static func entry(_ event: RunEvent, time: UnixTime) -> LedgerEntry {
    LedgerEntry(
      kind: event.name, time: time, header: .object(event.publicPart),
      bodies: [LedgerBody(name: bodyName, content: Array(event.json.compactText.utf8))])
  }

  /// The events of a session in their order.
  ///
  /// - Throws: `StoreError` for what the ledger cannot give; `JSONError` or `PlannerError` for a
  ///   body that is no event.
  public static func events(of session: String, in ledger: Ledger) throws -> [RecordedEvent] {
    try ledger.events(of: session).map { stored in
      RecordedEvent(
        sequence: stored.sequence, time: stored.time, kind: stored.kind, header: stored.header,
        event: try event(stored, in: ledger))
    }
  }

  private static func event(_ stored: LedgerEvent, in ledger: Ledger) throws -> RunEvent? {
    guard let body = stored.bodies.first(where: { $0.name == bodyName }),
      case .present(let bytes) = try ledger.content(of: body.digest)
    else { return nil }
    let json = try JSONReader.value(
      bytes, source: "event \(stored.sequence) of session \"\(stored.session)\"")
    return try RunEvent(json: json)
  }
}

extension UnixTime {
  /// By the machine's clock.
  public static func now() -> UnixTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UnixTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }
}

extension RunEvent {
  /// Counts and fixed words, which may stay in the ledger for ever.
  fileprivate var publicPart: JSONObject {
    var part: JSONObject = [:]
    guard case .object(let all) = json else { return part }
    for key in Self.publicMembers { part[key] = all[key] }
    return part
  }

  /// Members whose values are numbers or words of ours, never text of a person, a model or a tool.
  private static let publicMembers = [
    "elapsed_ms", "call", "status", "verdict", "rule", "ending", "prompt_tokens",
    "generated_tokens", "outcome", "exit_code", "remark", "steps", "tool_calls", "sha256",
    "sent_bytes", "received_bytes", "payload_sha256", "payload_bytes", "asked_because", "attempts",
    "cost_millionths", "reserved_millionths", "spent_millionths", "tier",
  ]
}
