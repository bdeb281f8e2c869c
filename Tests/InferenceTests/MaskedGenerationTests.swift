// MaskedGenerationTests.swift — a model of noise under a policy: whatever it samples, no forbidden
// recipient is in it.

import Base
import Foundation
import Harmony
import Inference
import ModelFiles
import Policy
import TestKit
import Testing
import Tokenizer

@Suite struct `A generation under a policy` {
  private static let count =
    ProcessInfo.processInfo.environment["MARTLET_FULL"] == nil ? 500 : 10_000
  private static let allowed: Set<String> = ["ada@example.org", "bo@example.org", "é@example.org"]

  private static let policy = """
    { schema: 'tool-policy/1', id: 'test', revision: 1, defaults: { noMatch: 'deny' }, rules: [
      { id: 'mail', effect: 'allow', tool: 'mail.send',
        args: { to: { oneOf: ['ada@example.org', 'bo@example.org', 'é@example.org'] },
                copies: { optional: true, all: { oneOf: ['ada@example.org', 'bo@example.org'] } },
                text: { maxBytes: 12 } } } ] }
    """

  /// What the server says of its tool: any text will do for a recipient.
  private static let tool: JSONValue = [
    "type": "object", "required": ["to", "text"], "additionalProperties": false,
    "properties": [
      "to": ["$ref": "#/$defs/address"], "text": ["type": "string"],
      "copies": ["type": "array", "items": ["$ref": "#/$defs/address"], "maxItems": 3],
    ],
    "$defs": ["address": ["type": "string", "maxLength": 60]],
  ]

  @Test func `of a model of noise never names a recipient that the policy forbids`() throws {
    let engine = try PolicyEngine(
      base: [PolicySource(name: "test", bytes: Array(Self.policy.utf8), place: .chosen)],
      variables: PolicyVariables(workspace: "/work", home: "/home/ada"))
    let mask = try #require(engine.argumentMask(of: "mail.send"))
    guard case .object(var joined) = Self.tool else { return }
    joined["allOf"] = [mask]
    let schema = try JSONSchema(.object(joined), source: "mail.send")
    let tokenizer = try Tokenizer(tokenizerJSON: Vectors.path("tiny-gpt-oss/tokenizer.json"))
    let vocabulary = try HarmonyVocabulary(tokenizer)
    let constraint = try #require(SchemaConstraint(schema, TokenTrie(tokenizer)))
    let model = try TinyModel.engine()
    let header = tokenizer.encodeWithSpecials("<|channel|>analysis to=mail.send code<|message|>")
    let prompt = tokenizer.encodeWithSpecials("<|start|>assistant") + header
    let start = try HeaderGrammar(
      vocabulary,
      rules: HeaderRules(tools: [.builtIn("mail.send", arguments: constraint)]),
      rowCount: model.configuration.vocabularySize)
    let session = try InferenceSession(engine: model)
    var recipients: [String: Int] = [:]
    for seed in 0..<UInt64(Self.count) {
      var grammar = start
      for token in header { _ = grammar.advance(token) }
      var sampler = try Sampler(seed: seed)
      let generation = try session.generate(
        after: prompt, sampler: &sampler, stopTokens: [vocabulary.tokens.call],
        tokenCountMax: 1_000, constraint: { _ in grammar.allowed() },
        onToken: { grammar.advance($0) })
      #expect(generation.end == .stopToken(vocabulary.tokens.call), "seed \(seed)")
      let text = tokenizer.decode(generation.tokens.dropLast())
      let call = ToolCall(id: 1, tool: "mail.send", body: text)
      let recipient = try JSONReader.value(text, source: text)["to"]?.stringValue ?? ""
      recipients[recipient, default: 0] += 1
      // Lengths in bytes are not counted by the mask; everything else of the rule is.
      let decision = engine.judge(Effect(call: call, workspace: "/work"), PolicyState(model: nil))
      let words = try JSONReader.value(text, source: text)["text"]?.stringValue ?? ""
      let isLong = words.utf8.count > 12
      #expect(decision.verdict == .allow || isLong, "seed \(seed): \(text): \(decision.reason)")
    }
    #expect(Set(recipients.keys) == Self.allowed, "\(recipients)")
  }

  /// The mask is for the model; whoever gets past it meets the judgement.
  @Test(arguments: [
    #"{"to":"mallory@evil.example","text":"x"}"#,
    #"{"to":"ada@example.org.evil.example","text":"x"}"#,
    #"{"to":"ada@example.org","copies":["mallory@evil.example"],"text":"x"}"#,
  ])
  func `refuses a forbidden call that is forced past the mask`(body: String) throws {
    let engine = try PolicyEngine(
      base: [PolicySource(name: "test", bytes: Array(Self.policy.utf8), place: .chosen)],
      variables: PolicyVariables(workspace: "/work", home: "/home/ada"))
    let mask = try #require(engine.argumentMask(of: "mail.send"))
    let arguments = try JSONReader.value(body, source: "forced")
    #expect(try JSONSchema(mask, source: "mask").problem(with: arguments) != nil)
    let call = ToolCall(id: 1, tool: "mail.send", body: body)
    let decision = engine.judge(Effect(call: call, workspace: "/work"), PolicyState(model: nil))
    #expect(decision.verdict == .deny)
    #expect(decision.ruleIDs == ["noMatch:test"])
  }
}
