// RunStage.swift — what every run needs around it: the model, the ledger, a person, signals, a printer.

import Glibc
import Inference
import Planner
import Policy
import Runtime
import Store

/// Loads what runs need, and shows them.
struct RunStage: Sendable {
  var request: RunRequest
  let places: Places
  let model: RunModel
  let ledger: Ledger
  private let signals = SignalWatch()

  /// Loads the model and opens the ledger.
  init(_ request: RunRequest, _ places: Places) throws(CommandError) {
    self.request = request
    self.places = places
    model = try Self.load(request, places)
    ledger = try Stores.telling { () throws(StoreError) in try Ledger(path: places.ledgerPath) }
    introduce()
  }

  private static func load(
    _ request: RunRequest, _ places: Places
  ) throws(CommandError) -> RunModel {
    var isCostBounded = request.settings.budgets.costMillionthsMax != nil
    if case .server(let address) = request.settings.model {
      isCostBounded = try permit(address, request, places) || isCostBounded
    }
    if !request.isQuiet { Progress.update("loading \(request.settings.model.shownName)") }
    defer { if !request.isQuiet { Progress.endUpdates() } }
    let (isQuiet, isBounded) = (request.isQuiet, isCostBounded)
    let loaded = waiting { () async -> Result<RunModel, RunError> in
      do throws(RunError) {
        return .success(
          try await RunModel.load(
            request.settings.model, options: request.inference,
            contextTokensMax: request.contextTokensMax, isCostBounded: isBounded, places: places
          ) { progress in
            if !isQuiet { Progress.packing(progress) }
          })
      } catch {
        return .failure(error)
      }
    }
    do throws(RunError) {
      let model = try loaded.get()
      if !isQuiet { Progress.notePacking(model.packingProblem) }
      return model
    } catch {
      throw CommandError(error)
    }
  }

  /// Asks the policy, and a person where it says so, before anything is sent to a server.
  ///
  /// - Returns: Whether a budget of the policy counts what the server costs.
  private static func permit(
    _ address: ServerAddress, _ request: RunRequest, _ places: Places
  ) throws(CommandError) -> Bool {
    let engine: PolicyEngine
    let approver: (any Approver)?
    do {
      engine = try PolicyLoading.engine(
        chosen: request.settings.policy, places: places, workspace: request.settings.workspace)
      approver = try Self.approver(request)
    } catch let error as RunError {
      throw CommandError(error)
    } catch {
      throw .usage("\(error)")
    }
    let effects = UserEffects(policy: engine, approver: approver, places: places)
    try Permission.need("The model server \(address.base)") {
      () async throws(CancellationError) in try await effects.judgeServer(address)
    }
    return effects.countsDollars(of: address)
  }

  /// The first thing that a new user should know about the small model.
  private func introduce() {
    guard !request.isQuiet else { return }
    if model.choice == .checkpoint(name: ModelChoice.nano, path: nanoPath) {
      Progress.line(
        "martlet: this is nano, a small model for demonstration; the real one: martlet model pull gpt-oss-20b"
      )
    } else if model.choice.isScripted {
      Progress.line("martlet: the turns come from a script, not from a model")
    } else if let notice = model.serverNotice {
      Progress.line("martlet: \(notice.plain)")
    }
  }

  private var nanoPath: String {
    (places.resources?.modelsFolder ?? "") + "/" + ModelChoice.nano
  }

  /// A new session.
  func begin() async throws(RunError) -> AgentSession {
    try await AgentSession.begin(
      request.settings, model: model, places: places, ledger: ledger, approver: try approver(),
      version: CommandLineProgram.version)
  }

  /// Prints the prompt that a run of `task` would begin with.
  func printPrompt(_ task: String) throws(CommandError) -> ExitCode {
    do throws(RunError) {
      Output.line(
        try AgentSession.prompt(request.settings, task: task, model: model, places: places))
      return .success
    } catch {
      throw CommandError(error)
    }
  }

  /// A recorded one.
  func resume(_ recorded: RecordedRun) async throws(RunError) -> AgentSession {
    try await AgentSession.resume(
      recorded, model: model, places: places, ledger: ledger, approver: try approver(),
      version: CommandLineProgram.version)
  }

  private func approver() throws(RunError) -> (any Approver)? { try Self.approver(request) }

  private static func approver(_ request: RunRequest) throws(RunError) -> (any Approver)? {
    if let choice = request.approver {
      return try choice.approver(workspace: request.settings.workspace)
    }
    return request.isHeadless ? nil : TerminalApprover()
  }

  /// Runs `body` from the program's main thread.
  func perform(
    _ body: @escaping @Sendable (RunStage) async throws(RunError) -> Outcome
  ) throws(CommandError) -> ExitCode {
    let result = waiting { () async -> Result<Outcome, RunError> in
      do throws(RunError) { return .success(try await body(self)) } catch { return .failure(error) }
    }
    switch result {
    case .success(let outcome): return ExitCode(rawValue: outcome.exitCode)
    case .failure(let error): throw CommandError(error)
    }
  }

  /// Runs `work` in the session to its end, showing what happens, and closes the session.
  func show(
    _ session: AgentSession, _ work: @escaping @Sendable () async -> RunSummary
  ) async -> RunSummary {
    let summary = await follow(session, work)
    await session.close()
    tell(summary, session.id)
    return summary
  }

  /// Runs `work`, which is one task of the session, and shows what happens.
  func follow(
    _ session: AgentSession, _ work: @escaping @Sendable () async -> RunSummary
  ) async -> RunSummary {
    listen(session)
    defer { signals.tell(nil) }
    async let summary = work()
    var printer = RunPrinter(session: session.id, request: request)
    for await news in session.news {
      printer.show(news)
      if case .progress(.ended) = news { break }
    }
    let end = await summary
    printer.showAnswer(end.answer)
    return end
  }

  /// Lets signals break off what the session has under way.
  func listen(_ session: AgentSession) {
    signals.tell { interruption in Task { await session.interrupt(interruption) } }
  }

  /// Why there is no plain answer, and what to do next.
  func tell(_ summary: RunSummary, _ session: String, isChat: Bool = false) {
    guard let sentence = summary.outcome.sentence else { return }
    Progress.line("martlet: \(sentence.plain)")
    if !isChat, summary.outcome.isResumable {
      Progress.line("martlet: go on with: martlet run --resume \(session)")
    }
  }
}
