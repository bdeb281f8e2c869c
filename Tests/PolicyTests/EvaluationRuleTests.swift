// EvaluationRuleTests.swift — the fifteen evaluation rules of the policy format, each by its number.

import Base
import Policy
import Testing

@Suite struct `Evaluation` {
  private let calm = PolicyState(model: nil)

  @Test func `1 reads arguments as typed values`() throws {
    let engine = try engine(rule: "args: { n: { oneOf: [1] } }")
    #expect(try engine.verdict("t", #"{"n":1}"#) == .allow)
    #expect(try engine.verdict("t", #"{"n":"1"}"#) == .deny)
    #expect(try engine.verdict("t", #"{"n":1.0}"#) == .deny)
    for arguments in ["[]", "1", "null", #""x""#] {
      #expect(try engine.verdict("t", arguments) == .deny)
    }
  }

  @Test func `2 takes the strictest of all matching rules, in any order`() throws {
    let rules = [
      "{ id: 'A', effect: 'allow', tool: 't', args: 'any' }",
      "{ id: 'B', effect: 'ask', tool: 't', args: { x: { any: true } } }",
      "{ id: 'C', effect: 'deny', tool: 't', args: { y: { any: true } } }",
    ]
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1], [1, 0, 2]] {
      let engine = try engine(
        "rules: [ \(order.map { rules[$0] }.joined(separator: ", ")) ]")
      #expect(try engine.judge(call("t"), calm).ruleIDs == ["A"])
      #expect(try engine.judge(call("t", #"{"x":1}"#), calm).ruleIDs == ["B"])
      #expect(try engine.judge(call("t", #"{"x":1,"y":1}"#), calm).ruleIDs == ["C"])
    }
  }

  @Test func `3 denies what no rule matches, with the reason`() throws {
    let engine = try engine(
      "rules: [ { id: 'A', effect: 'allow', tool: 't', args: { path: { under: ['${workspace}'] } } } ]"
    )
    let unknown = try engine.judge(call("shell"), calm)
    #expect(unknown.verdict == .deny)
    #expect(unknown.reason == "No rule mentions the tool \"shell\".")
    #expect(unknown.decidedBy == [DecidingRule(policy: "base", id: "noMatch:base")])
    #expect(
      try engine.judge(call("t", #"{"path":"/etc/passwd"}"#), calm).reason
        == "No rule of \"base\" allows this call of \"t\". Rule \"A\" does not match: the argument "
        + "\"path\" is no absolute path under /srv/work.")
    #expect(
      try engine.judge(call("t"), calm).reason
        == "No rule of \"base\" allows this call of \"t\". Rule \"A\" does not match: the argument "
        + "\"path\" is missing.")
    #expect(
      try engine.judge(call("t", #"{"path":"/srv/work","x":1}"#), calm).reason
        == "No rule of \"base\" allows this call of \"t\". Rule \"A\" does not match: it does not account "
        + "for the argument \"x\".")
  }

  @Test func `3 lets a later layer close its own list, or have no opinion`() throws {
    let base = "rules: [ { id: 'A', effect: 'allow', tool: '*', args: 'any' } ]"
    let allowsT = "rules: [ { id: 'U', effect: 'allow', tool: 't', args: 'any' } ]"
    #expect(try engine(base, allowsT).verdict("s") == .allow)
    #expect(try engine(base, "defaults: { noMatch: 'inherit' }, " + allowsT).verdict("s") == .allow)
    let closed = try engine(base, "defaults: { noMatch: 'deny' }, " + allowsT)
    #expect(try closed.verdict("t") == .allow)
    #expect(try closed.judge(call("s"), calm).ruleIDs == ["noMatch:layer1"])
  }

  @Test func `4 takes the strictest of all layers, so that none can widen`() throws {
    let engine = try engine(
      "rules: [ { id: 'A', effect: 'ask', tool: 't' }, { id: 'N', effect: 'deny', tool: 'n' } ]",
      "rules: [ { id: 'U', effect: 'allow', tool: '*', args: 'any' } ]",
      "rules: [ { id: 'P', effect: 'deny', tool: 't', args: { x: { any: true } }, reason: 'no x here' } ]"
    )
    #expect(try engine.judge(call("t"), calm).ruleIDs == ["A"])
    #expect(try engine.judge(call("n"), calm).ruleIDs == ["N"])
    #expect(try engine.judge(call("other"), calm).ruleIDs == ["noMatch:base"])
    let denied = try engine.judge(call("t", #"{"x":1}"#), calm)
    #expect(
      denied.decidedBy == [
        DecidingRule(policy: "base", id: "noMatch:base"), DecidingRule(policy: "layer2", id: "P"),
      ])
  }

  @Test func `5 wants every argument accounted for by what grants, not by what denies`() throws {
    let engine = try engine(
      """
      rules: [ { id: 'A', effect: 'allow', tool: 'a', args: { x: { any: true } } },
               { id: 'B', effect: 'ask', tool: 'b' },
               { id: 'C', effect: 'allow', tool: 'c', args: 'any' },
               { id: 'D', effect: 'deny', tool: 'c', args: { x: { oneOf: ['bad'] } }, reason: 'bad is bad' } ]
      """)
    #expect(try engine.verdict("a", #"{"x":1}"#) == .allow)
    #expect(try engine.verdict("a", #"{"x":1,"y":2}"#) == .deny)
    #expect(try engine.verdict("a") == .deny)
    #expect(try engine.verdict("b") == .ask)
    #expect(try engine.verdict("b", #"{"y":2}"#) == .deny)
    #expect(try engine.verdict("c", #"{"x":"good","y":2}"#) == .allow)
    let denied = try engine.judge(call("c", #"{"x":"bad","y":2}"#), calm)
    #expect(denied.verdict == .deny)
    #expect(denied.reason == "Rule \"D\" of \"base\" denies it: bad is bad.")
  }

  @Test func `6 knows no exception to a deny`() throws {
    let engine = try engine(
      """
      rules: [ { id: 'D', effect: 'deny', tool: 'fs.*', args: { path: { under: ['/etc'] } } },
               { id: 'A', effect: 'allow', tool: 'fs.read', args: { path: { oneOf: ['/etc/hosts'] } } } ]
      """)
    #expect(try engine.judge(call("fs.read", #"{"path":"/etc/hosts"}"#), calm).ruleIDs == ["D"])
  }

  @Test func `7 knows a tool by its manifest where a rule pins it`() throws {
    let digest = String(repeating: "ab", count: 32)
    let engine = try engine(rule: "args: 'any', manifest: 'sha256:\(digest)'")
    var effect = try call("t")
    #expect(engine.judge(effect, calm).verdict == .deny)
    effect.manifestDigest = digest
    #expect(engine.judge(effect, calm).verdict == .allow)
    effect.manifestDigest = String(repeating: "cd", count: 32)
    let changed = engine.judge(effect, calm)
    #expect(
      changed.reason
        == "No rule of \"base\" allows this call of \"t\". Rule \"R\" does not match: it is pinned to "
        + "another manifest of the tool.")
    #expect(
      refusal("rules: [ { id: 'D', effect: 'deny', tool: 't', manifest: 'sha256:\(digest)' } ]")?
        .hasSuffix(
          "a rule that denies cannot be pinned: a changed tool would escape it. Remove \"manifest\"."
        )
        == true)
  }

  @Test func `7 takes a tool of several names for one tool`() throws {
    for name in ["functions.apply_patch", "repo_browser.apply_patch", "apply_patch"] {
      let engine = try engine(
        "rules: [ { id: 'A', effect: 'allow', tool: '*', args: 'any' }, { id: 'D', effect: 'deny', tool: '\(name)' } ]"
      )
      for called in ["functions.apply_patch", "repo_browser.apply_patch", "apply_patch"] {
        #expect(try engine.judge(call(called, #""patch""#), calm).ruleIDs == ["D"])
      }
    }
  }

  @Test func `8 shows a model only its tools`() throws {
    let engine = try engine(
      """
      rules: [ { id: 'A', effect: 'allow', tool: '*', args: 'any' } ],
      models: { 'local/*': { show: ['*'] }, 'cloud/*': { show: ['web.*'] } }
      """, "models: { 'local/*': { show: ['python', 'web.open'] }, 'cloud/*': { show: ['*'] } }")
    func ids(_ tool: String, _ model: String?) throws -> [String] {
      let effect = try call(tool)
      return engine.judge(effect, PolicyState(model: model)).ruleIDs
    }
    #expect(try ids("python", "local/nano") == ["A"])
    #expect(try ids("web.find", "local/nano") == ["model-gate"])
    #expect(try ids("web.find", "cloud/big") == ["A"])
    #expect(try ids("python", "cloud/big") == ["model-gate"])
    #expect(try ids("python", "other/x") == ["model-gate"])
    #expect(try ids("python", nil) == ["A"])
    var typed = try call("python")
    typed.actor = .user
    #expect(engine.judge(typed, PolicyState(model: "cloud/big")).ruleIDs == ["A"])
    #expect(
      try engine.judge(call("python"), PolicyState(model: "cloud/big")).reason
        == "The tool \"python\" is not open to the model \"cloud/big\".")
  }

  @Test func `9 labels results by their source and arguments by their content`() throws {
    let engine = try engine(
      """
      rules: [ { id: 'A', effect: 'allow', tool: '*', args: 'any' } ],
      labels: { sources: [ { tool: 'web.*', add: ['untrusted'] },
                           { tool: 'fs.read', args: { path: { under: ['${home}/.ssh'] } }, add: ['secret'] } ],
                content: [ { id: 'key', re: 'KEY[0-9]{4}', add: ['secret'], redact: true } ] }
      """, "labels: { content: [ { id: 'name', re: 'Alice', add: ['personal'] } ] }")
    #expect(try engine.judge(call("web.open"), calm).resultLabels == ["untrusted"])
    #expect(
      try engine.judge(call("fs.read", #"{"path":"/home/u/.ssh/id"}"#), calm).resultLabels
        == ["secret"])
    #expect(
      try engine.judge(call("fs.read", #"{"path":"/home/u/x"}"#), calm).resultLabels == [])
    let nested = try engine.judge(call("t", #"{"a":[{"b":"xKEY1234"}],"c":"Alice"}"#), calm)
    #expect(nested.argumentLabels == ["secret", "personal"])
    #expect(try engine.judge(call("t", #"{"KEY1234":1}"#), calm).argumentLabels == ["secret"])
    #expect(engine.contentLabels(in: "KEY12345") == ["secret"])
    let redacted = engine.redactedRanges(in: "é KEY1234 Alice")
    #expect(redacted.map(\.pattern) == ["key"])
    #expect(redacted.flatMap(\.ranges) == [3..<10])
  }

  static let flows =
    """
    rules: [ { id: 'A', effect: 'allow', tool: '*', args: 'any' } ],
    effects: { 'run': ['exec'], 'send': ['send'], 'look': ['read'] },
    flow: [ { id: 'F1', when: { context: ['untrusted'] }, sink: ['exec', 'write'], then: 'ask' },
            { id: 'F2', when: { args: ['secret'] }, sink: ['send'], then: 'deny' },
            { id: 'F3', when: { context: ['untrusted', 'secret'] }, sink: ['send', 'exec'], then: 'deny' } ]
    """

  static let flowCases: [(String, Set<String>, Set<String>, [String])] = [
    ("run", [], [], ["A"]),
    ("run", ["untrusted"], [], ["F1"]),
    ("run", ["secret"], [], ["A"]),
    ("run", ["untrusted", "secret"], [], ["F3"]),
    ("send", ["untrusted"], [], ["A"]),
    ("send", [], ["secret"], ["F2"]),
    ("send", ["untrusted", "secret"], ["secret"], ["F2", "F3"]),
    ("look", ["untrusted", "secret"], ["secret"], ["A"]),
    ("unknown", ["untrusted"], [], ["F1"]),
    ("unknown", [], ["secret"], ["F2"]),
  ]

  @Test(arguments: flowCases)
  func `10 lets flow rules raise the verdict, and 11 takes an unknown tool for capable of anything`(
    tool: String, context: Set<String>, arguments: Set<String>, ids: [String]
  ) throws {
    var effect = try call(tool)
    effect.argumentLabels = arguments
    let state = PolicyState(model: nil, labels: context)
    #expect(try engine(Self.flows).judge(effect, state).ruleIDs == ids)
  }

  @Test func `10 says what flowed`() throws {
    let state = PolicyState(model: nil, labels: ["untrusted", "secret"])
    #expect(
      try engine(Self.flows).judge(call("run"), state).reason
        == "Flow rule \"F3\" of \"base\" denies it: what has been read is secret and untrusted.")
  }

  @Test func `11 lets manifests and later layers add effects, and none take them away`() throws {
    let state = PolicyState(model: nil, labels: ["untrusted"])
    func ids(
      _ engine: PolicyEngine, _ tool: String, _ claimed: Set<Effect.Kind>?
    ) throws
      -> [String]
    {
      var effect = try call(tool)
      effect.claimedKinds = claimed
      return engine.judge(effect, state).ruleIDs
    }
    let base = try engine(Self.flows)
    #expect(try ids(base, "look", nil) == ["A"])
    #expect(try ids(base, "look", [.exec]) == ["F1"])
    #expect(try ids(base, "run", []) == ["F1"])
    #expect(try ids(base, "unknown", [.read]) == ["A"])
    // A later layer cannot make an unknown tool harmless, nor a known one.
    let later = try engine(
      Self.flows, "effects: { 'unknown': ['read'], 'run': ['read'], 'look': ['exec'] }")
    #expect(try ids(later, "unknown", nil) == ["F1"])
    #expect(try ids(later, "run", nil) == ["F1"])
    #expect(try ids(later, "look", nil) == ["F1"])
  }

  static let budgets =
    """
    rules: [ { id: 'A', effect: 'allow', tool: 't', args: 'any', budget: 'b' },
             { id: 'K', effect: 'ask', tool: 'k', args: 'any', budget: 'b' } ],
    budgets: { b: { per: 'session', calls: 3, bytes: 1000, tokens: 50, usd: 0.5 } }
    """

  @Test(arguments: [
    (BudgetAmounts(calls: 2), BudgetAmounts(), true),
    (BudgetAmounts(calls: 3), BudgetAmounts(), false),
    (BudgetAmounts(bytes: 900), BudgetAmounts(bytes: 100), true),
    (BudgetAmounts(bytes: 900), BudgetAmounts(bytes: 101), false),
    (BudgetAmounts(bytes: 1_000), BudgetAmounts(), false),
    (BudgetAmounts(tokens: 49), BudgetAmounts(tokens: 1), true),
    (BudgetAmounts(tokens: 49), BudgetAmounts(tokens: 2), false),
    (BudgetAmounts(microdollars: 499_999), BudgetAmounts(microdollars: 1), true),
    (BudgetAmounts(microdollars: 499_999), BudgetAmounts(microdollars: 2), false),
    (BudgetAmounts(bytes: .max), BudgetAmounts(bytes: .max), false),
  ])
  func `12 denies what a budget has not enough left for`(
    used: BudgetAmounts, cost: BudgetAmounts, isAllowed: Bool
  ) throws {
    var effect = try call("t")
    effect.cost = cost
    let state = PolicyState(model: nil, used: ["b": used])
    let decision = try engine(Self.budgets).judge(effect, state)
    #expect(decision.ruleIDs == [isAllowed ? "A" : "budget:b"])
    #expect(decision.charges.isEmpty != isAllowed)
  }

  @Test func `12 charges the least of all layers, and nobody is asked in vain`() throws {
    let engine = try engine(
      Self.budgets, "budgets: { b: { per: 'session', calls: 2 } }",
      "budgets: { b: { per: 'session', calls: 100 } }")
    let state = PolicyState(model: nil, used: ["b": BudgetAmounts(calls: 2)])
    let decision = try engine.judge(call("k"), state)
    #expect(decision.ruleIDs == ["budget:b"])
    #expect(
      decision.reason == "The budget \"b\" is spent: 2 of 2 calls per session are used.")
    let asked = try engine.judge(call("k"), calm)
    #expect(asked.verdict == .ask)
    #expect(asked.charges.map(\.budget) == ["b"])
    #expect(asked.charges.map(\.amounts.calls) == [1])
    #expect(asked.charges.map(\.period) == [.session])
  }

  @Test func `13 makes an approved ask an allow, and an unasked one a denial`() throws {
    let asking = "rules: [ { id: 'A', effect: 'ask', tool: 't', reason: 'it writes' } ]"
    let engine = try engine(asking)
    let asked = try engine.judge(call("t"), calm)
    #expect(asked.verdict == .ask)
    #expect(asked.reason == "Rule \"A\" of \"base\" asks first: it writes.")
    let approved = try engine.judge(call("t"), PolicyState(model: nil, isApproved: true))
    #expect(approved.verdict == .allow)
    #expect(approved.ruleIDs == ["A"])
    let headless = try engine.judge(call("t"), PolicyState(model: nil, isHeadless: true))
    #expect(headless.verdict == .deny)
    #expect(headless.ruleIDs == ["A", "headless"])
    #expect(headless.refusal == .stopRun)
    #expect(
      headless.reason
        == "headless: Rule \"A\" of \"base\" asks first: it writes. Nobody is there to ask.")
    for setting in ["ask: { headless: 'deny' }", "defaults: { ask: { headless: 'deny' } }"] {
      let told = try PolicyTests.engine(asking, setting)
        .judge(call("t"), PolicyState(model: nil, isHeadless: true))
      #expect(told.ruleIDs == ["A", "headless"])
      #expect(told.refusal == .tellModel)
    }
  }

  @Test func `13 never lets an approval lift a deny`() throws {
    let engine = try engine(
      "rules: [ { id: 'A', effect: 'ask', tool: 't' }, { id: 'D', effect: 'deny', tool: 't' } ]")
    #expect(
      try engine.judge(call("t"), PolicyState(model: nil, isApproved: true)).ruleIDs == ["D"])
  }

  @Test func `13 remembers an approval only where the base says so, and never across a flow rule`()
    throws
  {
    let rules = "rules: [ { id: 'A', effect: 'ask', tool: 't' } ]"
    let session = "ask: { remember: 'session' }, "
    #expect(try !engine(rules).judge(call("t"), calm).mayRemember)
    #expect(try engine(session + rules).judge(call("t"), calm).mayRemember)
    #expect(try !engine(rules, "ask: { remember: 'session' }").judge(call("t"), calm).mayRemember)
    #expect(
      try !engine(session + rules, "ask: { remember: 'never' }").judge(call("t"), calm).mayRemember)
    let flow =
      "flow: [ { id: 'F', when: { context: ['x'] }, sink: ['send'], then: 'ask' } ]"
    #expect(
      try !engine(session + rules, flow).judge(call("t"), PolicyState(model: nil, labels: ["x"]))
        .mayRemember)
  }

  @Test func `13 binds an approval to all that was shown`() throws {
    let engine = try engine(rule: "args: 'any', sandbox: 'p'", effect: .ask)
    func bytes(
      _ arguments: String, _ labels: Set<String> = [], _ change: (inout Effect) -> Void = { _ in }
    )
      throws -> [UInt8]
    {
      var effect = try call("t", arguments)
      change(&effect)
      return engine.approvalBytes(
        for: effect, engine.judge(effect, PolicyState(model: nil, labels: labels)))
    }
    let approved = try bytes(#"{"a":1,"b":[2,{"d":4,"c":3}]}"#)
    #expect(try bytes(#"{"b":[2,{"c":3,"d":4}],"a":1}"#) == approved)
    #expect(try bytes(#"{"a":1,"b":[2,{"d":4,"c":5}]}"#) != approved)
    #expect(try bytes(#"{"a":1,"b":[2,{"d":4,"c":3}]}"#, ["x"]) != approved)
    #expect(
      try bytes(#"{"a":1,"b":[2,{"d":4,"c":3}]}"#) { $0.manifestDigest = "ab" } != approved)
    #expect(try bytes(#"{"a":1,"b":[2,{"d":4,"c":3}]}"#) { $0.actor = .user } != approved)
  }

  @Test func `14 names the profiles of all rules that grant, and refuses a wall that is too low`()
    throws
  {
    let engine = try engine(
      """
      sandbox: { minimum: { tier: 'full' } },
      rules: [ { id: 'A', effect: 'allow', tool: 't', args: 'any', sandbox: 'one' },
               { id: 'B', effect: 'ask', tool: 't', args: { x: { any: true } }, sandbox: 'two' } ]
      """, "rules: [ { id: 'U', effect: 'allow', tool: 't', args: 'any', sandbox: 'one' } ]")
    let decision = try engine.judge(
      call("t", #"{"x":1}"#), PolicyState(model: nil, sandboxTier: .full))
    #expect(decision.verdict == .ask)
    #expect(decision.sandboxProfiles == ["one", "two"])
    #expect(decision.sandboxMinimum.tier == .full)
    let low = try engine.judge(call("t"), PolicyState(model: nil, sandboxTier: .landlock))
    #expect(low.ruleIDs == ["sandbox"])
    #expect(
      low.reason
        == "The policy demands the sandbox tier \"full\", and this machine builds \"landlock\".")
  }

  @Test func `15 denies everything while the ledger is down`() throws {
    let engine = try engine(rule: "args: 'any'")
    let decision = try engine.judge(call("t"), PolicyState(model: nil, isLedgerDown: true))
    #expect(decision.verdict == .deny)
    #expect(decision.ruleIDs == ["audit"])
    #expect(decision.refusal == .stopRun)
    #expect(decision.reason == "The decision cannot be recorded, so nothing is done.")
  }

  @Test func `15 denies what is too large to be judged`() throws {
    let engine = try engine(rule: "args: 'any'")
    let large = Effect(
      tool: "t", arguments: ["x": .string(String(repeating: "x", count: 8 << 20 + 1))])
    #expect(engine.judge(large, calm).ruleIDs == ["size"])
    let many = Effect(
      tool: "t", arguments: ["x": .array([JSONValue](repeating: .null, count: 500_001))])
    #expect(engine.judge(many, calm).ruleIDs == ["size"])
    let deep = (0..<100).reduce(JSONValue.null) { value, _ in .array([value]) }
    #expect(engine.judge(Effect(tool: "t", arguments: ["x": deep]), calm).ruleIDs == ["size"])
    let long = Effect(
      tool: "t", arguments: ["x": .array([JSONValue](repeating: "a", count: 100_000))])
    #expect(engine.judge(long, calm).verdict == .allow)
  }

  @Test(
    arguments: [
      ("cloud: { enabled: false }", Set<String>(), nil, nil, ["A", "cloud.enabled"]),
      ("cloud: { denyLabels: ['secret'] }", ["secret"], nil, nil, ["A", "cloud.denyLabels"]),
      ("cloud: { denyLabels: ['secret'] }", ["other"], nil, nil, ["A"]),
      ("cloud: { endpoints: ['https://a'] }", [], "https://a", nil, ["A"]),
      ("cloud: { endpoints: ['https://a'] }", [], "https://b", nil, ["A", "cloud.endpoints"]),
      ("cloud: { reasons: ['user-asked'] }", [], nil, "user-asked", ["A"]),
      ("cloud: { reasons: ['user-asked'] }", [], nil, "bored", ["A", "cloud.reasons"]),
    ] as [(String, Set<String>, String?, String?, [String])])
  func `keeps the conditions of the cloud`(
    cloud: String, labels: Set<String>, endpoint: String?, reason: String?, ids: [String]
  ) throws {
    let engine = try engine(
      "effects: { 'cloud.ask': ['cloud'] }, rules: [ { id: 'A', effect: 'ask', tool: 'cloud.ask' } ]",
      cloud)
    var effect = try call("cloud.ask")
    effect.cloudEndpoint = endpoint
    effect.cloudReason = reason
    #expect(engine.judge(effect, PolicyState(model: nil, labels: labels)).ruleIDs == ids)
  }

  @Test func `asks on whose account it is`() throws {
    let engine = try engine(rule: "args: 'any', actor: ['user', 'plugin']")
    for (actor, verdict) in [
      (Effect.Actor.user, Verdict.allow), (.plugin, .allow), (.model, .deny),
    ] {
      var effect = try call("t")
      effect.actor = actor
      #expect(engine.judge(effect, calm).verdict == verdict)
    }
  }
}
