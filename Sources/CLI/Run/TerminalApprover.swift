// TerminalApprover.swift — asks the person at the terminal.

import Base
import Glibc
import Runtime

/// Asks on the controlling terminal, whatever the standard streams lead to.
struct TerminalApprover: Approver {
  let name = "terminal"

  /// Nil where there is no terminal, or nobody looks at standard error.
  init?() {
    guard isatty(STDERR_FILENO) == 1 else { return nil }
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else { return nil }
    close(terminal)
  }

  func ask(_ question: ApprovalQuestion) async throws(CancellationError) -> ApprovalAnswer {
    let text = ApprovalText(question)
    let deadline = ContinuousClock.now + .seconds(question.secondsMax)
    let choice = try await ask(text.description, again: text.choices, until: deadline) {
      ApprovalText.choice($0, question)
    }
    switch choice {
    case .lease:
      let answer = try await ask(
        ApprovalText.leaseQuestion, again: ApprovalText.leaseQuestion, until: deadline
      ) { line -> ApprovalAnswer? in
        line.isEmpty ? .no : ApprovalText.terms(line).map { .yesWithLease($0) }
      }
      return answer ?? .timedOut
    case .once: return .yes
    case .run: return .yesForThisRun
    case .no: return .no
    case nil: return .timedOut
    }
  }

  /// Asks whether to do what `text` says.
  func confirm(_ text: String, secondsMax: Int) async throws(CancellationError) -> ApprovalAnswer {
    let answer = try await ask(
      "\(text.plain)\n[y]es, [N]o? ", again: "Please type y or n: ",
      until: .now + .seconds(secondsMax)
    ) { line -> ApprovalAnswer? in
      switch line {
      case "y", "yes": .yes
      case "n", "no", "": .no
      default: nil
      }
    }
    return answer ?? .timedOut
  }

  /// Puts a question until `read` takes a line as an answer; nil where time is over. A terminal that is
  /// gone answers with an empty line.
  private func ask<Answer: Sendable>(
    _ text: String, again: String, until deadline: ContinuousClock.Instant,
    _ read: @Sendable (String) -> Answer?
  ) async throws(CancellationError) -> Answer? {
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else { return read("") }
    defer { close(terminal) }
    Progress.endUpdates()
    // What was typed before the question is no answer to it.
    tcflush(terminal, TCIFLUSH)
    Self.write(text, to: terminal)
    var line: [UInt8] = []
    while true {
      if Task.isCancelled { throw CancellationError() }
      guard ContinuousClock.now < deadline else {
        Self.write("\n", to: terminal)
        return nil
      }
      var wanted = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
      if poll(&wanted, 1, 0) > 0 {
        var chunk = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(terminal, &chunk, chunk.count)
        guard count > 0 else { return read("") }
        line += chunk[..<count]
        guard let end = line.firstIndex(of: UInt8(ascii: "\n")) else { continue }
        let words = String(decoding: line[..<end], as: UTF8.self).lowercased()
        if let answer = read(words.split(whereSeparator: \.isWhitespace).joined(separator: " ")) {
          return answer
        }
        line = []
        Self.write(again, to: terminal)
      } else {
        do { try await Task.sleep(for: .milliseconds(50)) } catch { throw CancellationError() }
      }
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
