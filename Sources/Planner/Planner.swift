// Planner.swift — the driver: asks the state what to do, does it through the ports, reports back.

import Base

/// One run, from its first task to the last of a chat. Every event is in the journal before
/// anything is done about it, so the run can be taken up again wherever it ends.
public actor Planner {
  /// Judges an answer; returns nil, or a sentence that tells the model what is wrong with it.
  public typealias AnswerCheck = @Sendable (String) async -> String?

  /// What has happened so far.
  public private(set) var state: PlannerState

  private let engine: any TextEngine
  private let tools: any ToolRunner
  private let journal: any Journal
  private let escalator: (any Escalator)?
  private let check: AnswerCheck
  private let now: @Sendable () -> Duration
  private var interruption: Interruption?
  private var isOutOfTime = false
  private var isRunning = false
  private var cancelWork: (@Sendable () -> Void)?
  /// What `now` said when the present stretch of work began, and the run's clock at that moment.
  private var stretchStart = Duration.zero
  private var elapsedBefore = 0

  /// A run, new or recorded.
  ///
  /// - Parameters:
  ///   - events: What has been recorded of the run; none for a new one.
  ///   - engine: Says what the model says.
  ///   - tools: Judges and runs calls.
  ///   - journal: Keeps every event before it counts.
  ///   - escalator: Asks a model elsewhere, on the settings' conditions.
  ///   - now: A clock that never goes back. Only differences count.
  ///   - check: Judges each answer before it is delivered.
  public init(
    replaying events: [PlannerEvent] = [], engine: any TextEngine, tools: any ToolRunner,
    journal: any Journal, escalator: (any Escalator)? = nil,
    now: @escaping @Sendable () -> Duration = Planner.steadyNow,
    check: @escaping AnswerCheck = { _ in nil }
  ) {
    state = PlannerState(replaying: events)
    self.engine = engine
    self.tools = tools
    self.journal = journal
    self.escalator = escalator
    self.now = now
    self.check = check
  }

  /// Time since some fixed moment in this process.
  public static let steadyNow: @Sendable () -> Duration = {
    let start = ContinuousClock.now
    return { ContinuousClock.now - start }
  }()

  /// Starts a new run and does its first task.
  public func start(_ settings: PlannerSettings, task: String) async -> RunSummary {
    await work([.started(settings), .taskGiven(task)])
  }

  /// Does another task in the same conversation.
  public func run(_ task: String) async -> RunSummary { await work([.taskGiven(task)]) }

  /// Takes a run up where it ended.
  public func resume(_ budgets: Budgets) async -> RunSummary { await work([.resumed(budgets)]) }

  /// Ends the run as soon as what is under way has been broken off. It can be resumed. Without a
  /// run under way nothing happens.
  public func interrupt(_ interruption: Interruption) {
    guard isRunning, self.interruption == nil else { return }
    self.interruption = interruption
    cancelWork?()
  }

  // MARK: - The loop

  private func work(_ kinds: [PlannerEvent.Kind]) async -> RunSummary {
    guard !isRunning else {
      return summary(.failedInternally("The run is at work on another task."), answer: nil)
    }
    isRunning = true
    defer { isRunning = false }
    interruption = nil
    stretchStart = now()
    elapsedBefore = state.elapsedMilliseconds
    do {
      return try await loop(kinds)
    } catch {
      // What cannot be recorded is not done, and neither can its end be.
      return summary(
        .failedInternally("The run could not be recorded: \(error)"), answer: nil)
    }
  }

  private func loop(_ kinds: [PlannerEvent.Kind]) async throws -> RunSummary {
    var queue = kinds[...]
    while let kind = queue.popFirst() {
      let action = try await take(kind)
      if case .wait = action, !queue.isEmpty { continue }
      if let next = interruptionEvent(before: action) {
        queue.append(next)
        continue
      }
      switch action {
      case .wait:
        return try await finish(.misconfigured("The run has no task to go on with."), answer: nil)
      case .generate(let request): queue.append(await generate(request))
      case .judge(let call):
        try await journal.append(.toolCalled(call))
        queue.append(await judge(call))
      case .run(let call): queue.append(await run(call))
      case .escalate(let escalation): queue.append(await escalate(escalation))
      case .compact(let compaction): queue.append(.compacted(compaction))
      case .finish(let answer, let outcome):
        guard let reason = await check(answer) else {
          return try await finish(outcome, answer: answer)
        }
        queue.append(.answerRejected(reason))
      case .stop(let outcome): return try await finish(outcome, answer: state.lastAnswer)
      }
    }
    return summary(.failedInternally("The loop ran out of events."), answer: nil)
  }

  /// Records an event, and only then lets it count.
  private func take(_ kind: PlannerEvent.Kind) async throws -> PlannerAction {
    let event = PlannerEvent(kind, elapsedMilliseconds: elapsed)
    try await journal.append(.planner(event))
    let action = state.handle(event)
    for remark in state.remarks { try await journal.append(.remarked(remark)) }
    return action
  }

  private func finish(_ outcome: Outcome, answer: String?) async throws -> RunSummary {
    let summary = summary(outcome, answer: answer)
    try await journal.append(.finished(summary))
    return summary
  }

  private func summary(_ outcome: Outcome, answer: String?) -> RunSummary {
    RunSummary(
      outcome: outcome, answer: answer, steps: state.usage.steps,
      generatedTokens: state.usage.generatedTokens, toolCalls: state.usage.toolCalls,
      elapsedMilliseconds: state.elapsedMilliseconds)
  }

  private var elapsed: Int {
    elapsedBefore + max(0, Int(clamping: (now() - stretchStart).wholeMilliseconds))
  }

  /// An interruption takes effect before the next thing is begun, not after it.
  private func interruptionEvent(before action: PlannerAction) -> PlannerEvent.Kind? {
    if Task.isCancelled, interruption == nil { interruption = .interrupted }
    guard let interruption else { return nil }
    switch action {
    case .generate, .judge, .run, .compact, .escalate: return .interrupted(interruption)
    case .wait, .finish, .stop: return nil
    }
  }

  // MARK: - The ports

  private func generate(_ request: GenerationRequest) async -> PlannerEvent.Kind {
    let engine = engine
    let result = await bounded { () async throws(EngineFailure) in
      try await engine.generate(request)
    }
    return switch result {
    case .success(let turn): .modelSaid(turn)
    case .failure(.cancelled): brokenOff
    case .failure(let failure): .generationFailed(failure)
    }
  }

  private func judge(_ call: ToolCall) async -> PlannerEvent.Kind {
    let tools = tools
    let result = await bounded { () async throws(CancellationError) in
      try await tools.judge(call)
    }
    return switch result {
    case .success(let decision): .callJudged(call: call.id, decision)
    case .failure: brokenOff
    }
  }

  private func run(_ call: ToolCall) async -> PlannerEvent.Kind {
    let tools = tools
    let result = await bounded { () async throws(CancellationError) in
      try await tools.run(call)
    }
    return switch result {
    case .success(let answer): .toolAnswered(call: call.id, answer)
    case .failure: brokenOff
    }
  }

  private func escalate(_ escalation: Escalation) async -> PlannerEvent.Kind {
    guard let escalator else {
      return .escalated(escalation.reason, .misconfigured("No cloud model is configured."))
    }
    let result = await bounded { () async throws(CancellationError) in
      try await escalator.escalate(escalation)
    }
    return switch result {
    case .success(let result): .escalated(escalation.reason, result)
    case .failure: brokenOff
    }
  }

  /// Why work was broken off. Without a reason of ours the caller's task was cancelled.
  private var brokenOff: PlannerEvent.Kind {
    if let interruption { return .interrupted(interruption) }
    return isOutOfTime ? .timeRanOut : .interrupted(.interrupted)
  }

  /// Longer than any run; a sleep of more might not fit the system's clock.
  private static let sleepMillisecondsMax = 366 * 86_400_000

  /// Does the work in a task of its own, which is cancelled when the wall time has run out, when
  /// the run is interrupted, or when the caller's task is cancelled. Work that is done all the same
  /// counts.
  private func bounded<Value: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () async throws(Failure) -> Value
  ) async -> Result<Value, Failure> {
    isOutOfTime = false
    let task = Task { () async -> Result<Value, Failure> in
      do throws(Failure) { return .success(try await work()) } catch { return .failure(error) }
    }
    let left = min(state.wallMillisecondsLeft, Self.sleepMillisecondsMax)
    let timer = Task {
      try await Task.sleep(for: .milliseconds(left))
      self.runOutOfTime(task.cancel)
    }
    cancelWork = { task.cancel() }
    defer {
      timer.cancel()
      cancelWork = nil
    }
    // It may have come while the last event was being written.
    if interruption != nil { task.cancel() }
    return await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
  }

  private func runOutOfTime(_ cancel: () -> Void) {
    isOutOfTime = true
    cancel()
  }
}

extension Duration {
  fileprivate var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
    return overflow ? .max : milliseconds + attoseconds / 1_000_000_000_000_000
  }
}
