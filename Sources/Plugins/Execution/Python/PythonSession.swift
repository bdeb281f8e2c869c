// PythonSession.swift — code in, output out, variables kept from one call to the next.

import Glibc

/// What came of one piece of code.
public struct PythonOutput: Equatable, Sendable {
  public enum End: Equatable, Sendable {
    case finished
    /// The time was up; the code was interrupted and the variables are kept.
    case interrupted
    /// The time was up and it would not be interrupted, so python was restarted without its variables.
    case restarted
    /// Python itself died, by `exit status or 128 + signal`; it was restarted without its variables.
    case died(Int32)
  }

  public var text: String
  public var end: End

  public init(text: String, end: End) {
    self.text = text
    self.end = end
  }
}

/// A python3 that lives as long as the session.
public final class PythonSession {
  private let folder: String?
  private let outputBytesMax: Int
  private var worker: ChildProcess?
  /// Whether the worker has said that it can take code, and be interrupted.
  private var isReady = false

  /// How long python may take to start. It takes milliseconds; a machine may be very busy.
  private static let startSeconds = 30.0
  /// How long interrupted code has to stop.
  private static let interruptSeconds = 2.0

  /// - Parameters:
  ///   - folder: Where code starts; nil for here.
  ///   - outputBytesMax: Bytes of output kept, per stream and call.
  public init(folder: String?, outputBytesMax: Int = 64 << 10) {
    self.folder = folder
    self.outputBytesMax = outputBytesMax
  }

  /// Starts python before its first code comes, so that the first call does not wait for it.
  public func warmUp() throws(ChildProcessError) { _ = try running() }

  /// Runs `code` and returns what it printed: standard output, with the last expression's value, then
  /// standard error. After `secondsMax` of wall time the code is interrupted.
  public func run(_ code: String, secondsMax: Double) throws(ChildProcessError) -> PythonOutput {
    let worker = try running()
    var run = PythonRun(outputBytesMax)
    if !isReady {
      guard case .answered = run.wait(for: worker, until: now() + Self.startSeconds) else {
        return restart(after: run, worker)
      }
      isReady = true
    }
    guard worker.writeAll(PythonWorker.request(code), to: PythonWorker.requestDescriptor) else {
      return restart(after: run, worker)
    }
    switch run.wait(for: worker, until: now() + secondsMax) {
    case .answered: return run.output(.finished)
    case .gone: return restart(after: run, worker)
    case .late: worker.signal(SIGINT)
    }
    switch run.wait(for: worker, until: now() + Self.interruptSeconds) {
    case .answered: return run.output(.interrupted)
    case .gone: return restart(after: run, worker)
    case .late:
      worker.kill()
      run.drain(worker)
      self.worker = nil
      return run.output(.restarted)
    }
  }

  private func running() throws(ChildProcessError) -> ChildProcess {
    if let worker, worker.statusIfEnded() == nil { return worker }
    let arguments = ["python3", "-u", "-X", "utf8", "-c", PythonWorker.source]
    let started = try ChildProcess(
      arguments, folder: folder, inputs: [PythonWorker.requestDescriptor],
      outputs: [STDOUT_FILENO, STDERR_FILENO, PythonWorker.answerDescriptor])
    worker = started
    isReady = false
    return started
  }

  private func restart(after run: PythonRun, _ worker: ChildProcess) -> PythonOutput {
    var run = run
    run.drain(worker)
    worker.kill()
    self.worker = nil
    return run.output(.died(shellStatus(worker.statusIfEnded() ?? 0)))
  }
}

/// Seconds on a clock that only goes forward.
func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// The output of one piece of code while it runs.
private struct PythonRun {
  private var standardOutput: CappedBytes
  private var standardError: CappedBytes

  init(_ outputBytesMax: Int) {
    standardOutput = CappedBytes(bytesMax: outputBytesMax)
    standardError = CappedBytes(bytesMax: outputBytesMax)
  }

  enum Wait { case answered, gone, late }

  /// Collects output until the worker answers or is gone, or the deadline passes.
  mutating func wait(for worker: ChildProcess, until deadline: Double) -> Wait {
    while true {
      let left = deadline - now()
      guard left > 0 else { return .late }
      var events = [STDOUT_FILENO, STDERR_FILENO, PythonWorker.answerDescriptor].map {
        pollfd(fd: worker.end($0), events: Int16(POLLIN), revents: 0)
      }
      poll(&events, nfds_t(events.count), Int32(min(left * 1000 + 1, 60_000)))
      collect(worker)
      switch worker.readAvailable(PythonWorker.answerDescriptor) {
      case nil: return .gone
      case let answer? where !answer.isEmpty:
        // Everything was written before the answer, so it is there to be read.
        drain(worker)
        return .answered
      default: break
      }
    }
  }

  /// Reads until nothing is there.
  mutating func drain(_ worker: ChildProcess) { while collect(worker) {} }

  /// Reads once from both streams; whether anything came.
  @discardableResult
  private mutating func collect(_ worker: ChildProcess) -> Bool {
    let output = worker.readAvailable(STDOUT_FILENO) ?? []
    let errors = worker.readAvailable(STDERR_FILENO) ?? []
    standardOutput.append(output)
    standardError.append(errors)
    return !output.isEmpty || !errors.isEmpty
  }

  func output(_ end: PythonOutput.End) -> PythonOutput {
    var text = standardOutput.text
    let errors = standardError.text
    if !errors.isEmpty {
      if !text.isEmpty, text.unicodeScalars.last != "\n" { text += "\n" }
      text += errors
    }
    return PythonOutput(text: text, end: end)
  }
}
