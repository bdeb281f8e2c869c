// PlannerState.swift — the loop as a value: one event in, one action out. No clock, no waiting.
//
//   task ─▶ generate ─▶ reading of the turn
//             ▲            ├─ calls ─▶ judge ─▶ run ─▶ result, next call, or generate
//             │            │             └ refused ─▶ the reason is the result
//             │            ├─ an answer ─▶ finish ─▶ rejected: one corrective turn
//             │            ├─ empty ─▶ generate inside a final message, once
//             └─ compact ──┴─ cut off by the context
//
//   what would be a stop may first be escalated, once: a model elsewhere is asked for the answer
//
// Every way on passes the budgets; every budget ends in `stop`, so a run ends whatever the model
// says. A stop keeps the place at which the run goes on when it is resumed.

import Base

/// Everything that a run has come to, as a value.
public struct PlannerState: Equatable, Sendable {
  /// What has been used up since the task was given, or since the run was resumed.
  public struct Usage: Equatable, Sendable {
    public var steps = 0
    public var generatedTokens = 0
    public var toolCalls = 0
    /// Where the run's clock stood when counting began.
    var startedAt = 0
  }

  /// A call on its way: what is run, and how its result goes into the history.
  struct OpenCall: Equatable, Sendable {
    var call: ToolCall
    var author: String
    var channel: ModelMessage.Channel?
    /// What the model is told along with the result.
    var notes: [String] = []
  }

  /// A call as the model wrote it, not looked at yet.
  struct RawCall: Equatable, Sendable {
    var message: ModelMessage
    /// Index of the turn in the history, and of the message in the turn.
    var turnIndex: Int
    var messageIndex: Int
  }

  /// What is being waited for.
  indirect enum Phase: Equatable, Sendable {
    case new
    case idle
    case generating(beginsInFinal: Bool)
    case judging(OpenCall)
    case running(OpenCall)
    case compacting(Compaction, beginsInFinal: Bool)
    /// A model elsewhere is asked; `instead` is how the run ends without its answer, nil where it then
    /// goes on.
    case escalating(EscalationReason, instead: Outcome?)
    case finished(answer: String, Outcome)
    /// Ended; `at` is never itself stopped.
    case stopped(Outcome, at: Phase)
  }

  /// Calls in a row that could not be made out, before the run is given up.
  public static let mistakenCallsMax = 5
  /// Results in a row of the kind "the tool never answered", before the run is given up.
  public static let brokenCallsMax = 3
  /// The part of the context that is kept free for the next turn: one in so many.
  static let contextReserveDivisor = 8

  public private(set) var settings = PlannerSettings()
  public internal(set) var usage = Usage()
  /// Time at work since the run began.
  public private(set) var elapsedMilliseconds = 0
  /// The last answer to the task, also one that was rejected.
  public private(set) var lastAnswer: String?
  /// What the last event made the planner notice.
  public internal(set) var remarks: [PlannerRemark] = []

  var history = History()
  var phase = Phase.new
  var names = ToolNames([])
  var queue: [RawCall] = []
  /// Every call that the model ever attempted, so that numbers are unique within the run.
  var callCount = 0
  var lastCall: ToolCall?
  var identicalCallCount = 0
  var mistakenCallCount = 0
  var brokenCallCount = 0
  var wasContinued = false
  var wasCorrected = false
  /// Whether a model elsewhere was asked about this task already.
  var wasEscalated = false
  /// What happened since the task was given that the outcome has to tell.
  var flaws: [Outcome] = []

  /// A run that has not started.
  public init() {}

  /// The state that the events lead to.
  public init(replaying events: some Sequence<PlannerEvent>) {
    for event in events { _ = handle(event) }
  }

  /// Wall time that is left; what is under way has to be broken off when it is used up.
  public var wallMillisecondsLeft: Int {
    max(0, settings.budgets.wallMillisecondsMax - (elapsedMilliseconds - usage.startedAt))
  }

  /// Takes what happened; returns what to do.
  public mutating func handle(_ event: PlannerEvent) -> PlannerAction {
    remarks = []
    elapsedMilliseconds = max(elapsedMilliseconds, event.elapsedMilliseconds)
    switch (event.kind, phase) {
    case (.started(let settings), .new): return start(settings)
    case (.taskGiven(let text), .idle), (.taskGiven(let text), .finished):
      return begin(text)
    case (.taskGiven(let text), .stopped(_, let place)):
      abandon(place)
      return begin(text)
    case (.modelSaid(let turn), .generating(let beginsInFinal)):
      return read(turn, beginsInFinal: beginsInFinal)
    case (.generationFailed(let failure), .generating(let beginsInFinal)):
      return fail(failure, beginsInFinal: beginsInFinal)
    case (.callJudged(let number, let decision), .judging(let open)) where number == open.call.id:
      return judged(open, decision)
    case (.toolAnswered(let number, let answer), .running(let open)) where number == open.call.id:
      return answered(open, answer)
    case (.compacted(let compaction), .compacting(_, let beginsInFinal)):
      history.apply(compaction)
      return generate(beginsInFinal: beginsInFinal)
    case (.escalated(_, let result), .escalating(_, let instead)):
      return escalated(result, instead: instead)
    case (.answerRejected(let reason), .finished): return correct(reason)
    case (.interrupted(let interruption), _):
      return stop(interruption == .interrupted ? .interrupted : .terminated)
    case (.timeRanOut, .generating), (.timeRanOut, .judging), (.timeRanOut, .running),
      (.timeRanOut, .escalating):
      return stop(.budgetExhausted(.wallTime))
    case (.resumed(let budgets), _): return resume(budgets)
    default: return stop(.failedInternally("An event came that nothing was waiting for."))
    }
  }

  // MARK: - Beginnings and ends

  private mutating func start(_ settings: PlannerSettings) -> PlannerAction {
    self.settings = settings
    names = ToolNames(settings.tools)
    phase = .idle
    return .wait
  }

  private mutating func begin(_ task: String) -> PlannerAction {
    resetCounts()
    wasContinued = false
    wasCorrected = false
    wasEscalated = false
    flaws = []
    lastCall = nil
    lastAnswer = nil
    history.append(.task(task))
    if settings.escalations.contains(.taskMarked) { return escalate(.taskMarked, instead: nil) }
    return generate(beginsInFinal: false)
  }

  private mutating func resetCounts() {
    usage = Usage(startedAt: elapsedMilliseconds)
    identicalCallCount = 0
    mistakenCallCount = 0
    brokenCallCount = 0
  }

  mutating func stop(_ outcome: Outcome) -> PlannerAction {
    if let reason = escalationReason(outcome) { return escalate(reason, instead: outcome) }
    let place: Phase = if case .stopped(_, let place) = phase { place } else { phase }
    let first = Outcome.first(of: flaws + [outcome])
    phase = .stopped(first, at: place)
    return .stop(first)
  }

  private mutating func resume(_ budgets: Budgets) -> PlannerAction {
    settings.budgets = budgets
    resetCounts()
    wasContinued = false
    wasEscalated = false
    let place: Phase = if case .stopped(_, let place) = phase { place } else { phase }
    switch place {
    case .new, .stopped: return stop(.failedInternally("There is no run to resume."))
    case .idle:
      phase = .idle
      return .wait
    case .generating(let beginsInFinal), .compacting(_, let beginsInFinal):
      return queue.isEmpty ? generate(beginsInFinal: beginsInFinal) : goOn()
    case .escalating(let reason, let instead): return escalate(reason, instead: instead)
    case .judging(let open): return propose(open)
    case .running(let open):
      answerUnknown(open)
      return goOn()
    case .finished(let answer, let outcome):
      phase = place
      return .finish(answer: answer, outcome)
    }
  }

  /// Answers what the model was still waiting for when the user went on to something else.
  private mutating func abandon(_ place: Phase) {
    switch place {
    case .judging(let open):
      record(open, "The call was not made: the user went on to something else.")
    case .running(let open): answerUnknown(open)
    case .new, .idle, .generating, .compacting, .escalating, .finished, .stopped: break
    }
    dropQueue("The call was not made: the user went on to something else.")
  }

  /// Answers calls of the turn that nobody will look at.
  private mutating func dropQueue(_ text: String) {
    for raw in queue {
      callCount += 1
      let call = ToolCall(id: callCount, tool: raw.message.recipient ?? "", body: raw.message.text)
      record(
        OpenCall(call: call, author: shownName(raw), channel: raw.message.channel), text)
    }
    queue = []
  }

  // MARK: - Asking elsewhere

  /// Why a stop with `outcome` is put off for an answer from elsewhere; nil where it is not.
  private func escalationReason(_ outcome: Outcome) -> EscalationReason? {
    guard !wasEscalated else { return nil }
    let reason: EscalationReason? =
      switch outcome {
      case .modelFailed: .modelFailed
      case .budgetExhausted(.steps): .stepsSpent
      default: nil
      }
    return reason.flatMap { settings.escalations.contains($0) ? $0 : nil }
  }

  private mutating func escalate(
    _ reason: EscalationReason, instead: Outcome?
  ) -> PlannerAction {
    wasEscalated = true
    phase = .escalating(reason, instead: instead)
    return .escalate(Escalation(reason: reason, history: history.items))
  }

  private mutating func escalated(
    _ result: EscalationResult, instead: Outcome?
  ) -> PlannerAction {
    switch result {
    case .answered(let text, _):
      dropQueue("The call was not made: the task was answered elsewhere.")
      let message = ModelMessage(channel: .final, text: text)
      history.append(
        .turn(HistoryTurn(turn: ModelTurn(messages: [message], ending: .returned))))
      return finish(text)
    case .refused(let reason):
      if !settings.toleratesRefusals { flaws.append(.denied(reason)) }
    // Where the user wanted this and nothing else, the run waits for what it lacks.
    case .approvalNeeded(let reason): return goOn(.approvalNeeded(reason), instead)
    case .costSpent: return goOn(.budgetExhausted(.cost), instead)
    case .failed(let reason): return goOn(.networkFailed(reason), instead)
    case .misconfigured(let reason): return goOn(.misconfigured(reason), instead)
    }
    phase = .generating(beginsInFinal: false)
    guard let instead else { return generate(beginsInFinal: false) }
    return stop(instead)
  }

  /// Ends with the worse of the two; without `instead` the place stays, to be taken up again.
  private mutating func goOn(_ flaw: Outcome, _ instead: Outcome?) -> PlannerAction {
    guard let instead else { return stop(flaw) }
    flaws.append(flaw)
    phase = .generating(beginsInFinal: false)
    return stop(instead)
  }

  // MARK: - Generating

  /// The next generation, or what has to come before it.
  mutating func generate(beginsInFinal: Bool) -> PlannerAction {
    phase = .generating(beginsInFinal: beginsInFinal)
    let budgets = settings.budgets
    if usage.steps >= budgets.stepsMax { return stop(.budgetExhausted(.steps)) }
    let tokensLeft = budgets.generatedTokensMax - usage.generatedTokens
    if tokensLeft <= 0 { return stop(.budgetExhausted(.generatedTokens)) }
    if wallMillisecondsLeft == 0 { return stop(.budgetExhausted(.wallTime)) }
    if let contextMax = settings.contextTokensMax {
      let roomy = contextMax - contextMax / Self.contextReserveDivisor
      // Down to three quarters of that, so that the next result does not bring it up again.
      if history.tokensEstimated > roomy,
        let compaction = history.compaction(toTokens: roomy / 4 * 3, isFull: false)
      {
        return compact(compaction, beginsInFinal: beginsInFinal)
      }
    }
    return .generate(
      GenerationRequest(
        history: history.items, beginsInFinal: beginsInFinal, tokensMax: tokensLeft))
  }

  private mutating func compact(_ compaction: Compaction, beginsInFinal: Bool) -> PlannerAction {
    phase = .compacting(compaction, beginsInFinal: beginsInFinal)
    return .compact(compaction)
  }

  private mutating func fail(_ failure: EngineFailure, beginsInFinal: Bool) -> PlannerAction {
    switch failure {
    case .contextOverflow: return makeRoom(beginsInFinal: beginsInFinal)
    case .model(let reason): return stop(.modelFailed(reason))
    case .network(let reason): return stop(.networkFailed(reason))
    case .costSpent: return stop(.budgetExhausted(.cost))
    case .cancelled: return stop(.interrupted)
    }
  }

  private mutating func makeRoom(beginsInFinal: Bool) -> PlannerAction {
    guard let compaction = history.compaction(toTokens: 0, isFull: true) else {
      return stop(.budgetExhausted(.context))
    }
    return compact(compaction, beginsInFinal: beginsInFinal)
  }

  private mutating func read(_ turn: ModelTurn, beginsInFinal: Bool) -> PlannerAction {
    usage.steps += 1
    usage.generatedTokens += turn.generatedTokenCount
    let reading = TurnReading(turn, names: names)
    if reading == .truncated {
      // Half a turn stays out of the history: the model would take it for a whole one.
      let text = "The turn was cut off (\(turn.ending.rawValue)) and is not used."
      remarks.append(PlannerRemark(.turnTruncated, text))
      if turn.ending == .contextFull { return makeRoom(beginsInFinal: beginsInFinal) }
      return stop(.budgetExhausted(.generatedTokens))
    }
    history.append(.turn(HistoryTurn(turn: turn, beginsInFinal: beginsInFinal)))
    switch reading {
    case .calls(let indices): return take(indices, of: turn)
    case .answer(let text): return finish(text)
    case .unaddressedCall: return unaddressed()
    case .empty: return continueOnce()
    case .truncated: return stop(.failedInternally("A cut-off turn was read twice."))
    }
  }

  private mutating func finish(_ answer: String) -> PlannerAction {
    history.dropThinking()
    lastAnswer = answer
    let outcome = Outcome.first(of: flaws + [.answered])
    phase = .finished(answer: answer, outcome)
    return .finish(answer: answer, outcome)
  }

  private mutating func correct(_ reason: String) -> PlannerAction {
    guard !wasCorrected else { return stop(.answerMismatched(reason)) }
    wasCorrected = true
    history.append(.note("Your answer cannot be used: \(reason) Give the whole answer again."))
    return generate(beginsInFinal: false)
  }

  /// Analysis is never shown in place of an answer; the model gets one chance to put one after it.
  private mutating func continueOnce() -> PlannerAction {
    guard !wasContinued else {
      phase = .generating(beginsInFinal: false)
      return stop(.modelFailed("The model ended its turn without an answer, twice."))
    }
    wasContinued = true
    remarks.append(
      PlannerRemark(.turnContinued, "The turn ended without an answer; the model has to give one."))
    return generate(beginsInFinal: true)
  }
}
