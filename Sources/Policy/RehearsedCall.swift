// RehearsedCall.swift — a call and a state written as JSON: for `policy check` and for inline tests.
//
//     { tool, arguments, state: { labels, used, headless, approved, model, audit, tier, context, records },
//       links, actor, manifest, effects, content, references, argumentLabels }
//
// Everything but `tool` may be missing. `used` holds numbers of calls, or objects of amounts. `context`
// is what was said by whom: [{ from: 'task', text }], or 'POLICY/NAME' for an origin of a policy file;
// in a policy's own tests NAME is enough. `records` is what servers told of: [{ tool, id, names: [] }].

public import Base

/// An effect and the state of a run, as a line of `martlet policy check` says them.
public struct RehearsedCall: Equatable, Sendable {
  /// What a line says that cannot be understood.
  public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
    public var description: String
  }

  public var effect: Effect
  public var state: PolicyState

  /// Reads `json`; relative paths of the built-in tools are paths in `workspace`.
  public init(_ json: JSONValue, workspace: String) throws(Problem) {
    var members = try RehearsedMembers(json, "a call")
    let tool = try members.string("tool")
    guard let tool else { throw Problem(description: "the key \"tool\" is missing. Add it.") }
    effect = Effect(
      tool: tool, arguments: members.take("arguments") ?? .object([:]), workspace: workspace,
      links: try members.stringMap("links"))
    if let actor = try members.word("actor", Effect.Actor.self) { effect.actor = actor }
    effect.manifestDigest = try members.string("manifest")
    if let kinds = try members.strings("effects") {
      effect.claimedKinds = try Self.kinds(kinds)
    }
    effect.contentArguments = Set(try members.strings("content") ?? [])
    effect.referenceArguments = Set(try members.strings("references") ?? [])
    effect.argumentLabels = Set(try members.strings("argumentLabels") ?? [])
    state = try Self.state(members.take("state") ?? .object([:]))
    try members.finish()
  }

  private static func kinds(_ words: [String]) throws(Problem) -> Set<Effect.Kind> {
    var kinds: Set<Effect.Kind> = []
    for word in words {
      guard let kind = Effect.Kind.allCases.first(where: { $0.rawValue == word }) else {
        throw Problem(description: "\"\(word)\" is no effect that a tool can have.")
      }
      kinds.insert(kind)
    }
    return kinds
  }

  private static func state(_ json: JSONValue) throws(Problem) -> PolicyState {
    var members = try RehearsedMembers(json, "\"state\"")
    var state = PolicyState(
      model: try members.string("model"), labels: Set(try members.strings("labels") ?? []))
    state.isHeadless = try members.bool("headless") ?? false
    state.isApproved = try members.bool("approved") ?? false
    if let audit = try members.word("audit", Audit.self) { state.isLedgerDown = audit == .down }
    state.sandboxTier = try members.word("tier", SandboxTier.self)
    state.context = try context(members.take("context"))
    state.records = try records(members.take("records"))
    if let used = members.take("used") {
      guard case .object(let object) = used else {
        throw Problem(description: "\"used\" is an object of budgets.")
      }
      for (id, value) in object { state.used[id] = try amounts(value) }
    }
    try members.finish()
    return state
  }

  private static func context(_ json: JSONValue?) throws(Problem) -> [ContextSpan] {
    guard let json else { return [] }
    guard let elements = json.arrayValue else {
      throw Problem(description: "\"context\" is a list of { from, text }.")
    }
    var spans: [ContextSpan] = []
    for element in elements {
      var members = try RehearsedMembers(element, "an entry of \"context\"")
      guard let origin = try members.string("from"), let text = try members.string("text") else {
        throw Problem(description: "An entry of \"context\" has \"from\" and \"text\".")
      }
      try members.finish()
      spans.append(ContextSpan(origins: [origin], text: text))
    }
    return spans
  }

  private static func records(_ json: JSONValue?) throws(Problem) -> [NamedRecord] {
    guard let json else { return [] }
    guard let elements = json.arrayValue else {
      throw Problem(description: "\"records\" is a list of { tool, id, names }.")
    }
    var records: [NamedRecord] = []
    for element in elements {
      var members = try RehearsedMembers(element, "an entry of \"records\"")
      guard let tool = try members.string("tool"), let id = try members.string("id"),
        let names = try members.strings("names")
      else {
        throw Problem(description: "An entry of \"records\" has \"tool\", \"id\" and \"names\".")
      }
      try members.finish()
      records.append(NamedRecord(tool: tool, id: id, names: names))
    }
    return records
  }

  /// Takes the bare names of origins for those of the policy.
  mutating func nameOrigins(of policy: String) {
    for index in state.context.indices {
      state.context[index].origins = Set(
        state.context[index].origins.flatMap { origin in
          if origin == ContextSpan.task || origin.contains("/") { return [origin] }
          let own = "\(policy)/\(origin)"
          // The user's notes, or an origin that the file calls so.
          return origin == ContextSpan.notes ? [origin, own] : [own]
        })
    }
  }

  private enum Audit: String, CaseIterable { case up, down }

  private static func amounts(_ json: JSONValue) throws(Problem) -> BudgetAmounts {
    if let calls = json.intValue { return BudgetAmounts(calls: calls) }
    var members = try RehearsedMembers(json, "an entry of \"used\"")
    var amounts = BudgetAmounts()
    amounts.calls = try members.integer("calls") ?? 0
    amounts.bytes = try members.integer("bytes") ?? 0
    amounts.tokens = try members.integer("tokens") ?? 0
    let dollars = members.take("usd").map { $0.doubleValue ?? -1 } ?? 0
    guard (0...1_000_000_000).contains(dollars) else {
      throw Problem(description: "\"usd\" is a number from 0 to 1000000000.")
    }
    amounts.microdollars = Int((dollars * 1_000_000).rounded(.up))
    try members.finish()
    return amounts
  }
}

/// The members of a JSON object, each to be taken once.
private struct RehearsedMembers {
  private let object: JSONObject
  private let what: String
  private var known: [String] = []

  init(_ json: JSONValue, _ what: String) throws(RehearsedCall.Problem) {
    guard case .object(let object) = json else {
      throw RehearsedCall.Problem(description: "\(what) is an object.")
    }
    self.object = object
    self.what = what
  }

  mutating func take(_ key: String) -> JSONValue? {
    known.append(key)
    return object[key]
  }

  func finish() throws(RehearsedCall.Problem) {
    guard let key = object.keys.first(where: { !known.contains($0) }) else { return }
    let advice =
      nearest(to: key, among: known).map { "Did you mean \"\($0)\"?" }
      ?? "Known there: \(known.joined(separator: ", "))."
    throw RehearsedCall.Problem(description: "\"\(key)\" is not a key of \(what). \(advice)")
  }

  mutating func string(_ key: String) throws(RehearsedCall.Problem) -> String? {
    guard let value = take(key) else { return nil }
    guard let text = value.stringValue else { throw wrong(key, "a string") }
    return text
  }

  mutating func bool(_ key: String) throws(RehearsedCall.Problem) -> Bool? {
    guard let value = take(key) else { return nil }
    guard let bool = value.boolValue else { throw wrong(key, "true or false") }
    return bool
  }

  mutating func integer(_ key: String) throws(RehearsedCall.Problem) -> Int? {
    guard let value = take(key) else { return nil }
    guard let number = value.intValue, number >= 0 else { throw wrong(key, "a whole number") }
    return number
  }

  mutating func strings(_ key: String) throws(RehearsedCall.Problem) -> [String]? {
    guard let value = take(key) else { return nil }
    guard let array = value.arrayValue, array.allSatisfy({ $0.stringValue != nil }) else {
      throw wrong(key, "a list of strings")
    }
    return array.compactMap(\.stringValue)
  }

  mutating func stringMap(_ key: String) throws(RehearsedCall.Problem) -> [String: String] {
    guard let value = take(key) else { return [:] }
    guard let object = value.objectValue else { throw wrong(key, "an object of strings") }
    var map: [String: String] = [:]
    for (key, value) in object {
      guard let text = value.stringValue else { throw wrong(key, "a string") }
      map[key] = text
    }
    return map
  }

  mutating func word<Word: RawRepresentable & CaseIterable>(
    _ key: String, _ type: Word.Type
  ) throws(RehearsedCall.Problem) -> Word? where Word.RawValue == String {
    guard let text = try string(key) else { return nil }
    guard let word = Word.allCases.first(where: { $0.rawValue == text }) else {
      throw wrong(key, "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return word
  }

  private func wrong(_ key: String, _ wanted: String) -> RehearsedCall.Problem {
    RehearsedCall.Problem(description: "\"\(key)\" of \(what) is \(wanted).")
  }
}
