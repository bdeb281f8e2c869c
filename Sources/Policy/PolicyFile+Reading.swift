// PolicyFile+Reading.swift — a policy file's sections, each key accounted for.
//
// Format "tool-policy/1"; `Policies/default.json5` shows it.
// What is not built is refused here with a sentence. Nothing is skipped.

import Base

extension PolicyFile {
  static let schema = "tool-policy/1"
  /// Each compiled pattern takes some kilobytes.
  static let patternCountMax = 1_000

  /// Reads `source` as a policy, with `variables` in its paths. Locks, tests and the other layers
  /// are the engine's to check.
  init(_ source: PolicySource, variables: PolicyVariables) throws(PolicyError) {
    let root = try PolicyNode.read(SourceText(name: source.name, bytes: source.bytes))
    var fields = try Fields(root)
    _ = try fields.take("$schema")?.string()
    let schema = try fields.need("schema")
    guard try schema.string() == Self.schema else {
      throw schema.error(.notOneOf(try schema.string(), known: [Self.schema]))
    }
    guard root.patternCount <= Self.patternCountMax else {
      throw root.error(.tooMany(what: "patterns", countMax: Self.patternCountMax))
    }
    self.source = source
    self.root = root
    id = try fields.need("id").identifier()
    revision = try fields.take("revision")?.integer(0...(1 << 50)) ?? 0
    declaredLayer = try fields.take("layer")?.word()
    refusals = try fields.take("refusals")?.word()
    var context = ReadingContext(variables: variables)
    context.sets = try fields.take("sets")?.sets() ?? [:]
    context.policy = id
    origins = try fields.take("origins")?.origins(context) ?? []
    context.origins = Set(origins.map(\.name))
    (noMatch, ask) = try Self.defaults(&fields)
    locks = try fields.take("lock")?.locks(in: root) ?? []
    sandboxMinimum = try fields.take("sandbox")?.sandboxMinimum() ?? SandboxMinimum()
    (labelSources, contentPatterns, fileLabels) =
      try fields.take("labels")?.labels(context) ?? ([], [], [])
    effects = try fields.take("effects")?.toolEffects() ?? []
    flows = try fields.take("flow")?.elements { node throws(PolicyError) in try node.flow() } ?? []
    rules =
      try fields.take("rules")?.elements { node throws(PolicyError) in try node.rule(context) }
      ?? []
    budgets = try fields.take("budgets")?.budgets() ?? []
    models = try fields.take("models")?.modelGates()
    cloud = try fields.take("cloud")?.cloud()
    audit = try fields.take("audit")?.audit()
    signing = try fields.take("signing")?.signing()
    let policy = id
    tests =
      try fields.take("tests")?.elements { node throws(PolicyError) in
        try node.inlineTest(policy: policy)
      } ?? []
    try fields.finish()
    try checkIDs()
  }

  /// "defaults", and the short form of its "ask" at the top.
  private static func defaults(
    _ fields: inout Fields
  ) throws(PolicyError) -> (NoMatch?, AskSettings) {
    var noMatch: NoMatch?
    var ask = try fields.take("ask")?.askSettings()
    if let node = fields.take("defaults") {
      var defaults = try Fields(node)
      noMatch = try defaults.take("noMatch")?.word()
      if let node = defaults.take("ask") {
        guard ask == nil else { throw node.error(.duplicateKey("ask")) }
        ask = try node.askSettings()
      }
      try defaults.take("extraArgs")?.expect(
        "deny", because: "a rule that allows or asks always has to account for every argument")
      try defaults.finish()
    }
    return (noMatch, ask ?? AskSettings())
  }

  private func checkIDs() throws(PolicyError) {
    var ids: Set<String> = []
    for (section, list) in [("rules", rules.map(\.id)), ("flow", flows.map(\.id))] {
      for (index, id) in list.enumerated() where !ids.insert(id).inserted {
        throw (root.node(at: [section, "#\(index)"]) ?? root).error(.duplicateID(id))
      }
    }
    if let first = firstDuplicate(contentPatterns.map(\.id)) {
      throw (root.node(at: ["labels", "content"]) ?? root).error(.duplicateID(first))
    }
  }

  private func firstDuplicate(_ ids: [String]) -> String? {
    var seen: Set<String> = []
    return ids.first { !seen.insert($0).inserted }
  }
}

extension PolicyNode {
  /// The node at a path of keys; in a list a component is an element's "id", or "#" and its index.
  func node(at path: some Collection<String>) -> PolicyNode? {
    guard let key = path.first else { return self }
    let rest = path.dropFirst()
    switch content {
    case .object(let members): return members.first { $0.key == key }?.node.node(at: rest)
    case .array(let elements):
      if key.utf8.first == UInt8(ascii: "#"), let index = Int(key.dropFirst()) {
        return elements.indices.contains(index) ? elements[index].node(at: rest) : nil
      }
      return elements.first { element in
        guard let id = element.node(at: ["id"]), case .string(let text) = id.content else {
          return false
        }
        return text.utf8.elementsEqual(key.utf8)
      }?.node(at: rest)
    default: return nil
    }
  }

  fileprivate var patternCount: Int {
    switch content {
    case .array(let elements): elements.reduce(0) { $0 + $1.patternCount }
    case .object(let members):
      members.reduce(0) { sum, member in
        sum + member.node.patternCount + (member.key == "re" || member.key == "notRe" ? 1 : 0)
      }
    default: 0
    }
  }

  func elements<Element>(
    _ read: (PolicyNode) throws(PolicyError) -> Element
  ) throws(PolicyError) -> [Element] {
    var elements: [Element] = []
    for node in try list() { elements.append(try read(node)) }
    return elements
  }

  /// Fails unless the string is `word`, the only one that this program can keep to.
  fileprivate func expect(_ word: String, because reason: String) throws(PolicyError) {
    guard try string().utf8.elementsEqual(word.utf8) else {
      throw error(.notUsable("only \"\(word)\" can be said here: \(reason)."))
    }
  }

  fileprivate func sets() throws(PolicyError) -> [String: [String]] {
    var sets: [String: [String]] = [:]
    for member in try members() {
      let strings = try member.node.strings()
      guard !strings.isEmpty else { throw member.node.error(.empty("the set")) }
      guard !strings.contains(where: { $0.utf8.first == UInt8(ascii: "@") }) else {
        throw member.node.error(.notUsable("a set cannot contain another set. Write its elements."))
      }
      sets[member.key] = strings
    }
    return sets
  }

  fileprivate func askSettings() throws(PolicyError) -> AskSettings {
    var fields = try Fields(self)
    let settings = AskSettings(
      headless: try fields.take("headless")?.word(),
      timeoutSeconds: try fields.take("timeoutSec")?.integer(1...86_400),
      remember: try fields.take("remember")?.word())
    try fields.take("onTimeout")?.expect("deny", because: "silence is never consent")
    try fields.finish()
    return settings
  }

  fileprivate func sandboxMinimum() throws(PolicyError) -> SandboxMinimum {
    var fields = try Fields(self)
    var minimum = SandboxMinimum()
    if let node = fields.take("profiles") {
      throw node.error(
        .notUsable(
          "profiles live in Sandboxes/NAME.json5; a rule names one with \"sandbox\". Move them there."
        ))
    }
    if let node = fields.take("minimum") {
      var fields = try Fields(node)
      minimum.tier = try fields.take("tier")?.word()
      minimum.landlockABI = try fields.take("landlockAbi")?.integer(1...64) ?? 0
      minimum.seccomp = try fields.take("seccomp")?.bool() ?? false
      try fields.finish()
    }
    try fields.finish()
    return minimum
  }

  fileprivate func labels(
    _ context: ReadingContext
  ) throws(PolicyError) -> ([LabelSource], [ContentPattern], [FileLabel]) {
    var fields = try Fields(self)
    let sources = try fields.take("sources")?.elements { node throws(PolicyError) in
      try node.labelSource(context)
    }
    let patterns = try fields.take("content")?.elements { node throws(PolicyError) in
      try node.contentPattern()
    }
    let files = try fields.take("files")?.elements { node throws(PolicyError) in
      try node.fileLabel(context)
    }
    try fields.finish()
    return (sources ?? [], patterns ?? [], files ?? [])
  }

  private func fileLabel(_ context: ReadingContext) throws(PolicyError) -> FileLabel {
    var fields = try Fields(self)
    let path = try fields.need("path").matcher(context)
    let labels = try fields.need("add").labelNames()
    try fields.finish()
    return FileLabel(path: path, labels: labels)
  }

  /// "origins": each a name, and whose answers it stands for.
  fileprivate func origins(_ context: ReadingContext) throws(PolicyError) -> [Origin] {
    var origins: [Origin] = []
    for member in try members() {
      let name = try member.node.identifier(member.key)
      guard ![ContextSpan.task, ContextSpan.policy].contains(name) else {
        throw member.node.error(.reservedIdentifier(name))
      }
      var fields = try Fields(member.node)
      let tools = try fields.need("tool").namePatterns()
      var arguments: [Rule.NamedMatcher] = []
      for argument in try fields.take("args")?.members() ?? [] {
        arguments.append(
          Rule.NamedMatcher(name: argument.key, matcher: try argument.node.matcher(context)))
      }
      let field = try fields.take("field")?.text()
      try fields.finish()
      origins.append(Origin(name: name, tools: tools, arguments: arguments, field: field))
    }
    return origins
  }

  private func labelSource(_ context: ReadingContext) throws(PolicyError) -> LabelSource {
    var fields = try Fields(self)
    let tools = try fields.need("tool").namePatterns()
    var arguments: [Rule.NamedMatcher] = []
    for member in try fields.take("args")?.members() ?? [] {
      arguments.append(
        Rule.NamedMatcher(name: member.key, matcher: try member.node.matcher(context)))
    }
    let labels = try fields.need("add").labelNames()
    try fields.finish()
    return LabelSource(tools: tools, arguments: arguments, labels: labels)
  }

  private func contentPattern() throws(PolicyError) -> ContentPattern {
    var fields = try Fields(self)
    let id = try fields.need("id").identifier()
    let node = try fields.need("re")
    let pattern: Pattern
    do { pattern = try Pattern(try node.text()) } catch let error as PolicyError {
      throw error
    } catch let problem as PatternProblem {
      throw node.error(.pattern(problem))
    } catch { throw node.error(.pattern(.emptyBranch)) }
    guard !pattern.occurs(in: "") else {
      throw node.error(.notUsable("the pattern matches nothing at all, which is everywhere."))
    }
    let labels = try fields.need("add").labelNames()
    let isRedacted = try fields.take("redact")?.bool() ?? false
    try fields.finish()
    return ContentPattern(id: id, pattern: pattern, labels: labels, isRedacted: isRedacted)
  }

  /// Names of labels, at least one.
  func labelNames() throws(PolicyError) -> Set<String> {
    let names = Set(try identifiers())
    guard !names.isEmpty else { throw error(.empty("the list")) }
    return names
  }

  fileprivate func toolEffects() throws(PolicyError) -> [ToolEffects] {
    var effects: [ToolEffects] = []
    for member in try members() {
      effects.append(
        ToolEffects(
          tool: try member.node.namePattern(member.key), kinds: try member.node.words()))
    }
    return effects
  }

  fileprivate func flow() throws(PolicyError) -> FlowRule {
    var fields = try Fields(self)
    let id = try fields.need("id").decisionID()
    var conditions = try Fields(try fields.need("when"))
    let context = Set(try conditions.take("context")?.identifiers() ?? [])
    let arguments = Set(try conditions.take("args")?.identifiers() ?? [])
    try conditions.finish()
    guard !context.isEmpty || !arguments.isEmpty else {
      throw conditions.node.error(.empty("the condition"))
    }
    let sink = try fields.need("sink")
    let sinks = try sink.words(Effect.Kind.self)
    guard !sinks.isEmpty else { throw sink.error(.empty("the list")) }
    let then = try fields.need("then")
    let verdict = try then.word(Verdict.self)
    guard verdict != .allow else {
      throw then.error(.notUsable("a flow rule can only ask or deny."))
    }
    let reason = try fields.take("reason")?.text()
    try fields.finish()
    return FlowRule(
      id: id, contextLabels: context, argumentLabels: arguments, sinks: sinks, verdict: verdict,
      reason: reason)
  }

  fileprivate func budgets() throws(PolicyError) -> [Budget] {
    var budgets: [Budget] = []
    for member in try members() {
      let id = try member.node.identifier(member.key)
      var fields = try Fields(member.node)
      let amounts = 0...(1 << 50)
      var budget = Budget(id: id, period: try fields.need("per").word())
      budget.calls = try fields.take("calls")?.integer(amounts)
      budget.bytes = try fields.take("bytes")?.integer(amounts)
      budget.tokens = try fields.take("tokens")?.integer(amounts)
      budget.microdollars = try fields.take("usd").map { node throws(PolicyError) in
        Int((try node.decimal(upTo: 1_000_000_000) * 1_000_000).rounded(.down))
      }
      try fields.finish()
      guard budget.calls ?? budget.bytes ?? budget.tokens ?? budget.microdollars != nil else {
        throw member.node.error(
          .notUsable("the budget limits nothing. Write calls, bytes, tokens or usd."))
      }
      budgets.append(budget)
    }
    return budgets
  }

  fileprivate func modelGates() throws(PolicyError) -> [ModelGate] {
    var gates: [ModelGate] = []
    for member in try members() {
      let model = try member.node.namePattern(member.key)
      var fields = try Fields(member.node)
      let shown = try fields.need("show").elements { node throws(PolicyError) in
        try node.namePattern()
      }
      try fields.finish()
      gates.append(ModelGate(model: model, shown: shown))
    }
    return gates
  }

  fileprivate func cloud() throws(PolicyError) -> CloudSettings {
    var fields = try Fields(self)
    var cloud = CloudSettings()
    cloud.isEnabled = try fields.take("enabled")?.bool()
    cloud.endpoints = try fields.take("endpoints")?.strings()
    cloud.reasons = try fields.take("reasons")?.identifiers()
    cloud.denyLabels = Set(try fields.take("denyLabels")?.identifiers() ?? [])
    cloud.redactLabels = Set(try fields.take("redact")?.identifiers() ?? [])
    cloud.stripsToolOutput = try fields.take("stripToolOutput")?.bool() ?? false
    if let node = fields.take("escalate") {
      let reasons = try node.words(CloudSend.Reason.self)
      guard !reasons.contains(.modelAsked) else {
        throw node.error(
          .notUsable(
            "\"model-asked\" is the model's own call, which the rules decide. Remove it."))
      }
      cloud.escalations = reasons
    }
    try fields.finish()
    return cloud
  }

  fileprivate func audit() throws(PolicyError) -> AuditSettings {
    var fields = try Fields(self)
    if let node = fields.take("required"), try !node.bool() {
      throw node.error(.notUsable("the ledger is always required. Remove the key."))
    }
    let always = "the ledger always works so"
    try fields.take("write")?.expect("before-effect", because: always)
    try fields.take("chain")?.expect("sha256", because: always)
    try fields.take("sync")?.expect("full", because: always)
    try fields.take("onFailure")?.expect("stop", because: "what cannot be recorded is not done")
    let audit = AuditSettings(
      redactArguments: try fields.take("redactArgs")?.strings() ?? [],
      anchorEvery: try fields.take("anchorEvery")?.integer(1...1_000_000))
    try fields.finish()
    return audit
  }
}
