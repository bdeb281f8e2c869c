// GenerationTests.swift — how a generation goes on, and why it ends.

import Base
import Inference
import Testing

@Suite struct `A generation` {
  private let prompt = TinyModel.tokens(9)

  /// The first tokens that the model samples after the prompt with seed 5.
  private func sampled(_ count: Int) throws -> [TokenID] {
    let session = try InferenceSession(engine: TinyModel.engine())
    var sampler = try Sampler(seed: 5)
    return try session.generate(
      after: prompt, sampler: &sampler, stopTokens: [], tokenCountMax: count
    ).tokens
  }

  @Test func `is the same for the same seed, at once or resumed`() throws {
    let tokens = try sampled(12)
    #expect(try sampled(12) == tokens)
    let session = try InferenceSession(engine: TinyModel.engine())
    var sampler = try Sampler(seed: 5, position: 7)
    let rest = try session.generate(
      after: prompt + tokens[..<7], sampler: &sampler, stopTokens: [], tokenCountMax: 5)
    #expect(rest == Generation(tokens: Array(tokens[7...]), end: .tokenLimit))
  }

  /// Every third token is left no choice; the second run hides that behind a list of all others.
  @Test(arguments: [0.0, 1.0])
  func `takes forced tokens as if they were drawn`(temperature: Double) throws {
    func run(_ isOpen: Bool) throws -> (tokens: [TokenID], computed: Int, position: Int) {
      let session = try InferenceSession(engine: TinyModel.engine())
      var sampler = try Sampler(SamplerSettings(temperature: temperature), seed: 5)
      var computed = 0
      let generation = try session.generate(
        after: prompt, sampler: &sampler, stopTokens: [], tokenCountMax: 20,
        constraint: { generated in
          guard generated.count % 3 > 0 else { return nil }
          computed += session.tokens.count
          let forced = TokenID(Int32(generated.count * 37 % 1024))
          guard !isOpen else {
            return generated.count % 2 == 0 ? .only([forced]) : .mask(TokenMask(forced))
          }
          return .allExcept(Set((0..<1024).map { TokenID($0) }).subtracting([forced]))
        })
      return (generation.tokens, computed, sampler.position)
    }
    let (open, hidden) = (try run(true), try run(false))
    #expect(open.tokens == hidden.tokens && open.tokens[4] == TokenID(4 * 37))
    #expect(open.position == 20 && hidden.position == 20)
    #expect(open.computed < hidden.computed, "less is held when forced tokens are asked about")
  }

  /// A prompt that repeats itself, so that there is something to guess; now and then a token is forced.
  @Test(arguments: [0.0, 0.4, 1.0])
  func `is the same with drafts, token by token`(temperature: Double) throws {
    let prompt = Array([TinyModel.tokens(12), TinyModel.tokens(12), TinyModel.tokens(7)].joined())
    func run(_ draftTokenCount: Int, contextLimit: Int) throws -> (Generation, Int) {
      let engine = try TinyModel.engine(
        "", InferenceOptions(threadCount: 2, chunkTokenCount: 4, draftTokenCount: draftTokenCount))
      let session = try InferenceSession(engine: engine, contextLimit: contextLimit)
      var sampler = try Sampler(SamplerSettings(temperature: temperature), seed: 11)
      var heldMax = Int.min
      let generation = try session.generate(
        after: prompt, sampler: &sampler, stopTokens: [3], tokenCountMax: 120,
        constraint: { generated in
          heldMax = max(heldMax, session.tokens.count - prompt.count - generated.count)
          return generated.count % 7 < 4 ? .only([TinyModel.tokens(12)[generated.count % 7]]) : nil
        })
      return (generation, heldMax)
    }
    for contextLimit in [1_000, 90] {
      let plain = try run(0, contextLimit: contextLimit)
      for count in [1, 3, 8] {
        let drafted = try run(count, contextLimit: contextLimit)
        #expect(drafted.0 == plain.0, "\(count) drafted")
        #expect(drafted.1 > plain.1, "something was guessed")
      }
    }
  }

  @Test func `ends with a stop token, which it keeps`() throws {
    let tokens = try sampled(6)
    let stop = tokens[4]
    let session = try InferenceSession(engine: TinyModel.engine())
    var sampler = try Sampler(seed: 5)
    let generation = try session.generate(
      after: prompt, sampler: &sampler, stopTokens: [stop], tokenCountMax: 50)
    let end = try #require(tokens.firstIndex(of: stop))
    #expect(generation == Generation(tokens: Array(tokens[...end]), end: .stopToken(stop)))
  }

  @Test func `ends where the caller or the count says so`() throws {
    let tokens = try sampled(6)
    let session = try InferenceSession(engine: TinyModel.engine())
    var sampler = try Sampler(seed: 5)
    var seen: [TokenID] = []
    let stopped = try session.generate(
      after: prompt, sampler: &sampler, stopTokens: [], tokenCountMax: 50,
      onToken: { token in
        seen.append(token)
        return seen.count < 3
      })
    #expect(stopped == Generation(tokens: Array(tokens[..<3]), end: .caller))
    #expect(seen == stopped.tokens)
    let none = try session.generate(
      after: prompt, sampler: &sampler, stopTokens: [], tokenCountMax: 0)
    #expect(none == Generation(tokens: [], end: .tokenLimit))
  }

  @Test func `ends with the context, after one token beyond it`() throws {
    let session = try InferenceSession(engine: TinyModel.engine(), contextLimit: 12)
    var sampler = try Sampler(seed: 5)
    let generation = try session.generate(
      after: prompt, sampler: &sampler, stopTokens: [], tokenCountMax: 50)
    #expect(generation == Generation(tokens: try sampled(4), end: .contextLimit))
    #expect(throws: InferenceError.contextExceeded(tokenCount: 13, limit: 12)) {
      try session.generate(
        after: TinyModel.tokens(13), sampler: &sampler, stopTokens: [], tokenCountMax: 1)
    }
  }

  @Test func `asks the constraint before each token`() throws {
    let session = try InferenceSession(engine: TinyModel.engine())
    var sampler = try Sampler(seed: 5)
    var asked: [Int] = []
    let generation = try session.generate(
      after: prompt, sampler: &sampler, stopTokens: [], tokenCountMax: 4,
      constraint: { generated in
        asked.append(generated.count)
        return generated.count % 2 == 0 ? .only([TokenID(Int32(generated.count + 100))]) : nil
      })
    #expect(asked == [0, 1, 2, 3])
    #expect(generation.tokens[0] == 100 && generation.tokens[2] == 102)
    #expect(throws: InferenceError.noTokenAllowed) {
      try session.generate(
        after: prompt, sampler: &sampler, stopTokens: [], tokenCountMax: 4,
        constraint: { _ in .only([]) })
    }
  }

  @Test func `can be cancelled between tokens`() throws {
    let session = try InferenceSession(engine: TinyModel.engine())
    var sampler = try Sampler(seed: 5)
    var count = 0
    #expect(throws: InferenceError.cancelled(done: 11, total: 12)) {
      try session.generate(
        after: prompt, sampler: &sampler, stopTokens: [], tokenCountMax: 50,
        control: PrefillControl(isCancelled: { count == 3 }),
        onToken: { _ in
          count += 1
          return true
        })
    }
  }
}

extension TokenMask {
  fileprivate init(_ tokens: TokenID...) {
    self.init(rowCount: 0)
    for token in tokens { insert(token) }
  }
}
