// AgentSession.swift — everything put together: model, policy, tools behind walls, ledger, planner.

import Base
import Digests
import Glibc
import Harmony
public import Planner
import Policy
import Providers
import Sandbox
public import Store
import Tokenizer
import ToolHost

/// One session: a run, or the runs of a chat, or one that is taken up again.
///
/// Everything that happens comes out of ``news``, in order, each event after it was recorded.
public actor AgentSession {
  public nonisolated let id: String
  /// One reader. Ends with ``close()``.
  public nonisolated let news: AsyncStream<RunNews>
  public nonisolated let settings: RunSettings

  private let planner: Planner
  private let plannerSettings: PlannerSettings
  private let runner: GuardedToolRunner
  private let host: ToolHost
  private let localModel: LocalModel?
  private let continuation: AsyncStream<RunNews>.Continuation
  private let lock: SessionLock
  private var isNew: Bool

  // MARK: - Opening

  /// Begins a new session in the ledger. Nothing is generated yet.
  ///
  /// - Throws: ``RunError``: a policy, a manifest or the schema cannot be used.
  public static func begin(
    _ settings: RunSettings, model: RunModel, places: Places, ledger: Ledger,
    approver: (any Approver)?, version: String
  ) async throws(RunError) -> AgentSession {
    let id = newID()
    return try await AgentSession(
      id: id, settings, model: model, places: places, ledger: ledger, approver: approver,
      recorded: nil, version: version)
  }

  /// Takes up a recorded session where it ended. The budgets and the policy in `recorded` may have
  /// been changed since.
  public static func resume(
    _ recorded: RecordedRun, model: RunModel, places: Places, ledger: Ledger,
    approver: (any Approver)?, version: String
  ) async throws(RunError) -> AgentSession {
    try await AgentSession(
      id: recorded.id, recorded.settings, model: model, places: places, ledger: ledger,
      approver: approver, recorded: recorded, version: version)
  }

  private init(
    id: String, _ settings: RunSettings, model: RunModel, places: Places, ledger: Ledger,
    approver: (any Approver)?, recorded: RecordedRun?, version: String
  ) async throws(RunError) {
    let policy = try Self.policy(settings, places)
    let catalog = try Self.catalog(settings, places)
    let state = PolicyState(model: model.choice.policyName)
    var secrets = try RecordedSecrets(places)
    if case .server(let server) = model.engine, let key = server.connection.key {
      secrets.learn(key, name: "server-key")
    }
    let cloud = try Self.cloud(places, catalog, secrets)
    let offered = Self.offered(catalog, policy, state, cloud)
    let escalations = try Self.escalations(settings, policy, cloud, places)
    let costs = try Self.costs(settings, model, cloud)
    let network = try NetworkSettings(places)
    let check = try settings.outputSchema.map { json throws(RunError) in try AnswerCheck(json) }
    let stream = AsyncStream.makeStream(of: RunNews.self)
    lock = try SessionLock(session: id, in: places.stateFolder)
    let journal = LedgerJournal(
      ledger: ledger, session: id, news: stream.continuation,
      redaction: Redaction(policy: policy, secrets: secrets),
      heads: try HeadPublisher(LedgerSettings(places), every: policy.ledgerAnchorEvery))
    var folders = places.browserFolders(for: model.choice)
    folders["workspace"] = settings.workspace
    folders.merge(network.folders(places)) { own, _ in own }
    let toolPlaces = ToolHost.Places(
      profileFolders: places.profileFolders, folders: folders,
      tier: policy.sandboxMinimum.tier == .full ? .full : nil,
      leastLandlockABI: policy.sandboxMinimum.landlockABI)
    let host = ToolHost(catalog: catalog, places: toolPlaces)
    let runner = GuardedToolRunner(
      policy: policy, offered: offered, host: host,
      memory: MemoryTools(
        path: places.memoriesPath, session: id, workspace: settings.workspace, secrets: secrets),
      journal: journal, news: stream.continuation,
      desk: AskDesk(
        policy: policy, approver: approver, recordsPath: places.policyRecordsPath, origin: id),
      days: DayBudgets(of: policy, path: places.policyRecordsPath),
      workspace: settings.workspace, state: state, costs: costs, cloud: cloud,
      cloudPaths: CloudConfiguration.paths(places))
    let egress = network.egress(toolPlaces)
    await host.connect(
      ToolHost.Network(
        settings: egress, variables: network.variables,
        own: { plugin in await runner.own(plugin, egress) },
        gate: { plugin in FetchGate(runner: runner, plugin: plugin) }))
    let frame = EngineFrame(
      vocabulary: model.vocabulary,
      renderer: try Self.renderer(settings, offered, model.vocabulary),
      toolNames: offered.spellings, journal: journal, news: stream.continuation)
    let engine: any TextEngine =
      switch model.engine {
      case .scripted(let script):
        ScriptedEngine(
          script: script, frame: frame, contextTokensMax: model.contextTokensMax)
      case .local(let local):
        Self.engine(local, frame, settings, offered, runner, policy)
      case .server(let server):
        Self.engine(server, frame, settings, offered, runner, policy)
      }
    if case .local(let local) = model.engine { localModel = local } else { localModel = nil }
    self.id = id
    self.settings = settings
    self.host = host
    self.runner = runner
    news = stream.stream
    continuation = stream.continuation
    isNew = recorded == nil
    plannerSettings = PlannerSettings(
      tools: offered.declarations, budgets: settings.budgets,
      contextTokensMax: model.contextTokensMax, toleratesRefusals: policy.toleratesRefusals,
      escalations: escalations)
    planner = Planner(
      replaying: recorded?.plannerEvents ?? [], engine: engine, tools: runner, journal: journal,
      escalator: cloud == nil ? nil : runner, check: { answer in check?.problem(with: answer) })
    do {
      if let recorded {
        await runner.replay(recorded)
        await journal.recall(recorded.plannerEvents, calls: recorded.calls)
      } else {
        try ledger.beginSession(
          id, time: .now(), header: Self.header(settings, policy, model, version))
        await journal.hold(.reported(name: RunSettings.eventName, settings.json))
      }
      await journal.hold(.reported(name: "model.loaded", Self.loaded(model, policy)))
    } catch {
      throw RunError(.failedInternally("The session could not be recorded: \(error)"))
    }
  }

  /// What the model would read first, special tokens included. Nothing is recorded.
  ///
  /// - Throws: As ``begin(_:model:places:ledger:approver:version:)`` does.
  public static func prompt(
    _ settings: RunSettings, task: String, model: RunModel, places: Places
  ) throws(RunError) -> String {
    let policy = try policy(settings, places)
    let state = PolicyState(model: model.choice.policyName)
    let catalog = try catalog(settings, places)
    let cloud = try cloud(places, catalog, try RecordedSecrets(places))
    let offered = offered(catalog, policy, state, cloud)
    let renderer = try renderer(settings, offered, model.vocabulary)
    do throws(HarmonyError) {
      let tokens = try renderer.prompt([.task(task)], beginsInFinal: false)
      return model.vocabulary.tokenizer.decode(tokens)
    } catch {
      throw RunError(.modelFailed(error.description))
    }
  }

  // MARK: - Work

  /// Does one task; in a session that has done others, as the next turn of the conversation.
  ///
  /// - Parameters:
  ///   - task: What the model reads.
  ///   - typed: What of it the user typed, where the rest came from elsewhere; nil for all of it.
  /// - Returns: How it ended.
  public func run(_ task: String, typed: String? = nil) async -> RunSummary {
    defer { continuation.yield(.progress(.ended)) }
    await runner.begin(task: task, typed: typed)
    if isNew {
      isNew = false
      return await planner.start(plannerSettings, task: task)
    }
    return await planner.run(task)
  }

  /// Goes on where the recorded run ended, with fresh budgets.
  public func resume() async -> RunSummary {
    defer { continuation.yield(.progress(.ended)) }
    return await planner.resume(settings.budgets)
  }

  /// Breaks off what is under way. The run can be resumed.
  public func interrupt(_ interruption: Interruption) async {
    await planner.interrupt(interruption)
  }

  /// Ends plugins with everything that they started, and the news.
  public func close() async {
    await host.shutdown()
    await localModel?.keepSession()
    continuation.finish()
  }

  // MARK: - Parts

  private static func engine(
    _ model: LocalModel, _ frame: EngineFrame, _ settings: RunSettings, _ offered: OfferedTools,
    _ runner: GuardedToolRunner, _ policy: PolicyEngine
  ) -> HarmonyTextEngine {
    let grammars = ContentGrammars(
      answer: settings.outputSchema, arguments: offered.schemas, mask: policy.argumentMask,
      trie: { model.tokenTrie })
    return HarmonyTextEngine(
      model: model, frame: frame, sampling: settings.sampling, answer: grammars.answer
    ) {
      offered.callableTools(await runner.callableNow(), arguments: grammars.arguments)
    }
  }

  private static func engine(
    _ server: ServerModel, _ frame: EngineFrame, _ settings: RunSettings, _ offered: OfferedTools,
    _ runner: GuardedToolRunner, _ policy: PolicyEngine
  ) -> any TextEngine {
    let log = ServerLog(journal: frame.journal, runner: runner)
    switch server.way {
    case .tokens:
      let trie = TokenTrie(server.vocabulary.tokenizer)
      let grammars = ContentGrammars(
        answer: settings.outputSchema, arguments: offered.schemas, mask: policy.argumentMask,
        trie: { trie })
      return TokenServerEngine(
        server: server, frame: frame, sampling: settings.sampling, log: log,
        answer: grammars.answer
      ) {
        offered.callableTools(await runner.callableNow(), arguments: grammars.arguments)
      }
    case .chat, .responses:
      return MessageServerEngine(
        server: server, interface: server.way.interface, frame: frame, sampling: settings.sampling,
        effort: settings.effort, outputSchema: settings.outputSchema,
        tools: WireTools(offered), log: log
      ) {
        await runner.callableNow()
      }
    }
  }

  private static func policy(
    _ settings: RunSettings, _ places: Places
  ) throws(RunError) -> PolicyEngine {
    do {
      return try PolicyLoading.engine(
        chosen: settings.policy, places: places, workspace: settings.workspace)
    } catch {
      throw RunError(.misconfigured("\(error)"))
    }
  }

  /// The configured cloud model, as long as its plugin is this program's own: no other gets the key.
  private static func cloud(
    _ places: Places, _ catalog: ToolCatalog, _ secrets: RecordedSecrets
  ) throws(RunError) -> CloudDesk? {
    let manifest = catalog.manifests.first { $0.name == CloudDesk.plugin }
    guard manifest?.command == CloudDesk.command else { return nil }
    return try CloudConfiguration.find(places).map {
      CloudDesk(configuration: $0, scanner: secrets.scanner)
    }
  }

  /// What the policy could allow, and can be done.
  private static func offered(
    _ catalog: ToolCatalog, _ policy: PolicyEngine, _ state: PolicyState, _ cloud: CloudDesk?
  ) -> OfferedTools {
    OfferedTools(catalog: catalog) { names, claimedKinds in
      policy.callableTools(among: names, claimedKinds: claimedKinds, state).filter { name in
        cloud != nil || catalog.resolve(name)?.manifest.name != CloudDesk.plugin
      }
    }
  }

  /// On which conditions the planner may ask the cloud by itself.
  private static func escalations(
    _ settings: RunSettings, _ policy: PolicyEngine, _ cloud: CloudDesk?, _ places: Places
  ) throws(RunError) -> Set<EscalationReason> {
    var reasons = Set(
      policy.escalations.compactMap { EscalationReason(rawValue: $0.rawValue) })
    if settings.asksCloud {
      guard cloud != nil else {
        let paths = CloudConfiguration.paths(places).joined(separator: " or ")
        throw RunError(
          .misconfigured(
            "--cloud needs a cloud model, and none is configured: there is no \(paths). See Docs/CLOUD.md."
          ))
      }
      guard reasons.contains(.taskMarked) else {
        throw RunError(
          .denied("No task may be handed over: the policy's cloud.escalate has no \"task-marked\".")
        )
      }
    } else {
      reasons.remove(.taskMarked)
    }
    return cloud == nil ? [] : reasons
  }

  /// What the run may cost elsewhere, which is counted in one currency.
  private static func costs(
    _ settings: RunSettings, _ model: RunModel, _ cloud: CloudDesk?
  ) throws(RunError) -> CostMeter {
    let meter = CostMeter(limit: settings.budgets.costMillionthsMax)
    guard meter.limit != nil, case .server(let server) = model.engine,
      let other = cloud?.configuration.prices, !other.prices.isEmpty
    else { return meter }
    let prices = server.connection.settings.prices
    guard other.currency == prices.currency else {
      throw RunError(
        .misconfigured(
          """
          The run's cost is bounded in one currency, and there are two: cloud.json has \
          \(other.currency), and \(server.address.base) in config.json has \(prices.currency). Write both \
          tables in one.
          """))
    }
    return meter
  }

  private static func catalog(
    _ settings: RunSettings, _ places: Places
  ) throws(RunError) -> ToolCatalog {
    do throws(ToolHostError) {
      return try ToolCatalog(folders: settings.toolsFolders + places.toolsFolders)
    } catch {
      throw RunError(.misconfigured(error.description))
    }
  }

  private static func renderer(
    _ settings: RunSettings, _ offered: OfferedTools, _ vocabulary: HarmonyVocabulary
  ) throws(RunError) -> HistoryRenderer {
    let system = SystemContent(
      reasoningEffort: settings.effort, conversationStartDate: settings.date,
      tools: offered.system)
    var messages = [HarmonyMessage(role: .system, content: [.system(system)])]
    let functions = offered.functions.isEmpty ? [] : [ToolNamespace.functions(offered.functions)]
    let formats = settings.outputSchema.map { [ResponseFormat(name: "answer", schema: $0)] } ?? []
    if !functions.isEmpty || !formats.isEmpty {
      let developer = DeveloperContent(tools: functions, responseFormats: formats)
      messages.append(HarmonyMessage(role: .developer, content: [.developer(developer)]))
    }
    do throws(HarmonyError) {
      return try HistoryRenderer(vocabulary, beginning: HarmonyConversation(messages: messages))
    } catch {
      throw RunError(.modelFailed(error.description))
    }
  }

  // MARK: - For the record

  private static func header(
    _ settings: RunSettings, _ policy: PolicyEngine, _ model: RunModel, _ version: String
  ) -> JSONValue {
    [
      "workspace": .string(settings.workspace), "model": .string(model.choice.shownName),
      "policy": policyList(policy), "scripted": .bool(model.choice.isScripted),
      "version": .string(version),
    ]
  }

  private static func policyList(_ policy: PolicyEngine) -> JSONValue {
    .array(
      policy.policies.map {
        ["id": .string($0.id), "revision": .number(.integer(Int64($0.revision)))]
      })
  }

  private static func loaded(_ model: RunModel, _ policy: PolicyEngine) -> JSONObject {
    var object: JSONObject = [
      "model": .string(model.record.name), "scripted": .bool(model.record.isScripted),
    ]
    for (key, value) in model.record.details { object[key] = value }
    object["policies"] = policyList(policy)
    object["policies_sha256"] = .string(SHA256.digest(of: policy.revisionBytes).hex)
    return object
  }

  /// Sorts by time, and is not guessed by accident: "20260131-154500-3f9a2c".
  private static func newID() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    let numbers = [
      (Int(parts.tm_year) + 1900, 4), (Int(parts.tm_mon) + 1, 2), (Int(parts.tm_mday), 2),
      (Int(parts.tm_hour), 2), (Int(parts.tm_min), 2), (Int(parts.tm_sec), 2),
    ].map { value, width in
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let random = String(UInt32.random(in: 0..<1 << 24), radix: 16)
    let padding = String(repeating: "0", count: max(0, 6 - random.count))
    return numbers[..<3].joined() + "-" + numbers[3...].joined() + "-" + padding + random
  }
}
