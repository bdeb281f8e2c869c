// RunNews.swift — the one stream that comes back from a run: recorded events, and what is under way.

public import Planner
public import Store

/// What a run tells while it is at work.
public enum RunNews: Sendable {
  /// Recorded in the ledger before it was told. `sequence` counts the session's events from 1.
  case event(RunEvent, sequence: Int, time: UnixTime)
  /// Under way, not recorded, and of no consequence.
  case progress(RunProgress)
}

/// What is being done right now.
public enum RunProgress: Equatable, Sendable {
  /// Of `total` tokens of the prompt `done` are computed; `kept` of them were known before.
  case prefill(done: Int, total: Int, kept: Int)
  /// More text of the message that is being sampled.
  case text(ModelMessage.Channel?, recipient: String?, String)
  /// So many tokens of the turn have been sampled.
  case sampled(Int)
  /// The tool is at work.
  case running(tool: String)
  /// The task is over, also where its end could not be recorded.
  case ended
}

/// Names of events about a model server, for those who show them.
public enum ServerEvents {
  /// Members: `reason`, `seconds`, `attempt`.
  public static let retried = "server.retried"
  /// Members: `attempts`, `model`; where the server says: `input_tokens`, `output_tokens`, …; where there is a
  /// price: `cost_millionths`, `spent_millionths`, `currency`.
  public static let answered = "server.answered"
  /// Members: `reason`. A request could have cost more than is left.
  public static let refused = "cost.refused"
}
