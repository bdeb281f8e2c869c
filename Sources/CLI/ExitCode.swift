// ExitCode.swift — how a run ended, as scripts see it. The table is in Docs/ARCHITECTURE.md.

/// The exit codes of every command.
public enum ExitCode: Int32, Sendable {
  case success = 0
  case internalError = 1
  /// Usage or configuration: the command line, a file that it names, the input lines.
  case usage = 2
  /// A model that cannot be loaded or gave nothing usable.
  case modelFailure = 6
}
