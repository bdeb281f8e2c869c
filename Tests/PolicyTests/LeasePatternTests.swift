// LeasePatternTests.swift — which calls a lease stands for, and where no lease counts.

import Base
import Policy
import Testing

@Suite struct `A lease` {
  private static func pattern(_ tool: String, _ text: String) throws(PolicyError) -> LeasePattern {
    try LeasePattern(tool: tool, arguments: text, variables: variables)
  }

  private let calm = PolicyState(model: nil)

  @Test(arguments: [
    ("any", #"{"path":"/etc/passwd"}"#, true), ("any", "[]", false),
    ("{ path: { under: ['${workspace}'] } }", #"{"path":"\#(workspace)/a"}"#, true),
    ("{ path: { under: ['${workspace}'] } }", #"{"path":"\#(workspace)/../x"}"#, false),
    ("{ path: { under: ['${workspace}'] } }", #"{"path":"\#(workspace)/a","force":true}"#, false),
    ("{}", "{}", true), ("{}", #"{"path":"/a"}"#, false),
    (#"={"b":[1,{"d":1,"c":2}],"a":"x"}"#, #"{"a":"x","b":[1,{"c":2,"d":1}]}"#, true),
    (#"={"a":"x"}"#, #"{"a":"x","b":1}"#, false), (#"={"a":1}"#, #"{"a":"1"}"#, false),
  ])
  func `stands for its tool and its arguments`(
    text: String, arguments: String, isCovered: Bool
  ) throws {
    let pattern = try Self.pattern("fs.read", text)
    #expect(pattern.covers(try call("fs.read", arguments), calm) == isCovered)
    #expect(!pattern.covers(try call("fs.write", arguments), calm))
    #expect(!pattern.covers(try call("fs.reader", arguments), calm))
  }

  @Test func `of exactly this stands for exactly this`() throws {
    let effect = try call("t", #"{"b":1,"a":[true,null,"é"]}"#)
    let pattern = try Self.pattern("t", LeasePattern.exactly(effect))
    #expect(pattern.covers(effect, calm))
    #expect(!pattern.covers(try call("t", #"{"b":1,"a":[true,null,"e"]}"#), calm))
  }

  @Test func `of a tool with several names stands for all of them`() throws {
    let pattern = try Self.pattern("functions.apply_patch", "any")
    #expect(pattern.covers(try call("apply_patch", #""x""#), calm))
  }

  @Test(arguments: [
    ("mcp.*", "any", "a lease is for one tool. Write its full name, without \"*\"."),
    ("", "any", "a lease is for one tool. Write its full name, without \"*\"."),
    ("t", "'all'", "is not a word that belongs here"),
    ("t", "=[1]", "there should be a JSON object."),
    ("t", "{ x: {} }", "the matcher demands nothing. Write { any: true } to accept any value."),
    ("t", "{ x: { undr: ['/'] } }", "Did you mean \"under\"?"),
  ])
  func `that cannot be meant is refused`(tool: String, text: String, sentence: String) {
    let error = #expect(throws: PolicyError.self) { try Self.pattern(tool, text) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
  }

  @Test func `counts only where the base says so and no other layer says less`() throws {
    let rules = "rules: [ { id: 'A', effect: 'ask', tool: 't' } ]"
    func mayLease(_ base: String, _ later: String...) throws -> Bool {
      let layers = later.map { policy($0, id: "u", place: .user) }
      let engine = try PolicyEngine(
        base: [policy("\(base), \(rules)")], narrowing: layers, variables: variables)
      return try engine.judge(call("t"), calm).mayLease
    }
    #expect(try mayLease("ask: { remember: 'lease' }"))
    #expect(try !mayLease("ask: { remember: 'session' }"))
    #expect(try !mayLease("ask: { headless: 'deny' }"))
    #expect(try !mayLease("ask: { remember: 'lease' }", "ask: { remember: 'session' }"))
    #expect(try !mayLease("ask: { remember: 'session' }", "ask: { remember: 'lease' }"))
    #expect(try mayLease("ask: { remember: 'lease' }", "ask: { remember: 'lease' }"))
  }

  @Test func `never counts across a flow rule`() throws {
    let engine = try engine(
      """
      ask: { remember: 'lease' }, rules: [ { id: 'A', effect: 'ask', tool: 't' } ],
      flow: [ { id: 'F', when: { context: ['untrusted'] }, sink: ['send'], then: 'ask' } ]
      """)
    #expect(try engine.judge(call("t"), calm).mayLease)
    let tainted = try engine.judge(call("t"), PolicyState(model: nil, labels: ["untrusted"]))
    #expect(!tainted.mayLease)
    #expect(!tainted.mayRemember)
  }
}
