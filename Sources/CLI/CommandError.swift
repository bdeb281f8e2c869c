// CommandError.swift — why a command stopped: one sentence for stderr, one code for the shell.

/// What ends a command early. The sentence says what is wrong and what to do about it.
struct CommandError: Error {
  let exitCode: ExitCode
  let sentence: String

  static func usage(_ sentence: String) -> CommandError {
    CommandError(exitCode: .usage, sentence: sentence)
  }

  static func model(_ sentence: String) -> CommandError {
    CommandError(exitCode: .modelFailure, sentence: sentence)
  }
}
