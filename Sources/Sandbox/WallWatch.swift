// WallWatch.swift — the thread that starts one walled command and stays with it to its end.

import CSandbox
import Glibc
import Synchronization

enum WallWatch {
  /// Stays with an attempt until its command is gone. Where the kernel refuses the tier, tries those
  /// of the plan that come after it.
  static func run(
    _ first: WallAttempt, _ command: SandboxCommand, _ plan: SandboxPlan, _ streams: SandboxStreams,
    _ desk: WalledDesk
  ) {
    // As root little holds a fork bomb: whoever ends it must get its turn.
    if geteuid() == 0 { setpriority(Int32(PRIO_PROCESS.rawValue), 0, -5) }
    var attempt = first
    var tiers = plan.tiers.dropFirst()
    while true {
      let result = attempt.watch()
      guard case .wallFailed(let failure) = result.outcome.verdict else {
        return attempt.deliver(result)
      }
      guard failure.isAboutNamespaces, let next = tiers.popFirst() else {
        desk.started(.failure(.wall(failure)))
        return attempt.deliver(result)
      }
      do throws(SandboxError) {
        attempt.bury()
        let copies = try plan.copies(in: next) { desk.isStopAsked }
        attempt = try WallAttempt(command, plan, next, streams, desk, copies)
        attempt.droppedFrom = failure
      } catch {
        return desk.started(.failure(error))
      }
    }
  }
}

/// One start of martlet-wall and all that follows.
final class WallAttempt {
  /// How long the wall may take to stand. It takes milliseconds; a machine may be very busy.
  private static let startTimeMax = Duration.seconds(20)
  /// How long the wall may take to kill everything before it is killed itself: in the full tier its own
  /// death does the rest; in the Landlock tier its guard has to, on a machine that may be very busy.
  private var killTimeMax: Duration { tier == .full ? .seconds(2) : .seconds(20) }
  private static let tick = Duration.milliseconds(100)

  private let plan: SandboxPlan
  private let command: SandboxCommand
  private let tier: SandboxTier
  private let desk: WalledDesk
  private let subjects: [UInt32: String]
  private let group: ControlGroup?
  private let scratch: PrivateFolder?
  private let copies: FolderCopies?
  private let channel: Descriptor
  private let process: pid_t
  private let processDoor: Descriptor
  private var inputPipe: Descriptor?
  private var inputFile: InputFile?
  private var ports: [OutputPort]
  private let startedAt: ContinuousClock.Instant
  private var readyAt: ContinuousClock.Instant?
  /// The end of the current phase: of starting, of the command's time, of the wait for the kill.
  private var deadline: ContinuousClock.Instant?
  private var nextLook: ContinuousClock.Instant?
  private var disk: DiskWatch
  private var failure: WallFailure?
  private var exit: wall_record?
  /// Why the host ended the command.
  private var ending: SandboxVerdict?
  private var isBuried = false
  private var outcome: SandboxOutcome
  var droppedFrom: WallFailure?

  /// Starts the wall.
  init(
    _ command: SandboxCommand, _ plan: SandboxPlan, _ tier: SandboxTier, _ streams: SandboxStreams,
    _ desk: WalledDesk, _ copies: FolderCopies?
  ) throws(SandboxError) {
    // The Landlock tier's wall cannot join a group: the watchdog counts there.
    group =
      tier == .full ? ControlGroup.make(plan.profile.limits, user: plan.identity.outerUser) : nil
    if group == nil, plan.profile.limits.isHard {
      throw .noHardLimits(profile: plan.profile.name)
    }
    scratch = tier == .landlock ? try PrivateFolder(.scratch) : nil
    var broker: Descriptor?
    if plan.profile.network == .broker {
      broker = streams.connection
      if broker == nil { broker = try streams.broker?.commandEnd() }
    }
    let specification = try plan.specification(
      for: command, tier: tier, scratch: scratch?.path, copies: copies, group: group,
      hasBroker: broker != nil)
    let wiring = try Wiring(streams, plan.profile.limits, desk)
    let channels = try Wiring.channel()
    let bytes = specification.bytes
    let memory = bytes.withUnsafeBytes { bytes -> Int32 in
      guard let base = bytes.baseAddress else { return -1 }
      return cs_sealed_memory(base, bytes.count)
    }
    guard memory >= 0 else { throw .call(name: "memfd_create", errno: errno) }
    let doors = group?.doors ?? []
    let held = broker.map { [$0] } ?? []
    let given = wiring.given + [channels.theirs, Descriptor(memory)] + doors + held
    startedAt = .now
    process = try Wiring.spawn(plan.wall.path, given)
    let door = cs_pidfd(process)
    guard door >= 0 else { throw .call(name: "pidfd_open", errno: errno) }
    processDoor = Descriptor(door)
    channel = channels.ours
    inputPipe = wiring.inputPipe
    inputFile = wiring.inputFile
    ports = wiring.ports
    subjects = specification.subjects
    deadline = startedAt + Self.startTimeMax
    disk = DiskWatch(
      folders: plan.writableFolders(copies), scratch: scratch?.path, plan.profile.limits)
    (self.plan, self.command, self.tier, self.desk) = (plan, command, tier, desk)
    self.copies = copies
    desk.copies.withLock { $0 = copies }
    outcome = SandboxOutcome(
      profile: plan.profile.name, verdict: .killed(.wallDied), tier: tier,
      identity: plan.identity, enforcement: group?.enforcement ?? .watchdog)
    outcome.isBare = plan.isBare(in: tier)
    outcome.copies = copies?.facts
  }

  /// Stays until nothing of the command is left.
  func watch() -> SandboxResult {
    var watched = [pollfd](repeating: pollfd(), count: 8)
    while true {
      let count = arrange(&watched)
      _ = poll(&watched, nfds_t(count), timeout)
      if watched[1].revents != 0 { clearBell() }
      if watched[0].revents != 0 { readRecords() }
      moveData()
      // The command and all that it started are gone, as a record says, or as the wall's end does.
      if exit != nil || watched[2].revents != 0 { break }
      checkTime()
    }
    readRecords()
    // A group can only be removed when the wall has left it.
    if group != nil { bury() }
    finishOutput()
    if let copies, readyAt != nil { outcome.copyReport = copies.reconcile(isLast: true) }
    let outcome = finalOutcome()
    // Before anybody hears of the end, who may end the host.
    copies?.remove()
    scratch?.remove()
    group?.remove()
    return SandboxResult(
      outcome: outcome, output: ports[0].captured, error: ports[1].captured)
  }

  /// Tells the callers, and waits for the wall, which takes its namespaces apart meanwhile.
  func deliver(_ result: SandboxResult) {
    desk.ended(result)
    bury()
  }

  // MARK: - Waiting

  /// Fills in what to wait for; returns how much that is.
  private func arrange(_ watched: inout [pollfd]) -> Int {
    func entry(_ descriptor: Int32, _ events: Int32) -> pollfd {
      pollfd(fd: descriptor, events: Int16(events), revents: 0)
    }
    watched[0] = entry(channelIsOpen ? channel.number : -1, POLLIN)
    watched[1] = entry(desk.bell.number, POLLIN)
    watched[2] = entry(processDoor.number, POLLIN)
    var count = 3
    if let inputPipe, readyAt != nil, desk.input.wantsAttention {
      watched[count] = entry(inputPipe.number, POLLOUT)
      count += 1
    }
    for port in ports {
      if let descriptor = port.wantsToRead {
        watched[count] = entry(descriptor, POLLIN)
        count += 1
      }
      if let descriptor = port.wantsToWrite {
        watched[count] = entry(descriptor, POLLOUT)
        count += 1
      }
    }
    return count
  }

  private var channelIsOpen = true

  /// Milliseconds until something is due, -1 for no end.
  private var timeout: Int32 {
    guard let due = [deadline, nextLook].compactMap({ $0 }).min() else { return -1 }
    let left = (due - .now).microseconds
    return Int32(clamping: max(0, (left + 999) / 1000))
  }

  private func clearBell() {
    var count: UInt64 = 0
    _ = read(desk.bell.number, &count, 8)
    if desk.isStopAsked { end(.killed(.stopped)) }
  }

  private func moveData() {
    if inputPipe != nil, readyAt != nil { inputFile?.feed(desk.input) }
    if let pipe = inputPipe, readyAt != nil, desk.input.wantsAttention {
      if !desk.input.feed(pipe.number) { inputPipe = nil }
    }
    for port in ports { port.move() }
  }

  private func checkTime() {
    let now = ContinuousClock.now
    if let deadline, now >= deadline {
      if ending != nil {
        // The wall had its time to kill everything. Its own death takes process 1 along.
        _ = cs_pidfd_signal(processDoor.number, SIGKILL)
        self.deadline = nil
      } else if readyAt == nil {
        let failure = WallFailure(step: .start, errno: ETIMEDOUT, subject: nil)
        self.failure = failure
        end(.wallFailed(failure))
      } else {
        end(.timedOut)
      }
    }
    if let nextLook, now >= nextLook {
      self.nextLook = ending == nil ? .now + Self.tick : nil
      if ending == nil { look() }
    }
  }

  /// The watchdog: what neither the kernel nor a control group counts, it counts.
  private func look() {
    let limits = plan.profile.limits
    // In the full tier process 1 is among them, in the Landlock tier the guard.
    let (wall, countMax) = (process, limits.processCountMax + 1)
    // Version 1 kills single processes for want of memory, and does not count all that they hold.
    if let group, group.enforcement == .cgroup1, group.memoryKillCount > 0 {
      return end(.killed(.memory))
    }
    if group?.enforcement != .cgroup2 {
      let processes = ProcessTree.descendants(of: wall, countMax: countMax)
      if processes.count > countMax { return end(.killed(.processes)) }
      let use = ProcessTree.use(of: processes, limit: limits.memoryBytesMax)
      if use.taskCount > countMax { return end(.killed(.processes)) }
      if use.memoryBytes > limits.memoryBytesMax { return end(.killed(.memory)) }
    }
    if disk.isExceeded(by: { ProcessTree.descendants(of: wall, countMax: countMax) }) {
      end(.killed(.disk))
    }
  }

  /// Has the wall kill everything.
  private func end(_ verdict: SandboxVerdict) {
    guard ending == nil else { return }
    ending = verdict
    shutdown(channel.number, Int32(SHUT_WR))
    deadline = .now + killTimeMax
  }

  // MARK: - What the wall says

  private func readRecords() {
    var record = wall_record()
    while channelIsOpen {
      let count = withUnsafeMutableBytes(of: &record) {
        recv(channel.number, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
      }
      if count == MemoryLayout<wall_record>.size {
        handle(record)
      } else if count >= 0 || (errno != EAGAIN && errno != EINTR) {
        channelIsOpen = false
      } else if errno == EAGAIN {
        return
      }
    }
  }

  private func handle(_ record: wall_record) {
    switch UInt32(record.kind) {
    case WALL_KIND_STEP.rawValue:
      outcome.steps.append(
        (WallStep(number: record.step), .microseconds(Int64(clamping: record.elapsed))))
    case WALL_KIND_READY.rawValue: becomeReady(record)
    case WALL_KIND_EXIT.rawValue:
      exit = record
      if command.isTraced {
        outcome.steps.append((.execute, .microseconds(Int64(clamping: record.elapsed))))
      }
    case WALL_KIND_FAILED.rawValue:
      failure = WallFailure(
        step: WallStep(number: record.step), errno: record.code, subject: subjects[record.index])
    default: break
    }
  }

  /// The layers that stand in each tier, or nothing does.
  private var neededLayers: UInt32 {
    let both = [WALL_LAYER_CAPABILITIES, WALL_LAYER_LIMITS, WALL_LAYER_FILTER]
    let own = tier == .full ? [WALL_LAYER_NAMESPACES, WALL_LAYER_ROOT] : [WALL_LAYER_LANDLOCK]
    return (both + own + (group == nil ? [] : [WALL_LAYER_CGROUP])).reduce(0) { $0 | $1.rawValue }
  }

  private func becomeReady(_ record: wall_record) {
    let now = ContinuousClock.now
    guard record.layers & neededLayers == neededLayers, record.code >= plan.leastLandlockABI else {
      let failure = WallFailure(step: .start, errno: EPROTO, subject: nil)
      self.failure = failure
      return end(.wallFailed(failure))
    }
    readyAt = now
    outcome.droppedFrom = droppedFrom
    outcome.timeToReady = now - startedAt
    outcome.layers = SandboxOutcome.layerNames(record.layers)
    outcome.landlockABI = record.code
    if ending == nil {
      deadline = command.wallTimeMax(plan.profile.limits).map { now + $0 }
      nextLook = now + Self.tick
    }
    desk.started(.success(outcome.walls))
  }

  // MARK: - The end

  /// Waits for the wall itself. How it ended says nothing: only its records count.
  func bury() {
    guard !isBuried else { return }
    isBuried = true
    var ended = pollfd(fd: processDoor.number, events: Int16(POLLIN), revents: 0)
    if poll(&ended, 1, Int32(killTimeMax.microseconds / 1000)) == 0 {
      _ = cs_pidfd_signal(processDoor.number, SIGKILL)
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }

  /// What is still in the pipes: nobody writes any more, so this ends. A relay may take as long as
  /// whoever reads it, unless the caller wants it to stop.
  private func finishOutput() {
    inputPipe = nil
    if readyAt != nil { inputFile?.settle(sent: desk.input.sentCount) }
    for port in ports { port.drain() }
    while !desk.isStopAsked {
      let waiting = ports.compactMap(\.wantsToWrite)
      if waiting.isEmpty { break }
      var watched = waiting.map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
      watched.append(pollfd(fd: desk.bell.number, events: Int16(POLLIN), revents: 0))
      _ = poll(&watched, nfds_t(watched.count), -1)
      for port in ports { port.drain() }
    }
  }

  private func finalOutcome() -> SandboxOutcome {
    outcome.verdict = verdict
    outcome.droppedFrom = droppedFrom
    outcome.timeTotal = .now - startedAt
    outcome.inputByteCount = desk.input.sentCount
    outcome.outputByteCount = ports[0].byteCount
    outcome.errorByteCount = ports[1].byteCount
    outcome.isTruncated = ports.contains(where: \.isTruncated)
    if let exit {
      outcome.timeOfUser = .microseconds(Int64(clamping: exit.a))
      outcome.timeOfSystem = .microseconds(Int64(clamping: exit.b))
      outcome.residentBytesMax = Int(clamping: exit.c) << 10
    }
    return outcome
  }

  private var verdict: SandboxVerdict {
    if let failure {
      return failure.step == .execute && readyAt != nil
        ? .notExecuted(errno: failure.errno) : .wallFailed(failure)
    }
    // A command that was killed by the wall on our word ends by SIGKILL; one that ended by itself
    // just before keeps its own end.
    let isKilled = exit.map { $0.code & 0x7F == SIGKILL } ?? true
    if isKilled, let ending { return ending }
    if isKilled, let group, group.memoryKillCount > 0 { return .killed(.memory) }
    guard let exit else {
      return readyAt == nil
        ? .wallFailed(WallFailure(step: .start, errno: EPROTO, subject: nil)) : .killed(.wallDied)
    }
    let signal = exit.code & 0x7F
    return signal == 0 ? .exited(code: exit.code >> 8 & 0xFF) : .signalled(signal)
  }
}

extension SandboxCommand {
  fileprivate func wallTimeMax(_ limits: SandboxLimits) -> Duration? {
    switch lifetime {
    case .profile: limits.wallTimeMax
    case .atMost(let time): time
    case .unbounded: nil
    }
  }
}
