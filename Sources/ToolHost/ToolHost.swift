// ToolHost.swift — a call in, a result out; behind it, live plugins inside their sandboxes.

public import Base
import Glibc
import MCP
public import Sandbox

/// Runs the calls of one run. Plugins start on their first call and live until ``shutdown()``.
///
/// A plugin that hangs, floods, dies or breaks its protocol is killed with everything it started; the
/// call's result is ``ToolResult/Status/broken`` and says why, and the next call starts it anew. Calls
/// of one plugin wait for each other.
public actor ToolHost {
  /// Where things lie on this machine.
  public struct Places: Equatable, Sendable {
    /// Folders of sandbox profiles, the first that has a profile counts.
    public var profileFolders: [String]
    /// A path for each folder name that the profiles grant, such as "workspace".
    public var folders: [String: String]
    /// The program that "{martlet}" in a manifest's command means; nil for the running one.
    public var program: String?
    /// Exactly this tier; nil for the best that works and that the profile accepts.
    public var tier: SandboxTier?
    /// Less of Landlock than this ABI will not do; 0 for any or none. The system call filter stands in
    /// every tier.
    public var leastLandlockABI: Int

    public init(
      profileFolders: [String], folders: [String: String], program: String? = nil,
      tier: SandboxTier? = nil, leastLandlockABI: Int = 0
    ) {
      self.profileFolders = profileFolders
      self.folders = folders
      self.program = program
      self.tier = tier
      self.leastLandlockABI = leastLandlockABI
    }
  }

  /// A plugin that was started, and the walls that stand around it.
  public struct Start: Equatable, Sendable {
    public var plugin: String
    public var tool: String
    /// Profile, tier, layers, user: see `WalledProcess.walls`.
    public var walls: JSONObject
  }

  /// Why a server did not say what it offers: the end of a sentence that begins with "it".
  public struct ToolSilence: Error, Equatable, Sendable {
    public var reason: String
  }

  /// No body of a call comes near this; its line must fit the plugin's bound of 16 MiB.
  public static let bodyBytesMax = 4 << 20

  /// How plugins whose sandbox has the broker for a network reach it.
  public struct Network: Sendable {
    /// Decides about the connections of the plugin of that name.
    public var gate: @Sendable (_ plugin: String) -> any EgressGate
    public var settings: EgressSettings
    /// Variables for such plugins beside those of their profiles.
    public var variables: [String: String]
    /// What one plugin has in place of the settings, and what variables it alone gets; asked when it is
    /// started.
    public var own: @Sendable (_ plugin: String) async -> Own?

    /// A plugin's own bounds and variables.
    public struct Own: Sendable {
      public var settings: EgressSettings
      public var variables: [String: String]

      public init(settings: EgressSettings, variables: [String: String]) {
        self.settings = settings
        self.variables = variables
      }
    }

    public init(
      settings: EgressSettings = EgressSettings(), variables: [String: String] = [:],
      own: @escaping @Sendable (_ plugin: String) async -> Own? = { _ in nil },
      gate: @escaping @Sendable (_ plugin: String) -> any EgressGate
    ) {
      self.settings = settings
      self.variables = variables
      self.own = own
      self.gate = gate
    }
  }

  private let catalog: ToolCatalog
  private let places: Places
  private var network: Network?
  private var live: [String: PluginConnection] = [:]
  /// What each plugin spoke when it was last open, which saves the probe.
  private var eras: [String: MCPEra] = [:]
  private var busy: Set<String> = []
  private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]
  private var isShutDown = false
  /// Every start of a plugin so far, in order.
  public private(set) var starts: [Start] = []

  public init(catalog: ToolCatalog, places: Places) {
    self.catalog = catalog
    self.places = places
  }

  /// Lets plugins that are started from now on have connections. Without it they get none.
  public func connect(_ network: Network) { self.network = network }

  /// Runs one call to its end. What the tool or the model did wrong is a result.
  ///
  /// - Throws: ``ToolHostError/sandbox(tool:_:)`` where the plugin's sandbox cannot be built; nothing ran.
  public func call(_ call: ToolCall) async throws(ToolHostError) -> ToolResult {
    guard let entry = catalog.resolve(call.tool) else {
      let names = catalog.manifests.flatMap { $0.tools.map(\.name) }.joined(separator: ", ")
      return ToolResult(
        status: .failed, text: "There is no tool \"\(call.tool.prefix(80))\". There are: \(names).")
    }
    let arguments: JSONObject
    do throws(BodyProblem) {
      arguments = try entry.tool.arguments(of: call.body)
    } catch {
      return ToolResult(status: .failed, text: error.sentence)
    }
    await acquire(entry.manifest.name)
    defer { release(entry.manifest.name) }
    return try await run(entry, arguments)
  }

  /// Kills every plugin with everything it started, and returns when nothing of them is left. Calls
  /// under way end as broken.
  public func shutdown() async {
    isShutDown = true
    let connections = Array(live.values)
    for connection in connections { connection.stop() }
    // Calls under way find their plugin dead, and those that were starting one see the flag.
    for name in busy {
      await acquire(name)
      release(name)
    }
    for connection in connections { await connection.whenEnded() }
    live = [:]
    network = nil
  }

  /// What the server called `name` offers, whatever its manifest says of it: it is started behind its
  /// walls for that, and ended.
  ///
  /// - Parameter name: A manifest's name.
  /// - Returns: The tools in the server's order, or the reason why it gave none: "it …".
  /// - Throws: ``ToolHostError/sandbox(tool:_:)`` where its sandbox cannot be built.
  public func offers(
    of name: String
  ) async throws(ToolHostError) -> Result<[ToolOffer], ToolSilence> {
    guard let manifest = catalog.manifests.first(where: { $0.name == name }) else {
      return .failure(ToolSilence(reason: "is not there"))
    }
    await acquire(name)
    defer { release(name) }
    switch try await start(manifest, for: name, keepsPromises: false) {
    case .success(let connection):
      let tools = await connection.tools
      await discard(name)
      return .success(tools.map(ToolOffer.init))
    case .failure(let problem): return .failure(ToolSilence(reason: problem.reason))
    }
  }

  // MARK: - One call

  private func run(
    _ entry: ToolCatalog.Entry, _ arguments: JSONObject
  ) async throws(ToolHostError) -> ToolResult {
    let name = entry.manifest.name
    var note = ""
    if let connection = live[name], let reason = await connection.unfitness() {
      await discard(name)
      note = "[The tool was started anew, because it \(reason). What it kept is lost.]\n"
    }
    let connection: PluginConnection
    if let running = live[name] {
      connection = running
    } else {
      switch try await start(entry.manifest, for: entry.tool.name) {
      case .success(let started): connection = started
      case .failure(let problem): return broken(entry.tool.name, problem.reason)
      }
    }
    let end = await connection.call(entry.tool.pluginTool, arguments)
    if let sentence = await connection.copyReport?.sentence { note += "[\(sentence)]\n" }
    switch end {
    case .answered(let result):
      let text = note + capped(result.text, byteCountMax: entry.manifest.outputBytesMax)
      return ToolResult(
        status: result.isError ? .failed : .succeeded, text: text, structured: result.structured)
    case .refused(let message):
      let text = capped(message, byteCountMax: entry.manifest.outputBytesMax)
      return ToolResult(
        status: .failed, text: "\(note)The tool \"\(entry.tool.name)\" refused the call: \(text)")
    case .broken(let reason):
      await discard(name)
      return broken(entry.tool.name, reason)
    }
  }

  private func broken(_ tool: String, _ reason: String) -> ToolResult {
    ToolResult(
      status: .broken,
      text: """
        The tool "\(tool)" did not answer: it \(reason). The next call starts it anew; what it kept \
        is lost.
        """)
  }

  private struct StartProblem: Error { var reason: String }

  private func start(
    _ manifest: ToolManifest, for tool: String, keepsPromises: Bool = true
  ) async throws(ToolHostError) -> Result<PluginConnection, StartProblem> {
    guard !isShutDown else { throw .shutDown }
    let connection: PluginConnection
    let own = await network?.own(manifest.name)
    do throws(SandboxError) {
      let profile = try SandboxProfile(named: manifest.profile, in: places.profileFolders)
      let plan = try SandboxPlan(
        profile, folders: places.folders, wall: .find(), tier: places.tier,
        leastLandlockABI: places.leastLandlockABI)
      let network = profile.network == .broker ? network : nil
      let broker = try network.map { network throws(SandboxError) in
        try EgressBroker(
          gate: network.gate(manifest.name), settings: own?.settings ?? network.settings)
      }
      var command = command(of: manifest)
      command.environment = network?.variables ?? [:]
      if network != nil { command.environment.merge(own?.variables ?? [:]) { $1 } }
      connection = try await PluginConnection.start(
        manifest, command: command, plan: plan, broker: broker)
    } catch {
      throw .sandbox(tool: manifest.name, error)
    }
    live[manifest.name] = connection
    starts.append(Start(plugin: manifest.name, tool: tool, walls: connection.walls))
    if isShutDown {
      await discard(manifest.name)
      throw .shutDown
    }
    var reason = await connection.open(knownEra: eras[manifest.name])
    if reason == nil, keepsPromises { reason = await connection.brokenPromise() }
    if let reason {
      // The next start asks anew.
      eras[manifest.name] = nil
      await discard(manifest.name)
      return .failure(StartProblem(reason: reason))
    }
    eras[manifest.name] = await connection.era
    return .success(connection)
  }

  private func command(of manifest: ToolManifest) -> SandboxCommand {
    let first = manifest.command.first ?? ""
    var program: String?
    if first == "{martlet}" {
      program = places.program ?? "/proc/self/exe"
    } else if first.hasPrefix("{folder}/") {
      program = manifest.folder + first.dropFirst("{folder}".count)
    }
    return SandboxCommand(manifest.command, hostProgram: program, lifetime: .unbounded)
  }

  /// Kills a plugin; returns when nothing of it is left.
  private func discard(_ name: String) async {
    guard let connection = live.removeValue(forKey: name) else { return }
    connection.stop()
    await connection.whenEnded()
  }

  // MARK: - One call at a time for each plugin

  private func acquire(_ name: String) async {
    guard !busy.insert(name).inserted else { return }
    await withCheckedContinuation { waiting[name, default: []].append($0) }
  }

  /// Hands the plugin to who has waited longest.
  private func release(_ name: String) {
    guard var queue = waiting[name], !queue.isEmpty else {
      busy.remove(name)
      return
    }
    let next = queue.removeFirst()
    waiting[name] = queue
    next.resume()
  }
}
