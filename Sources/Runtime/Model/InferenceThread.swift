// InferenceThread.swift — a thread for computing, so that the cooperative pool never stalls.

import Dispatch

/// Runs the jobs of one actor, one after the other, on a thread of their own.
final class InferenceThread: SerialExecutor {
  private let queue = DispatchQueue(label: "martlet.inference", qos: .userInitiated)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}
