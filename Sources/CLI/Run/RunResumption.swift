// RunResumption.swift — `martlet run --resume ID`.

import Planner
import Runtime
import Store

/// Takes up a recorded run.
struct RunResumption {
  private let stage: RunStage
  private let recorded: RecordedRun

  /// Reads the record first: it says which model to load.
  init(_ arguments: Arguments, _ places: Places) throws(CommandError) {
    for option in [
      "--model", "--workspace", "--effort", "--seed", "--temperature", "--output-schema",
    ]
    where arguments[option] != nil {
      throw .usage("\(option) cannot be changed in a run that is resumed. Leave it out.")
    }
    guard arguments.positional.isEmpty else {
      throw .usage("A resumed run has its task already. Leave \"\(arguments.positional[0])\" out.")
    }
    var recorded = try Self.record(arguments.required("--resume"))
    recorded.settings.budgets = try arguments.budgets(recorded.settings.budgets)
    if let policy = arguments["--policy"] { recorded.settings.policy = policy }
    self.recorded = recorded
    stage = try RunStage(RunRequest(arguments, recorded.settings), places)
  }

  /// Lets go of the ledger before the run opens it: a file of SQLite's is opened once in a process.
  private static func record(_ word: String) throws(CommandError) -> RecordedRun {
    guard let ledger = try Stores.recordedLedger() else { throw noRunsYet }
    let id = try ledger.chosenSession(word).id
    do throws(RunError) { return try RecordedRun(id, in: ledger) } catch {
      throw CommandError(error)
    }
  }

  /// Goes on, and after that with what is typed.
  func chat() throws(CommandError) -> ExitCode {
    let recorded = recorded
    return try stage.perform { (stage) async throws(RunError) in
      let session = try await stage.resume(recorded)
      let summary = await stage.follow(session) { await session.resume() }
      stage.tell(summary, session.id, isChat: true)
      return try await ChatLoop(stage).run(session)
    }
  }

  func perform() throws(CommandError) -> ExitCode {
    let recorded = recorded
    return try stage.perform { (stage) async throws(RunError) in
      let session = try await stage.resume(recorded)
      return await stage.show(session) { await session.resume() }.outcome
    }
  }
}
