// ModelGenerateCommand.swift — a raw continuation: tokens in, tokens out, no messages, no tools.

import Base
import Harmony
import Inference
import ModelFiles
import Runtime
import Tokenizer

extension Command {
  static let modelGenerate = Command(
    name: "model generate",
    summary: "Continue a text or a list of tokens.",
    synopsis: "--model PATH (--text TEXT | --tokens IDS) [OPTIONS]",
    details: """
      A raw continuation: nothing is added to what you give. Text is answered with text, token ids
      with token ids. The same seed gives the same tokens.
      """,
    options: [
      .model,
      Option(name: "--text", value: "TEXT", help: "what to continue"),
      Option(name: "--special", help: "recognise special tokens in the text"),
      Option(name: "--tokens", value: "IDS", help: "what to continue, as ids: 1,2,3"),
      Option(name: "--max-tokens", value: "N", help: "tokens to generate at most; default 128"),
      Option(name: "--seed", value: "N", help: "default: 0"),
      Option(name: "--temperature", value: "T", help: "default: 1; 0 takes the likeliest token"),
      Option(name: "--top-k", value: "N", help: "keep the N likeliest tokens; default: all"),
      Option(name: "--top-p", value: "P", help: "keep the likeliest that make up P; default: 1"),
      Option(
        name: "--min-p", value: "P", help: "keep those at least P times the likeliest; default: 0"),
      Option(
        name: "--tools", value: "NAMES",
        help:
          "sample one well-formed turn that may call these; the prompt ends in <|start|>assistant"),
      Option(name: "--json", help: "one JSON object with tokens, text and why it ended"),
      .precision, .threads, .draft,
    ],
    examples: [
      Example(
        command: #"./martlet model generate --model gpt-oss-20b/ --text "Once upon" --seed 7"#,
        meaning: "streams the continuation to standard output")
    ]
  ) { arguments in
    try GenerateRun(arguments).run()
  }
}

/// One call of `model generate`.
private struct GenerateRun {
  let arguments: Arguments
  let sampler: Sampler
  let tokenCountMax: Int

  init(_ arguments: Arguments) throws(CommandError) {
    self.arguments = arguments
    let settings = SamplerSettings(
      temperature: try arguments.number("--temperature", in: 0...100) ?? 1,
      topK: try arguments.integer("--top-k", in: 0...(.max)) ?? 0,
      topP: try arguments.number("--top-p", in: 0...1) ?? 1,
      minP: try arguments.number("--min-p", in: 0...1) ?? 0)
    let seed = UInt64(try arguments.integer("--seed", in: 0...(.max)) ?? 0)
    do { sampler = try Sampler(settings, seed: seed) } catch {
      throw .usage(error.description)
    }
    tokenCountMax = try arguments.integer("--max-tokens", in: 1...(.max)) ?? 128
    guard (arguments["--text"] == nil) != (arguments["--tokens"] == nil) else {
      throw .usage("Give either --text or --tokens. See: martlet model generate --help")
    }
  }

  func run() throws -> ExitCode {
    let path = Opening.path(try arguments.required("--model"))
    let givenIDs = try arguments["--tokens"].map(Self.ids)
    // Ids need no tokenizer, except to know where the model stops.
    let tokenizer =
      givenIDs == nil
      ? try Opening.tokenizer(path) : try? TokenizerSource.open(path)
    let model = try Opening.model(arguments)
    let prefix = givenIDs ?? encoded(tokenizer)
    var decoder = StreamingDecoder()
    var sampler = sampler
    let isStream = !arguments.has("--json")
    var count = 0
    let session = try Opening.loading { try InferenceSession(engine: model.engine) }
    var grammar = try headerGrammar(tokenizer, rowCount: model.engine.configuration.vocabularySize)
    let generation: Generation
    do {
      generation = try session.generate(
        after: prefix, sampler: &sampler, stopTokens: Self.stopTokens(tokenizer),
        tokenCountMax: tokenCountMax, control: .showingProgress(),
        constraint: { _ in grammar?.allowed() },
        onToken: { token in
          _ = grammar?.advance(token)
          if isStream, givenIDs != nil {
            Output.write((count > 0 ? "," : "") + token.description)
          } else if isStream {
            Output.write(decoder.append(tokenizer?.bytes(of: token) ?? []))
          }
          count += 1
          return true
        })
    } catch {
      throw CommandError(exitCode: error.exitCode, sentence: error.description)
    }
    if isStream {
      Output.line(decoder.finish())
    } else {
      Output.jsonLine([
        "tokens": JSONValue(generation.tokens),
        "text": tokenizer.map { .string($0.decode(generation.tokens)) } ?? .null,
        "end": .string(generation.end.name),
      ])
    }
    return .success
  }

  /// The constraint that `--tools` asks for: functions by their namespace, all else built in.
  private func headerGrammar(
    _ tokenizer: Tokenizer?, rowCount: Int
  ) throws(CommandError) -> HeaderGrammar? {
    guard let names = arguments["--tools"] else { return nil }
    guard let tokenizer else {
      throw .usage("--tools needs the model's tokenizer, and there is none beside the model.")
    }
    let tools = names.split(separator: ",").map { name in
      name.hasPrefix("functions.")
        ? CallableTool.function(String(name)) : CallableTool.builtIn(String(name))
    }
    return try Opening.loading {
      try HeaderGrammar(
        HarmonyVocabulary(tokenizer), rules: HeaderRules(tools: tools), rowCount: rowCount)
    }
  }

  private func encoded(_ tokenizer: Tokenizer?) -> [TokenID] {
    guard let tokenizer, let text = arguments["--text"] else { return [] }
    return arguments.has("--special")
      ? tokenizer.encodeWithSpecials(text) : tokenizer.encode(text)
  }

  private static func ids(_ text: String) throws(CommandError) -> [TokenID] {
    var ids: [TokenID] = []
    for word in text.split(whereSeparator: { $0 == "," || $0 == " " }) {
      guard let id = Int32(word) else {
        throw .usage("--tokens takes ids separated by commas; \"\(word)\" is not one.")
      }
      ids.append(TokenID(id))
    }
    return ids
  }

  /// By text, since ids differ among vocabularies.
  private static func stopTokens(_ tokenizer: Tokenizer?) -> Set<TokenID> {
    let texts = ["<|return|>", "<|call|>", "<|endoftext|>"]
    return Set(texts.compactMap { tokenizer?.special($0) })
  }
}

extension GenerationEnd {
  fileprivate var name: String {
    switch self {
    case .stopToken: "stop"
    case .tokenLimit: "max_tokens"
    case .contextLimit: "context"
    case .caller: "caller"
    }
  }
}
