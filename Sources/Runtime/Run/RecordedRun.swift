// RecordedRun.swift — a session of the ledger as something that can be gone on with.

import Base
import Planner
import Policy
public import Store

/// What is needed to take up a recorded run: its settings and the events that make its state.
public struct RecordedRun: Sendable {
  public let id: String
  public var settings: RunSettings
  let plannerEvents: [PlannerEvent]
  /// What of a task the user typed, by the task's number from 0; none for tasks that were typed whole.
  let typedTasks: [Int: String]
  /// Every call that was put before the policy, by its number.
  let calls: [Int: ToolCall]
  /// Every fetch that the policy allowed while a call was under way, by the call's number.
  let fetches: [Int: [WebFetch]]

  /// The name of the event that says what of the next task the user typed.
  static let typedTaskName = "task.typed"

  /// Reads the session.
  ///
  /// - Throws: ``RunError``: there is no such session, or a part of it was erased.
  public init(_ id: String, in ledger: Ledger) throws(RunError) {
    let recorded: [RecordedEvent]
    do { recorded = try RunRecord.events(of: id, in: ledger) } catch {
      throw RunError(.misconfigured("The session cannot be resumed. \(error)"))
    }
    if let gone = recorded.first(where: { $0.event == nil }) {
      throw RunError(
        .misconfigured(
          """
          The session \(id) cannot be resumed: the content of its event \(gone.sequence) was \
          erased. Start a new run.
          """))
    }
    self.id = id
    var calls: [Int: ToolCall] = [:]
    var fetches: [Int: [WebFetch]] = [:]
    var configured: JSONObject?
    var budgets = Budgets()
    var plannerEvents: [PlannerEvent] = []
    var typedTasks: [Int: String] = [:]
    var taskCount = 0
    for event in recorded.compactMap(\.event) {
      switch event {
      case .reported(RunSettings.eventName, let members): configured = members
      case .reported(Self.typedTaskName, let members):
        typedTasks[taskCount] = members["typed"]?.stringValue ?? ""
      case .reported("egress.judged", let members):
        guard let call = members["call"]?.intValue, let fetch = WebFetch(allowed: members) else {
          continue
        }
        fetches[call, default: []].append(fetch)
      case .toolCalled(let call): calls[call.id] = call
      case .planner(let event):
        plannerEvents.append(event)
        if case .started(let settings) = event.kind { budgets = settings.budgets }
        if case .resumed(let fresh) = event.kind { budgets = fresh }
        if case .taskGiven = event.kind { taskCount += 1 }
      default: continue
      }
    }
    guard let configured, let settings = RunSettings(configured, budgets: budgets),
      !plannerEvents.isEmpty
    else {
      throw RunError(
        .misconfigured("The session \(id) cannot be resumed: it ended before its task was begun."))
    }
    self.settings = settings
    self.plannerEvents = plannerEvents
    self.calls = calls
    self.fetches = fetches
    self.typedTasks = typedTasks
  }
}

extension WebFetch {
  /// Of a recorded decision that allowed it; nil for another one, and for what was read along with a page.
  fileprivate init?(allowed members: JSONObject) {
    let asked = members["asked"] ?? members["claimed"]
    guard members["verdict"] == "allow", members["policies"]?.arrayValue?.isEmpty == false,
      let url = asked?["url"]?.stringValue, let method = asked?["method"]?.stringValue
    else { return nil }
    self.init(url: url, method: method, hop: members["claimed"]?["hop"]?.intValue ?? 0)
  }
}
