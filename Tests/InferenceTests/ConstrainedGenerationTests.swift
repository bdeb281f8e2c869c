// ConstrainedGenerationTests.swift — a model of noise under a schema: whatever it samples is valid.

import Base
import Harmony
import Inference
import ModelFiles
import TestKit
import Testing
import Tokenizer

@Suite struct `A generation under a schema` {
  private static let schema: JSONValue = [
    "type": "object", "required": ["name", "kind", "tags"], "additionalProperties": false,
    "properties": [
      "name": ["type": "string", "minLength": 1, "maxLength": 12],
      "kind": ["enum": ["file", "folder", nil, 7]],
      "tags": [
        "type": "array", "minItems": 1, "maxItems": 3,
        "items": ["type": "string", "pattern": "^[a-z]{2,6}$"],
      ],
      "size": ["type": "integer", "minimum": 0],
      "score": ["type": "number"],
      "owner": [
        "anyOf": [
          ["type": "null"],
          [
            "type": "object", "required": ["id"], "additionalProperties": false,
            "properties": ["id": ["type": "integer"]],
          ],
        ]
      ],
    ],
  ]

  @Test func `of a model of noise is valid whatever the seed`() throws {
    let tokenizer = try Tokenizer(tokenizerJSON: Vectors.path("tiny-gpt-oss/tokenizer.json"))
    let vocabulary = try HarmonyVocabulary(tokenizer)
    let schema = try JSONSchema(Self.schema, source: "the test's schema")
    let constraint = try #require(SchemaConstraint(schema, TokenTrie(tokenizer)))
    let engine = try TinyModel.engine()
    let header = tokenizer.encodeWithSpecials("<|channel|>final<|message|>")
    let prompt = tokenizer.encodeWithSpecials("<|start|>assistant") + header
    let start = try HeaderGrammar(
      vocabulary, rules: HeaderRules(answer: constraint),
      rowCount: engine.configuration.vocabularySize)
    var texts: Set<String> = []
    for seed in 0..<UInt64(200) {
      var grammar = start
      for token in header { _ = grammar.advance(token) }
      var sampler = try Sampler(seed: seed)
      let generation = try InferenceSession(engine: engine).generate(
        after: prompt, sampler: &sampler, stopTokens: [vocabulary.tokens.return],
        tokenCountMax: 1_000, constraint: { _ in grammar.allowed() },
        onToken: { grammar.advance($0) })
      #expect(generation.end == .stopToken(vocabulary.tokens.return), "seed \(seed)")
      let text = tokenizer.decode(generation.tokens.dropLast())
      let value = try JSONReader.value(text, source: "seed \(seed): \(text)")
      #expect(schema.problem(with: value) == nil, "seed \(seed): \(text)")
      texts.insert(text)
    }
    #expect(texts.count > 190)
  }
}
