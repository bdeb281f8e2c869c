// Waiting.swift — from the program's main thread into async code and back.

import Dispatch
import Synchronization

/// Runs `body` and blocks until it is done. For the main thread only: it is none of those that async
/// code runs on.
func waiting<Value: Sendable>(for body: @escaping @Sendable () async -> Value) -> Value {
  let result = ResultBox<Value>()
  Task { result.fill(await body()) }
  return result.wait()
}

/// A place for one value.
private final class ResultBox<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let isFull = DispatchSemaphore(value: 0)

  func fill(_ value: Value) {
    self.value.withLock { $0 = value }
    isFull.signal()
  }

  func wait() -> Value {
    while true {
      isFull.wait()
      if let value = value.withLock({ $0 }) { return value }
    }
  }
}
