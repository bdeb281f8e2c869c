// LayerTests.swift — which policy may be what, and what later ones may not touch.

import Base
import Policy
import Testing

@Suite struct `A layer` {
  @Test(arguments: [PolicySource.Place.project, .job, .commandLine])
  func `that came with something is never the base`(place: PolicySource.Place) {
    #expect(
      refusal("rules: []", place: place)
        == "base.json5, line 1, column 1: a policy of the layer \"\(place.rawValue)\" can only narrow "
        + "another one, and there is none before it.")
  }

  @Test(arguments: ["project", "job", "session"])
  func `that says it narrows is never the base`(layer: String) {
    #expect(
      refusal("layer: '\(layer)'")
        == "base.json5, line 1, column 1: a policy of the layer \"\(layer)\" can only narrow another one, "
        + "and there is none before it.")
  }

  @Test func `cannot pose as another`() {
    #expect(
      refusal(
        base: [policy("rules: []")],
        narrowing: [policy("layer: 'system'", id: "repo", place: .project)])
        == "repo.json5, line 2, column 8, layer: the file says layer \"system\" and was found as the "
        + "project layer. Correct \"layer\", or move the file.")
    // A policy that is tried out by its name may say what it is for.
    #expect(refusal("layer: 'system'", place: .chosen) == nil)
  }

  @Test func `has to exist`() {
    #expect(
      refusal(base: [])
        == "policy: there is no base policy. Name one with --policy, or restore Policies/default.json5."
    )
  }

  @Test func `that is the base cannot inherit`() {
    #expect(
      refusal("defaults: { noMatch: 'inherit' }")
        == "base.json5, line 2, column 22, defaults.noMatch: this is the base layer, and there is nothing "
        + "to inherit from. Write \"deny\", or put a base policy before this one.")
  }

  @Test func `of several files speaks as one`() throws {
    let engine = try PolicyEngine(
      base: [
        policy("rules: [ { id: 'a', effect: 'allow', tool: 'a' } ]", id: "one", place: .system),
        policy(
          "rules: [ { id: 'b', effect: 'allow', tool: 'b' }, { id: 'c', effect: 'deny', tool: 'a', args: { x: { any: true } } } ]",
          id: "two", place: .system),
      ], variables: variables)
    #expect(try engine.verdict("a") == .allow)
    #expect(try engine.verdict("b") == .allow)
    #expect(try engine.verdict("a", #"{"x":1}"#) == .deny)
    #expect(try engine.verdict("c") == .deny)
  }

  @Test func `of several files has each id once`() {
    let rules = "rules: [ { id: 'a', effect: 'allow', tool: 'a' } ]"
    #expect(
      refusal(base: [
        policy(rules, id: "one", place: .system), policy(rules, id: "two", place: .system),
      ])
        == "two.json5, line 1, column 1: the id \"a\" is used twice. Choose another.")
  }

  static let locked =
    """
    lock: ['/defaults', '/flow/F', '/rules/R', '/cloud/denyLabels', '/sandbox/minimum', '/audit'],
    flow: [ { id: 'F', when: { args: ['secret'] }, sink: ['send'], then: 'deny' } ],
    rules: [ { id: 'R', effect: 'deny', tool: 't' } ], tests: [ { tool: 't', verdict: 'deny', by: ['R'] } ],
    """

  @Test(arguments: [
    ("defaults: { noMatch: 'deny' }", "defaults", "defaults", 11),
    ("defaults: { ask: { timeoutSec: 3 } }", "defaults", "defaults", 11),
    ("ask: { headless: 'stop' }", "defaults", "ask", 6),
    (
      "flow: [ { id: 'F', when: { args: ['x'] }, sink: ['send'], then: 'ask' } ]", "flow/F",
      "flow[0]",
      9
    ),
    ("rules: [ { id: 'R', effect: 'allow', tool: 't' } ]", "rules/R", "rules[0]", 10),
    ("cloud: { denyLabels: [] }", "cloud/denyLabels", "cloud.denyLabels", 22),
    ("sandbox: { minimum: { tier: 'full' } }", "sandbox/minimum", "sandbox.minimum", 21),
    ("audit: {}", "audit", "audit", 8),
  ])
  func `cannot mention what an earlier one has locked`(
    members: String, path: String, keyPath: String, column: Int
  ) {
    #expect(
      refusal(base: [policy(Self.locked)], narrowing: [policy(members, id: "user", place: .user)])
        == "user.json5, line 2, column \(column), \(keyPath): \"/\(path)\" is locked by the policy "
        + "\"base\". Remove it from this file.")
  }

  @Test(arguments: [
    "defaults: { noMatch: 'inherit' }", "cloud: { enabled: false }",
    "flow: [ { id: 'G', when: { args: ['x'] }, sink: ['send'], then: 'ask' } ]",
  ])
  func `may mention what is not locked, and say that it has no opinion`(members: String) {
    #expect(
      refusal(base: [policy(Self.locked)], narrowing: [policy(members, id: "user", place: .user)])
        == nil)
  }

  @Test func `can lock a rule only with a test that it decides`() {
    #expect(
      refusal("lock: ['/rules/R'], rules: [ { id: 'R', effect: 'deny', tool: 't' } ]")
        == "base.json5, line 2, column 7, lock: the rule \"R\" is locked and no test shows that it "
        + "decides. Add one under \"tests\".")
  }

  @Test func `tests what it says itself`() throws {
    // The project has no opinion on `a`, whatever the base says.
    _ = try PolicyEngine(
      base: [policy("rules: [ { id: 'R', effect: 'ask', tool: '*', args: 'any' } ]")],
      narrowing: [
        policy(
          """
          rules: [ { id: 'P', effect: 'deny', tool: 't', args: { path: { under: ['${workspace}/x'] } } } ],
          tests: [ { tool: 'a', verdict: 'inherit' },
                   { tool: 't', arguments: { path: '/workspace/x/y' }, verdict: 'deny', by: ['P'] } ]
          """, id: "repo", place: .project)
      ], variables: variables)
  }

  @Test func `that came with the workspace cannot make refusals not count`() throws {
    #expect(
      refusal(
        base: [policy("rules: []")],
        narrowing: [policy("refusals: 'tolerate'", id: "repo", place: .project)])
        == "repo.json5, line 2, column 11, refusals: what came with the workspace cannot decide that "
        + "refusals do not count.")
    #expect(try engine("refusals: 'tolerate'").toleratesRefusals)
    #expect(try engine("rules: []", "refusals: 'tolerate'").toleratesRefusals)
    #expect(try !engine("refusals: 'report'", "refusals: 'tolerate'").toleratesRefusals)
    #expect(try !engine("rules: []").toleratesRefusals)
  }

  @Test func `composes settings by the stricter one`() throws {
    let engine = try engine(
      """
      ask: { timeoutSec: 300, remember: 'session' }, sandbox: { minimum: { tier: 'landlock', landlockAbi: 3 } },
      audit: { redactArgs: ['*.password'], anchorEvery: 256 },
      cloud: { endpoints: ['https://a', 'https://b'], denyLabels: ['secret'] }
      """,
      """
      ask: { timeoutSec: 900 }, sandbox: { minimum: { tier: 'full', landlockAbi: 1, seccomp: true } },
      audit: { redactArgs: ['*.token'], anchorEvery: 500 },
      cloud: { endpoints: ['https://b', 'https://c'], stripToolOutput: true, redact: ['internal'] }
      """)
    #expect(engine.askTimeoutSeconds == 300)
    #expect(engine.sandboxMinimum == SandboxMinimum(tier: .full, landlockABI: 3, seccomp: true))
    #expect(engine.redactedArguments == ["*.password", "*.token"])
    #expect(engine.ledgerAnchorEvery == 256)
    #expect(engine.cloudStripsToolOutput)
    #expect(engine.cloudRedactLabels == ["internal"])
  }

  @Test func `counts a budget over the same time as the others`() {
    #expect(
      refusal(
        base: [policy("budgets: { b: { per: 'turn', calls: 1 } }")],
        narrowing: [policy("budgets: { b: { per: 'day', calls: 1 } }", id: "u", place: .user)])
        == "u.json5, line 2, column 22, budgets.b.per: the budget is counted per turn by an earlier "
        + "policy. Count it the same.")
  }

  @Test func `is part of the bytes that name the revision`() throws {
    let one = try engine("rules: []")
    #expect(one.revisionBytes == (try engine("rules: []")).revisionBytes)
    #expect(one.revisionBytes != (try engine("rules: [] ")).revisionBytes)
    #expect(one.revisionBytes != (try engine("rules: []", "rules: []")).revisionBytes)
    let elsewhere = try PolicyEngine(
      base: [policy("rules: []")],
      variables: PolicyVariables(workspace: "/srv/other", home: "/home/u"))
    #expect(one.revisionBytes != elsewhere.revisionBytes)
  }
}
