// ArgumentMaskTests.swift — what the rules leave of arguments, as a schema: narrow, and never too narrow.

import Base
import Foundation
import Policy
import Testing

@Suite struct `The mask of a tool's arguments` {
  private static let count =
    ProcessInfo.processInfo.environment["MARTLET_FULL"] == nil ? 300 : 10_000

  private static func engine(_ rules: String, narrowing: String? = nil) throws -> PolicyEngine {
    func source(_ rules: String, _ place: PolicySource.Place) -> PolicySource {
      let noMatch = place == .user ? "" : "defaults: { noMatch: 'deny' },"
      return PolicySource(
        name: place.rawValue,
        bytes: Array(
          """
          { schema: 'tool-policy/1', id: '\(place.rawValue)', revision: 1, \(noMatch) rules: [\(rules)] }
          """.utf8), place: place)
    }
    return try PolicyEngine(
      base: [source(rules, .chosen)], narrowing: narrowing.map { [source($0, .user)] } ?? [],
      variables: PolicyVariables(workspace: "/srv/work", home: "/home/ada"))
  }

  /// Whether the mask lets the arguments through; true where there is none.
  private static func passes(
    _ arguments: String, _ tool: String, _ engine: PolicyEngine
  ) throws
    -> Bool
  {
    guard let mask = engine.argumentMask(of: tool) else { return true }
    let schema = try JSONSchema(mask, source: "mask")
    return schema.problem(with: try JSONReader.value(arguments, source: "arguments")) == nil
  }

  @Test func `lets every call through that is allowed or asked about`() throws {
    var masked = 0
    var refused = 0
    for seed in 1...UInt64(Self.count) {
      var dice = RandomPolicies(seed: seed &+ 4_000_000)
      let engine = try PolicyEngine(dice.layers())
      var schemas: [String: (mask: JSONValue, schema: JSONSchema)?] = [:]
      for _ in 0..<60 {
        var call = dice.call()
        call.actor = "model"
        var effect = call.effect
        // The model's call as it is written: nobody has looked at the disk or parsed a URL yet.
        effect.links = [:]
        effect.webAddresses = [:]
        let state = dice.state().policyState
        if schemas[effect.tool] == nil {
          let mask = engine.argumentMask(of: effect.tool)
          let read = try mask.map { ($0, try JSONSchema($0, source: "seed \(seed)")) }
          schemas.updateValue(read, forKey: effect.tool)
        }
        guard let (mask, schema) = schemas[effect.tool] ?? nil else { continue }
        let problem = schema.problem(with: effect.arguments)
        guard engine.judge(effect, state).verdict != .deny else {
          if problem != nil { refused += 1 }
          continue
        }
        masked += 1
        #expect(
          problem == nil,
          "seed \(seed), \(effect.tool): \(effect.arguments.compactText) under \(mask.compactText)")
      }
    }
    // A mask that is never there, or refuses nothing, would prove nothing.
    #expect(masked > Self.count / 20, "\(masked)")
    #expect(refused > Self.count / 3, "\(refused)")
  }

  private static let rules = """
    { id: 'mail', effect: 'ask', tool: 'mail.send',
      args: { to: { oneOf: ['ada@example.org', 'bo@example.org'] }, text: { any: true }, urgent: { optional: true, oneOf: [true] } } },
    { id: 'open', effect: 'allow', tool: 'page.open', args: { url: { host: ['*.example.org', 'swift.org'], scheme: ['https'] } } },
    { id: 'read', effect: 'allow', tool: 'file.read', args: { path: { under: ['/srv/data', '${workspace}'] } } },
    { id: 'run', effect: 'allow', tool: 'container.exec', args: { cmd: { prefix: [['git'], ['log', 'diff']] } }, sandbox: 'container' },
    { id: 'pay', effect: 'allow', tool: 'bank.pay', args: { amount: { min: 1, max: 99 }, to: { any: true }, code: { re: '[A-Z]{2}[0-9]+' } } },
    { id: 'no-mallory', effect: 'deny', tool: 'bank.pay', args: { to: { oneOf: ['mallory', 'mal'] } } },
    """

  @Test(arguments: [
    ("mail.send", #"{"to":"ada@example.org","text":"Hi"}"#, true),
    ("mail.send", #"{"to":"bo@example.org","text":"Hi","urgent":true}"#, true),
    ("mail.send", #"{"to":"mallory@evil.test","text":"Hi"}"#, false),
    ("mail.send", #"{"to":["ada@example.org"],"text":"Hi"}"#, false),
    ("mail.send", #"{"to":"ada@example.org","text":"Hi","bcc":"mallory@evil.test"}"#, false),
    ("mail.send", #"{"to":"ada@example.org"}"#, false),
    ("page.open", #"{"url":"https://www.Example.org:8443/a?b#c"}"#, true),
    ("page.open", #"{"url":"HTTPS://swift.org."}"#, true),
    ("page.open", #"{"url":"http://swift.org/"}"#, false),
    ("page.open", #"{"url":"https://swift.org.evil.test/"}"#, false),
    ("page.open", #"{"url":"https://evil.test/?https://swift.org/"}"#, false),
    ("page.open", #"{"url":"https://swift.org@evil.test/"}"#, false),
    ("file.read", #"{"path":"/srv/data/a.txt"}"#, true),
    ("file.read", #"{"path":"/srv/work"}"#, true),
    ("file.read", #"{"path":"/tmp/../srv/data/x"}"#, true),
    ("file.read", #"{"path":"/srv/database"}"#, false),
    ("file.read", #"{"path":"/etc/passwd"}"#, false),
    ("file.read", #"{"path":"a.txt"}"#, false),
    ("container.exec", #"{"cmd":["git","log","-3"]}"#, true),
    ("container.exec", #"{"command":["/usr/bin/git","diff"]}"#, true),
    ("container.exec", #"{"cmd":["git","push"]}"#, false),
    ("container.exec", #"{"cmd":["rm","-rf","/"]}"#, false),
    ("bank.pay", #"{"amount":7,"to":"bo","code":"AB12"}"#, true),
    ("bank.pay", #"{"amount":7,"to":"mallor","code":"AB12"}"#, true),
    ("bank.pay", #"{"amount":7,"to":"mallory2","code":"AB12"}"#, true),
    ("bank.pay", #"{"amount":7,"to":"","code":"AB12"}"#, true),
    ("bank.pay", #"{"amount":7,"to":"mallory","code":"AB12"}"#, false),
    ("bank.pay", #"{"amount":7,"to":"mal","code":"AB12"}"#, false),
    ("bank.pay", #"{"amount":100,"to":"bo","code":"AB12"}"#, false),
    ("bank.pay", #"{"amount":7,"to":"bo","code":"ab12"}"#, false),
  ])
  func `narrows to what the rules name`(tool: String, arguments: String, passes: Bool) throws {
    #expect(try Self.passes(arguments, tool, Self.engine(Self.rules)) == passes)
  }

  @Test func `is narrowed by later layers, and open where a rule takes anything`() throws {
    let open = "{ id: 'any', effect: 'allow', tool: 'bank.pay', args: 'any' },"
    #expect(try Self.engine(open).argumentMask(of: "bank.pay") == nil)
    let narrowed = try Self.engine(
      open,
      narrowing: "{ id: 'no', effect: 'deny', tool: 'bank.*', args: { to: { oneOf: ['x'] } } },")
    #expect(try !Self.passes(#"{"to":"x"}"#, "bank.pay", narrowed))
    #expect(try Self.passes(#"{"to":"y"}"#, "bank.pay", narrowed))
  }
}
