// RecordedRun.swift — a session of the ledger as something that can be gone on with.

import Base
import Planner
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
    self.typedTasks = typedTasks
  }
}
