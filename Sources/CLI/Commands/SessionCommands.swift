// SessionCommands.swift — recorded runs: which there are, what happened in one, whether the record holds.

import Base
import Planner
import Runtime
import Store

extension Command {
  static let sessionList = Command(
    name: "session list",
    summary: "The recorded runs, the newest first.",
    synopsis: "[--limit N] [--json]",
    options: [
      Option(name: "--limit", value: "N", help: "at most so many; default: 20"),
      Option(name: "--json", help: "one JSON object a line"),
    ],
    examples: [
      Example(
        command: "./martlet session list --limit 3",
        meaning: "id, time, outcome, model, workspace and task of the last three")
    ]
  ) { arguments in
    let limit = try arguments.integer("--limit", in: 1...1_000_000) ?? 20
    guard let ledger = try Stores.recordedLedger() else {
      Progress.line("No runs yet.")
      return .success
    }
    let sessions = try Stores.telling { () throws(StoreError) in try ledger.sessions(limit: limit) }
    if sessions.isEmpty { Progress.line("No runs yet.") }
    for session in sessions {
      let facts = try Stores.telling { () throws(StoreError) in
        try SessionFacts(session, in: ledger)
      }
      if arguments.has("--json") {
        Output.jsonLine(facts.json)
      } else {
        for line in facts.lines { Output.line(line) }
      }
    }
    return .success
  }

  static let sessionShow = Command(
    name: "session show",
    summary: "What happened in a run, or what it changed.",
    synopsis: "ID [--thinking] [--json | --diff | --undo]",
    details: """
      ID is a session's id, the beginning of it, or "last".

      --diff prints what the run's patches changed, net, and --undo what takes it back; both are patches
      for "git apply" and "patch -p1" in the workspace. Changes that commands made are not in them. Where
      a patch cannot say all (contents that are no text, or were erased), stderr names it and the exit
      code is 7.
      """,
    options: [
      Option(name: "--thinking", help: "with the model's chain of thought"),
      Option(name: "--json", help: "every event whole, one JSON object a line"),
      Option(name: "--diff", help: "what apply_patch changed"),
      Option(name: "--undo", help: "the patch that takes it back"),
    ],
    positionalCount: 1...1,
    examples: [
      Example(command: "./martlet session show last", meaning: "the timeline of the latest run"),
      Example(
        command: "./martlet session show last --undo | git apply",
        meaning: "takes back what the latest run patched"),
    ]
  ) { arguments in
    let forms = ["--json", "--diff", "--undo"].filter(arguments.has)
    guard forms.count < 2 else {
      throw CommandError.usage("Give one of --json, --diff and --undo.")
    }
    guard let ledger = try Stores.recordedLedger() else { throw noRunsYet }
    let session = try ledger.chosenSession(arguments.positional[0])
    let events = try Stores.reading { try RunRecord.events(of: session.id, in: ledger) }
    switch forms.first {
    case "--json":
      for event in events { Output.jsonLine(event.json) }
    case "--diff", "--undo":
      return showPatch(SessionChanges(events), isReversed: arguments.has("--undo"))
    default:
      let timeline = SessionTimeline(showsThinking: arguments.has("--thinking"))
      for line in timeline.heading(session) { Output.line(line) }
      for event in events {
        for line in timeline.lines(event) { Output.line(line) }
      }
    }
    return .success
  }

  static let sessionVerify = Command(
    name: "session verify",
    summary: "Check that nothing in the record was changed, left out or put in.",
    synopsis: "[ID] [--json]",
    details: """
      Each event is chained to the one before by SHA-256, and names its contents by digest. Without ID the
      whole ledger is checked. Contents that were erased are counted, and break nothing.

      The exit code is 1 where something does not hold; stderr names the first bad event.
      """,
    options: [Option(name: "--json", help: "the report as one JSON object")],
    positionalCount: 0...1,
    examples: [
      Example(command: "./martlet session verify", meaning: "checks every recorded run"),
      Example(command: "./martlet session verify last", meaning: "checks the latest"),
    ]
  ) { arguments in
    let word = arguments.positional.first
    guard let ledger = try damageTelling(Stores.recordedLedger) else {
      if word != nil { throw noRunsYet }
      if arguments.has("--json") { Output.jsonLine(LedgerReport().json) }
      Progress.line("No runs yet.")
      return .success
    }
    let session = try word.map { word throws(CommandError) in try ledger.chosenSession(word).id }
    let report = try damageTelling { () throws(CommandError) in
      try Stores.telling { () throws(StoreError) in try ledger.verify(session: session) }
    }
    if arguments.has("--json") { Output.jsonLine(report.json) }
    if let problem = report.problem {
      throw CommandError(exitCode: .internalError, sentence: problem.description.plain)
    }
    if !arguments.has("--json") { Output.line(report.sentence) }
    return .success
  }

  private static func showPatch(_ changes: SessionChanges, isReversed: Bool) -> ExitCode {
    let patch = changes.patch(isReversed: isReversed)
    Output.write(patch.text)
    for sentence in patch.gaps + patch.notes { Progress.line("martlet: \(sentence)") }
    return patch.gaps.isEmpty ? .success : .toolFailure
  }

  /// To a check, a ledger that is no ledger any more is a damaged one.
  private static func damageTelling<Value>(
    _ body: () throws(CommandError) -> Value
  ) throws(CommandError) -> Value {
    do throws(CommandError) { return try body() } catch {
      throw CommandError(exitCode: .internalError, sentence: error.sentence)
    }
  }
}

extension RecordedEvent {
  /// The event's own members behind its place and time; without a content its lasting part.
  fileprivate var json: JSONValue {
    var object: JSONObject = [
      "sequence": .number(.integer(Int64(sequence))), "time": .string(time.isoText),
    ]
    var members = event?.json.objectValue ?? ["event": .string(kind)]
    if event == nil {
      for (key, value) in header.objectValue ?? [:] { members[key] = value }
      members["erased"] = true
    }
    for (key, value) in members where object[key] == nil { object[key] = value }
    return .object(object)
  }
}

extension LedgerReport {
  fileprivate var sentence: String {
    func counted(_ count: Int, _ noun: String) -> String {
      "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
    let erased = erasedBodyCount > 0 ? " (\(erasedBodyCount) erased)" : ""
    return """
      All holds: \(counted(sessionCount, "session")), \(counted(eventCount, "event")), \
      \(counted(bodyCount, "content"))\(erased).
      """
  }

  fileprivate var json: JSONValue {
    func number(_ value: Int) -> JSONValue { .number(.integer(Int64(value))) }
    var object: JSONObject = [
      "intact": .bool(isIntact), "sessions": number(sessionCount), "events": number(eventCount),
      "contents": number(bodyCount), "erased": number(erasedBodyCount),
    ]
    if let problem {
      var place: JSONObject = ["sentence": .string(problem.description)]
      place["session"] = problem.session.map(JSONValue.string)
      place["sequence"] = problem.sequence.map(number)
      object["problem"] = .object(place)
    }
    return .object(object)
  }
}
