// SandboxStreams.swift — the three standard streams of a walled command, seen from the host.

import Glibc
import Synchronization

/// Where the command's standard streams lead.
public struct SandboxStreams: Sendable {
  public enum Input: Sendable {
    /// Empty.
    case none
    /// These bytes, then the end.
    case bytes([UInt8])
    /// What ``WalledInput/send(_:)`` sends.
    case stream
    /// A descriptor of the host's, as it is.
    case inherit(Int32)
    /// The rest of an ordinary file that the host has open, through a pipe: with the file itself the
    /// command could change its mode and its times. Afterwards the file's position is behind what the
    /// command has read.
    case file(Int32)
  }

  public enum Output: Sendable {
    /// Head and tail are kept, within the profile's limit; the rest is counted and dropped.
    case capture
    /// For ``WalledOutput/receive()``. The command waits where nobody receives; no limit applies.
    case stream
    /// Copied to a descriptor of the host's. The command waits for whoever reads there; no limit
    /// applies.
    case relay(Int32)
    /// A descriptor of the host's, as it is. No limit applies.
    case inherit(Int32)
  }

  public var input: Input
  public var output: Output
  public var error: Output
  /// Who makes connections for the command, where its profile's network is the broker.
  public var broker: EgressBroker?
  /// A connection that the broker made, for a command that has it in the channel's place.
  var connection: Descriptor?

  public init(
    input: Input = .none, output: Output = .capture, error: Output = .capture,
    broker: EgressBroker? = nil
  ) {
    self.input = input
    self.output = output
    self.error = error
    self.broker = broker
  }
}

/// The host's end of a command's standard input.
public final class WalledInput: Sendable {
  fileprivate struct State {
    var queue: [UInt8] = []
    /// How much of the queue was written.
    var written = 0
    var sentCount = 0
    var isClosed = false
    var isBroken = false
    var senders: [Int: CheckedContinuation<Void, Never>] = [:]
    var senderCount = 0
  }

  /// Bytes that may wait for the command before senders do.
  static let backlogMax = 1 << 20

  private let state = Mutex(State())
  private let wake: @Sendable () -> Void

  init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

  /// Queues bytes. Waits while more than 1 MiB is queued, until the command reads, ends, or the task
  /// is cancelled.
  public func send(_ bytes: [UInt8]) async throws(SandboxError) {
    let isOpen = state.withLock { state in
      guard !state.isClosed, !state.isBroken else { return false }
      state.queue += bytes
      return true
    }
    guard isOpen else { throw .ended }
    wake()
    let ticket = state.withLock { state in
      state.senderCount += 1
      return state.senderCount
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let mustWait = state.withLock { state in
          let mustWait =
            state.backlog > Self.backlogMax && !state.isBroken && !Task.isCancelled
          if mustWait { state.senders[ticket] = continuation }
          return mustWait
        }
        if !mustWait { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.senders.removeValue(forKey: ticket) }?.resume()
    }
    if state.withLock({ $0.isBroken }) { throw .ended }
  }

  /// Lets the command read the end after what was sent.
  public func close() {
    state.withLock { $0.isClosed = true }
    wake()
  }

  /// Input that is known from the start.
  func preload(_ bytes: [UInt8]) {
    state.withLock { state in
      // A second tier that is tried begins anew.
      state.queue = bytes
      state.written = 0
      state.isClosed = true
    }
  }

  /// More input, from the thread that feeds the pipe.
  func take(_ bytes: [UInt8]) { state.withLock { $0.queue += bytes } }

  var backlogByteCount: Int { state.withLock { $0.backlog } }

  /// Whether the pipe should be watched for room, or closed.
  var wantsAttention: Bool {
    state.withLock { !$0.isBroken && ($0.backlog > 0 || $0.isClosed) }
  }

  var sentCount: Int { state.withLock { $0.sentCount } }

  /// Writes what fits. Returns false when the pipe should be closed.
  func feed(_ pipe: Int32) -> Bool {
    let (released, isOpen) = state.withLock { state in
      state.write(to: pipe)
      let isOpen = !state.isBroken && !(state.isClosed && state.backlog == 0)
      let isRoomy = state.backlog <= Self.backlogMax || state.isBroken
      return (isRoomy ? state.takeSenders() : [], isOpen)
    }
    for sender in released { sender.resume() }
    return isOpen
  }

  /// The command is gone.
  func end() {
    let senders = state.withLock { state in
      state.isBroken = true
      state.queue = []
      state.written = 0
      return state.takeSenders()
    }
    for sender in senders { sender.resume() }
  }
}

extension WalledInput.State {
  var backlog: Int { queue.count - written }

  /// Writes until the pipe is full or nothing is left.
  mutating func write(to pipe: Int32) {
    while backlog > 0, !isBroken {
      let count = queue.withUnsafeBytes { bytes in
        let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
        return Glibc.write(pipe, rest.baseAddress, rest.count)
      }
      if count > 0 {
        sentCount += count
        written += count
      } else if errno == EAGAIN {
        break
      } else if errno != EINTR {
        isBroken = true
      }
    }
    if backlog == 0 {
      queue.removeAll(keepingCapacity: queue.capacity < 64 << 10)
      written = 0
    }
  }

  mutating func takeSenders() -> [CheckedContinuation<Void, Never>] {
    defer { senders = [:] }
    return Array(senders.values)
  }
}

/// The host's end of one of a command's output streams.
public final class WalledOutput: Sendable {
  private struct State {
    var waiting: [UInt8] = []
    var hasEnded = false
    var receivers: [Int: CheckedContinuation<[UInt8]?, Never>] = [:]
    var receiverCount = 0
  }

  /// Bytes that may wait for a receiver before the command does.
  static let backlogMax = 1 << 20

  private let state = Mutex(State())
  private let wake: @Sendable () -> Void

  init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

  /// The next bytes, as they came. Nil at the end, and when the task is cancelled.
  ///
  /// For streams that were started as `.stream`; others end at once. One receiver at a time.
  public func receive() async -> [UInt8]? {
    let ticket = state.withLock { state in
      state.receiverCount += 1
      return state.receiverCount
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (bytes, isReady, wasFull) = state.withLock { state -> ([UInt8]?, Bool, Bool) in
          if !state.waiting.isEmpty {
            defer { state.waiting = [] }
            return (state.waiting, true, state.waiting.count >= Self.backlogMax)
          }
          if state.hasEnded || Task.isCancelled { return (nil, true, false) }
          state.receivers[ticket] = continuation
          return (nil, false, false)
        }
        if isReady { continuation.resume(returning: bytes) }
        if wasFull { wake() }
      }
    } onCancel: {
      state.withLock { $0.receivers.removeValue(forKey: ticket) }?.resume(returning: nil)
    }
  }

  var isFull: Bool { state.withLock { $0.waiting.count >= Self.backlogMax } }

  func deliver(_ bytes: UnsafeRawBufferPointer) {
    let receiver = state.withLock { state -> CheckedContinuation<[UInt8]?, Never>? in
      guard let first = state.receivers.keys.min() else {
        state.waiting += bytes
        return nil
      }
      return state.receivers.removeValue(forKey: first)
    }
    receiver?.resume(returning: Array(bytes))
  }

  func end() {
    let receivers = state.withLock { state in
      state.hasEnded = true
      defer { state.receivers = [:] }
      return Array(state.receivers.values)
    }
    for receiver in receivers { receiver.resume(returning: nil) }
  }
}
