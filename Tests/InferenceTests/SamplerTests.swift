// SamplerTests.swift — filters, draws, seeds, and what the sampler refuses.

import Base
import Foundation
import Inference
import Testing

/// How often each of `logits.count` tokens comes in `count` draws.
private func histogram(
  _ logits: [Float], _ settings: SamplerSettings, allowed: AllowedTokens? = nil, count: Int = 20_000
) throws -> [Double] {
  var sampler = try Sampler(settings, seed: 42)
  var hits = [Double](repeating: 0, count: logits.count)
  for _ in 0..<count { hits[try sampler.next(logits, allowed: allowed).index] += 1 }
  return hits.map { $0 / Double(count) }
}

/// Logits whose softmax is `probabilities`.
private func logits(_ probabilities: [Double]) -> [Float] { probabilities.map { Float(log($0)) } }

private func close(_ left: [Double], _ right: [Double]) -> Bool {
  zip(left, right).allSatisfy { abs($0 - $1) < 0.015 }
}

@Suite struct `A sampler` {
  private let probabilities = [0.4, 0.05, 0.3, 0.2, 0.05]

  @Test func `draws in proportion to the probabilities`() throws {
    #expect(close(try histogram(logits(probabilities), SamplerSettings()), probabilities))
  }

  @Test func `flattens and sharpens by temperature`() throws {
    for temperature in [0.5, 2] {
      let powers = probabilities.map { pow($0, 1 / temperature) }
      let expected = powers.map { $0 / powers.reduce(0, +) }
      let settings = SamplerSettings(temperature: temperature)
      #expect(close(try histogram(logits(probabilities), settings), expected))
    }
  }

  @Test func `takes the lowest id of equal logits at temperature zero`() throws {
    var sampler = try Sampler(.greedy, seed: 1)
    #expect(try sampler.next([1, 3, 2, 3]) == 1)
    #expect(try sampler.next([5, 5, 5]) == 0)
    #expect(try sampler.next([1, 3, 2, 3], allowed: .allExcept([1])) == 3)
  }

  @Test func `keeps the k most probable, lower ids first among equals`() throws {
    let two = try histogram(logits(probabilities), SamplerSettings(topK: 2))
    #expect(close(two, [0.4 / 0.7, 0, 0.3 / 0.7, 0, 0]))
    let four = try histogram(logits(probabilities), SamplerSettings(topK: 4))
    #expect(four[1] > 0 && four[4] == 0)
  }

  /// Few are selected, many are sorted; both must keep the same ones.
  @Test(arguments: [255, 256, 257, 399])
  func `keeps the k most probable of many`(k: Int) throws {
    var random = SplitMix64(seed: 21)
    // Steps of a quarter, so that many are equal.
    let logits = (0..<400).map { _ in Float(Int.random(in: 0..<16, using: &random)) / 4 }
    let kept = logits.indices.sorted {
      logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1
    }.prefix(k)
    var filtered = try Sampler(SamplerSettings(topK: k), seed: 3)
    var masked = try Sampler(seed: 3)
    let mask: AllowedTokens = .only(Set(kept.map { TokenID(Int32($0)) }))
    for _ in 0..<300 {
      #expect(try filtered.next(logits) == masked.next(logits, allowed: mask))
    }
  }

  @Test func `keeps the fewest that reach p`() throws {
    let some = try histogram(logits(probabilities), SamplerSettings(topP: 0.65))
    #expect(close(some, [0.4 / 0.7, 0, 0.3 / 0.7, 0, 0]))
    let one = try histogram(logits(probabilities), SamplerSettings(topP: 1e-9), count: 500)
    #expect(one == [1, 0, 0, 0, 0])
  }

  @Test func `applies top-p to what top-k left`() throws {
    // Of 0.4, 0.3 and 0.2, the first alone has less than 0.45 of the rest; with the second, enough.
    let settings = SamplerSettings(topK: 3, topP: 0.45)
    let expected = [0.4 / 0.7, 0, 0.3 / 0.7, 0, 0]
    #expect(close(try histogram(logits(probabilities), settings), expected))
  }

  @Test func `keeps what is near enough to the best by min-p`() throws {
    let some = try histogram(logits(probabilities), SamplerSettings(minP: 0.6))
    #expect(close(some, [0.4 / 0.7, 0, 0.3 / 0.7, 0, 0]))
  }

  @Test func `draws the same with filters that remove nothing`() throws {
    var random = SplitMix64(seed: 8)
    let logits = (0..<500).map { _ in Float(random.nextUnit() * 8) }
    var plain = try Sampler(seed: 3)
    var filtered = try Sampler(SamplerSettings(topK: 500, minP: 1e-12), seed: 3)
    for _ in 0..<200 { #expect(try plain.next(logits) == filtered.next(logits)) }
  }

  @Test func `draws only what is allowed`() throws {
    let only = try histogram(
      logits(probabilities), SamplerSettings(), allowed: .only([2, 4, 99, -7]))
    #expect(close(only, [0, 0, 0.3 / 0.35, 0, 0.05 / 0.35]))
    let rest = try histogram(
      logits(probabilities), SamplerSettings(), allowed: .allExcept([0, 77]))
    #expect(close(rest, [0, 0.05 / 0.6, 0.3 / 0.6, 0.2 / 0.6, 0.05 / 0.6]))
    let ends: AllowedTokens = .allExcept([4, 0, 2, 5, -1])
    let middle = try histogram(logits(probabilities), SamplerSettings(), allowed: ends)
    #expect(close(middle, [0, 0.2, 0, 0.8, 0]))
  }

  @Test func `draws the same from a set whatever its shape`() throws {
    var random = SplitMix64(seed: 12)
    for round in 0..<60 {
      let logits = (0..<300).map { _ in Float(random.nextUnit() * 9) }
      let kept = Set((0..<300).filter { _ in random.next() % 4 == 0 }.map { TokenID(Int32($0)) })
      let rest = Set((0..<300).map { TokenID(Int32($0)) }).subtracting(kept)
      var mask = TokenMask(rowCount: 100)
      for token in kept { mask.insert(token) }
      mask.insert(400)
      let settings = SamplerSettings(
        temperature: [1, 0, 0.5][round % 3], topK: [0, 20][round % 2],
        topP: [1, 0.8][round / 2 % 2])
      var samplers = try (0..<3).map { _ in try Sampler(settings, seed: UInt64(round)) }
      for _ in 0..<20 {
        let only = try samplers[0].next(logits, allowed: .only(kept))
        #expect(try samplers[1].next(logits, allowed: .allExcept(rest)) == only)
        #expect(try samplers[2].next(logits, allowed: .mask(mask)) == only)
      }
      #expect(samplers[0] == samplers[1] && samplers[0] == samplers[2])
    }
  }

  @Test func `is resumed by seed and position`() throws {
    var random = SplitMix64(seed: 9)
    let logits = (0..<100).map { _ in Float(random.nextUnit() * 4) }
    var sampler = try Sampler(seed: 77)
    for _ in 0..<10 { _ = try sampler.next(logits) }
    var resumed = try Sampler(seed: 77, position: 10)
    #expect(resumed == sampler)
    for _ in 0..<50 { #expect(try resumed.next(logits) == sampler.next(logits)) }
    var other = try Sampler(seed: 78, position: 10)
    let ours = try (0..<50).map { _ in try sampler.next(logits) }
    #expect(try (0..<50).map { _ in try other.next(logits) } != ours)
  }

  @Test func `moves on by one per token, greedy or not, and not on an error`() throws {
    var greedy = try Sampler(.greedy, seed: 5)
    _ = try greedy.next([1, 2])
    #expect(greedy.position == 1)
    #expect(throws: InferenceError.self) { try greedy.next([.nan, 2]) }
    #expect(greedy == (try Sampler(.greedy, seed: 5, position: 1)))
  }

  @Test(arguments: [
    ([Float.nan, 1], InferenceError.unusableLogits(tokenCount: 9, index: 0, value: "NaN")),
    ([1, Float.infinity], .unusableLogits(tokenCount: 9, index: 1, value: "infinity")),
    (
      [-Float.infinity, -Float.infinity],
      .unusableLogits(tokenCount: 9, index: 0, value: "minus infinity")
    ),
  ])
  func `refuses logits that are not numbers`(logits: [Float], error: InferenceError) throws {
    for settings in [SamplerSettings(), .greedy] {
      var sampler = try Sampler(settings, seed: 1)
      #expect(throws: error) { try sampler.next(logits, after: 9) }
    }
  }

  @Test func `never draws what is impossible`() throws {
    let hits = try histogram([-.infinity, 1, -.infinity, 1], SamplerSettings(), count: 2_000)
    #expect(hits[0] == 0 && hits[2] == 0)
  }

  @Test(arguments: [
    AllowedTokens.only([]), .only([5, -1]), .allExcept([0, 1, 2]), .mask(TokenMask(rowCount: 3)),
  ])
  func `refuses a constraint that allows nothing`(allowed: AllowedTokens) throws {
    var sampler = try Sampler(seed: 1)
    #expect(throws: InferenceError.noTokenAllowed) {
      try sampler.next([1, 2, 3], allowed: allowed)
    }
    #expect(throws: InferenceError.noTokenAllowed) { try sampler.next([]) }
  }

  @Test(arguments: [
    (SamplerSettings(temperature: -1), "temperature is -1.0, and must be between 0 and 100."),
    (SamplerSettings(temperature: .nan), "temperature is nan, and must be between 0 and 100."),
    (SamplerSettings(topK: -1), "topK is -1.0, and must be 0 or more."),
    (SamplerSettings(topP: 0), "topP is 0.0, and must be above 0 and at most 1."),
    (SamplerSettings(topP: 1.5), "topP is 1.5, and must be above 0 and at most 1."),
    (SamplerSettings(minP: 1), "minP is 1.0, and must be at least 0 and below 1."),
  ])
  func `refuses settings out of range`(settings: SamplerSettings, sentence: String) {
    do throws(InferenceError) {
      _ = try Sampler(settings, seed: 1)
      Issue.record("accepted \(settings)")
    } catch { #expect(error.description == sentence) }
  }

  @Test func `survives any logits that are numbers`() throws {
    var random = SplitMix64(seed: 11)
    for round in 0..<300 {
      let logits = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
        return value.isFinite ? value : -.infinity
      }
      let settings = SamplerSettings(
        temperature: [0, 1e-9, 0.7, 1, 100][round % 5], topK: round % 7,
        topP: [1, 0.9, 1e-9][round % 3], minP: [0, 0.05, 0.999][round / 3 % 3])
      var sampler = try Sampler(settings, seed: UInt64(round))
      guard logits.contains(where: { $0 > -.infinity }) else { continue }
      let token = try sampler.next(logits)
      #expect(logits[token.index] > -.infinity)
    }
  }
}
