// RunTask.swift — the text of a task: typed, or read from standard input, or both.

import Glibc

/// What the user wants, as one text.
struct RunTask: Sendable {
  /// What the model reads.
  let text: String
  /// What of it the user typed, where the rest was piped in; nil for all of it.
  let typed: String?

  /// No prompt holds more.
  private static let inputBytesMax = 4 << 20

  /// The task `word`; "-" or nil means standard input alone. With a task, what is piped
  /// in follows it as context.
  init(_ word: String?) throws(CommandError) {
    if let word, word != "-" {
      guard word.contains(where: { !$0.isWhitespace }) else {
        throw .usage("The task is empty. Say what is to be done: martlet run \"What is 37 * 91?\"")
      }
      guard Self.isPiped else {
        text = word
        typed = nil
        return
      }
      Self.tellIfNothingComes()
      let context = try Input.text("-", bytesMax: Self.inputBytesMax)
      let isBlank = context.allSatisfy(\.isWhitespace)
      text = isBlank ? word : "\(word)\n\n\(context)"
      typed = isBlank ? nil : word
      return
    }
    guard word == "-" || isatty(STDIN_FILENO) == 0 else {
      throw .usage("The task is missing. Usage: martlet run \"What is 37 * 91?\"")
    }
    let text = try Input.text("-", bytesMax: Self.inputBytesMax)
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw .usage("Standard input is empty, and so is the task.")
    }
    self.text = text
    typed = nil
  }

  /// A pipe that someone holds open without writing would look like a program that hangs.
  private static func tellIfNothingComes() {
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    guard poll(&input, 1, 3_000) == 0 else { return }
    Progress.line(
      "martlet: waiting for standard input to end, which is the context; without one: </dev/null")
  }

  /// Whether standard input is a pipe or a file, and not a terminal, a device or nothing.
  private static var isPiped: Bool {
    var status = stat()
    guard fstat(STDIN_FILENO, &status) == 0 else { return false }
    return [S_IFIFO, S_IFREG].contains(status.st_mode & S_IFMT)
  }
}
