// HarmonyTextEngine.swift — the planner's text engine over a local model: render, constrain, sample,
// parse.

import Base
import Digests
import Harmony
import Inference
import Planner
import Store
import Tokenizer

/// How a run samples; with the prompt and the position it decides every token.
public struct SamplingChoice: Equatable, Sendable {
  public var temperature: Double?
  public var seed: UInt64

  public init(temperature: Double? = nil, seed: UInt64) {
    self.temperature = temperature
    self.seed = seed
  }
}

/// What all engines of a run share: its prompt, its tools, where to record.
struct EngineFrame: Sendable {
  var vocabulary: HarmonyVocabulary
  var renderer: HistoryRenderer
  /// Names that a recipient may have.
  var toolNames: Set<String>
  var journal: LedgerJournal
  var news: AsyncStream<RunNews>.Continuation

  /// Renders the prompt of a request and records its digest.
  func prompt(_ request: GenerationRequest) async throws(EngineFailure) -> [TokenID] {
    do {
      let prompt = try renderer.prompt(request.history, beginsInFinal: request.beginsInFinal)
      try await journal.append(
        .reported(
          name: "prompt.rendered",
          [
            "sha256": .string(Self.digest(of: prompt)),
            "prompt_tokens": .number(.integer(Int64(prompt.count))),
          ]))
      return prompt
    } catch {
      throw .model("The prompt could not be made: \(error)")
    }
  }

  /// SHA-256 over the ids, each as four bytes, little endian; in hexadecimal.
  static func digest(of tokens: [TokenID]) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(tokens.count * 4)
    for token in tokens { withUnsafeBytes(of: token.rawValue.littleEndian) { bytes += $0 } }
    return SHA256.digest(of: bytes).hex
  }

  /// A parser that stands where the sampled tokens begin.
  func parser(beginsInFinal: Bool) -> HarmonyParser {
    var parser = HarmonyParser(vocabulary, knownTools: toolNames)
    if beginsInFinal { for token in renderer.finalHeader { _ = parser.handle(token) } }
    return parser
  }

  /// The turn that the sampled tokens are.
  func turn(
    _ tokens: [TokenID], ending: ModelTurn.Ending, beginsInFinal: Bool, promptTokenCount: Int
  ) -> ModelTurn {
    let frame = beginsInFinal ? renderer.finalHeader : []
    let transcript = HarmonyTranscript(frame + tokens, vocabulary, knownTools: toolNames)
    var turn = ModelTurn(
      transcript, tokens: tokens, ending: ending, promptTokenCount: promptTokenCount)
    for index in turn.messages.indices {
      let range = turn.messages[index].tokenRange
      turn.messages[index].tokenRange =
        max(0, range.lowerBound - frame.count)..<max(0, range.upperBound - frame.count)
    }
    return turn
  }
}

/// Says what the model says.
struct HarmonyTextEngine: TextEngine {
  let model: LocalModel
  let frame: EngineFrame
  let sampling: SamplingChoice
  /// What `--output-schema` lets a final message be; nil for anything.
  let answer: SchemaConstraint?
  /// The tools that the policy could allow now; no other can be sampled.
  let callable: @Sendable () async -> [CallableTool]

  func generate(_ request: GenerationRequest) async throws(EngineFailure) -> ModelTurn {
    let prompt = try await frame.prompt(request)
    guard prompt.count <= model.contextTokensMax else { throw .contextOverflow }
    var settings = model.defaults.sampling
    if let temperature = sampling.temperature { settings.temperature = temperature }
    let sampler: Sampler
    var grammar: HeaderGrammar?
    do {
      sampler = try Sampler(
        settings, seed: sampling.seed, position: request.history.generatedTokenCount)
      // Inside a final message there is no header left to constrain, only a schema's content.
      if !request.beginsInFinal || answer != nil {
        let rules = HeaderRules(
          tools: await callable(), answerTypes: answer == nil ? [] : ["json"], answer: answer)
        grammar = try HeaderGrammar(
          frame.vocabulary, rules: rules, rowCount: model.vocabularyRowCount)
      }
      if request.beginsInFinal {
        for token in frame.renderer.finalHeader { _ = grammar?.advance(token) }
      }
    } catch {
      throw .model("\(error)")
    }
    let sampled = try await model.generate(
      after: prompt, beginning: frame.renderer.beginning.count, sampler: sampler,
      tokensMax: min(request.tokensMax, model.defaults.turnTokensMax ?? .max), grammar: grammar,
      parser: frame.parser(beginsInFinal: request.beginsInFinal), news: frame.news)
    return frame.turn(
      sampled.tokens, ending: sampled.ending, beginsInFinal: request.beginsInFinal,
      promptTokenCount: prompt.count)
  }
}

extension [HistoryItem] {
  /// Tokens that the run has sampled so far, as far as they count: the sampler's position.
  fileprivate var generatedTokenCount: Int {
    reduce(0) { sum, item in
      guard case .turn(let turn) = item else { return sum }
      return sum + turn.turn.generatedTokenCount
    }
  }
}
