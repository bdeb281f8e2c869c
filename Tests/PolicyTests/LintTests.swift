// LintTests.swift — each check of lint, on a policy that deserves it and on one that does not.

import Base
import Policy
import Testing

@Suite struct `Lint` {
  private static func findings(_ base: String, _ later: String...) throws -> [PolicyFinding] {
    let layers = later.enumerated().map { policy($0.element, id: "l\($0.offset)", place: .user) }
    return try PolicyEngine(
      base: [policy(base)], narrowing: layers, variables: variables
    ).lint(tools: ["mcp.files.read": ["path"]])
  }

  /// The checks that report something, but for notes on missing tests.
  private static func checks(_ base: String, _ later: String...) throws -> [String] {
    let layers = later.enumerated().map { policy($0.element, id: "l\($0.offset)", place: .user) }
    return try PolicyEngine(
      base: [policy(base)], narrowing: layers, variables: variables
    ).lint(tools: ["mcp.files.read": ["path"]]).filter { $0.check != .untested }
      .map { "\($0.check.rawValue):\($0.rule ?? "")" }
  }

  private static let effects =
    "effects: { 't': ['read'], 's': ['send', 'read'], 'w': ['write'], 'x': ['exec'] }"

  @Test(arguments: [
    // Dead rules.
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: 'any' }, { id: 'd', effect: 'deny', tool: 't', reason: 'r', args: 'any' } ]",
      ["unreachable:a"]
    ),
    (
      "rules: [ { id: 'a', effect: 'ask', tool: 't', args: { p: { under: ['/a/b'] } } }, { id: 'd', effect: 'deny', tool: '*', reason: 'r', args: { p: { under: ['/a'] } } } ]",
      ["unreachable:a"]
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { p: { under: ['/a'] } } }, { id: 'd', effect: 'deny', tool: 't', reason: 'r', args: { p: { under: ['/a/b'] } } } ]",
      []
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { u: { host: ['docs.x.org'] } } }, { id: 'k', effect: 'ask', tool: 't', args: { u: { host: ['*.x.org'] } } } ]",
      ["shadowed:a"]
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { u: { host: ['docs.x.org'] } } }, { id: 'k', effect: 'ask', tool: 't', args: { u: { notHost: ['docs.x.org'] } } } ]",
      []
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { n: { min: 1, max: 2 } } }, { id: 'b', effect: 'allow', tool: 't', args: { n: { min: 0, max: 5 } } } ]",
      ["repeated:a"]
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { n: { min: 1 }, m: { min: 1 } } }, { id: 'b', effect: 'allow', tool: 't', args: { n: { min: 0 } } } ]",
      []
    ),
    // Names.
    ("rules: [ { id: 'a', effect: 'allow', tool: 'nosuch' } ]", ["unknown-tool:a"]),
    ("rules: [ { id: 'a', effect: 'ask', tool: 'mcp.other.x' } ]", []),
    (
      "rules: [ { id: 'a', effect: 'ask', tool: 'mcp.files.read', args: { pth: { any: true } } } ]",
      ["unknown-argument:a"]
    ),
    ("rules: [ { id: 'a', effect: 'ask', tool: 'python', args: { code: { any: true } } } ]", []),
    ("rules: [ { id: 'd', effect: 'deny', tool: 't' } ]", ["deny-without-reason:d"]),
    // Breadth.
    (
      "rules: [ { id: 'a', effect: 'ask', tool: 't', args: { u: { host: ['*.com', '*.github.io', '*.x.org'] } } } ]",
      ["wide-host:a", "wide-host:a"]
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 'w', args: { p: { under: ['/srv'] } } } ]",
      ["write-outside:a"]
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 'w', args: { p: { under: ['${workspace}/x', '/tmp'] } } } ]",
      []
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 'x', args: { argv: { prefix: [['python3', 'ls']] } } } ]",
      ["interpreter:a"]
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 'x', args: { argv: { prefix: ['ls'] } } } ]",
      ["flags:a"]
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 'x', args: { argv: { prefix: ['ls'], denyFlags: ['-R'] } } } ]",
      []
    ),
    ("rules: [ { id: 'a', effect: 'allow', tool: 'x', args: 'any' } ]", ["broad:a"]),
    ("rules: [ { id: 'a', effect: 'allow', tool: 'x', args: 'any', sandbox: 'closed' } ]", []),
    ("rules: [ { id: 'a', effect: 'allow', tool: 't', args: 'any' } ]", []),
    // The policy as a whole.
    (
      "labels: { sources: [ { tool: 's', add: ['untrusted'] } ] }, rules: [ { id: 'a', effect: 'allow', tool: 's', args: { q: { maxBytes: 9 } } } ]",
      ["trifecta:a"]
    ),
    (
      "labels: { sources: [ { tool: 's', add: ['untrusted'] } ] }, flow: [ { id: 'F', when: { context: ['untrusted'] }, sink: ['send'], then: 'ask' } ], rules: [ { id: 'a', effect: 'allow', tool: 's', args: { q: { maxBytes: 9 } } } ]",
      []
    ),
    ("rules: [ { id: 'a', effect: 'ask', tool: 'cloud.ask', args: 'any' } ]", ["cloud-labels:"]),
    (
      "cloud: { denyLabels: ['secret'] }, rules: [ { id: 'a', effect: 'ask', tool: 'cloud.ask', args: 'any' } ]",
      []
    ),
    ("budgets: { b: { per: 'turn', calls: 1 } }", ["unused-budget:"]),
    ("sets: { s: ['x'] }", ["unused-set:"]),
    ("origins: { o: { tool: 't' } }", ["unused-origin:"]),
  ])
  func `finds what a policy says and does not mean`(members: String, wanted: [String]) throws {
    #expect(try Self.checks("\(Self.effects), \(members)") == wanted)
  }

  @Test func `knows that a layer which only narrows cannot allow`() throws {
    let base = "\(Self.effects), rules: [ { id: 'k', effect: 'ask', tool: 't', args: 'any' } ]"
    let later = "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { n: { min: 1 } } } ]"
    #expect(try Self.checks(base, later) == ["idle:a", "shadowed:a"])
  }

  @Test func `names file, line, severity and remedy`() throws {
    let finding = try #require(
      try Self.findings(
        "\(Self.effects),\nrules: [\n  { id: 'a', effect: 'allow', tool: 't', args: 'any' },\n  { id: 'd', effect: 'deny', tool: 't', args: 'any', reason: 'r' } ]"
      ).first)
    #expect(
      finding.description
        == "base.json5, line 4: error unreachable: \"a\" never allows: \"d\" of \"base\" denies whatever it "
        + "matches. Narrow the one, or remove the other.")
  }

  @Test(arguments: `A shipped policy`.names)
  func `finds nothing in what ships but what is meant`(name: String) throws {
    let findings = try `A shipped policy`.engine(name).lint()
    // demo-web opens pages of this machine without a question, which is what it is for.
    let meant: [PolicyFinding.Check] = name == "demo-web" ? [.trifecta] : []
    #expect(Set(findings.filter { $0.severity != .note }.map(\.check)) == Set(meant))
  }

  /// Nothing that lint calls dead ever decides, over random policies and calls.
  @Test func `is right about rules that never decide`() throws {
    var deadCount = 0
    for seed in 1...UInt64(400) {
      var dice = RandomPolicies(seed: seed &+ 4_000_000)
      let engine = try PolicyEngine(dice.layers())
      let dead = Set(
        engine.lint().filter { [.unreachable, .shadowed].contains($0.check) }.compactMap(\.rule))
      deadCount += dead.count
      guard !dead.isEmpty else { continue }
      for _ in 0..<60 {
        let decision = engine.judge(dice.call().effect, dice.state().policyState)
        #expect(dead.isDisjoint(with: decision.ruleIDs), "seed \(seed)")
      }
    }
    #expect(deadCount > 50)
  }
}
