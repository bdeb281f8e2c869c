// WalledProcess.swift — a command behind its walls: started, fed, listened to, ended.

public import Base
import CSandbox
import Glibc
import Synchronization

/// A command that runs behind every wall its plan asked for.
///
/// Every process has a thread of its own in the host that waits for it; no call here waits on a thread
/// of the cooperative pool. When the last reference goes away, or the host dies, the command and
/// everything it started are killed.
public final class WalledProcess: Sendable {
  public let input: WalledInput
  public let output: WalledOutput
  public let error: WalledOutput
  /// The walls that stand: profile, tier, layers, user, as in ``SandboxOutcome/json``.
  public let walls: JSONObject
  private let desk: WalledDesk

  private init(_ desk: WalledDesk, walls: JSONObject) {
    self.desk = desk
    self.walls = walls
    input = desk.input
    output = desk.output
    error = desk.error
  }

  deinit { desk.stop() }

  /// Builds the walls and starts the command. Returns when every wall stands; throws, and nothing ran,
  /// where one does not.
  public static func start(
    _ command: SandboxCommand, in plan: SandboxPlan, streams: SandboxStreams = SandboxStreams()
  ) async throws(SandboxError) -> WalledProcess {
    let wake = cs_bell()
    guard wake >= 0 else { throw .call(name: "eventfd", errno: errno) }
    let desk = WalledDesk(bell: Descriptor(wake))
    // Spawning takes half a millisecond, handing it to another thread can take longer.
    guard let tier = plan.tiers.first else { throw .ended }
    let copies = try await plan.copiesOffThePool(in: tier)
    let parcel = Parcel(try WallAttempt(command, plan, tier, streams, desk, copies))
    let code = OwnThread.start {
      guard let attempt = parcel.open() else { return }
      WallWatch.run(attempt, command, plan, streams, desk)
    }
    guard code == 0 else { throw .call(name: "pthread_create", errno: code) }
    // Whatever becomes of the wait, nothing of an attempt that failed may stay.
    do throws(SandboxError) {
      let process = WalledProcess(desk, walls: try await desk.whenStarted().get())
      streams.broker?.leaveToCommand()
      return process
    } catch {
      desk.stop()
      streams.broker?.close()
      throw error
    }
  }

  /// Kills the command and everything it started. Returns at once; ``result()`` says when it is done.
  public func stop() { desk.stop() }

  /// Where the command works on copies of folders, carries what changed on one side only to the other.
  ///
  /// - Returns: What was brought back and what was not; nil where there are no copies.
  public func reconcile() async -> CopyReport? {
    guard let copies = desk.copies.withLock({ $0 }) else { return nil }
    return await withCheckedContinuation { continuation in
      let code = OwnThread.start {
        continuation.resume(returning: copies.reconcile(isLast: false))
      }
      if code != 0 { continuation.resume(returning: nil) }
    }
  }

  /// What became of the command, and the output that was captured, once nothing of it is left.
  public func result() async -> SandboxResult { await desk.whenEnded() }
}

/// An outcome together with what was captured.
public struct SandboxResult: Equatable, Sendable {
  public var outcome: SandboxOutcome
  /// Empty where the stream led elsewhere.
  public var output: CapturedOutput
  public var error: CapturedOutput
}

extension SandboxPlan {
  /// Copies what the command is to have copies of in this tier; nil where that is nothing.
  func copies(
    in tier: SandboxTier, isStopped: () -> Bool
  ) throws(SandboxError) -> FolderCopies? {
    let orders = try copyOrders(in: tier)
    return orders.isEmpty ? nil : try FolderCopies(orders, of: profile, isStopped: isStopped)
  }

  /// The same, on a thread of its own where there is something to copy. A task that is cancelled ends it.
  func copiesOffThePool(in tier: SandboxTier) async throws(SandboxError) -> FolderCopies? {
    let orders = try copyOrders(in: tier)
    if orders.isEmpty { return nil }
    let (profile, isStopped) = (profile, StopFlag())
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation {
        (continuation: CheckedContinuation<Result<FolderCopies, SandboxError>, Never>) in
        let code = OwnThread.start {
          let result: Result<FolderCopies, SandboxError>
          do throws(SandboxError) {
            result = .success(
              try FolderCopies(orders, of: profile, isStopped: { isStopped.isSet }))
          } catch { result = .failure(error) }
          continuation.resume(returning: result)
        }
        if code != 0 {
          continuation.resume(returning: .failure(.call(name: "pthread_create", errno: code)))
        }
      }
    } onCancel: {
      isStopped.set()
    }
    return try result.get()
  }

  /// Runs a command to its end. A wall that could not be built is a verdict here, not an error.
  ///
  /// - Throws: What kept even the wall from being started: a path that is gone, a command line that
  ///   is too long.
  public func run(
    _ command: SandboxCommand, streams: SandboxStreams = SandboxStreams()
  ) async throws(SandboxError) -> SandboxResult {
    let process: WalledProcess
    do { process = try await WalledProcess.start(command, in: self, streams: streams) } catch {
      guard case .wall(let failure) = error else { throw error }
      let empty = CapturedOutput(byteCountMax: 2)
      let outcome = SandboxOutcome(
        profile: profile.name, verdict: .wallFailed(failure), tier: tiers.last ?? .full,
        identity: identity, enforcement: .watchdog)
      return SandboxResult(outcome: outcome, output: empty, error: empty)
    }
    // A task that is cancelled no longer wants the command.
    return await withTaskCancellationHandler {
      await process.result()
    } onCancel: {
      process.stop()
    }
  }
}

/// Set once, looked at from another thread.
private final class StopFlag: Sendable {
  private let flag = Atomic(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }

  func set() { flag.store(true, ordering: .relaxed) }
}

/// Carries an attempt to its thread.
private final class Parcel: Sendable {
  private let content: Mutex<WallAttempt?>

  init(_ attempt: sending WallAttempt) { content = Mutex(attempt) }

  func open() -> sending WallAttempt? { content.withLock { $0.take() } }
}

/// Where the watching thread and the callers meet.
final class WalledDesk: Sendable {
  private struct State {
    var isStopAsked = false
    var start: Result<JSONObject, SandboxError>?
    var result: SandboxResult?
    var starter: CheckedContinuation<Result<JSONObject, SandboxError>, Never>?
    var enders: [CheckedContinuation<SandboxResult, Never>] = []
  }

  let input: WalledInput
  let output: WalledOutput
  let error: WalledOutput
  let bell: Descriptor
  /// What the command works on in place of folders.
  let copies = Mutex<FolderCopies?>(nil)
  private let state = Mutex(State())

  init(bell: Descriptor) {
    self.bell = bell
    let ring: @Sendable () -> Void = {
      var one: UInt64 = 1
      _ = write(bell.number, &one, 8)
    }
    input = WalledInput(wake: ring)
    output = WalledOutput(wake: ring)
    error = WalledOutput(wake: ring)
  }

  var isStopAsked: Bool { state.withLock { $0.isStopAsked } }

  func stop() {
    state.withLock { $0.isStopAsked = true }
    var one: UInt64 = 1
    _ = write(bell.number, &one, 8)
  }

  /// The walls when they stand, the error where they do not.
  func whenStarted() async -> Result<JSONObject, SandboxError> {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let start = state.withLock { state -> Result<JSONObject, SandboxError>? in
          if state.start == nil { state.starter = continuation }
          return state.start
        }
        if let start { continuation.resume(returning: start) }
      }
    } onCancel: {
      stop()
    }
  }

  func started(_ result: Result<JSONObject, SandboxError>) {
    let starter = state.withLock {
      state -> CheckedContinuation<
        Result<JSONObject, SandboxError>, Never
      >? in
      guard state.start == nil else { return nil }
      state.start = result
      defer { state.starter = nil }
      return state.starter
    }
    starter?.resume(returning: result)
  }

  func whenEnded() async -> SandboxResult {
    await withCheckedContinuation { continuation in
      let result = state.withLock { state -> SandboxResult? in
        if state.result == nil { state.enders.append(continuation) }
        return state.result
      }
      if let result { continuation.resume(returning: result) }
    }
  }

  func ended(_ result: SandboxResult) {
    input.end()
    output.end()
    error.end()
    let enders = state.withLock { state in
      state.result = result
      defer { state.enders = [] }
      return state.enders
    }
    for ender in enders { ender.resume(returning: result) }
  }
}
