// Sampler.swift — from logits to one token: filters, then one seeded draw.

public import Base
import Glibc

/// How a token is drawn. The default is pure sampling, which gpt-oss was made for.
public struct SamplerSettings: Equatable, Sendable {
  /// Logits are divided by it; 0 takes the largest logit, the lowest id of equal ones.
  public var temperature: Double
  /// Keeps this many of the most probable tokens; 0 keeps all.
  public var topK: Int
  /// Keeps the most probable tokens that together have at least this probability; 1 keeps all.
  public var topP: Double
  /// Keeps tokens with at least this fraction of the largest probability; 0 keeps all.
  public var minP: Double

  public init(temperature: Double = 1, topK: Int = 0, topP: Double = 1, minP: Double = 0) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
  }

  public static let greedy = SamplerSettings(temperature: 0)

  func check() throws(InferenceError) {
    let settings = [
      ("temperature", temperature, temperature >= 0 && temperature <= 100, "between 0 and 100"),
      ("topK", Double(topK), topK >= 0, "0 or more"),
      ("topP", topP, topP > 0 && topP <= 1, "above 0 and at most 1"),
      ("minP", minP, minP >= 0 && minP < 1, "at least 0 and below 1"),
    ]
    for (name, value, holds, range) in settings where !holds {
      throw .settingOutOfRange(name: name, value: String(value), range: range)
    }
  }
}

/// A seeded sampler. The same settings, seed and position give the same token for the same logits.
///
/// Order: the constraint's mask, temperature, top-k, top-p, min-p, each on what the one before
/// left, then one draw over the survivors by ascending id. A filter that removes nothing therefore
/// changes nothing. Every token takes exactly one number from the generator, also where none is
/// needed, so that seed and position are the whole state: a run is resumed by handing both over
/// again.
public struct Sampler: Equatable, Sendable {
  public let settings: SamplerSettings
  public let seed: UInt64
  /// Tokens sampled so far.
  public private(set) var position: Int
  private var random: SplitMix64

  /// Starts after `position` tokens that were sampled before.
  ///
  /// - Throws: `settingOutOfRange`.
  public init(
    _ settings: SamplerSettings = SamplerSettings(), seed: UInt64, position: Int = 0
  ) throws(InferenceError) {
    try settings.check()
    guard position >= 0 else {
      throw .settingOutOfRange(name: "position", value: String(position), range: "0 or more")
    }
    self.settings = settings
    self.seed = seed
    self.position = position
    // The generator's state grows by a constant per number, so a position is reached in one step.
    random = SplitMix64(seed: seed &+ UInt64(position) &* 0x9E37_79B9_7F4A_7C15)
  }

  /// Draws the next token.
  ///
  /// - Parameters:
  ///   - logits: One per entry of the vocabulary. Minus infinity counts as impossible.
  ///   - allowed: What may be sampled; nil for everything. Ids outside the vocabulary are ignored.
  ///   - tokenCount: Tokens that the logits come after, for the error's words.
  /// - Returns: An id below the count of logits.
  /// - Throws: `unusableLogits` for a NaN or plus infinity anywhere, or where nothing allowed is
  ///   possible; `noTokenAllowed`. The position does not move then.
  public mutating func next(
    _ logits: [Float], allowed: AllowedTokens? = nil, after tokenCount: Int = 0
  ) throws(InferenceError) -> TokenID {
    if let index = logits.firstIndex(where: { $0.isNaN || $0 == .infinity }) {
      throw .unusableLogits(
        tokenCount: tokenCount, index: index, value: logits[index].isNaN ? "NaN" : "infinity")
    }
    let ids = Self.ids(allowed, vocabularySize: logits.count)
    guard let best = Self.best(of: ids, logits) else { throw .noTokenAllowed }
    guard logits[best] > -.infinity else {
      throw .unusableLogits(tokenCount: tokenCount, index: best, value: "minus infinity")
    }
    let unit = random.nextUnit()
    position += 1
    guard settings.temperature > 0 else { return TokenID(Int32(best)) }
    var candidates = ids.map { id in
      let exponent = (Double(logits[id]) - Double(logits[best])) / settings.temperature
      return Candidate(id: id, weight: exp(exponent))
    }
    keepTopK(&candidates)
    keepTopP(&candidates)
    keepMinP(&candidates)
    return TokenID(Int32(Self.draw(unit, from: candidates)))
  }

  /// Moves on by one, as drawing from a single allowed token does, whatever the logits.
  public mutating func skip() {
    _ = random.nextUnit()
    position += 1
  }

  // MARK: - Candidates

  private struct Candidate {
    let id: Int
    /// Probability relative to the most probable one's.
    let weight: Double

    /// Most probable first; of equal ones, the lowest id.
    static func precedes(_ left: Candidate, _ right: Candidate) -> Bool {
      left.weight != right.weight ? left.weight > right.weight : left.id < right.id
    }
  }

  /// Ascending ids that may be sampled.
  private static func ids(_ allowed: AllowedTokens?, vocabularySize: Int) -> [Int] {
    switch allowed {
    case nil: Array(0..<vocabularySize)
    case .only(let tokens):
      tokens.map(\.index).filter { $0 >= 0 && $0 < vocabularySize }.sorted()
    case .mask(let mask): mask.indices.filter { $0 < vocabularySize }
    case .allExcept(let tokens):
      // By ranges between the few exceptions: a look-up per id would cost more than the draw.
      (tokens.map(\.index).filter { $0 >= 0 && $0 < vocabularySize }.sorted() + [vocabularySize])
        .reduce(into: (ids: [Int](), next: 0)) { state, exception in
          state.ids.append(contentsOf: state.next..<exception)
          state.next = exception + 1
        }.ids
    }
  }

  private static func best(of ids: [Int], _ logits: [Float]) -> Int? {
    guard var best = ids.first else { return nil }
    for id in ids where logits[id] > logits[best] { best = id }
    return best
  }

  private static func draw(_ unit: Double, from candidates: [Candidate]) -> Int {
    let total = candidates.reduce(0) { $0 + $1.weight }
    var rest = unit * total
    var last = 0
    for candidate in candidates where candidate.weight > 0 {
      last = candidate.id
      rest -= candidate.weight
      if rest < 0 { break }
    }
    // Rounding can leave a trace of `rest` after the last one.
    return last
  }

  // MARK: - Filters: each leaves ascending ids, and at least one of them

  private func keepTopK(_ candidates: inout [Candidate]) {
    let count = settings.topK
    guard count > 0, count < candidates.count else { return }
    // Almost no candidate gets past the last of the best so far, so this is one look at each; but an
    // insertion moves up to `count`, and for many of them sorting is cheaper.
    var best: [Candidate] = []
    if count <= 256 {
      for candidate in candidates {
        if best.count == count {
          guard let last = best.last, Candidate.precedes(candidate, last) else { continue }
          best.removeLast()
        }
        let place = best.firstIndex { Candidate.precedes(candidate, $0) } ?? best.endIndex
        best.insert(candidate, at: place)
      }
    } else {
      best = Array(candidates.sorted(by: Candidate.precedes).prefix(count))
    }
    candidates = best.sorted { $0.id < $1.id }
  }

  private func keepTopP(_ candidates: inout [Candidate]) {
    guard settings.topP < 1 else { return }
    let total = candidates.reduce(0) { $0 + $1.weight }
    // All candidates below this together have less than 1 - topP, so none of them is needed; what
    // is left to sort is few for any but the flattest distributions.
    let least = (1 - settings.topP) * total / Double(candidates.count)
    candidates = candidates.filter { $0.weight >= least }.sorted(by: Candidate.precedes)
    var sum = 0.0
    var count = 0
    for candidate in candidates where sum < settings.topP * total {
      sum += candidate.weight
      count += 1
    }
    candidates.removeLast(candidates.count - max(1, count))
    candidates.sort { $0.id < $1.id }
  }

  private func keepMinP(_ candidates: inout [Candidate]) {
    guard settings.minP > 0 else { return }
    let largest = candidates.reduce(0) { max($0, $1.weight) }
    candidates.removeAll { $0.weight < settings.minP * largest }
  }
}
