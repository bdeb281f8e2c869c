// ConformanceTests.swift — the commands that read and write JSON lines, over the golden vectors.

import Base
import TestKit
import Testing

@Suite struct `The JSON line commands` {
  static let vocabulary = Repository.path("Models/o200k_harmony/o200k_base.tiktoken")
  static let tiny = Vectors.path("tiny-gpt-oss")

  /// Runs the program over a vector file and returns its lines beside the file's.
  private func run(
    _ words: [String], over name: String
  ) throws -> [(expected: JSONValue, answer: JSONValue)] {
    let input = String(decoding: try Vectors.bytes(name), as: UTF8.self)
    let result = try Program.run(words, input: input)
    #expect(result.exitCode == 0, "\(result.errors)")
    let answers = try result.output.split(separator: "\n").map {
      try JSONReader.value(String($0), source: "the answer")
    }
    let expected = try Vectors.jsonLines(name)
    try #require(answers.count == expected.count)
    return zip(expected, answers).map { ($0, $1) }
  }

  @Test func `tokenize every text, and its ids back`() throws {
    for (expected, answer) in try run(
      ["tokenize", "--model", Self.vocabulary], over: "tokenizer.jsonl")
    {
      #expect(answer["ids"] == expected["ids"])
    }
    for (expected, answer) in try run(
      ["tokenize", "--decode", "--model", Self.vocabulary], over: "tokenizer.jsonl")
    {
      #expect(answer["text"] == expected["text"])
    }
  }

  @Test func `render every conversation both ways`() throws {
    for (expected, answer) in try run(["harmony", "render"], over: "harmony_render.jsonl") {
      #expect(answer["ids"] == expected["ids"])
      #expect(answer["text"] == expected["text"])
    }
    for (expected, answer) in try run(
      ["harmony", "render", "--keep-analysis"], over: "harmony_render.jsonl")
    {
      #expect(answer["text_keeping_analysis"] == expected["text_keeping_analysis"])
    }
  }

  /// The stream is undamaged where the strict reference reads it and none of its known faults show.
  private static func isUndamaged(_ message: JSONValue) -> Bool {
    let channels = ["analysis", "commentary", "final"]
    guard let channel = message["channel"]?.stringValue, channels.contains(channel) else {
      return false
    }
    let recipient = message["recipient"]?.stringValue ?? ""
    return !recipient.hasPrefix("<|") && !["json", "code"].contains(recipient)
      && !text(message).contains("<|")
  }

  private static func text(_ message: JSONValue) -> String {
    (message["content"]?.arrayValue ?? []).compactMap { $0["text"]?.stringValue }.joined()
  }

  @Test func `parse every undamaged stream as the reference does`() throws {
    var comparedCount = 0
    for (expected, answer) in try run(["harmony", "parse"], over: "harmony_parse.jsonl") {
      guard let strict = expected["strict"]?["messages"]?.arrayValue,
        strict.allSatisfy(Self.isUndamaged)
      else { continue }
      comparedCount += 1
      let wanted: [JSONValue] = strict.map { message in
        let type = message["content_type"]?.stringValue?
          .replacing("<|constrain|>", with: "").trimmingPrefix(while: { $0 == " " })
        return [
          "role": "assistant", "channel": message["channel"] ?? .null,
          "recipient": message["recipient"] ?? .null,
          "content_type": type.map { .string(String($0)) } ?? .null,
          "content": .string(Self.text(message)),
        ]
      }
      #expect(answer["messages"] == .array(wanted))
    }
    #expect(comparedCount == 110)
  }

  @Test func `say whether a stream was cut short`() throws {
    for (expected, answer) in try run(["harmony", "parse"], over: "harmony_parse.jsonl") {
      let last = expected["ids"]?.arrayValue?.last?.intValue
      let ends = [200_002, 200_012, 199_999, 200_007]
      #expect(answer["truncated"] == .bool(!ends.contains(last ?? -1)))
    }
  }

  @Test(arguments: ["f32", "native"])
  func `score as the reference does`(precision: String) throws {
    let words = ["model", "score", "--model", Self.tiny, "--precision", precision]
    for (expected, answer) in try run(words, over: "tiny-gpt-oss/logits.jsonl") {
      #expect(answer["argmax"] == expected["argmax"])
      let nll = (answer["nll"]?.doubleValue ?? 0, expected["nll"]?.doubleValue ?? 1)
      #expect(abs(nll.0 - nll.1) <= 0.001 * nll.1)
      let logits = zip(
        answer["last_logits"]?.arrayValue ?? [], expected["last_logits"]?.arrayValue ?? [])
      let worst = logits.map { abs(($0.doubleValue ?? 0) - ($1.doubleValue ?? 99)) }.max()
      #expect((worst ?? 99) < 2e-3)
    }
  }

  @Test(arguments: [
    ("tokenize --model V", "{\"text\":1}", "Line 1 needs \"text\": a string."),
    (
      "tokenize --model V", "\n{\"text\":\"a\"}\n{\"text\":}",
      "standard input, line 3, column 9: found \"}\" where a value should be."
    ),
    (
      "tokenize --decode --model V", "{\"ids\":[1.5]}", "Line 1, \"ids\"[0]: 1.5 is not a token id."
    ),
    ("harmony parse", "{}", "Line 1 needs \"ids\": a list of token ids."),
    ("harmony render", "{}", "Line 1 needs \"conversation\": {\"messages\": […]}."),
    (
      "harmony render", #"{"conversation":{"messages":[{"role":"usr","content":"x"}]}}"#,
      "Line 1: messages[0].role is \"usr\"; it should be one of: system, developer, user, assistant, tool."
    ),
    (
      "model score --model T", "{\"tokens\":[]}",
      "Line 1: There is no token to continue from. Give at least one."
    ),
    (
      "model score --model T", "{\"tokens\":[1,1024]}",
      "Line 1: Token 1 of the prefix is 1024, and the model's vocabulary has 1024 entries."
    ),
  ])
  func `refuse a bad line with its number and exit code 2`(
    command: String, input: String, sentence: String
  ) throws {
    let words = command.split(separator: " ").map { word in
      word == "V" ? Self.vocabulary : word == "T" ? Self.tiny : String(word)
    }
    let result = try Program.run(words, input: input)
    #expect(result.exitCode == 2)
    #expect(result.errors.contains(sentence), "\(result.errors)")
  }
}

@Suite struct `A raw generation` {
  private func generate(_ words: String...) throws -> ProgramResult {
    try Program.run(["model", "generate", "--model", Vectors.path("tiny-gpt-oss")] + words)
  }

  @Test func `takes the likeliest tokens at temperature 0`() throws {
    let row = try #require(try Vectors.jsonLines("tiny-gpt-oss/logits.jsonl").dropFirst(4).first)
    let ids = { (value: JSONValue?) in
      (value?.arrayValue ?? []).map(\.compactText).joined(separator: ",")
    }
    let result = try generate(
      "--tokens", ids(row["tokens"]), "--temperature", "0", "--max-tokens", "24")
    #expect(result.output == ids(row["greedy"]) + "\n")
  }

  @Test func `is the same for the same seed and another for another`() throws {
    let words = ["--text", "Once", "--max-tokens", "16", "--seed"]
    let results = try ["7", "7", "8"].map { seed in
      try Program.run(
        ["model", "generate", "--model", Vectors.path("tiny-gpt-oss")] + words + [seed])
    }
    #expect(results[0].exitCode == 0)
    #expect(results[0] == results[1])
    #expect(results[0].output != results[2].output)
  }

  /// The model is noise, so without the constraint its headers are, too.
  @Test(arguments: 1...8)
  func `with tools is one well-formed turn that calls nothing else`(seed: Int) throws {
    let tiny = Vectors.path("tiny-gpt-oss")
    let result = try generate(
      "--special", "--text", "<|start|>assistant", "--tools", "python,functions.get", "--seed",
      "\(seed)", "--max-tokens", "400", "--json")
    let answer = try JSONReader.value(result.output, source: "the answer")
    let parsed = try Program.run(
      ["harmony", "parse", "--vocab", tiny],
      input: "{\"ids\":\(answer["tokens"]?.compactText ?? "")}")
    let messages = try JSONReader.value(parsed.output, source: "the messages")["messages"]
    for message in try #require(messages?.arrayValue) {
      let channel = message["channel"]?.stringValue ?? ""
      #expect(["analysis", "commentary", "final"].contains(channel))
      let recipient = message["recipient"]?.stringValue
      #expect([nil, "python", "functions.get"].contains(recipient))
      #expect(message["content"]?.stringValue?.contains("<|") == false)
    }
  }

  @Test func `answers in JSON with the reason of its end`() throws {
    let result = try generate("--tokens", "1,2", "--max-tokens", "3", "--json", "--seed", "1")
    let value = try JSONReader.value(result.output, source: "the answer")
    #expect(value["tokens"]?.arrayValue?.count == 3)
    #expect(value["end"] == "max_tokens")
    #expect(value["text"]?.stringValue != nil)
  }

  @Test(arguments: [
    (
      ["--tokens", "1", "--precision", "f23"], 2,
      "--precision is one of: f32, native, mixed, q8; \"f23\" is not."
    ),
    (
      ["--tokens", "1", "--max-tokens", "0"], 2,
      "--max-tokens takes a whole number, 1 or more; \"0\" is not one."
    ),
    (
      ["--tokens", "1", "--temperature", "-1"], 2,
      "--temperature takes a number, 0.0 to 100.0; \"-1\" is not one."
    ),
    (["--tokens", "one"], 2, "--tokens takes ids separated by commas; \"one\" is not one."),
    ([], 2, "Give either --text or --tokens."),
    (["--tokens", "4000"], 2, "Token 0 of the prefix is 4000"),
  ])
  func `refuses settings that make no sense`(
    words: [String], code: Int, sentence: String
  ) throws {
    let result = try Program.run(
      ["model", "generate", "--model", Vectors.path("tiny-gpt-oss")] + words)
    #expect(result.exitCode == Int32(code))
    #expect(result.errors.contains(sentence), "\(result.errors)")
  }

  @Test func `says with exit code 6 that there is no model`() throws {
    let result = try Program.run(["model", "generate", "--model", "/nowhere", "--tokens", "1"])
    #expect(result.exitCode == 6)
    #expect(result.errors.contains("/nowhere cannot be opened: No such file or directory."))
  }
}
