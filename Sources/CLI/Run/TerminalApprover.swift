// TerminalApprover.swift — asks the person at the terminal.

import Base
import Glibc
import Runtime

/// Asks on the controlling terminal, whatever the standard streams lead to.
struct TerminalApprover: Approver {
  /// Nil where there is no terminal, or nobody looks at standard error.
  init?() {
    guard isatty(STDERR_FILENO) == 1 else { return nil }
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else { return nil }
    close(terminal)
  }

  func ask(_ question: ApprovalQuestion) async throws(CancellationError) -> ApprovalAnswer {
    try await ask(
      Self.text(question), mayRemember: question.mayRemember, secondsMax: question.secondsMax)
  }

  /// Asks whether to do what `text` says.
  func confirm(_ text: String, secondsMax: Int) async throws(CancellationError) -> ApprovalAnswer {
    try await ask("\(text.plain)\n[y]es, [N]o? ", mayRemember: false, secondsMax: secondsMax)
  }

  private func ask(
    _ text: String, mayRemember: Bool, secondsMax: Int
  ) async throws(CancellationError) -> ApprovalAnswer {
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else { return .no }
    defer { close(terminal) }
    Progress.endUpdates()
    // What was typed before the question is no answer to it.
    tcflush(terminal, TCIFLUSH)
    Self.write(text, to: terminal)
    let deadline = ContinuousClock.now + .seconds(secondsMax)
    var line: [UInt8] = []
    while true {
      if Task.isCancelled { throw CancellationError() }
      guard ContinuousClock.now < deadline else {
        Self.write("\n", to: terminal)
        return .timedOut
      }
      var wanted = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
      if poll(&wanted, 1, 0) > 0 {
        var chunk = [UInt8](repeating: 0, count: 256)
        let count = read(terminal, &chunk, chunk.count)
        guard count > 0 else { return .no }
        line += chunk[..<count]
        guard line.contains(UInt8(ascii: "\n")) else { continue }
        if let answer = Self.answer(line, mayRemember: mayRemember) { return answer }
        line = []
        Self.write("Please type y, \(mayRemember ? "a, " : "")or n: ", to: terminal)
      } else {
        do { try await Task.sleep(for: .milliseconds(50)) } catch { throw CancellationError() }
      }
    }
  }

  /// The whole call is shown, in characters that do nothing to a terminal.
  private static func text(_ question: ApprovalQuestion) -> String {
    let who =
      switch question.asker {
      case .model: "The model wants to call"
      case .plugin: "To answer the model's call, a tool wants to do"
      case .user: "This command needs"
      }
    var lines = ["", "\(who) \(question.call.tool.plain):", ""]
    lines += question.call.body.indented(by: 2)
    lines += ["", question.reason.plain]
    let choices = question.mayRemember ? "[y]es, [a]lways in this run, [N]o" : "[y]es, [N]o"
    return lines.joined(separator: "\n") + "\n\(choices)? "
  }

  private static func answer(
    _ line: [UInt8], mayRemember: Bool
  ) -> ApprovalAnswer? {
    let word = String(decoding: line.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    switch word.lowercased().filter({ !$0.isWhitespace }) {
    case "y", "yes": return .yes
    case "a", "always": return mayRemember ? .yesForThisRun : nil
    case "n", "no", "": return .no
    default: return nil
    }
  }

  private static func write(_ text: String, to terminal: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(terminal, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
