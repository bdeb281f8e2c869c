// HarmonyParserTests.swift — what gpt-oss is known to get wrong, and what is made of it.

import Base
import Harmony
import Testing
import Tokenizer

/// A parsed message in short, for tables of expectations.
struct Parsed: Equatable, CustomStringConvertible {
  var channel: HarmonyChannel?
  var recipient: String?
  var type: String?
  var text: String
  var end: HarmonyTerminator?
  var repairs: Set<HarmonyRepair>

  init(
    _ channel: HarmonyChannel?, to recipient: String? = nil, type: String? = nil, _ text: String,
    _ end: HarmonyTerminator? = .end, _ repairs: Set<HarmonyRepair> = []
  ) {
    self.channel = channel
    self.recipient = recipient
    self.type = type
    self.text = text
    self.end = end
    self.repairs = repairs
  }

  init(_ parsed: ParsedMessage) {
    self.init(
      parsed.message.channel, to: parsed.message.recipient, type: parsed.message.contentTypeWord,
      parsed.message.text, parsed.terminator, parsed.repairs)
  }

  var description: String {
    let fields = [channel?.rawValue, recipient, type].map { $0 ?? "-" }.joined(separator: " ")
    let words = repairs.map(\.rawValue).sorted().joined(separator: ",")
    return "[\(fields) \"\(text)\" \(end?.rawValue ?? "-") \(words)]"
  }
}

@Suite struct `The parser` {
  static func parsed(_ text: String, tools: Set<String>? = nil) throws -> [Parsed] {
    try Streams.parse(text, knownTools: tools).messages.map(Parsed.init)
  }

  @Test(arguments: [
    (
      "<|channel|>analysis<|message|>2 + 2 = 4.<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>",
      [Parsed(.analysis, "2 + 2 = 4."), Parsed(.final, "4", .return)]
    ),
    (
      "<|channel|>commentary to=functions.shell <|constrain|>json<|message|>{}<|call|>",
      [Parsed(.commentary, to: "functions.shell", type: "json", "{}", .call)]
    ),
    (
      " to=functions.shell<|channel|>commentary <|constrain|>json<|message|>{}<|call|>",
      [Parsed(.commentary, to: "functions.shell", type: "json", "{}", .call)]
    ),
    (
      " to=functions.shell<|channel|>commentary json<|message|>{}<|call|>",
      [Parsed(.commentary, to: "functions.shell", type: "json", "{}", .call)]
    ),
    (
      "<|channel|>analysis to=python code<|message|>1<|call|>",
      [Parsed(.analysis, to: "python", type: "code", "1", .call)]
    ),
    (
      "<|channel|>commentary<|message|>I will look.<|end|>",
      [Parsed(.commentary, "I will look.")]
    ),
  ])
  func `reads every order that the format knows, with and without known tools`(
    text: String, expected: [Parsed]
  ) throws {
    #expect(try Self.parsed(text) == expected)
    #expect(try Self.parsed(text, tools: Streams.tools) == expected)
    #expect(try Streams.parse(text, knownTools: Streams.tools).messages.allSatisfy(\.isWellFormed))
  }

  /// The rows are those on which openai-harmony is known to be wrong or to give up.
  @Test(arguments: [
    (
      "<|channel|>commentary to=functions.f<|constrain|>json<|message|>{}<|call|>",
      [Parsed(.commentary, to: "functions.f", type: "json", "{}", .call)]
    ),
    ("<|channel|>commentary json<|message|>{}<|end|>", [Parsed(.commentary, type: "json", "{}")]),
    (
      "<|channel|>final <|constrain|>json<|message|>{}<|return|>",
      [Parsed(.final, type: "json", "{}", .return)]
    ),
    (
      "<|channel|>functions.f<|channel|>analysis code<|message|>1<|call|>",
      [
        Parsed(
          .analysis, to: "functions.f", type: "code", "1", .call,
          [.repeatedChannel, .bareRecipient])
      ]
    ),
    (
      "<|channel|>commentary to=assistant<|channel|>analysis<|message|>Hm.<|end|>",
      [Parsed(.analysis, "Hm.", .end, [.repeatedChannel, .ignoredRecipient])]
    ),
    (
      "<|channel|>analysis<|message|>Hm.<|end|><|channel|>final<|message|>4<|return|>",
      [Parsed(.analysis, "Hm."), Parsed(.final, "4", .return, [.missingStart])]
    ),
    (
      "<|channel|>commentary to=f<|message|>{}<|call|>commentary to=g<|message|>{}<|call|>",
      [
        Parsed(.commentary, to: "f", "{}", .call),
        Parsed(.commentary, to: "g", "{}", .call, [.missingStart, .guessedChannel]),
      ]
    ),
    (
      "<|channel|>commentary to=f<|message|>{}<|call|><|return|>",
      [Parsed(.commentary, to: "f", "{}", .call)]
    ),
    (
      "<|channel|>commentary... free text<|end|>",
      [Parsed(.commentary, "... free text", .end, [.gluedWords, .missingMessage])]
    ),
    (
      "<|channel|>analysis<|message|>Hm.<|end|><|start|>final<|message|>4<|return|>",
      [Parsed(.analysis, "Hm."), Parsed(.final, "4", .return, [.unknownRole, .guessedChannel])]
    ),
    (
      "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistantfinal<|message|>4<|return|>",
      [Parsed(.analysis, "Hm."), Parsed(.final, "4", .return, [.gluedWords, .guessedChannel])]
    ),
    (
      "<|channel|>analysis<|message|>Hm.<|start|>assistant<|channel|>final<|message|>4<|return|>",
      [Parsed(.analysis, "Hm.", nil, [.missingEnd]), Parsed(.final, "4", .return)]
    ),
  ])
  func `reads what the reference does not`(text: String, expected: [Parsed]) throws {
    #expect(try Self.parsed(text) == expected)
  }

  /// Failures recorded for gpt-oss, with the tools known.
  @Test(arguments: [
    // Missing <|start|>, with other tokens in its place.
    (
      "<|channel|>analysis<|message|>a<|end|> to=python<|channel|>analysis code<|message|>1<|call|>",
      [
        Parsed(.analysis, "a"),
        Parsed(.analysis, to: "python", type: "code", "1", .call, [.missingStart]),
      ]
    ),
    (
      "<|channel|>analysis<|message|>a<|end|>The answer is 4.<|return|>",
      [
        Parsed(.analysis, "a"),
        Parsed(nil, "The answer is 4.", .return, [.missingStart, .strayText]),
      ]
    ),
    // Prose in the header.
    (
      "<|channel|>commentary? We need the weather.<|end|>",
      [Parsed(.commentary, "? We need the weather.", .end, [.gluedWords, .missingMessage])]
    ),
    (
      "<|channel|>––commentary<|message|>a<|end|>",
      [Parsed(.commentary, "––a", .end, [.guessedChannel, .strayText])]
    ),
    (
      "<|channel|>final The answer is 4.<|return|>",
      [Parsed(.final, "The answer is 4.", .return, [.missingMessage])]
    ),
    (
      "Hello there.<|return|>", [Parsed(nil, "Hello there.", .return, [.missingMessage])]
    ),
    (
      #"<|channel|>commentary to=functions.shell json{"a":1}<|call|>"#,
      [
        Parsed(
          .commentary, to: "functions.shell", type: "json", #"{"a":1}"#, .call, [.missingMessage])
      ]
    ),
    // A tool's name in the channel's place.
    (
      "<|channel|>get_weather<|message|>{}<|call|>",
      [
        Parsed(
          .analysis, to: "functions.get_weather", "{}", .call,
          [.guessedChannel, .bareRecipient, .correctedName])
      ]
    ),
    (
      "<|channel|>assistant to=python<|channel|>analysis code<|message|>1<|call|>",
      [Parsed(.analysis, to: "python", type: "code", "1", .call, [.repeatedChannel])]
    ),
    (
      "<|channel|>browser.search to=assistant<|channel|>analysis code<|message|>{}<|call|>",
      [
        Parsed(
          .analysis, to: "browser.search", type: "code", "{}", .call,
          [.repeatedChannel, .bareRecipient, .ignoredRecipient])
      ]
    ),
    // Control tokens and words stuck to the name.
    (
      " to=functions.manage_cart<|channel|>commentary<|channel|>commentary json<|message|>{}<|call|>",
      [
        Parsed(
          .commentary, to: "functions.manage_cart", type: "json", "{}", .call, [.repeatedChannel])
      ]
    ),
    (
      "<|channel|>commentary to=functions.shelljson<|message|>{}<|call|>",
      [Parsed(.commentary, to: "functions.shell", type: "json", "{}", .call, [.gluedWords])]
    ),
    (
      " to=functions.shellcommentary<|channel|>commentary<|message|>{}<|call|>",
      [Parsed(.commentary, to: "functions.shell", "{}", .call, [.gluedWords])]
    ),
    (
      " to=functions.shellassistant<|channel|>commentary<|message|>{}<|call|>",
      [Parsed(.commentary, to: "functions.shell", "{}", .call, [.gluedWords])]
    ),
    // A stray channel before the real one.
    (
      "<|channel|>commentary<|channel|>final<|message|>4<|return|>",
      [Parsed(.final, "4", .return, [.repeatedChannel])]
    ),
    // Names with and without their namespace, in other case, misspelled.
    (
      "<|channel|>commentary to=get_weather<|message|>{}<|call|>",
      [Parsed(.commentary, to: "functions.get_weather", "{}", .call, [.correctedName])]
    ),
    (
      "<|channel|>commentary to=functions.python<|message|>1<|call|>",
      [Parsed(.commentary, to: "python", "1", .call, [.correctedName])]
    ),
    (
      "<|channel|>commentary to=functions.browser.search<|message|>{}<|call|>",
      [Parsed(.commentary, to: "browser.search", "{}", .call, [.correctedName])]
    ),
    (
      "<|channel|>commentary to=function.Get_Weather<|message|>{}<|call|>",
      [Parsed(.commentary, to: "functions.get_weather", "{}", .call, [.correctedName])]
    ),
    (
      "<|channel|>commentary to=functions.get-weather<|message|>{}<|call|>",
      [Parsed(.commentary, to: "functions.get_weather", "{}", .call, [.correctedName])]
    ),
    (
      "<|channel|>commentary to=container.exec<|message|>{}<|call|>",
      [Parsed(.commentary, to: "container.exec", "{}", .call)]
    ),
    // A final message is a call only if it names a known tool.
    (
      "<|channel|>final <|constrain|>json<|message|>{}<|return|>",
      [Parsed(.final, type: "json", "{}", .return)]
    ),
    (
      "<|channel|>final to=user<|message|>4<|return|>",
      [Parsed(.final, "to=user4", .return, [.ignoredRecipient, .strayText])]
    ),
    // Words that fit no field: content, but never arguments.
    (
      "<|channel|>final I think<|message|> it is 4.<|return|>",
      [Parsed(.final, "I think it is 4.", .return, [.strayText])]
    ),
    (
      "<|channel|>commentary to=python foo bar baz<|message|>1<|call|>",
      [
        Parsed(nil, "foo bar baz", nil, [.strayText]),
        Parsed(.commentary, to: "python", "1", .call, [.strayText]),
      ]
    ),
    // The answer is lost in thought where <|end|><|start|>assistant is missing.
    (
      "<|channel|>analysis<|message|>a<|channel|>final<|message|>4<|return|>",
      [Parsed(.analysis, "a", nil, [.missingEnd]), Parsed(.final, "4", .return, [.missingStart])]
    ),
    (
      "<|channel|>analysis<|message|>The marker <|channel|>finally is text.<|end|>",
      [Parsed(.analysis, "The marker <|channel|>finally is text.")]
    ),
    // The model runs on and invents the tool's answer.
    (
      "<|channel|>commentary to=functions.shell<|message|>{}<|call|><|start|>functions.shell to=assistant<|channel|>commentary<|message|>ok<|end|>",
      [
        Parsed(.commentary, to: "functions.shell", "{}", .call),
        Parsed(.commentary, to: "assistant", "ok"),
      ]
    ),
  ])
  func `mends what gpt-oss gets wrong`(text: String, expected: [Parsed]) throws {
    #expect(try Self.parsed(text, tools: Streams.tools) == expected)
  }

  @Test func `knows a tool's message by its author`() throws {
    let transcript = try Streams.parse(
      "<|call|><|start|>functions.shell to=assistant<|channel|>commentary<|message|>ok<|end|>")
    #expect(transcript.messages.last?.message.role == .tool)
    #expect(transcript.messages.last?.message.name == "functions.shell")
  }

  @Test(arguments: [
    ("<|channel|>final<|message|>4<|return|>", false),
    ("<|channel|>final<|message|>4<|call|>", false),
    ("<|channel|>final<|message|>4<|endoftext|>", false),
    ("<|channel|>analysis<|message|>4<|end|>", false),
    ("<|channel|>final<|message|>4", true),
    ("<|channel|>analysis<|message|>4<|end|><|start|>assistant", true), ("", true),
    ("<|channel|>commentary to=functions.", true),
  ])
  func `says whether the stream was cut off`(text: String, isTruncated: Bool) throws {
    #expect(try Streams.parse(text).isTruncated == isTruncated)
  }

  @Test(arguments: [
    ("<|channel|>final<|message|>4", [Parsed(.final, "4", nil)]),
    (
      "<|channel|>commentary to=functions.",
      [Parsed(.commentary, to: "functions.", "", nil, [.missingMessage])]
    ),
    ("<|channel|>comm", [Parsed(.commentary, "", nil, [.guessedChannel, .missingMessage])]),
    ("<|channel|>analysis<|message|>a<|channel|>fin", [Parsed(.analysis, "a<|channel|>fin", nil)]),
    ("<|channel|>", [Parsed(.analysis, "", nil, [.guessedChannel, .missingMessage])]), ("", []),
    ("<|start|>assistant", []),
  ])
  func `keeps what was cut off`(text: String, expected: [Parsed]) throws {
    #expect(try Self.parsed(text) == expected)
  }

  @Test func `bounds a header and goes on with content`() throws {
    let words = String(repeating: "word ", count: 400)
    let messages = try Self.parsed("<|channel|>analysis \(words)<|message|>end<|end|>")
    #expect(messages.map(\.channel) == [.analysis])
    #expect(messages.first?.text == words + "<|message|>end")
    let name = String(repeating: "long_name_", count: 40)
    #expect(
      try Self.parsed("<|channel|>commentary to=\(name)<|message|>{}<|call|>")
        == [Parsed(.commentary, to: name, "{}", .call)])
  }

  @Test func `gives each message the place of its tokens`() throws {
    let vocabulary = try Streams.full.get()
    let ids = vocabulary.tokenizer.encodeWithSpecials(
      "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>"
    )
    let transcript = HarmonyTranscript(ids, vocabulary)
    #expect(
      transcript.messages.map { vocabulary.tokenizer.decode(ids[$0.tokenRange]) } == [
        "<|channel|>analysis<|message|>Hm.<|end|>",
        "<|start|>assistant<|channel|>final<|message|>4<|return|>",
      ])
  }

  @Test(arguments: [TokenID(-1), 201_088, 2_000_000_000, TokenID(Int32.min)])
  func `takes ids that the vocabulary does not have`(id: TokenID) throws {
    let vocabulary = try Streams.full.get()
    let encode = vocabulary.tokenizer.encodeWithSpecials
    let ids =
      encode("<|channel|>") + [id] + encode("final<|message|>a") + [id] + encode("b<|return|>")
    #expect(
      HarmonyTranscript(ids, vocabulary).messages.map(Parsed.init)
        == [Parsed(.final, "a\u{FFFD}b", .return, [.unknownToken])])
  }

  @Test func `never tells half a character`() throws {
    let vocabulary = try Streams.full.get()
    var parser = HarmonyParser(vocabulary)
    for id in vocabulary.tokenizer.encodeWithSpecials("<|channel|>final<|message|>") {
      _ = parser.handle(id)
    }
    // 9552 is a space and the first half of an emoji; the next token is cut off for good.
    let half = parser.handle(9552)
    #expect(half == [.content(" ")])
    let end = parser.handle(vocabulary.tokens.return)
    #expect(end.first == .content("\u{FFFD}"))
  }

  @Test func `works with any vocabulary that has the special tokens`() throws {
    let vocabulary = try Streams.tiny.get()
    let ids = vocabulary.tokenizer.encodeWithSpecials(
      "<|channel|>commentary to=functions.shell <|constrain|>json<|message|>{}<|call|>")
    #expect(
      HarmonyTranscript(ids, vocabulary).messages.map(Parsed.init)
        == [Parsed(.commentary, to: "functions.shell", type: "json", "{}", .call)])
  }

  @Test func `writes what it found as JSON`() throws {
    let transcript = try Streams.parse(
      "<|channel|>commentary to=f <|constrain|>json<|message|>{}<|call|><|start|>f to=assistant<|channel|>commentary<|message|>o"
    )
    #expect(
      transcript.json.compactText
        == #"{"messages":[{"role":"assistant","channel":"commentary","recipient":"f","content_type":"json","content":"{}"},"#
        + #"{"role":"tool","name":"f","channel":"commentary","recipient":"assistant","content_type":null,"content":"o"}],"truncated":true}"#
    )
  }
}
