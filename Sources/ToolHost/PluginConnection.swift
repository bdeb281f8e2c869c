// PluginConnection.swift — one live plugin: its process behind walls, and the session with it.

import Base
import MCP
import Sandbox

/// Drives one plugin from its start to its end. One caller at a time; the host sees to that.
///
/// The session is a value that decides; this actor sends, receives and watches the clock.
actor PluginConnection {
  /// How a call ended.
  enum CallEnd {
    case answered(MCPToolResult)
    /// The plugin is well, and will not run this call.
    case refused(String)
    /// The plugin is unusable from now on; the text completes "The tool did not answer: it …".
    case broken(String)
  }

  private enum News {
    case opened
    case tools([MCPTool])
    case answered(MCPToolResult)
    case failed(MCPError)
    case cancelled
  }

  /// How long a legacy plugin may keep silent about the modern probe that it does not know.
  private static let probeTimeMax = Duration.seconds(2)
  /// How long a plugin that closed its output may take to end by itself, so that its status is known.
  private static let endTimeMax = Duration.milliseconds(500)

  nonisolated private let process: WalledProcess
  /// Makes the plugin's connections; nil where it has no network at all.
  nonisolated private let broker: EgressBroker?
  /// The walls around the plugin.
  nonisolated var walls: JSONObject { process.walls }
  private let manifest: ToolManifest
  private var session = MCPClientSession(
    client: MCPImplementation(name: "martlet", version: "1"))
  private var framer = LineFramer()
  private var news: [News] = []
  /// The request under way and when it is given up.
  private var clock: (request: Int64, deadline: ContinuousClock.Instant)?
  private let startDeadline: ContinuousClock.Instant
  /// Whether the era has to be found out.
  private var isProbing = true
  private var callCount = 0
  /// The last oddity since the current call began.
  private var oddity: MCPError?
  /// Why the plugin must not be used any more.
  private var fault: MCPError?
  private var end: SandboxResult?
  /// What the last call brought back from copies of folders; nil where the plugin has none.
  private(set) var copyReport: CopyReport?
  /// What the plugin said that it offers.
  private(set) var tools: [MCPTool] = []
  /// Whether that is no longer so: the pins have to be compared anew, with a new process.
  private var isOutdated = false

  private init(_ process: WalledProcess, _ broker: EgressBroker?, _ manifest: ToolManifest) {
    self.process = process
    self.broker = broker
    self.manifest = manifest
    startDeadline = .now + manifest.startTimeMax
  }

  deinit { stop() }

  /// Starts the plugin's process behind its walls. ``open(knownEra:)`` is next.
  static func start(
    _ manifest: ToolManifest, command: SandboxCommand, plan: SandboxPlan, broker: EgressBroker?
  ) async throws(SandboxError) -> PluginConnection {
    let streams = SandboxStreams(
      input: .stream, output: .stream, error: .capture, broker: broker)
    let process = try await WalledProcess.start(command, in: plan, streams: streams)
    let connection = PluginConnection(process, broker, manifest)
    Task { [weak connection] in
      let result = await process.result()
      await connection?.noteEnd(result)
    }
    return connection
  }

  /// Kills the plugin and everything it started. Returns at once.
  nonisolated func stop() {
    process.stop()
    broker?.close()
  }

  /// Returns when nothing of the plugin is left, and what became of its connections is recorded.
  nonisolated func whenEnded() async {
    _ = await process.result()
    await broker?.whenClosed()
  }

  /// Opens the session and has the tools listed. Returns why that failed.
  func open(knownEra: MCPEra?) async -> String? {
    isProbing = knownEra != .legacy
    await handle(.started(knownEra: knownEra))
    switch await nextNews() {
    case .opened: break
    case .failed(let error): return await reason(error)
    case .cancelled: return "was given up"
    case .tools, .answered: return "opened in disorder"
    }
    await handle(.toolsRequested)
    switch await nextNews() {
    case .tools(let tools):
      self.tools = tools
      return nil
    case .failed(let error): return await reason(error)
    case .cancelled: return "was given up"
    case .opened, .answered: return "listed its tools in disorder"
    }
  }

  /// The era of the open session.
  var era: MCPEra? { session.server?.version.era }

  /// Why the plugin cannot take another call, by what it did since the last one; nil if it can.
  func unfitness() async -> String? {
    let waiting = Task { await process.output.receive() }
    // A receiver that is cancelled gets what is there, and does not wait.
    waiting.cancel()
    if let bytes = await waiting.value { await take(bytes) }
    if let fault { return await reason(fault) }
    if isOutdated { return "changed its list of tools" }
    return end.map { Self.sentence(about: $0) }
  }

  /// Calls a tool of the plugin.
  ///
  /// No connection outlives the call that it was made for. Where the plugin works on copies of folders,
  /// it finds what others changed in them, and what it changed is in them afterwards.
  func call(_ tool: String, _ arguments: JSONObject) async -> CallEnd {
    copyReport = await process.reconcile()
    let end = await answer(tool, arguments)
    await broker?.endCall()
    if let report = await process.reconcile() { copyReport?.add(report) }
    return end
  }

  private func answer(_ tool: String, _ arguments: JSONObject) async -> CallEnd {
    callCount += 1
    oddity = nil
    await handle(.callRequested(call: callCount, tool: tool, arguments: arguments))
    let first = await nextNews()
    if case .failed(let error) = first, fault == nil {
      guard case .refused(let refusal) = error else { return .broken(await reason(error)) }
      return .refused(refusal.message)
    }
    if let fault { return .broken(await reason(fault)) }
    switch first {
    case .answered(let result): return .answered(result)
    case .cancelled: return .broken("was given up")
    case .opened, .tools, .failed: return .broken("answered in disorder")
    }
  }

  private func noteEnd(_ result: SandboxResult) { end = result }

  /// What the manifest says of the tools and the plugin does not; nil where it keeps its promises.
  func brokenPromise() -> String? {
    for promised in manifest.tools {
      guard let tool = tools.first(where: { $0.name == promised.pluginTool }) else {
        return "does not offer \"\(promised.pluginTool)\", which its manifest promises"
      }
      guard let pin = promised.pin, pin != ToolOffer(tool).pin else { continue }
      return "describes \"\(promised.pluginTool)\" otherwise than when its manifest was written; "
        + "look at it, then pin it anew with martlet tool pin"
    }
    return nil
  }
}

// MARK: - Driving

extension PluginConnection {
  /// What comes of the request under way.
  private func nextNews() async -> News {
    while news.isEmpty {
      let output = process.output
      let deadline = clock?.deadline ?? .now
      let (bytes, isLate) = await before(deadline) { await output.receive() }
      if let bytes {
        await take(bytes)
        // One that talks without end must not outlive its time.
        if news.isEmpty, let clock, ContinuousClock.now >= clock.deadline { await giveUp() }
      } else if Task.isCancelled {
        return .cancelled
      } else if isLate {
        await giveUp()
      } else {
        if let piece = framer.finish() { await handle(.received(piece)) }
        await handle(.peerClosed)
      }
    }
    return news.removeFirst()
  }

  private func giveUp() async {
    guard let request = clock?.request else { return news.append(.failed(.notOpen)) }
    await handle(.timedOut(request: request))
  }

  private func take(_ bytes: [UInt8]) async {
    for piece in framer.receive(bytes) { await handle(.received(piece)) }
  }

  private func handle(_ event: MCPClientSession.Event) async {
    for action in session.handle(event) {
      switch action {
      case .send(let bytes): await send(bytes)
      case .expectAnswer(let request, let subject):
        clock = (request, deadline(of: subject))
      case .opened: news.append(.opened)
      case .toolsListed(let tools): news.append(.tools(tools))
      case .toolsFailed(let error), .failed(_, let error): news.append(.failed(error))
      case .completed(_, let result): news.append(.answered(result))
      case .close(let error):
        fault = fault ?? error
        if news.isEmpty { news.append(.failed(error)) }
      case .ignored(let error):
        oddity = error
        if case .secondAnswer = error { fault = fault ?? error }
      case .toolsChanged: isOutdated = manifest.kind == .mcp
      case .progressed, .logged: break
      }
    }
  }

  private func deadline(of subject: MCPClientSession.Subject) -> ContinuousClock.Instant {
    switch subject {
    // The first request of the opening is the probe; every later one may use the time that is left.
    case .opening where clock == nil && isProbing: min(startDeadline, .now + Self.probeTimeMax)
    case .opening, .tools: startDeadline
    case .call: .now + manifest.callTimeMax
    }
  }

  /// A plugin that does not read must not hold us; what is not sent in time is answered in no time.
  private func send(_ bytes: [UInt8]) async {
    let input = process.input
    let limit = min(manifest.callTimeMax, manifest.startTimeMax)
    _ = await before(.now + limit) { try? await input.send(bytes) }
  }
}

/// What ended a wait first.
private enum First<Value: Sendable>: Sendable {
  case value(Value?)
  case deadline
}

/// The value of `body`, which is cancelled when the deadline passes, and whether that happened.
private func before<Value: Sendable>(
  _ deadline: ContinuousClock.Instant, _ body: @escaping @Sendable () async -> Value?
) async -> (value: Value?, isLate: Bool) {
  await withTaskGroup(of: First<Value>.self) { group in
    group.addTask { .value(await body()) }
    group.addTask {
      try? await Task.sleep(until: deadline, clock: .continuous)
      return .deadline
    }
    var isLate = false
    var value: Value?
    while let first = await group.next() {
      switch first {
      case .value(let given): value = given
      case .deadline: isLate = true
      }
      // Whichever is second ends at once; a value that it still brings counts.
      group.cancelAll()
      if case .value = first { break }
    }
    return (value, isLate)
  }
}

// MARK: - Reasons

extension PluginConnection {
  /// What the plugin did, as the end of a sentence that begins with "it".
  private func reason(_ error: MCPError) async -> String {
    switch error {
    case .peerClosed: return await endOfProcess()
    case .timedOut(let method):
      let limit =
        method == "tools/call"
        ? manifest.callTimeMax : manifest.startTimeMax
      let sentence = "gave no answer to \(method) within \(limit.components.seconds) s"
      return oddity.map { "\(sentence); before that: \($0.description.shortened)" } ?? sentence
    case .secondAnswer: return "answered twice"
    default: return "broke its protocol: \(error.description.shortened)"
    }
  }

  /// How the process ended; one that only closed its output is ended here.
  private func endOfProcess() async -> String {
    let process = process
    let patience = Task {
      try? await Task.sleep(for: Self.endTimeMax)
      process.stop()
    }
    let result = await process.result()
    patience.cancel()
    return Self.sentence(about: result)
  }

  private static func sentence(about result: SandboxResult) -> String {
    let what =
      switch result.outcome.verdict {
      case .exited(let code): "ended with status \(code)"
      case .signalled(let signal): "was ended by signal \(signal)"
      case .killed(.memory): "used more memory than its sandbox allows, and was killed"
      case .killed(.processes): "started more processes than its sandbox allows, and was killed"
      case .killed(.disk): "wrote more to the disk than its sandbox allows, and was killed"
      case .killed(.stopped): "closed its output, and was killed"
      case .killed(.wallDied): "ended together with its wall"
      case .timedOut: "lived longer than its sandbox allows, and was killed"
      case .notExecuted: "is a program that cannot be executed inside its sandbox"
      case .wallFailed(let failure): failure.description
      }
    let words = String(decoding: result.error.bytes.suffix(300), as: UTF8.self)
    let last = words.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
    return last.isEmpty ? what : "\(what); its last words were: \(last)"
  }
}

extension String {
  /// A sentence without its full stop, not at any length.
  fileprivate var shortened: String {
    let text = hasSuffix(".") ? String(dropLast()) : self
    return text.unicodeScalars.count > 300
      ? String(String.UnicodeScalarView(text.unicodeScalars.prefix(300))) + "…" : text
  }
}
