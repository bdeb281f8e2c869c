// SessionFacts.swift — what a session is, on one line: its header, its first task, how it ended.

import Base
import Store

/// A session for lists.
struct SessionFacts {
  let session: LedgerSession
  /// The first task; nil where it was erased or is damaged, or not given yet.
  let task: String?
  /// How the last task ended; nil where it did not, or not yet.
  let outcome: String?
  let exitCode: Int?

  /// Reads the few events that are needed.
  init(_ session: LedgerSession, in ledger: Ledger) throws(StoreError) {
    self.session = session
    let events = try ledger.events(of: session.id)
    let first = events.first { $0.kind == "task.given" }
    task = first.flatMap { Self.task($0, in: ledger) }
    let last = events.last { ["run.finished", "task.given", "run.resumed"].contains($0.kind) }
    let end = last?.kind == "run.finished" ? last?.header : nil
    outcome = end?["outcome"]?.stringValue
    exitCode = end?["exit_code"]?.intValue
  }

  /// Nil also for what is damaged: saying so is for `session verify`, and one such session must not
  /// hide the others.
  private static func task(_ event: LedgerEvent, in ledger: Ledger) -> String? {
    guard let body = event.bodies.first,
      case .present(let bytes)? = try? ledger.content(of: body.digest),
      let json = try? JSONReader.value(bytes, source: "event \(event.sequence)")
    else { return nil }
    return json["task"]?.stringValue
  }

  /// What the session ran with, as far as its header says.
  static func header(_ session: LedgerSession) -> [(label: String, text: String)] {
    let header = session.header
    var facts: [(String, String)] = []
    if let workspace = header["workspace"]?.stringValue { facts.append(("workspace", workspace)) }
    if let model = header["model"]?.stringValue {
      let isScripted = header["scripted"]?.boolValue == true
      facts.append(("model", model + (isScripted ? " (scripted)" : "")))
    }
    let policies = (header["policy"]?.arrayValue ?? []).compactMap { policy in
      policy["id"]?.stringValue.map { "\($0) \(policy["revision"]?.intValue ?? 0)" }
    }
    if !policies.isEmpty { facts.append(("policy", policies.joined(separator: ", "))) }
    if let version = header["version"]?.stringValue { facts.append(("martlet", version)) }
    return facts
  }

  /// For people: id, time, model, outcome on one line, workspace and task below it.
  var lines: [String] {
    let header = Dictionary(uniqueKeysWithValues: Self.header(session).map { ($0.label, $0.text) })
    var parts = [session.id, session.time.shortText, outcome ?? "unfinished"]
    if let model = header["model"] { parts.append(model) }
    if let workspace = header["workspace"] { parts.append(workspace) }
    return [parts.joined(separator: "  ").plain]
      + [task.map { "    " + $0.oneLine(lengthMax: 92) } ?? "    (no task)"]
  }

  var json: JSONValue {
    var object: JSONObject = [
      "id": .string(session.id), "time": .string(session.time.isoText),
      "events": .number(.integer(Int64(session.eventCount))),
    ]
    object["outcome"] = .string(outcome ?? "unfinished")
    object["exit_code"] = exitCode.map { .number(.integer(Int64($0))) }
    object["task"] = task.map(JSONValue.string)
    if case .object(let header) = session.header {
      for (key, value) in header where object[key] == nil { object[key] = value }
    }
    return .object(object)
  }
}
