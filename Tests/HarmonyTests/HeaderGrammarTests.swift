// HeaderGrammarTests.swift — whatever the grammar lets through, the parser finds in order.

import Base
import Harmony
import TestKit
import Testing
import Tokenizer

@Suite struct `The header grammar` {
  static let rules = HeaderRules(
    tools: [
      .function("functions.get_weather"), .function("functions.get"), .function("functions.shell"),
      .builtIn("python"), .builtIn("browser.search"),
      CallableTool(
        name: "both", channels: [.analysis, .commentary], contentTypes: ["json", "code"]),
    ], answerTypes: ["json"])

  /// Advances by tokens that all have to be allowed.
  static func take(_ ids: [TokenID], _ grammar: inout HeaderGrammar) {
    for id in ids {
      let isTaken = grammar.advance(id)
      #expect(isTaken, "token \(id)")
    }
  }

  /// One turn, sampled evenly from all that is allowed.
  struct Walk {
    var ids: [TokenID] = []
    var isDone = false

    /// From `contentMax` tokens of content on, the message is ended.
    init(_ grammar: HeaderGrammar, seed: UInt64, contentMax: Int, _ vocabulary: HarmonyVocabulary) {
      var grammar = grammar
      var random = SplitMix64(seed: seed)
      var contentCount = 0
      for _ in 0..<400 where !grammar.isDone {
        let token: TokenID
        switch grammar.allowed() {
        case .only(let tokens):
          contentCount = 0
          guard let any = tokens.sorted().randomElement(using: &random) else { return }
          token = any
        case .mask(let mask):
          guard let any = mask.indices.randomElement(using: &random) else { return }
          token = TokenID(Int32(any))
        case .allExcept(let tokens):
          contentCount += 1
          let ends = [vocabulary.tokens.end, vocabulary.tokens.call, vocabulary.tokens.return]
            .filter { !tokens.contains($0) }
          if contentCount > contentMax, let end = ends.first {
            token = end
          } else {
            let row = Int32.random(
              in: 0..<Int32(vocabulary.tokenizer.vocabularySize), using: &random)
            guard !tokens.contains(TokenID(row)) else { continue }
            token = TokenID(row)
          }
        }
        guard grammar.advance(token) else { return }
        ids.append(token)
      }
      isDone = grammar.isDone
    }
  }

  @Test(arguments: [true, false])
  func `lets only well-formed turns through, and never stands still`(isFull: Bool) throws {
    let vocabulary = try (isFull ? Streams.full : Streams.tiny).get()
    let grammar = try HeaderGrammar(vocabulary, rules: Self.rules)
    let names = Set(Self.rules.tools.map(\.name))
    var recipients: Set<String> = []
    var channels: Set<HarmonyChannel> = []
    for seed in 0..<(isFull ? 1_000 : 2_000) {
      // An even choice ends a turn less often than it begins another message: 400 tokens may not do.
      let walk = Walk(grammar, seed: UInt64(seed), contentMax: seed % 4, vocabulary)
      let transcript = HarmonyTranscript(walk.ids, vocabulary, knownTools: names)
      let complete = walk.isDone ? transcript.messages[...] : transcript.messages.dropLast()
      for parsed in complete {
        let message = parsed.message
        #expect(parsed.isWellFormed, "\(vocabulary.tokenizer.decode(walk.ids))")
        #expect(message.channel.map(HarmonyChannel.all.contains) == true)
        if let recipient = message.recipient {
          let tool = Self.rules.tools.first { $0.name == recipient }
          #expect(tool?.channels.contains { $0 == message.channel } == true)
          #expect(parsed.terminator == .call)
          recipients.insert(recipient)
        } else {
          #expect(parsed.terminator == (message.channel == .final ? .return : .end))
        }
        if let channel = message.channel { channels.insert(channel) }
      }
      #expect(!walk.ids.isEmpty)
      #expect(walk.isDone == !transcript.isTruncated || !walk.isDone)
    }
    #expect(recipients == names)
    #expect(channels == Set(HarmonyChannel.all))
  }

  /// As models and renderers write them.
  @Test(arguments: [
    "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>",
    "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{}<|call|>",
    "<|channel|>commentary to=functions.get_weather<|constrain|>json<|message|>{}<|call|>",
    " to=functions.get_weather<|channel|>commentary <|constrain|>json<|message|>{}<|call|>",
    " to=functions.get_weather<|channel|>commentary json<|message|>{}<|call|>",
    "<|channel|>analysis to=browser.search code<|message|>{}<|call|>",
    " to=python<|channel|>analysis code<|message|>1<|call|>",
    " to=both<|channel|>analysis<|message|>1<|call|>",
    "<|channel|>commentary<|message|>I will look.<|end|><|start|>assistant to=functions.get<|channel|>commentary<|message|>{}<|call|>",
    "<|channel|>final <|constrain|>json<|message|>{}<|return|>",
  ])
  func `admits the tokens that models use`(text: String) throws {
    let vocabulary = try Streams.full.get()
    var grammar = try HeaderGrammar(vocabulary, rules: Self.rules)
    for id in vocabulary.tokenizer.encodeWithSpecials(text) {
      #expect(grammar.allowed().contains(id), "\(vocabulary.tokenizer.decode([id]))")
      Self.take([id], &grammar)
    }
    #expect(grammar.isDone)
    #expect(grammar.allowed() == .only([]))
  }

  /// Each text is allowed up to its last token.
  @Test(arguments: [
    "Hello", "<|message|>", "<|start|>", "<|channel|> ", "<|channel|>commentary<|channel|>",
    "<|channel|>final<|message|>4<|end|>", "<|channel|>final<|message|>4<|call|>",
    "<|channel|>analysis<|message|>4<|return|>", "<|channel|>analysis<|message|>4<|endoftext|>",
    "<|channel|>analysis<|message|>4<|channel|>", "<|channel|>analysis<|message|>4<|message|>",
    "<|channel|>analysis<|message|>4<|start|>", "<|channel|>analysis<|message|><|constrain|>",
    "<|channel|>analysis<|message|>4<|end|>a",
    "<|channel|>analysis<|message|>4<|end|><|start|>user",
    " to=python<|channel|>comment", " to=python<|channel|>analysis json",
    "<|channel|>commentary to=python", "<|channel|>final code",
    " to=python<|channel|>analysis code<|message|>1<|end|>",
    "<|channel|>analysis<|message|><|startoftext|>",
    "<|channel|>analysis<|message|><|reserved_200013|>",
  ])
  func `stops what does not belong`(text: String) throws {
    let vocabulary = try Streams.full.get()
    var grammar = try HeaderGrammar(vocabulary, rules: Self.rules)
    let ids = vocabulary.tokenizer.encodeWithSpecials(text)
    Self.take(ids.dropLast(), &grammar)
    let last = try #require(ids.last)
    #expect(!grammar.allowed().contains(last))
    let isTaken = grammar.advance(last)
    #expect(!isTaken)
  }

  @Test func `allows no row without a token`() throws {
    let vocabulary = try Streams.tiny.get()
    var grammar = try HeaderGrammar(vocabulary, rules: HeaderRules(), rowCount: 1_088)
    Self.take(vocabulary.tokenizer.encodeWithSpecials("<|channel|>final<|message|>"), &grammar)
    let size = Int32(vocabulary.tokenizer.vocabularySize)
    #expect((size..<1_088).allSatisfy { !grammar.allowed().contains(TokenID($0)) })
  }

  @Test func `forgets a tool that is withdrawn, from the next header on`() throws {
    let vocabulary = try Streams.full.get()
    let encode = vocabulary.tokenizer.encodeWithSpecials
    var grammar = try HeaderGrammar(vocabulary, rules: Self.rules)
    try grammar.setTools([.builtIn("python")])
    var atOnce = grammar
    let isRefused = encode(" to=functions").contains { !atOnce.advance($0) }
    #expect(isRefused)

    grammar = try HeaderGrammar(vocabulary, rules: Self.rules)
    Self.take(encode(" to=functions"), &grammar)
    try grammar.setTools([.builtIn("python")])
    Self.take(encode(".shell<|channel|>commentary<|message|>{}"), &grammar)

    grammar = try HeaderGrammar(vocabulary, rules: Self.rules)
    Self.take(encode("<|channel|>analysis<|message|>a"), &grammar)
    try grammar.setTools([.builtIn("python")])
    Self.take(encode("<|end|><|start|>assistant to="), &grammar)
    #expect(!encode("functions").contains { grammar.allowed().contains($0) })
    Self.take(encode("python<|channel|>analysis"), &grammar)
  }

  /// Digits, at most three of them, at least one.
  struct Digits: ContentConstraint {
    let digits: Set<TokenID>
    var count = 0

    var allowed: AllowedTokens { .only(count < 3 ? digits : []) }
    var mayEnd: Bool { count > 0 }

    mutating func advance(_ token: TokenID) { count += 1 }
  }

  @Test func `puts a constraint on the content of a call and of an answer`() throws {
    let vocabulary = try Streams.full.get()
    let tokenizer = vocabulary.tokenizer
    let digits = Digits(digits: Set("0123456789".flatMap { tokenizer.encode(String($0)) }))
    let rules = HeaderRules(tools: [.function("functions.add", arguments: digits)], answer: digits)
    for (header, end) in [
      ("<|channel|>commentary to=functions.add<|message|>", vocabulary.tokens.call),
      ("<|channel|>final<|message|>", vocabulary.tokens.return),
    ] {
      var grammar = try HeaderGrammar(vocabulary, rules: rules)
      Self.take(tokenizer.encodeWithSpecials(header), &grammar)
      #expect(grammar.allowed() == .only(digits.digits))
      Self.take([16], &grammar)
      #expect(grammar.allowed() == .only(digits.digits.union([end])))
      Self.take([17, 18], &grammar)
      #expect(grammar.allowed() == .only([end]))
      Self.take([end], &grammar)
      #expect(grammar.isDone)
    }
  }

  @Test(arguments: [
    (
      HeaderRules(tools: [.function("get weather")]),
      "\"get weather\" cannot stand in a message header: only visible ASCII without \"<\" can. Rename it."
    ),
    (
      HeaderRules(tools: [.function("wetter_für")]),
      "\"wetter_für\" cannot stand in a message header: only visible ASCII without \"<\" can. Rename it."
    ),
    (
      HeaderRules(tools: [.function("")]),
      "\"\" cannot stand in a message header: it is empty. Rename it."
    ),
    (
      HeaderRules(tools: [.function("assistant")]),
      "\"assistant\" cannot stand in a message header: it is the name of a role. Rename it."
    ),
    (
      HeaderRules(channels: [HarmonyChannel(rawValue: "side")]),
      "\"side\" cannot stand in a message header: it is not a channel. Rename it."
    ),
    (
      HeaderRules(channels: []),
      "The header grammar allows no message: it names no channel and no tool. Name a channel."
    ),
  ])
  func `refuses rules that no header can keep`(rules: HeaderRules, sentence: String) throws {
    let vocabulary = try Streams.tiny.get()
    let error = #expect(throws: HarmonyError.self) { try HeaderGrammar(vocabulary, rules: rules) }
    #expect(error?.description == sentence)
  }
}

@Suite struct `A vocabulary for Harmony` {
  @Test func `needs the tokens that frame messages`() throws {
    let text = String(decoding: try Vectors.bytes("tiny-gpt-oss/tokenizer.json"), as: UTF8.self)
    let tokenizer = try Tokenizer(
      json: Array(text.replacing("<|call|>", with: "<|cell|>").utf8), source: "x.json")
    let error = #expect(throws: HarmonyError.self) { try HarmonyVocabulary(tokenizer) }
    #expect(
      error?.description.hasSuffix("Harmony messages need the tokenizer of a gpt-oss model.")
        == true)
  }
}
