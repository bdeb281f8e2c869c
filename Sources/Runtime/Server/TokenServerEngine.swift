// TokenServerEngine.swift — a server's token completions as a text engine: our renderer makes the prompt,
// our grammar checks each token, our parser reads the turn.
//
// A turn is asked for in pieces, so that progress shows, an interruption ends it soon, and a token that
// the grammar forbids costs little: what came before it is kept, and the server is asked again for that
// one token, with the allowed ones favoured or the forbidden one banned.

import Base
import Harmony
import Planner
import Providers
import Tokenizer

struct TokenServerEngine: TextEngine {
  let server: ServerModel
  let frame: EngineFrame
  let sampling: SamplingChoice
  let log: ServerLog
  let answer: SchemaConstraint?
  let callable: @Sendable () async -> [CallableTool]

  private static let pieceTokensMax = 64
  /// Favoured at once; servers bound how many biases a request has.
  private static let favouredMax = 256
  /// Tokens that were forbidden at one place, before the turn is given up.
  private static let bannedMax = 16

  func generate(_ request: GenerationRequest) async throws(EngineFailure) -> ModelTurn {
    let prompt = try await frame.prompt(request)
    var grammar = try await grammar(request)
    var watcher = SampleWatcher(
      parser: frame.parser(beginsInFinal: request.beginsInFinal), news: frame.news)
    var tokens: [TokenID] = []
    var banned: [TokenID] = []
    var ending: ModelTurn.Ending?
    if let max = server.contextTokensMax, prompt.count >= max { throw .contextOverflow }
    while ending == nil {
      // What the grammar leaves no choice about is not asked for.
      if let only = grammar?.allowed().single, grammar?.advance(only) == true {
        take(only, &tokens, &watcher, &ending)
        continue
      }
      let left = min(
        request.tokensMax - tokens.count,
        (server.contextTokensMax ?? .max) - prompt.count - tokens.count)
      guard left > 0 else {
        ending = request.tokensMax <= tokens.count ? .tokenLimit : .contextFull
        continue
      }
      let piece = try await piece(prompt + tokens, left, banned, grammar, request)
      var taken = 0
      for token in piece {
        // A model has more ids than its vocabulary has words; what stands for none is forbidden too.
        guard frame.vocabulary.tokenizer.hasToken(token), grammar?.advance(token) ?? true else {
          banned = taken == 0 ? banned + [token] : [token]
          break
        }
        banned = []
        taken += 1
        take(token, &tokens, &watcher, &ending)
        if ending != nil { break }
      }
      guard banned.count <= Self.bannedMax else {
        throw .model(
          "\(server.address.origin): its model goes on with what the format forbids, \(banned.count) times in a row."
        )
      }
    }
    return frame.turn(
      tokens, ending: ending ?? .returned, beginsInFinal: request.beginsInFinal,
      promptTokenCount: prompt.count)
  }

  private func grammar(
    _ request: GenerationRequest
  ) async throws(EngineFailure) -> HeaderGrammar? {
    guard !request.beginsInFinal || answer != nil else { return nil }
    let rules = HeaderRules(
      tools: await callable(), answerTypes: answer == nil ? [] : ["json"], answer: answer)
    do throws(HarmonyError) {
      var grammar = try HeaderGrammar(frame.vocabulary, rules: rules)
      if request.beginsInFinal {
        for token in frame.renderer.finalHeader { _ = grammar.advance(token) }
      }
      return grammar
    } catch {
      throw .model("\(error)")
    }
  }

  private func take(
    _ token: TokenID, _ tokens: inout [TokenID], _ watcher: inout SampleWatcher,
    _ ending: inout ModelTurn.Ending?
  ) {
    tokens.append(token)
    watcher.sampled(token)
    guard frame.vocabulary.stopTokens.contains(token) else { return }
    ending = token == frame.vocabulary.tokens.call ? .called : .returned
  }

  /// Some tokens more; never none.
  private func piece(
    _ prompt: [TokenID], _ left: Int, _ banned: [TokenID], _ grammar: HeaderGrammar?,
    _ request: GenerationRequest
  ) async throws(EngineFailure) -> [TokenID] {
    var asked = TokenRequest(
      model: server.address.model, prompt: prompt,
      tokensMax: banned.isEmpty ? min(left, Self.pieceTokensMax) : 1,
      temperature: sampling.temperature ?? 1,
      // The same seed for each piece would begin the same sequence of chances again.
      seed: Self.seed(sampling.seed, prompt.count), stopTokens: frame.vocabulary.stopTokens)
    let admission = try await log.admit(
      to: server, inputTokens: prompt.count, outputTokens: asked.tokensMax,
      fallback: asked.tokensMax)
    asked.tokensMax = admission.outputTokensMax ?? asked.tokensMax
    asked.specialTexts = frame.vocabulary.tokenizer.specials.keys.sorted()
    asked.banned = banned
    if !banned.isEmpty, let allowed = grammar?.allowed() {
      asked.favoured = Self.few(allowed, Self.favouredMax)
    }
    let reply = try await log.ask(asked.body, .completions, server, admission) { _ in }
    let answer = reply.answer
    guard var ids = answer.tokens else {
      throw .network("\(server.address.origin): Its answer holds no token ids any more.")
    }
    if answer.ending == .filtered {
      throw .model("\(server.address.origin) withheld the answer.")
    }
    // A server may leave out the token that ended the turn, where it says which it was.
    let stops = frame.vocabulary.stopTokens
    if answer.ending == .stop, ids.last.map(stops.contains) != true {
      guard let stop = answer.stopToken, stops.contains(stop) else {
        throw .network("\(server.address.origin): Its answer does not say which token ended it.")
      }
      ids.append(stop)
    }
    guard !ids.isEmpty else {
      throw .network("\(server.address.origin): Its answer holds no token.")
    }
    return ids
  }

  private static func few(_ allowed: AllowedTokens, _ countMax: Int) -> [TokenID] {
    switch allowed {
    case .only(let tokens): tokens.count <= countMax ? tokens.sorted() : []
    case .mask(let mask):
      mask.count <= countMax ? mask.indices.map { TokenID(Int32(clamping: $0)) } : []
    case .allExcept: []
    }
  }

  /// 31 bits: every server takes them.
  static func seed(_ seed: UInt64, _ position: Int) -> Int64 {
    var generator = SplitMix64(seed: seed &+ UInt64(clamping: position))
    return Int64(generator.next() >> 33)
  }
}
