// PolicyEngine.swift — policies in, one engine out; checked as a whole before it decides anything.
//
// The base layer says what may happen. Every other layer can only narrow: each layer has a say,
// and the strictest wins (facts/security.md 5.4 rules 2 to 4). Settings compose the same way:
// limits by minimum, lists of what is allowed by intersection, lists of what is forbidden by union.

import Base

/// The policy of a run: a value, compiled once, pure.
public struct PolicyEngine: Sendable {
  /// The files of one layer; they speak as one.
  struct Layer: Sendable {
    let files: [PolicyFile]
    let isBase: Bool
    let index: RuleIndex
    /// Whether the layer denies what none of its rules matches. The base always does.
    let isClosed: Bool

    init(files: [PolicyFile], isBase: Bool) {
      self.files = files
      self.isBase = isBase
      index = RuleIndex(files)
      isClosed = isBase || files.contains { $0.noMatch == .deny }
    }
  }

  /// The base first.
  let layers: [Layer]
  public let variables: PolicyVariables
  /// By id, the minimum over the layers.
  let budgets: [String: Budget]
  let cloud: CloudSettings
  let contentPatterns: [ContentPattern]
  let fileLabels: [FileLabel]
  /// On which conditions the planner may ask the cloud by itself.
  public let escalations: Set<CloudSend.Reason>
  /// What each decision walks through, gathered once: in the order of the layers.
  let flows: [(policy: String, flow: FlowRule)]
  let labelSources: [LabelSource]
  /// By layer.
  let effects: [[ToolEffects]]
  /// Of every policy that speaks of models.
  let modelGates: [[ModelGate]]
  /// Whether a person's approval may be kept for the session; only the base policy can say so.
  let remembersApprovals: Bool
  /// Whether a lease may answer an ask; only the base policy can say so, and each later one can refuse.
  public let allowsLeases: Bool
  /// The strongest that any layer demands.
  public let sandboxMinimum: SandboxMinimum

  /// Builds the engine, or says what is wrong with which file.
  ///
  /// - Parameters:
  ///   - base: The base layer: one file, or all files of the system folder.
  ///   - narrowing: The later layers, in order.
  ///   - variables: Absolute paths with all links resolved.
  ///   - runsTests: False only to have them reported one by one: see ``testOutcomes()``.
  /// - Throws: ``PolicyError`` for a file that cannot be read as a policy, for layers that do not
  ///   fit together, and for an inline test that fails.
  public init(
    base: [PolicySource], narrowing: [PolicySource] = [], variables: PolicyVariables,
    runsTests: Bool = true
  ) throws(PolicyError) {
    guard !base.isEmpty else { throw PolicyError(source: "policy", problem: .noBase) }
    for (name, path) in [("workspace", variables.workspace), ("home", variables.home)]
    where CanonicalPath(Array(path.utf8)) == nil {
      throw PolicyError(
        source: name,
        problem: .notUsable("\"\(path)\" is no absolute path. Give one, with links resolved."))
    }
    var layers = [Layer(files: try Self.read(base, variables, isBase: true), isBase: true)]
    for source in narrowing {
      layers.append(
        Layer(files: try Self.read([source], variables, isBase: false), isBase: false))
    }
    try self.init(layers: layers, variables: variables)
    try checkLocks()
    try checkBudgetNames()
    guard runsTests else { return }
    for index in layers.indices { try runTests(ofLayer: index) }
  }

  /// The engine of layers that are already read; whether they fit together is not checked.
  init(layers: [Layer], variables: PolicyVariables) throws(PolicyError) {
    self.layers = layers
    self.variables = variables
    let files = layers.flatMap(\.files)
    budgets = try Self.budgets(of: files)
    cloud = Self.cloud(of: files)
    contentPatterns = files.flatMap(\.contentPatterns)
    fileLabels = files.flatMap(\.fileLabels)
    escalations = Self.escalations(of: layers)
    flows = files.flatMap { file in file.flows.map { (file.id, $0) } }
    labelSources = files.flatMap(\.labelSources)
    effects = layers.map { $0.files.flatMap(\.effects) }
    modelGates = files.compactMap(\.models)
    let remember = files.compactMap(\.ask.remember)
    let base = layers.first?.files.compactMap(\.ask.remember) ?? []
    remembersApprovals =
      base.contains { $0 == .session || $0 == .lease } && !remember.contains(.never)
    allowsLeases = base.contains(.lease) && remember.allSatisfy { $0 == .lease }
    sandboxMinimum = files.reduce(into: SandboxMinimum()) { minimum, file in
      minimum.tier = [minimum.tier, file.sandboxMinimum.tier].compactMap(\.self).max()
      minimum.landlockABI = max(minimum.landlockABI, file.sandboxMinimum.landlockABI)
      minimum.seccomp = minimum.seccomp || file.sandboxMinimum.seccomp
    }
  }

  // MARK: Reading

  private static func read(
    _ sources: [PolicySource], _ variables: PolicyVariables, isBase: Bool
  ) throws(PolicyError) -> [PolicyFile] {
    var files: [PolicyFile] = []
    var ids: Set<String> = []
    for source in sources {
      let file = try PolicyFile(source, variables: variables)
      try checkPlace(file, isBase: isBase)
      // Files of one layer speak as one, so a rule's id has to mean one rule in all of them.
      for id in file.rules.map(\.id) + file.flows.map(\.id) where !ids.insert(id).inserted {
        throw file.root.error(.duplicateID(id))
      }
      files.append(file)
    }
    return files
  }

  private static func checkPlace(_ file: PolicyFile, isBase: Bool) throws(PolicyError) {
    let place = file.source.place
    if let declared = file.declaredLayer {
      let expected: PolicyFile.DeclaredLayer? =
        switch place {
        case .system: .system
        case .user: .user
        case .project: .project
        case .job: .job
        case .commandLine: .session
        case .chosen, .shipped: nil
        }
      if let expected, declared != expected {
        throw (file.root.node(at: ["layer"]) ?? file.root).error(
          .wrongPlace(declared: declared.rawValue, place: expected.rawValue))
      }
    }
    let narrowingPlaces: [PolicySource.Place] = [.project, .job, .commandLine]
    let narrowingLayers: [PolicyFile.DeclaredLayer] = [.project, .job, .session]
    if isBase {
      if let declared = file.declaredLayer, narrowingLayers.contains(declared) {
        throw file.root.error(.neverBase(place: declared.rawValue))
      }
      guard !narrowingPlaces.contains(place) else {
        throw file.root.error(.neverBase(place: place.rawValue))
      }
      if file.noMatch == .inherit, let node = file.root.node(at: ["defaults", "noMatch"]) {
        throw node.error(
          .notUsable(
            "this is the base layer, and there is nothing to inherit from. Write \"deny\", or put a "
              + "base policy before this one."))
      }
    }
    if !isBase, file.signing != nil, let node = file.root.node(at: ["signing"]) {
      throw node.error(.notUsable("only the base policy can demand signatures. Write it there."))
    }
    if place == .project, file.refusals == .tolerate,
      let node = file.root.node(at: ["refusals"])
    {
      throw node.error(
        .notUsable("what came with the workspace cannot decide that refusals do not count."))
    }
  }

  // MARK: Composition

  private static func budgets(of files: [PolicyFile]) throws(PolicyError) -> [String: Budget] {
    var budgets: [String: Budget] = [:]
    for file in files {
      for budget in file.budgets {
        guard var least = budgets[budget.id] else {
          budgets[budget.id] = budget
          continue
        }
        guard least.period == budget.period else {
          let node = file.root.node(at: ["budgets", budget.id, "per"]) ?? file.root
          throw node.error(
            .notUsable(
              "the budget is counted per \(least.period.rawValue) by an earlier policy. Count it the same."
            ))
        }
        least.calls = [least.calls, budget.calls].compactMap(\.self).min()
        least.bytes = [least.bytes, budget.bytes].compactMap(\.self).min()
        least.tokens = [least.tokens, budget.tokens].compactMap(\.self).min()
        least.microdollars = [least.microdollars, budget.microdollars].compactMap(\.self).min()
        budgets[budget.id] = least
      }
    }
    return budgets
  }

  private static func cloud(of files: [PolicyFile]) -> CloudSettings {
    func narrowed(_ list: [String]?, by other: [String]?) -> [String]? {
      guard let list, let other else { return list ?? other }
      return list.filter(other.contains)
    }
    return files.compactMap(\.cloud).reduce(into: CloudSettings()) { result, cloud in
      if let isEnabled = cloud.isEnabled {
        result.isEnabled = isEnabled && result.isEnabled ?? true
      }
      result.endpoints = narrowed(result.endpoints, by: cloud.endpoints)
      result.reasons = narrowed(result.reasons, by: cloud.reasons)
      result.denyLabels.formUnion(cloud.denyLabels)
      result.redactLabels.formUnion(cloud.redactLabels)
      result.stripsToolOutput = result.stripsToolOutput || cloud.stripsToolOutput
    }
  }

  /// What the base names, and no later layer leaves out; nothing where the base names nothing.
  private static func escalations(of layers: [Layer]) -> Set<CloudSend.Reason> {
    let base = layers.first?.files.compactMap(\.cloud?.escalations) ?? []
    guard let first = base.first else { return [] }
    let later = layers.dropFirst().flatMap(\.files).compactMap(\.cloud?.escalations)
    return (base.dropFirst() + later).reduce(first) { $0.intersection($1) }
  }

  private func checkLocks() throws(PolicyError) {
    for (index, layer) in layers.enumerated() {
      for file in layer.files {
        for lock in file.locks {
          for later in layers[(index + 1)...].flatMap(\.files) {
            guard let node = lock.violation(in: later.root) else { continue }
            throw node.error(.locked(path: lock.text, by: file.id))
          }
        }
      }
    }
  }

  /// A rule may name budgets of its own layer and of the layers before it.
  private func checkBudgetNames() throws(PolicyError) {
    var known: Set<String> = []
    for layer in layers {
      known.formUnion(layer.files.flatMap(\.budgets).map(\.id))
      for file in layer.files {
        for (index, rule) in file.rules.enumerated() {
          guard let budget = rule.budget, !known.contains(budget) else { continue }
          let node = file.root.node(at: ["rules", "#\(index)", "budget"]) ?? file.root
          throw node.error(.unknownBudget(budget))
        }
      }
    }
  }
}

// MARK: What the rest of the program keeps to

extension PolicyEngine {
  /// Whether a run in which something was refused may end as if nothing had been.
  public var toleratesRefusals: Bool {
    let opinions = layers.flatMap(\.files).compactMap(\.refusals)
    return opinions.contains(.tolerate) && !opinions.contains(.report)
  }

  /// Seconds that a person has to answer; the shortest that any policy says.
  public var askTimeoutSeconds: Int? {
    layers.flatMap(\.files).compactMap(\.ask.timeoutSeconds).min()
  }

  /// What an ask is where nobody can be asked: by default the run stops, resumable.
  var headlessAsk: AskSettings.Headless {
    layers.flatMap(\.files).contains { $0.ask.headless == .deny } ? .deny : .stop
  }

  /// The budgets that are counted by the day, over all runs, by their ids.
  public var dayBudgets: [(id: String, limits: BudgetLimits)] {
    budgets.values.filter { $0.period == .day }.sorted { $0.id < $1.id }.map { budget in
      (
        budget.id,
        BudgetLimits(
          calls: budget.calls, bytes: budget.bytes, tokens: budget.tokens,
          microdollars: budget.microdollars)
      )
    }
  }

  /// What the base demands of all files in force: the union of its files' demands, and only keys that
  /// each of them knows.
  public var signing: PolicySigningDemand? {
    let demands = layers[0].files.compactMap(\.signing)
    guard var demand = demands.first else { return nil }
    for other in demands.dropFirst() {
      demand.keys.removeAll { !other.keys.contains($0) }
      demand.places.formUnion(other.places)
      demand.refusesOlderRevisions = demand.refusesOlderRevisions || other.refusesOlderRevisions
    }
    return demand
  }

  /// Whether a budget that `decision` takes from is limited in dollars.
  public func limitsDollars(_ decision: PolicyDecision) -> Bool {
    decision.charges.contains { budgets[$0.budget]?.microdollars != nil }
  }

  /// How much tokens and microdollars the budgets that `decision` takes from have left; nil where none of
  /// them counts those.
  public func left(
    _ decision: PolicyDecision, used: [String: BudgetAmounts]
  ) -> (tokens: Int?, microdollars: Int?) {
    var left: (tokens: Int?, microdollars: Int?) = (nil, nil)
    for charge in decision.charges {
      guard let budget = budgets[charge.budget] else { continue }
      let used = used[charge.budget] ?? BudgetAmounts()
      if let limit = budget.tokens {
        left.tokens = min(left.tokens ?? .max, max(0, limit - used.tokens))
      }
      if let limit = budget.microdollars {
        left.microdollars = min(left.microdollars ?? .max, max(0, limit - used.microdollars))
      }
    }
    return left
  }

  /// Cloud prompts leave out text with these labels.
  public var cloudRedactLabels: Set<String> { cloud.redactLabels }

  /// Cloud prompts leave out what tools answered.
  public var cloudStripsToolOutput: Bool { cloud.stripsToolOutput }

  /// Arguments that the ledger keeps as a digest only: "*.password".
  public var redactedArguments: [String] {
    layers.flatMap(\.files).compactMap(\.audit).flatMap(\.redactArguments)
  }

  /// After how many ledger rows a head is published; the smallest that any policy says.
  public var ledgerAnchorEvery: Int? {
    layers.flatMap(\.files).compactMap(\.audit?.anchorEvery).min()
  }

  /// Every policy in force: id, revision and place, the base first.
  public var policies: [(id: String, revision: Int, place: PolicySource.Place, name: String)] {
    layers.flatMap(\.files).map { ($0.id, $0.revision, $0.source.place, $0.source.name) }
  }

  /// The labels of the content patterns that occur in `text`.
  public func contentLabels(in text: String) -> Set<String> {
    contentPatterns.reduce(into: []) { labels, content in
      if !labels.isSuperset(of: content.labels), content.pattern.occurs(in: text) {
        labels.formUnion(content.labels)
      }
    }
  }

  /// Byte ranges in the UTF-8 of `text` that a policy wants redacted before it is kept.
  public func redactedRanges(in text: String) -> [(pattern: String, ranges: [Range<Int>])] {
    contentPatterns.compactMap { content in
      guard content.isRedacted, content.pattern.occurs(in: text) else { return nil }
      return (content.id, content.pattern.coveredRanges(in: text))
    }
  }

  /// The policies as one canonical sequence of bytes, to be digested: equal bytes, equal decisions.
  ///
  /// A header line, then for each file its layer's number, place, length and text.
  public var revisionBytes: [UInt8] {
    var bytes = Array("martlet-policies-1\n".utf8)
    for path in [variables.workspace, variables.home] {
      bytes += Array("\(path.utf8.count) ".utf8) + Array(path.utf8) + [0x0A]
    }
    for (index, layer) in layers.enumerated() {
      for file in layer.files {
        bytes += Array("\(index) \(file.source.place.rawValue) \(file.source.bytes.count)\n".utf8)
        bytes += file.source.bytes + [0x0A]
      }
    }
    return bytes
  }
}
