// SessionCommands.swift — recorded runs: which there are, what happened in one, whether the record holds.

import Base
import Glibc
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
    synopsis: "[ID] [--heads FILE] [--key KEY] [--json]",
    details: """
      Each event is chained to the one before by SHA-256, and names its contents by digest. Without ID the
      whole ledger is checked. Contents that were erased are counted, and break nothing.

      A chain cannot show that the whole file was written anew, or that its end was cut. Heads that were
      published elsewhere can (Docs/SECRETS.md): the chain must still lead through each of them. Without
      --heads those of "heads" in ledger.json are checked, and signatures where a key is known.

      The exit code is 1 where something does not hold; stderr names the first bad event.
      """,
    options: [
      Option(name: "--heads", value: "FILE", help: "heads that were published, one a line"),
      Option(
        name: "--key", value: "KEY",
        help: "who has to have signed them: ed25519:HEX, or a public key in PEM"),
      Option(name: "--json", help: "the report as one JSON object"),
    ],
    positionalCount: 0...1,
    examples: [
      Example(command: "./martlet session verify", meaning: "checks every recorded run"),
      Example(command: "./martlet session verify last", meaning: "checks the latest"),
    ]
  ) { arguments in
    let published = try publishedHeads(arguments)
    let word = arguments.positional.first
    guard let ledger = try damageTelling(Stores.recordedLedger) else {
      if word != nil { throw noRunsYet }
      if let head = published?.heads.first {
        throw CommandError(
          exitCode: .internalError,
          sentence: "There is no ledger, and a head of session \"\(head.session)\" was published."
            .plain)
      }
      if arguments.has("--json") { Output.jsonLine(LedgerReport().json(heads: nil)) }
      Progress.line("No runs yet.")
      return .success
    }
    let session = try word.map { word throws(CommandError) in try ledger.chosenSession(word).id }
    let report = try damageTelling { () throws(CommandError) in
      try Stores.telling { () throws(StoreError) in
        try ledger.verify(session: session, heads: published?.heads ?? [])
      }
    }
    if arguments.has("--json") { Output.jsonLine(report.json(heads: published)) }
    if let problem = report.problem?.description ?? published?.problem {
      throw CommandError(exitCode: .internalError, sentence: problem.plain)
    }
    if !arguments.has("--json") { Output.line(report.sentence(heads: published)) }
    return .success
  }

  /// The heads to hold the ledger to; nil where none were published.
  private static func publishedHeads(
    _ arguments: Arguments
  ) throws(CommandError) -> PublishedHeads? {
    let settings: LedgerSettings
    do throws(RunError) { settings = try LedgerSettings(.ofThisProcess()) } catch {
      throw .usage(error.description)
    }
    var keys = settings.publicKeys
    if let word = arguments["--key"] {
      guard let key = LedgerSettings.readPublicKey(word) else {
        throw .usage(
          "--key \(word): no public Ed25519 key. Give ed25519:HEX, or a file of openssl pkey -pubout."
        )
      }
      keys = [key]
    }
    var path = arguments["--heads"]
    if path == nil, case .file(let configured)? = settings.sink, access(configured, F_OK) == 0 {
      path = configured
    }
    guard let path else { return nil }
    do throws(FileReadError) { return try PublishedHeads(path: path, keys: keys) } catch {
      throw .usage("The heads in \(path) cannot be read: \(error.reason).".plain)
    }
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
  fileprivate func sentence(heads: PublishedHeads?) -> String {
    func counted(_ count: Int, _ noun: String) -> String {
      "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
    let erased = erasedBodyCount > 0 ? " (\(erasedBodyCount) erased)" : ""
    var published = ""
    if let heads {
      let signed = heads.signedCount > 0 ? " (signed)" : ""
      published = ", \(counted(heads.heads.count, "published head"))\(signed)"
    }
    return """
      All holds: \(counted(sessionCount, "session")), \(counted(eventCount, "event")), \
      \(counted(bodyCount, "content"))\(erased)\(published).
      """
  }

  fileprivate func json(heads: PublishedHeads?) -> JSONValue {
    func number(_ value: Int) -> JSONValue { .number(.integer(Int64(value))) }
    var object: JSONObject = [
      "intact": .bool(isIntact && heads?.problem == nil), "sessions": number(sessionCount),
      "events": number(eventCount),
      "contents": number(bodyCount), "erased": number(erasedBodyCount),
    ]
    if let heads {
      object["heads"] = number(heads.heads.count)
      object["signedHeads"] = number(heads.signedCount)
      if problem == nil { object["problem"] = heads.problem.map { ["sentence": .string($0)] } }
    }
    if let problem {
      var place: JSONObject = ["sentence": .string(problem.description)]
      place["session"] = problem.session.map(JSONValue.string)
      place["sequence"] = problem.sequence.map(number)
      object["problem"] = .object(place)
    }
    return .object(object)
  }
}
