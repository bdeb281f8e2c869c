// RandomPolicies.swift — seeded random policies, calls and states over small vocabularies, so that rules
// meet calls.

import Base

/// A source of random parts.
struct RandomPolicies {
  var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  static let tools = ["fs.read", "fs.write", "exec.run", "web.get", "cloud.ask", "odd"]
  private static let toolPatterns = tools + ["fs.*", "*", "e*", "web.*"]
  private static let names = ["a", "b", "path"]
  private static let labels = ["untrusted", "secret", "internal"]
  private static let kinds = ["read", "write", "exec", "send", "cloud"]
  private static let actors = ["model", "user", "plugin"]
  private static let words = ["yes", "no", "abc", "xx", "", "a;b", "KEY1", "é", "toolongword", "3"]
  private static let folders = ["${workspace}", "${workspace}/sub", "/etc", "${home}/.ssh", "/"]
  private static let paths = [
    "/srv/work", "/srv/work/sub/x", "/srv/work/../work/sub", "/srv/workx", "/etc/passwd",
    "/home/u/.ssh/id",
    "/srv/work/sub/../../../etc/x", "relative", "/", "//srv//work//sub/.", "/srv/work\0",
  ]
  private static let hosts = [
    "docs.example.com", "example.com", "a.b.example.com", "127.0.0.1", "evil.test",
  ]
  private static let hostPatterns = ["docs.example.com", "*.example.com", "127.0.0.1", "evil.test"]
  /// Segments of paths as they are sent, with what all servers make of them.
  private static let segments = [
    ("p", "p"), ("p", "p"), ("docs", "docs"), ("docs", "docs"), ("%64ocs", "docs"),
    ("Docs", "Docs"),
    ("a;v=1", "a;v=1"), ("%c3%A9", "%C3%A9"), ("...", "..."), (".hidden", ".hidden"),
    ("%2ehidden", ".hidden"), ("%7Ex", "~x"), ("a%20b", "a%20b"), ("*", "*"),
  ]
  /// Segments of which nobody knows what a server makes of them.
  private static let oddSegments = [
    "..", ".", "%2e%2E", ".%2e", "..;x", ".;", "%2fetc", "a%2F", "a%5Cb", "%2564ocs", "%", "%4",
    "%zz", "%00", "%7F",
  ]
  private static let programs = [
    "git", "/usr/bin/git", "/bin/sh", "sh", "/opt/git", "status", "-c", "-cx", "--out=1",
    "--output",
  ]
  private static let manifests = [
    String(repeating: "ab", count: 32), String(repeating: "cd", count: 32),
  ]

  // MARK: Dice

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &random)]
  }

  mutating func some<Element>(_ elements: [Element], _ counts: ClosedRange<Int>) -> [Element] {
    Array(elements.shuffled(using: &random).prefix(Int.random(in: counts, using: &random)))
  }

  // MARK: Policies

  /// A base and up to two narrowing layers.
  mutating func layers() -> [ReferencePolicy] {
    let count = pick([1, 1, 2, 2, 3])
    return (0..<count).map { policy($0) }
  }

  mutating func policy(_ index: Int) -> ReferencePolicy {
    let isBase = index == 0
    let ids = (0..<Int.random(in: 0...6, using: &random)).map { "R\(index)-\($0)" }
    let budgets =
      isBase || chance(30)
      ? ["b1", "b2"].map {
        ReferenceBudget(
          id: $0, calls: Int.random(in: 0...4, using: &random),
          bytes: chance(40) ? Int.random(in: 0...100, using: &random) : nil)
      } : []
    let openRule = isBase && chance(85)
    var rules = ids.map { rule($0) }
    if openRule {
      rules.append(
        ReferenceRule(
          id: "open\(index)", effect: pick(["allow", "allow", "ask"]), tools: [pick(["*", "fs.*"])])
      )
    }
    return ReferencePolicy(
      id: "p\(index)",
      noMatch: isBase
        ? (chance(50) ? "deny" : nil) : pick([nil, nil, "inherit", "inherit", "deny"]),
      headless: pick([nil, nil, "deny", "stop"]),
      remember: pick([nil, "never", "session", "lease", "lease"]),
      rules: rules,
      flows: (0..<pick([0, 0, 1, 2])).map { flow("F\(index)-\($0)") }, budgets: budgets,
      effects: some(Self.tools, 0...4).map { ($0, some(Self.kinds, 0...3)) },
      labelSources: some(Self.toolPatterns, 0...2).map { ($0, some(Self.labels, 1...2)) },
      contents: chance(40) ? [("KEY", some(Self.labels, 1...1))] : [],
      models: chance(25)
        ? [
          ("local/*", some(Self.toolPatterns, 1...5)), ("cloud/*", some(Self.toolPatterns, 0...2)),
        ] : nil,
      cloudEnabled: pick([nil, nil, true, false]),
      cloudDenyLabels: chance(30) ? some(Self.labels, 1...1) : [],
      tier: pick([nil, nil, nil, "landlock", "full"]), said: chance(50) ? ["abc", "no"] : [])
  }

  private mutating func rule(_ id: String) -> ReferenceRule {
    let effect = pick(["allow", "allow", "ask", "deny"])
    let isDeny = effect == "deny"
    return ReferenceRule(
      id: id, effect: effect, tools: some(Self.toolPatterns, 1...2),
      args: chance(35) ? nil : some(Self.names, 0...2).map { matcher($0, effect) },
      actor: chance(15) ? some(Self.actors, 1...2) : nil,
      manifest: !isDeny && chance(10) ? pick(Self.manifests) : nil,
      sandbox: !isDeny && chance(40) ? pick(["one", "two"]) : nil,
      budget: !isDeny && chance(30) ? pick(["b1", "b2"]) : nil)
  }

  private mutating func matcher(_ name: String, _ effect: String) -> ReferenceMatcher {
    ReferenceMatcher(name: name, isOptional: chance(20), checks: checks(effect, depth: 0))
  }

  /// One to three checks for values of one type.
  private mutating func checks(_ effect: String, depth: Int) -> [ReferenceCheck] {
    let texts: [ReferenceCheck] = [
      .re(pick(Array(ReferenceReading.patterns.keys).sorted())),
      .notRe(pick(Array(ReferenceReading.patterns.keys).sorted())),
      .maxBytes(pick([0, 3, 8, 40])), .under(some(Self.folders, 1...2)),
      .notUnder(some(Self.folders, 1...2)),
      .web(web()),
    ]
    let literals: [ReferenceValue] = [
      .text("yes"), .text("abc"), .integer(1), .integer(3), .bool(true), .text(""),
    ]
    let anywhere: [ReferenceCheck] = [
      .any, .oneOf(some(literals, 1...3)), .notOneOf(some(literals, 1...3)),
      effect == "deny"
        ? .notFrom(some(["task", "policy"], 1...2)) : .from(some(["task", "policy"], 1...2)),
    ]
    let bound = Int.random(in: -2...3, using: &random)
    let numbers: [ReferenceCheck] = [
      .range(min: bound, max: chance(50) ? bound + 2 : nil), .range(min: nil, max: bound),
      .number(least: Double(bound) / 2, most: chance(50) ? Double(bound) / 2 + 1.5 : nil),
      .number(least: nil, most: Double(bound) + 0.5),
    ]
    switch pick([0, 0, 0, 1, 2, 3, 3]) {
    case 0: return distinct(some(texts, 1...2))
    case 1: return [pick(numbers)]
    case 2: return [pick(anywhere)]
    default:
      guard depth < 2 else { return [pick(texts)] }
      var lists: [ReferenceCheck] = [
        .prefix(positions()), .notPrefix(positions()),
        .denyFlags(some(["-c", "--output", "--out"], 1...2)),
        .maxLen(pick([0, 1, 2, 5])),
      ]
      lists.append(
        chance(50)
          ? .all(checks(effect, depth: depth + 1)) : .some(checks(effect, depth: depth + 1)))
      return distinct(some(lists, 1...2))
    }
  }

  /// One check of each kind: a file has each key once.
  private func distinct(_ checks: [ReferenceCheck]) -> [ReferenceCheck] {
    var kinds: Set<String> = []
    return checks.filter { kinds.insert(String("\($0)".prefix { $0 != "(" })).inserted }
  }

  private mutating func positions() -> [[String]] {
    (0..<pick([1, 2])).map { _ in some(Self.programs, 1...2) }
  }

  private mutating func web() -> ReferenceWeb {
    var web = ReferenceWeb()
    if chance(60) { web.scheme = some(["https", "http"], 1...2) }
    if chance(40) { web.host = some(Self.hostPatterns, 1...2) }
    if chance(40) { web.notHost = some(Self.hostPatterns, 0...2) }
    if chance(30) { web.port = some([443, 80, 8080], 1...2) }
    if chance(30) { web.userinfo = chance(50) }
    if chance(30) { web.maxQueryBytes = pick([0, 4]) }
    if chance(35) { web.path = some(ReferenceReading.pathPatterns.keys.sorted(), 1...3) }
    if web == ReferenceWeb() { web.scheme = ["https"] }
    return web
  }

  private mutating func flow(_ id: String) -> ReferenceFlow {
    let context = some(Self.labels, 0...2)
    return ReferenceFlow(
      id: id, context: context,
      args: context.isEmpty ? some(Self.labels, 1...1) : some(Self.labels, 0...1),
      sink: some(Self.kinds, 1...3), then: pick(["ask", "deny"]))
  }

  // MARK: Calls

  mutating func call() -> ReferenceCall {
    var call = ReferenceCall(tool: pick(Self.tools + ["unheard"]), arguments: [])
    if chance(3) {
      call.isObject = false
    } else {
      call.arguments = some(Self.names + ["extra"], 0...2).map { ($0, value(depth: 0)) }
    }
    if chance(20) { call.actor = pick(Self.actors) }
    if chance(30) { call.manifest = pick(Self.manifests) }
    if chance(20) { call.claimed = some(Self.kinds, 0...2) }
    if chance(15) { call.labels = some(Self.labels, 1...1) }
    if chance(20) { call.bytes = Int.random(in: 0...120, using: &random) }
    return call
  }

  private mutating func value(depth: Int) -> ReferenceValue {
    switch Int.random(in: 0..<12, using: &random) {
    case 0...2: return .text(pick(Self.words))
    case 3, 4: return .text(pick(Self.paths))
    case 5, 6: return .url(url())
    case 7:
      return chance(60)
        ? .integer(Int.random(in: -2...4, using: &random)) : .decimal(pick([-1.5, 0.5, 2.25, 3.0]))
    case 8: return chance(50) ? .bool(chance(50)) : .null
    case 9:
      return depth < 2
        ? .list((0..<pick([0, 1, 2, 3])).map { _ in value(depth: depth + 1) }) : .null
    case 10: return .list((0..<pick([1, 2, 3])).map { _ in .text(pick(Self.programs)) })
    default: return .object(["k": .text(pick(Self.words))])
    }
  }

  mutating func url() -> ReferenceURL {
    ReferenceURL(
      scheme: pick(["https", "https", "http"]), host: pick(Self.hosts),
      port: pick([nil, nil, 443, 8080]), user: chance(10) ? "u" : nil, path: path(), query: query(),
      fragment: chance(10) ? "x?longer=1/../y" : nil)
  }

  mutating func query() -> String? { pick([nil, nil, "", "q=1", "longer=1", "/../?p"]) }

  mutating func path() -> ReferencePath {
    var path = ReferencePath(sent: "", plain: "")
    for _ in 0..<pick([0, 1, 1, 2, 2, 3]) {
      if chance(85) {
        let segment = pick(Self.segments)
        path.sent += "/" + segment.0
        path.plain? += "/" + segment.1
      } else {
        path.sent += "/" + pick(Self.oddSegments)
        path.plain = nil
      }
    }
    if path.sent.isEmpty {
      path = ReferencePath(sent: chance(50) ? "/" : "", plain: "/")
    } else if chance(20) {
      path.sent += "/"
      path.plain? += "/"
    }
    if path.sent.count > 1, chance(5) { path = ReferencePath(sent: "/" + path.sent, plain: nil) }
    return path
  }

  // MARK: Fetches

  /// Layers whose rules speak of pages to fetch.
  mutating func fetchLayers() -> [ReferencePolicy] {
    var layers = self.layers()
    for index in layers.indices {
      layers[index].rules = (0..<Int.random(in: 0...4, using: &random)).map { number in
        var rule = self.rule("R\(index)-\(number)")
        rule.tools = [pick(["web.fetch", "web.*", "*"])]
        rule.actor = chance(10) ? [pick(Self.actors)] : nil
        let url = chance(70) ? [ReferenceCheck.web(web())] : checks(rule.effect, depth: 0)
        rule.args =
          chance(15)
          ? nil
          : [
            ReferenceMatcher(name: "url", isOptional: chance(10), checks: url),
            ReferenceMatcher(name: "method", isOptional: false, checks: [.any]),
          ]
        return rule
      }
    }
    return layers
  }

  mutating func state() -> ReferenceState {
    var state = ReferenceState()
    state.labels = some(Self.labels, 0...2)
    if chance(50) {
      state.used["b1"] = (
        Int.random(in: 0...4, using: &random), Int.random(in: 0...80, using: &random)
      )
    }
    if chance(20) { state.used["b2"] = (Int.random(in: 0...4, using: &random), 0) }
    state.isHeadless = chance(20)
    state.isApproved = chance(20)
    state.isLedgerDown = chance(2)
    state.model = pick([nil, "local/a", "local/b", "cloud/x", "other"])
    state.tier = pick([nil, nil, "landlock", "full"])
    if chance(50) {
      state.said = [
        (
          "task",
          ["open https://docs.example.com/p and abc", "yes 3 no", "say abc  xx"].randomElement(
            using: &random) ?? ""
        )
      ]
    }
    return state
  }
}
