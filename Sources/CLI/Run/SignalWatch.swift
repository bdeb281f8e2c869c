// SignalWatch.swift — SIGINT, SIGTERM and SIGHUP as words to a run, not as its death.

import Dispatch
import Glibc
import Planner
import Synchronization

/// Hands signals to the run that is at work; without one they end the program. A second SIGINT ends it
/// at once, and plugins die with it. One for the whole life of the program.
final class SignalWatch: Sendable {
  private struct State {
    var listener: (@Sendable (Interruption) -> Void)?
    var interruptCount = 0
  }

  private let state = Mutex(State())
  // Only kept; nothing but their own queue touches them.
  nonisolated(unsafe) private var sources: [any DispatchSourceSignal] = []

  init() {
    let queue = DispatchQueue(label: "martlet.signals")
    sources = [(SIGINT, Interruption.interrupted), (SIGTERM, .terminated), (SIGHUP, .terminated)]
      .compactMap { number, interruption in
        // The handler must not be the default one, or the signal would end the program first.
        let before = signal(number, SIG_IGN)
        // Under nohup the end of the terminal is not the program's.
        if number == SIGHUP, Self.isIgnored(before) { return nil }
        let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
        source.setEventHandler { [weak self] in self?.take(interruption) }
        source.resume()
        return source
      }
  }

  private static func isIgnored(_ handler: sighandler_t?) -> Bool {
    unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Who is told from now on; nil for no one.
  func tell(_ listener: (@Sendable (Interruption) -> Void)?) {
    state.withLock { $0 = State(listener: listener) }
  }

  private func take(_ interruption: Interruption) {
    let listener = state.withLock { state in
      if interruption == .interrupted { state.interruptCount += 1 }
      return state.interruptCount > 1 ? nil : state.listener
    }
    guard let listener else {
      _exit(interruption == .interrupted ? 130 : 143)
    }
    listener(interruption)
  }
}
