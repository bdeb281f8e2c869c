// ExitCode.swift — how a command ended, as scripts see it. The table is in Docs/ARCHITECTURE.md.

/// An exit code. `RawRepresentable`, so that codes of other programs can be passed on.
public struct ExitCode: RawRepresentable, Equatable, Sendable {
  public let rawValue: Int32

  public init(rawValue: Int32) { self.rawValue = rawValue }

  public static let success = Self(rawValue: 0)
  public static let internalError = Self(rawValue: 1)
  /// Usage or configuration: the command line, a file that it names, the input lines.
  public static let usage = Self(rawValue: 2)
  /// The policy, or a person it asked, said no.
  public static let denied = Self(rawValue: 3)
  public static let approvalNeeded = Self(rawValue: 4)
  public static let budgetExhausted = Self(rawValue: 5)
  /// A model that cannot be loaded or gave nothing usable.
  public static let modelFailure = Self(rawValue: 6)
  public static let toolFailure = Self(rawValue: 7)
  /// The sandbox that is required cannot be built here.
  public static let sandboxUnavailable = Self(rawValue: 8)
  public static let answerMismatched = Self(rawValue: 9)
  public static let networkFailure = Self(rawValue: 10)
  public static let interrupted = Self(rawValue: 130)
  public static let terminated = Self(rawValue: 143)
}
