// EgressBroker.swift — connections for one walled plugin: judged, dialled and relayed by the host.
//
// The plugin never holds a socket of the network. It holds one end of a byte stream; the other end and
// the TCP connection stay here, so that what was judged cannot be aimed elsewhere, bytes are counted,
// and everything is cut at once when the plugin, its call or the run ends.

import CSandbox
import Glibc
import Synchronization

/// Makes connections for one plugin, as a gate decides.
///
/// One thread serves the channel and all relays; names are resolved on threads of their own.
public final class EgressBroker: Sendable {
  /// The variable that tells a command the number of its channel.
  public static let variable = "MARTLET_BROKER"

  private let desk: EgressDesk
  private let heldEnd: Mutex<Descriptor?>

  /// Opens the channel and starts to listen.
  public init(
    gate: any EgressGate, settings: EgressSettings = EgressSettings()
  ) throws(SandboxError) {
    let bell = cs_bell()
    guard bell >= 0 else { throw .call(name: "eventfd", errno: errno) }
    let channels = try Wiring.channel()
    desk = EgressDesk(bell: Descriptor(bell), gate: gate)
    heldEnd = Mutex(channels.theirs)
    let (desk, channel) = (desk, channels.ours)
    let code = OwnThread.start {
      let loop = EgressLoop(desk: desk, channel: channel, settings: settings)
      loop.run()
    }
    guard code == 0 else { throw .call(name: "pthread_create", errno: code) }
  }

  deinit { desk.post(.stop) }

  /// The command's end of the channel.
  func commandEnd() throws(SandboxError) -> Descriptor {
    guard let end = heldEnd.withLock({ $0 }) else { throw .ended }
    return end
  }

  /// Hands the command's end to this process, which closes it when it is done; -1 where it is gone.
  package func takeCommandEnd() -> Int32 {
    let end = heldEnd.withLock { $0 }
    defer { leaveToCommand() }
    return end.map { cs_duplicate($0.number, 0) } ?? -1
  }

  /// The command holds its end now: when it is gone, the channel closes.
  func leaveToCommand() { heldEnd.withLock { $0 = nil } }

  /// Cuts every connection and takes no more requests. Returns at once.
  public func close() {
    leaveToCommand()
    desk.post(.stop)
  }

  /// Cuts what a call has left open, and returns when the gate has heard of everything.
  public func endCall() async {
    await withCheckedContinuation { continuation in
      if !desk.post(.endCall { continuation.resume() }) { continuation.resume() }
    }
    await desk.whenTold()
  }

  /// Returns when the gate has heard of everything. After ``close()``.
  public func whenClosed() async {
    await endCall()
  }
}

/// Where the broker's thread, its helpers and its owner meet.
final class EgressDesk: Sendable {
  enum Order: Sendable {
    case judged(Int, EgressVerdict)
    case resolved(Int, EgressResolution)
    /// With what was wrong; nil where the fetcher ended well.
    case fetcherEnded(Int, problem: String?)
    case endCall(@Sendable () -> Void)
    case stop
  }

  private struct State {
    var orders: [Order] = []
    var isClosed = false
    /// Outcomes that the gate is being told.
    var tellingCount = 0
    var waiters: [CheckedContinuation<Void, Never>] = []
    var judging: [Int: Task<Void, Never>] = [:]
    var fetching: [Int: Task<Void, Never>] = [:]

    var isQuiet: Bool { tellingCount == 0 && fetching.isEmpty }

    /// Whoever waits for quiet, where it is quiet.
    mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
      guard isQuiet else { return [] }
      defer { waiters = [] }
      return waiters
    }
  }

  let bell: Descriptor
  private let gate: any EgressGate
  private let state = Mutex(State())

  init(bell: Descriptor, gate: any EgressGate) {
    self.bell = bell
    self.gate = gate
  }

  /// Returns whether the thread will see the order.
  @discardableResult func post(_ order: Order) -> Bool {
    let isOpen = state.withLock { state in
      if !state.isClosed { state.orders.append(order) }
      return !state.isClosed
    }
    if isOpen {
      var one: UInt64 = 1
      _ = write(bell.number, &one, 8)
    }
    return isOpen
  }

  func takeOrders() -> [Order] {
    var count: UInt64 = 0
    _ = read(bell.number, &count, 8)
    return state.withLock { state in
      defer { state.orders = [] }
      return state.orders
    }
  }

  /// The last orders; there will be no more.
  func closeOrders() -> [Order] {
    state.withLock { state in
      state.isClosed = true
      defer { state.orders = [] }
      return state.orders
    }
  }

  func judge(_ request: EgressRequest, as ticket: Int) {
    // The task needs the lock too, and so cannot end before it is stored.
    state.withLock { state in
      state.judging[ticket] = Task {
        let verdict = await gate.judge(request)
        self.state.withLock { $0.judging[ticket] = nil }
        if !post(.judged(ticket, verdict)), case .granted(let grant) = verdict {
          tell(EgressOutcome(request, grant, .stopped))
        }
      }
    }
  }

  /// Has the fetcher make the request of `ticket`.
  func fetch(_ errand: EgressErrand, with fetcher: EgressFetcher, as ticket: Int) {
    state.withLock { state in
      state.fetching[ticket] = Task {
        let problem = await fetcher.run(errand)
        post(.fetcherEnded(ticket, problem: problem))
        let waiters = self.state.withLock { state in
          state.fetching[ticket] = nil
          return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume() }
      }
    }
  }

  /// Ends the fetcher of `ticket`, where one is at work.
  func stopFetching(_ ticket: Int) { state.withLock { $0.fetching[ticket] }?.cancel() }

  /// Whoever is still being asked need not answer any more.
  func cancelJudging() {
    let tasks = state.withLock { Array($0.judging.values) }
    for task in tasks { task.cancel() }
  }

  func tell(_ outcome: EgressOutcome) {
    state.withLock { $0.tellingCount += 1 }
    Task {
      await gate.ended(outcome)
      let waiters = state.withLock { state in
        state.tellingCount -= 1
        return state.takeWaiters()
      }
      for waiter in waiters { waiter.resume() }
    }
  }

  func whenTold() async {
    await withCheckedContinuation { continuation in
      let isQuiet = state.withLock { state in
        if !state.isQuiet { state.waiters.append(continuation) }
        return state.isQuiet
      }
      if isQuiet { continuation.resume() }
    }
  }
}

extension EgressOutcome {
  /// Of a grant that came to nothing.
  init(_ request: EgressRequest, _ grant: EgressGrant, _ ending: Ending) {
    self.init(
      request: request, host: grant.host, port: grant.port, rule: grant.rule,
      bindsRequest: grant.bindsRequest, address: nil,
      proxy: nil, sentBytes: 0, receivedBytes: 0, duration: .zero, ending: ending)
  }
}
