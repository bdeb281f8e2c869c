// Approver.swift — whoever is asked where a rule says ask.

public import Base

/// What is asked: the whole action, as the rules and an approval see it.
public struct ApprovalQuestion: Equatable, Sendable {
  /// Who wants it.
  public enum Asker: Equatable, Sendable {
    case model
    /// A plugin, to answer a call of the model's that was allowed.
    case plugin
    /// The run, to have the task answered by a model elsewhere.
    case planner
    /// A command that the person typed.
    case user
  }

  public var asker = Asker.model
  public var call: ToolCall
  /// The arguments with sorted keys, as they were judged.
  public var arguments: JSONValue
  /// Why the policy asks.
  public var reason: String
  /// The rules that ask.
  public var rules: [String]
  /// The profiles of the walls around it; empty for none.
  public var sandboxProfiles: [String]
  /// Labels of what has been read, and of what would be passed on, sorted.
  public var labels: [String]
  /// Whether an answer may hold for the rest of this run.
  public var mayRemember: Bool
  /// Whether an answer may be a lease.
  public var mayLease: Bool
  /// After so many seconds without an answer it is a no.
  public var secondsMax: Int
}

/// For how much an answer holds beyond the run.
public struct LeaseTerms: Equatable, Sendable {
  public static let usesMax = 1_000_000
  /// A year.
  public static let secondsMax = 366 * 86_400

  public var uses: Int
  public var seconds: Int

  /// Nil beyond the bounds.
  public init?(uses: Int, seconds: Int) {
    guard (1...Self.usesMax).contains(uses), (1...Self.secondsMax).contains(seconds) else {
      return nil
    }
    self.uses = uses
    self.seconds = seconds
  }
}

/// What was said.
public enum ApprovalAnswer: Equatable, Sendable {
  case yes
  /// Yes, and to exactly this call for the rest of the run.
  case yesForThisRun
  /// Yes, and to exactly these arguments of this tool for as long as the terms say, in later runs too.
  case yesWithLease(LeaseTerms)
  case no
  case timedOut
}

/// Answers asks. Without one a run is headless.
public protocol Approver: Sendable {
  /// What the ledger calls it: "terminal", "ideal", "tired:3".
  var name: String { get }

  /// - Throws: `CancellationError` where the run was ended meanwhile.
  func ask(_ question: ApprovalQuestion) async throws(CancellationError) -> ApprovalAnswer
}
