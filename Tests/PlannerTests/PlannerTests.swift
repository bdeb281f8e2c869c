// PlannerTests.swift — the driver with scripted ports: what is recorded, when, and how it ends.

import Base
import Planner
import Synchronization
import Testing

/// Says what it was told to say; when there is nothing left it waits until it is cancelled.
private actor Scripted: TextEngine {
  private var turns: [ModelTurn]
  private(set) var requests: [GenerationRequest] = []

  init(_ turns: [ModelTurn]) { self.turns = turns }

  func generate(_ request: GenerationRequest) async throws(EngineFailure) -> ModelTurn {
    requests.append(request)
    guard !turns.isEmpty else {
      await sleepUntilCancelled()
      throw .cancelled
    }
    return turns.removeFirst()
  }
}

/// Refuses what says "forbidden", asks about what says "ask", hangs on what says "hang", and
/// answers everything else with its body.
private actor Tools: ToolRunner {
  private(set) var ran: [Int] = []

  func judge(_ call: ToolCall) async throws(CancellationError) -> CallDecision {
    switch call.body {
    case "forbidden": CallDecision(verdict: .refused, rule: "no", reason: "Not this.")
    case "ask": CallDecision(verdict: .approvalNeeded, rule: "ask", reason: "Nobody is here.")
    default: allowed
    }
  }

  func run(_ call: ToolCall) async throws(CancellationError) -> ToolAnswer {
    ran.append(call.id)
    if call.body == "hang" {
      await sleepUntilCancelled()
      throw CancellationError()
    }
    return succeeded("<\(call.body)>")
  }
}

private func sleepUntilCancelled() async {
  while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
}

/// Remembers what it is given, up to a point; may tell somebody of each event.
private final class Log: Journal {
  struct Full: Error {}

  private let kept = Mutex<[RunEvent]>([])
  private let capacity: Int
  private let watch: (@Sendable (RunEvent) async -> Void)?

  init(capacity: Int = .max, watch: (@Sendable (RunEvent) async -> Void)? = nil) {
    self.capacity = capacity
    self.watch = watch
  }

  var events: [RunEvent] { kept.withLock { $0 } }

  func append(_ event: RunEvent) async throws {
    try kept.withLock { kept in
      guard kept.count < capacity else { throw Full() }
      kept.append(event)
    }
    await watch?(event)
  }
}

/// Lets a journal reach the planner that writes to it.
private actor Holder {
  var planner: Planner?

  func hold(_ planner: Planner?) { self.planner = planner }
}

private let settings = PlannerSettings(tools: testTools)

@Suite struct `A planner's driver` {
  @Test func `records the whole run in order, each event before it counts`() async {
    let log = Log()
    let planner = Planner(
      engine: Scripted([call("python", "1+1"), call("python", "forbidden"), answer("Two.")]),
      tools: Tools(), journal: log, now: { .zero })
    let summary = await planner.start(settings, task: "Add.")
    #expect(
      log.events.map(\.json.compactText).dropFirst() == [
        #"{"event":"task.given","elapsed_ms":0,"task":"Add."}"#,
        #"{"event":"model.generated","elapsed_ms":0,"messages":[{"channel":"analysis","text":"hm","token_start":0,"token_end":0},{"channel":"commentary","recipient":"python","text":"1+1","token_start":0,"token_end":0}],"ending":"called","prompt_tokens":0,"generated_tokens":2,"tokens":[4,5]}"#,
        #"{"event":"tool.called","call":1,"tool":"python","body":"1+1"}"#,
        #"{"event":"policy.decided","elapsed_ms":0,"call":1,"verdict":"allowed","rule":"r","reason":"Fine."}"#,
        #"{"event":"tool.answered","elapsed_ms":0,"call":1,"status":"succeeded","text":"<1+1>"}"#,
        #"{"event":"model.generated","elapsed_ms":0,"messages":[{"channel":"analysis","text":"hm","token_start":0,"token_end":0},{"channel":"commentary","recipient":"python","text":"forbidden","token_start":0,"token_end":0}],"ending":"called","prompt_tokens":0,"generated_tokens":2,"tokens":[4,5]}"#,
        #"{"event":"tool.called","call":2,"tool":"python","body":"forbidden"}"#,
        #"{"event":"policy.decided","elapsed_ms":0,"call":2,"verdict":"refused","rule":"no","reason":"Not this."}"#,
        #"{"event":"model.generated","elapsed_ms":0,"messages":[{"channel":"final","text":"Two.","token_start":0,"token_end":0}],"ending":"returned","prompt_tokens":0,"generated_tokens":3,"tokens":[1,2,3]}"#,
        #"{"event":"run.finished","outcome":"denied","exit_code":3,"reason":"Not this.","answer":"Two.","steps":3,"generated_tokens":7,"tool_calls":2,"elapsed_ms":0}"#,
      ])
    #expect(log.events.first?.name == "run.started")
    #expect(log.events.last == .finished(summary))
  }

  @Test(arguments: 0..<8)
  func `does nothing that could not be recorded`(capacity: Int) async {
    let log = Log(capacity: capacity)
    let tools = Tools()
    let planner = Planner(
      engine: Scripted([call("python", "1"), answer("x")]), tools: tools, journal: log)
    let summary = await planner.start(settings, task: "Add.")
    let isDecided = log.events.contains { $0.name == "policy.decided" }
    #expect(await tools.ran == (isDecided ? [1] : []))
    #expect(
      summary.outcome == .failedInternally("The run could not be recorded: Full()"))
    #expect(log.events.count == capacity)
  }

  @Test func `lets a check send an answer back once`() async {
    let planner = Planner(
      engine: Scripted([answer("one"), answer("two")]), tools: Tools(), journal: Log(),
      check: { $0 == "two" ? nil : "It is not \"two\"." })
    let summary = await planner.start(settings, task: "Say two.")
    #expect(summary.outcome == .answered)
    #expect(summary.answer == "two")
  }

  @Test func `ends with the schema's exit code when the second answer is no better`() async {
    let planner = Planner(
      engine: Scripted([answer("one"), answer("two")]), tools: Tools(), journal: Log(),
      check: { _ in "Wrong." })
    let summary = await planner.start(settings, task: "x")
    #expect(summary.outcome == .answerMismatched("Wrong."))
    #expect(summary.answer == "two")
  }

  @Test(arguments: [Interruption.interrupted, .terminated])
  func `breaks off a generation when told to, and goes on when resumed`(
    interruption: Interruption
  ) async {
    let log = Log()
    let engine = Scripted([])
    let planner = Planner(engine: engine, tools: Tools(), journal: log)
    async let run = planner.start(settings, task: "x")
    while await engine.requests.isEmpty { await Task.yield() }
    await planner.interrupt(interruption)
    let summary = await run
    #expect(summary.outcome == (interruption == .interrupted ? .interrupted : .terminated))
    #expect(log.events.map(\.name).suffix(2) == ["run.interrupted", "run.finished"])
    let again = Planner(
      replaying: log.events.compactMap(\.plannerEvent), engine: Scripted([answer("Yes.")]),
      tools: Tools(), journal: Log())
    #expect(await again.resume(Budgets()).answer == "Yes.")
  }

  @Test func `breaks off a tool when its task is cancelled, and never makes the call again`()
    async
  {
    let log = Log()
    let tools = Tools()
    let planner = Planner(engine: Scripted([call("python", "hang")]), tools: tools, journal: log)
    let run = Task { await planner.start(settings, task: "x") }
    while await tools.ran.isEmpty { await Task.yield() }
    run.cancel()
    #expect(await run.value.outcome == .interrupted)
    let engine = Scripted([answer("Yes.")])
    let others = Tools()
    let again = Planner(
      replaying: log.events.compactMap(\.plannerEvent), engine: engine, tools: others,
      journal: Log())
    #expect(await again.resume(Budgets()).outcome == .answered)
    #expect(await others.ran == [])
    let requests = await engine.requests
    #expect(
      requests.first?.history.last?.words == """
        1 python commentary: The run was interrupted while this call was under way. It is not \
        known whether it was carried out; check before you repeat it.
        """)
  }

  @Test(arguments: [[], [call("python", "hang")]])
  func `breaks off what outlasts the wall time`(turns: [ModelTurn]) async {
    let short = PlannerSettings(tools: testTools, budgets: Budgets(wallMillisecondsMax: 30))
    let log = Log()
    // The clock stands still, so nothing but the timer can end the run, however busy the machine.
    let planner = Planner(
      engine: Scripted(turns), tools: Tools(), journal: log, now: { .zero })
    let summary = await planner.start(short, task: "x")
    #expect(summary.outcome == .budgetExhausted(.wallTime))
    #expect(log.events.map(\.name).suffix(2) == ["run.timed_out", "run.finished"])
  }

  @Test func `stops before a call that needs a person, and asks again when resumed`() async {
    let tools = Tools()
    let planner = Planner(
      engine: Scripted([call("python", "ask")]), tools: tools, journal: Log())
    let summary = await planner.start(settings, task: "x")
    #expect(summary.outcome == .approvalNeeded("Nobody is here."))
    #expect(await planner.resume(Budgets()).outcome == .approvalNeeded("Nobody is here."))
    #expect(await tools.ran == [])
  }

  @Test func `interrupted between two steps begins nothing more`() async {
    let tools = Tools()
    let holder = Holder()
    let log = Log { event in
      if event.name == "policy.decided" { await holder.planner?.interrupt(.terminated) }
    }
    let planner = Planner(
      engine: Scripted([call("python", "1"), answer("x")]), tools: tools, journal: log)
    await holder.hold(planner)
    #expect(await planner.start(settings, task: "x").outcome == .terminated)
    #expect(await tools.ran == [])
    await holder.hold(nil)
  }

  @Test func `does many tasks in one conversation, each with its own outcome`() async {
    let engine = Scripted([call("python", "forbidden"), answer("No."), answer("Yes.")])
    let planner = Planner(engine: engine, tools: Tools(), journal: Log())
    #expect(await planner.start(settings, task: "one").outcome == .denied("Not this."))
    #expect(await planner.run("two").outcome == .answered)
    let last = await engine.requests.last
    #expect(
      last?.history.map(\.words) == [
        "task one", "turn without thinking", "1 python commentary: Refused: Not this.",
        "turn without thinking", "task two",
      ])
  }

  @Test func `refuses a second task while it is at one`() async {
    let engine = Scripted([])
    let planner = Planner(engine: engine, tools: Tools(), journal: Log())
    async let run = planner.start(settings, task: "x")
    while await engine.requests.isEmpty { await Task.yield() }
    #expect(
      await planner.run("y").outcome == .failedInternally("The run is at work on another task."))
    await planner.interrupt(.interrupted)
    #expect(await run.outcome == .interrupted)
  }

  @Test func `has nothing to go on with before a task was given`() async {
    let planner = Planner(
      replaying: [PlannerEvent(.started(settings))], engine: Scripted([]), tools: Tools(),
      journal: Log())
    #expect(
      await planner.resume(Budgets()).outcome
        == .misconfigured("The run has no task to go on with."))
  }

  @Test func `comes to the same state from every prefix of what was recorded`() async throws {
    let log = Log()
    let planner = Planner(
      engine: Scripted([
        call("python", "1"), call("nonsense", "{}"), call("container.exec", "bad"),
        call("python", "forbidden"), turn(.returned, think("x")), answer("Done."),
      ]), tools: Tools(), journal: log)
    _ = await planner.start(settings, task: "x")
    let recorded = try log.events.map { try RunEvent(json: $0.json) }.compactMap(\.plannerEvent)
    var live = PlannerState()
    for (index, event) in log.events.compactMap(\.plannerEvent).enumerated() {
      _ = live.handle(event)
      #expect(PlannerState(replaying: recorded.prefix(index + 1)) == live)
    }
    #expect(await planner.state == live)
  }

  @Test(arguments: 2...12)
  func `resumed from any prefix ends as the whole run did, and repeats no recorded call`(
    count: Int
  ) async {
    let turns = [call("python", "1"), call("python", "2"), answer("Done.")]
    let log = Log()
    _ = await Planner(engine: Scripted(turns), tools: Tools(), journal: log)
      .start(settings, task: "x")
    #expect(log.events.count == 12)
    let prefix = log.events.prefix(count)
    let saidCount = prefix.count { $0.name == "model.generated" }
    let decidedCount = prefix.count { $0.name == "policy.decided" }
    let tools = Tools()
    let planner = Planner(
      replaying: prefix.compactMap(\.plannerEvent),
      engine: Scripted(Array(turns.dropFirst(saidCount))), tools: tools, journal: Log())
    let summary = await planner.resume(Budgets())
    #expect(summary.answer == "Done.")
    #expect(await tools.ran == Array([1, 2].dropFirst(decidedCount)))
  }
}
