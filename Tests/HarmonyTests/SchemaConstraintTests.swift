// SchemaConstraintTests.swift — what a schema accepts can be written, and little else.

import Base
import Harmony
import TestKit
import Testing
import Tokenizer

@Suite struct `A schema as a constraint` {
  /// A vocabulary's tokenizer and its trie, made once.
  struct Words: Sendable {
    let tokenizer: Tokenizer
    let trie: TokenTrie
    /// The token of each single byte.
    let byteTokens: [TokenID]

    init(_ vocabulary: HarmonyVocabulary) {
      tokenizer = vocabulary.tokenizer
      var byteTokens = [TokenID](repeating: -1, count: 256)
      for row in 0..<Int32(tokenizer.vocabularySize) {
        guard let bytes = tokenizer.bytes(of: TokenID(row)), bytes.count == 1 else { continue }
        byteTokens[Int(bytes[0])] = TokenID(row)
      }
      self.byteTokens = byteTokens
      trie = TokenTrie(vocabulary.tokenizer)
    }

    static let full = Result { Words(try Streams.full.get()) }
    static let tiny = Result { Words(try Streams.tiny.get()) }

    func constraint(_ json: JSONValue) throws -> SchemaConstraint? {
      SchemaConstraint(try JSONSchema(json, source: "the test's schema"), trie)
    }

    /// Whether each token of `text` is allowed in its turn, and the text may end there.
    func accepts(_ text: String, _ constraint: SchemaConstraint) -> Bool {
      var constraint = constraint
      for token in tokenizer.encode(text) {
        guard constraint.allowed.contains(token) else { return false }
        constraint.advance(token)
      }
      return constraint.mayEnd
    }
  }

  // MARK: Never too little

  @Test(arguments: [true, false])
  func `lets every token of a valid text through`(isFull: Bool) throws {
    let words = try (isFull ? Words.full : Words.tiny).get()
    for seed in 0..<UInt64(isFull ? 150 : 400) {
      let random = RandomSchema(seed: seed)
      let schema = try JSONSchema(random.json, source: "seed \(seed)")
      let constraint = try #require(SchemaConstraint(schema, words.trie))
      for round in 0..<3 {
        var generator = SplitMix64(seed: seed << 8 | UInt64(round))
        let value = random.value(&generator)
        #expect(schema.problem(with: value) == nil)
        let text = JSONSpelling(random: generator).text(value)
        try take(text, constraint, words, seed: seed)
      }
    }
  }

  /// Takes all tokens of a text and looks at every prefix.
  private func take(
    _ text: String, _ constraint: SchemaConstraint, _ words: Words, seed: UInt64
  ) throws {
    var constraint = constraint
    var bytes: [UInt8] = []
    for token in words.tokenizer.encode(text) {
      let isAllowed = constraint.allowed.contains(token)
      #expect(constraint.allows(token) == isAllowed)
      try #require(
        isAllowed,
        "seed \(seed): \(String(decoding: bytes, as: UTF8.self))⟨\(words.tokenizer.decode([token]))⟩"
      )
      constraint.advance(token)
      words.tokenizer.appendBytes(of: token, to: &bytes)
      let isComplete = (try? JSONReader.value(bytes, source: "prefix")) != nil
      #expect(!constraint.mayEnd || isComplete)
    }
    #expect(constraint.mayEnd, "seed \(seed): \(text)")
  }

  // MARK: Not too much

  @Test(arguments: [true, false])
  func `leads any choice of tokens to a valid text`(isFull: Bool) throws {
    let words = try (isFull ? Words.full : Words.tiny).get()
    for seed in 0..<UInt64(isFull ? 150 : 600) {
      let random = RandomSchema(seed: seed)
      let schema = try JSONSchema(random.json, source: "seed \(seed)")
      var constraint = try #require(SchemaConstraint(schema, words.trie))
      let text = walk(&constraint, words, seed: seed, freeCount: Int(seed % 12))
      #expect(constraint.mayEnd, "seed \(seed): \(text)")
      let value = try JSONReader.value(text, source: "seed \(seed): \(text)")
      #expect(schema.problem(with: value) == nil, "seed \(seed): \(text)")
    }
  }

  /// Any allowed tokens, then single bytes that lead to an end.
  private func walk(
    _ constraint: inout SchemaConstraint, _ words: Words, seed: UInt64, freeCount: Int
  ) -> String {
    var random = SplitMix64(seed: seed)
    var bytes: [UInt8] = []
    let byteTokens = words.byteTokens
    let closing = "\"}]n0tf:{[".utf8.map { byteTokens[Int($0)] }
    let keys = RandomSchema.names.map { name in
      (JSONValue.string(name).compactText.dropFirst() + ":").utf8.map { byteTokens[Int($0)] }
    }
    // What the patterns end with.
    let endings = ["\"", "xy\"", "z\""].map { text in text.utf8.map { byteTokens[Int($0)] } }
    var planned: ArraySlice<TokenID> = []
    for step in 0..<4_000 {
      if step >= freeCount, constraint.mayEnd { break }
      guard case .mask(let mask) = constraint.allowed else { break }
      if step < freeCount {
        planned = mask.indices.randomElement(using: &random).map { [TokenID(Int32($0))] } ?? []
      } else if planned.isEmpty {
        // Other keys than the required ones would go on for ever, and so would most texts.
        let key = (keys.shuffled(using: &random) + endings).first { Self.canTake($0, constraint) }
        let single =
          closing.first { mask.contains($0) }
          ?? byteTokens.filter { mask.contains($0) }.randomElement(using: &random)
        planned = key?[...] ?? single.map { [$0] } ?? []
      }
      guard let token = planned.popFirst() else { break }
      #expect(mask.contains(token) && constraint.allows(token))
      constraint.advance(token)
      words.tokenizer.appendBytes(of: token, to: &bytes)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func canTake(_ tokens: [TokenID], _ constraint: SchemaConstraint) -> Bool {
    var constraint = constraint
    return tokens.allSatisfy { token in
      defer { constraint.advance(token) }
      return constraint.allows(token)
    }
  }

  struct Case: CustomTestStringConvertible, Sendable {
    var schema: JSONValue
    var good: [String]
    var bad: [String]

    var testDescription: String { schema.compactText }
  }

  @Test(arguments: [
    Case(
      schema: [:],
      good: [
        "1", "null", "\"a\\u00e9\"", "{\"a\":[{}]}", " [ ]", "-0.5e-07", "\n{\r\n\t\"a\" :  1\n}",
      ],
      bad: [
        "", "01", "nul", "\"a", "{a:1}", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "\"\\x\"",
        "\"\\ud800\"", "\"\\udc00\"", "\"\t\"", "1e999", "   1", "\n\n1", "1\n", "{} ", "[\n\n1]",
        "{\"a\"\n:1}", "{\"a\":\n1}", "[\n     1]", "+1", ".5", "1.",
        "[1 2]",
      ]),
    Case(
      schema: [
        "type": "object", "properties": ["a": ["type": "integer"], "b": true],
        "required": ["a"], "additionalProperties": false,
      ],
      good: ["{\"a\":1}", "{\"b\":[],\"a\":-2}", "{\"\\u0061\": 3 , \"b\" : null}"],
      bad: [
        "{}", "{\"b\":1}", "{\"a\":1.5}", "{\"a\":\"1\"}", "{\"a\":1,\"c\":1}", "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":1}", "{\"ab\":1}", "[]",
      ]),
    Case(
      schema: [
        "type": "object", "properties": ["a": false, "b": ["const": 1]],
        "additionalProperties": ["type": "boolean"],
      ],
      good: ["{}", "{\"b\":1}", "{\"aa\":true,\"b\":1,\"\":false}"],
      bad: ["{\"a\":1}", "{\"a\":true}", "{\"b\":2}", "{\"c\":1}", "{\"c\":true,\"c\":true}"]),
    Case(
      schema: [
        "type": "object", "patternProperties": ["^x": ["type": "null"]],
        "properties": ["xa": true], "additionalProperties": false,
      ],
      good: ["{\"xa\":null}", "{\"xb\":null}"], bad: ["{\"xa\":1}"]),
    Case(
      schema: [
        "type": "array", "prefixItems": [["type": "null"], ["enum": [1, 2]]], "items": false,
      ],
      good: ["[]", "[null]", "[null,2]"], bad: ["[1]", "[null,3]", "[null,1,1]", "[null,]"]),
    Case(
      schema: ["type": "array", "items": ["type": "boolean"], "minItems": 1, "maxItems": 2],
      good: ["[true]", "[true,false]"], bad: ["[]", "[true,true,true]", "[1]"]),
    Case(
      schema: ["enum": ["a", "ab", 1, 1.5, 2.0, nil, [1], ["k": "v"]]],
      good: [
        "\"a\"", "\"ab\"", "1", "1.5", "2", "null", "[1]", "{ \"k\": \"v\" }", "\"\\u0061b\"",
      ],
      bad: ["\"\"", "\"b\"", "\"abc\"", "12", "[2]", "[]", "{}", "true"]),
    Case(
      schema: ["type": "string", "minLength": 2, "maxLength": 3],
      good: ["\"ab\"", "\"漢字\"", "\"🚀\\n\\ud83d\\ude80\""],
      bad: ["\"\"", "\"a\"", "\"abcd\"", "\"\\u0061\"", "1"]),
    Case(
      schema: ["type": "string", "pattern": "^[a-z]+-\\d{2}$"],
      good: ["\"a-12\"", "\"abc\\u002d00\""], bad: ["\"A-12\"", "\"a-1\"", "\"a-123\"", "\"-12\""]),
    Case(
      schema: ["type": "string", "pattern": "^(ab)*$", "minLength": 3, "maxLength": 5],
      good: ["\"abab\""], bad: ["\"ab\"", "\"ababab\"", "\"\""]),
    Case(
      schema: ["type": "string", "pattern": "q"], good: ["\"q\"", "\"aaq é\""],
      bad: ["\"\"", "\"a\""]),
    Case(
      schema: ["type": "integer", "minimum": 0, "maximum": 99],
      good: ["0", "99", "7"], bad: ["-1", "100", "1.0", "1e1"]),
    Case(
      schema: ["type": ["string", "null"]], good: ["null", "\"\""], bad: ["1", "true", "{}"]),
    Case(
      schema: [
        "anyOf": [
          [
            "type": "object", "properties": ["t": ["const": "x"], "v": ["type": "integer"]],
            "required": ["t", "v"], "additionalProperties": false,
          ],
          [
            "type": "object", "properties": ["t": ["const": "y"], "v": ["type": "string"]],
            "required": ["t", "v"], "additionalProperties": false,
          ],
        ]
      ],
      good: ["{\"t\":\"x\",\"v\":1}", "{\"v\":\"s\",\"t\":\"y\"}"],
      bad: ["{\"t\":\"x\",\"v\":\"s\"}", "{\"v\":\"s\",\"t\":\"x\"}", "{\"t\":\"z\"}"]),
    Case(
      schema: ["allOf": [["type": "string"], ["minLength": 1]], "not": ["const": "a"]],
      good: ["\"b\"", "\"a\""], bad: ["\"\"", "1"]),
    Case(
      schema: ["enum": ["a", "b", 3], "not": ["const": "a"], "type": "string"],
      good: ["\"b\""], bad: ["\"a\"", "3"]),
    Case(
      schema: [
        "$ref": "#/$defs/list",
        "$defs": [
          "list": [
            "type": ["array", "null"],
            "items": ["$ref": "#/$defs/list"], "maxItems": 2,
          ]
        ],
      ],
      good: ["null", "[null,[[],null]]"], bad: ["[1]", "[null,null,null]"]),
    Case(
      schema: [
        "type": "object", "required": ["next"],
        "properties": ["next": ["anyOf": [["$ref": "#"], ["type": "null"]]]],
        "additionalProperties": false,
      ],
      good: ["{\"next\":{\"next\":null}}"], bad: ["{\"next\":{}}", "null"]),
  ])
  func `tells what a schema accepts from what it refuses`(example: Case) throws {
    for words in [try Words.full.get(), try Words.tiny.get()] {
      let constraint = try #require(try words.constraint(example.schema))
      for text in example.good { #expect(words.accepts(text, constraint), "\(text)") }
      for text in example.bad { #expect(!words.accepts(text, constraint), "\(text)") }
    }
  }

  @Test(
    arguments: [
      false,
      ["type": "object", "required": ["a"], "properties": ["a": ["$ref": "#"]]],
      ["type": "string", "minLength": 2, "maxLength": 1],
      ["type": "string", "pattern": "^a$", "minLength": 2],
      ["enum": []],
      ["allOf": [["type": "string"], ["type": "null"]]],
    ] as [JSONValue])
  func `is none where no value would do`(schema: JSONValue) throws {
    #expect(try Words.tiny.get().constraint(schema) == nil)
  }

  @Test func `nests no deeper than answers may`() throws {
    let words = try Words.tiny.get()
    let free = try #require(try words.constraint([:]))
    let list = try #require(
      try words.constraint(["type": "array", "items": ["$ref": "#"]]))
    for constraint in [free, list] {
      let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
      #expect(words.accepts(deep(64), constraint))
      #expect(!words.accepts(deep(65), constraint))
      #expect(throws: Never.self) { try JSONReader.value(deep(64), source: "deep") }
      #expect(throws: JSONError.self) { try JSONReader.value(deep(65), source: "deep") }
    }
  }

  @Test func `keeps its place if it is handed a token that is not allowed`() throws {
    let words = try Words.tiny.get()
    var constraint = try #require(try words.constraint(["type": "integer"]))
    for token in words.tokenizer.encode("a") { constraint.advance(token) }
    #expect(words.accepts("12", constraint))
    #expect(!constraint.allows(TokenID(-1)))
  }

  // MARK: In a message

  @Test func `lets an answer end where it is complete, and no marker before`() throws {
    let vocabulary = try Streams.full.get()
    let words = try Words.full.get()
    let schema: JSONValue = [
      "type": "object", "required": ["n"], "properties": ["n": ["type": "number"]],
    ]
    let constraint = try #require(try words.constraint(schema))
    let tool = CallableTool.function("functions.f", arguments: constraint)
    for (header, end) in [
      ("<|channel|>commentary to=functions.f <|constrain|>json<|message|>", vocabulary.tokens.call),
      ("<|channel|>final <|constrain|>json<|message|>", vocabulary.tokens.return),
    ] {
      var grammar = try HeaderGrammar(
        vocabulary,
        rules: HeaderRules(tools: [tool], answerTypes: ["json"], answer: constraint),
        rowCount: 201_088)
      `The header grammar`.take(vocabulary.tokenizer.encodeWithSpecials(header), &grammar)
      for token in vocabulary.tokenizer.encode("{\"n\": 1.5}") {
        let allowed = grammar.allowed()
        #expect(allowed.contains(token))
        #expect(!allowed.contains(end))
        #expect(!vocabulary.tokenizer.specials.values.contains { allowed.contains($0) })
        #expect((200_000..<201_088).allSatisfy { !allowed.contains(TokenID($0)) || $0 < 200_019 })
        `The header grammar`.take([token], &grammar)
      }
      #expect(grammar.allowed().contains(end))
      #expect(!grammar.allowed().contains(vocabulary.tokenizer.encode("a")[0]))
      `The header grammar`.take([end], &grammar)
      #expect(grammar.isDone)
    }
  }

  // MARK: Hostile schemas

  struct Hostile: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var schema: JSONValue
    var text: String
  }

  static let hostile: [Hostile] = [
    Hostile(
      testDescription: "deep",
      schema: (0..<40).reduce(["type": "null"]) { inner, _ in
        ["type": "object", "properties": ["a": inner], "required": ["a"]]
      }, text: "{\"a\":{\"a\":{\"a\":"),
    Hostile(
      testDescription: "wide",
      schema: [
        "type": "object", "additionalProperties": false,
        "properties": .object(
          (0..<4_000).reduce(into: JSONObject()) { $0["key\($1)"] = ["type": "integer"] }),
      ], text: "{\"key17\":1,\"key3999\":2,\"key"),
    Hostile(
      testDescription: "alternatives that nest",
      schema: [
        "anyOf": [
          ["type": "array", "items": ["$ref": "#"]],
          ["type": "array", "items": ["$ref": "#"], "minItems": 1],
          ["type": "array", "items": ["$ref": "#"], "maxItems": 9], ["type": "null"],
        ]
      ], text: "[[[[[[[[[[[[[[[[[[[[[[null,"),
    Hostile(
      testDescription: "a huge enum",
      schema: ["enum": .array((0..<40_000).map { .string("value \($0 &* 7_919) of many") })],
      text: "\"value 79"),
    Hostile(
      testDescription: "many alternatives",
      schema: [
        "anyOf": .array(
          (0..<1_000).map { index in
            [
              "type": "object", "required": ["tag"],
              "properties": ["tag": ["const": .string("tag\(index)")], "v": ["minLength": 3]],
            ]
          })
      ], text: "{\"v\":\"abc\",\"tag\":\"tag9"),
    Hostile(
      testDescription: "a pattern with exponentially many states",
      schema: ["type": "string", "pattern": "a[ab]{40}c"], text: "\"abababab"),
    Hostile(
      testDescription: "alternatives of all of alternatives",
      schema: [
        "allOf": .array(
          (0..<20).map { row in
            [
              "anyOf": .array(
                (0..<20).map { ["properties": ["p\(row)": ["const": .number(.integer($0))]]] })
            ]
          })
      ], text: "{\"p3\":7,\"p4\":"),
    Hostile(
      testDescription: "lengths without end",
      schema: ["type": "string", "minLength": 1_000_000_000_000, "pattern": "^[a-f]*$"],
      text: "\"abcdef"),
  ]

  @Test(arguments: hostile)
  func `takes bounded time over hostile schemas`(example: Hostile) throws {
    let words = try Words.full.get()
    let clock = ContinuousClock()
    var made: SchemaConstraint?
    let making = try clock.measure { made = try words.constraint(example.schema) }
    var constraint = try #require(made)
    var longest = Duration.zero
    for token in words.tokenizer.encode(example.text) {
      var allowed = AllowedTokens.only([])
      longest = max(longest, clock.measure { allowed = constraint.allowed })
      try #require(allowed.contains(token), "\(words.tokenizer.decode([token]))")
      constraint.advance(token)
    }
    print("\(example.testDescription): made in \(making), a mask in at most \(longest)")
    #expect(making < .seconds(20))
    #expect(longest < .seconds(2))
  }
}
