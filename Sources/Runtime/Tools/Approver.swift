// Approver.swift — a person who is asked where a rule says ask.

public import Base

/// What is asked.
public struct ApprovalQuestion: Equatable, Sendable {
  /// Who wants it.
  public enum Asker: Equatable, Sendable {
    case model
    /// A plugin, to answer a call of the model's that was allowed.
    case plugin
    /// A command that the person typed.
    case user
  }

  public var asker = Asker.model
  public var call: ToolCall
  /// Why the policy asks.
  public var reason: String
  /// Whether an answer may hold for the rest of this run.
  public var mayRemember: Bool
  /// After so many seconds without an answer it is a no.
  public var secondsMax: Int
}

/// What a person said.
public enum ApprovalAnswer: Equatable, Sendable {
  case yes
  /// Yes, and to exactly this call for the rest of the run.
  case yesForThisRun
  case no
  case timedOut
}

/// Asks a person. Without one a run is headless.
public protocol Approver: Sendable {
  /// - Throws: `CancellationError` where the run was ended meanwhile.
  func ask(_ question: ApprovalQuestion) async throws(CancellationError) -> ApprovalAnswer
}
