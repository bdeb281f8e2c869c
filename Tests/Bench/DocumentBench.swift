// DocumentBench.swift — searches among 10,000 documents of this machine.
//
// Prints CSV: what, documents, queries, p50, p95, p99 in milliseconds of wall time and of processor time.
// The documents have 200 to 1,000 words, as frequent as words of a language are; queries are of one to
// eight words: common, rare, mixed, unknown, beginnings of words.

import Base
import Foundation
import Store
import TestKit

enum DocumentBench {
  static func run(count: Int) throws {
    let folder = try TemporaryFolder()
    let index = try DocumentIndex(path: folder.path + "/index.sqlite")
    var words = CommonWords(seed: 5)
    try index.noteFolder("/documents", at: UnixTime(milliseconds: 0))
    let start = ContinuousClock.now
    for first in stride(from: 0, to: count, by: 256) {
      let documents = (first..<min(first + 256, count)).map { number in
        NewDocument(
          path: "/documents/\(number).txt", title: words.text(2...6),
          text: Array(words.text(200...1_000).utf8), links: [],
          stamp: FileStamp(bytes: 0, modified: 0))
      }
      try index.save(documents, in: "/documents")
    }
    try index.optimize()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    var walls: [Double] = []
    var processors: [Double] = []
    for number in 0..<400 {
      let query =
        switch number % 5 {
        case 0: words.text(1...8)
        case 1: words.rare(1...3)
        case 2: words.common(1...8)
        case 3: "zzqx\(number) \(words.common(1...2))"
        default: String(words.rare(1...1).prefix(4))
        }
      let began = ContinuousClock.now
      let used = processorTime()
      _ = try index.search(query, limit: 20)
      walls.append((ContinuousClock.now - began) / .milliseconds(1))
      processors.append((processorTime() - used) / .milliseconds(1))
    }
    print("what,documents,queries,p50_ms,p95_ms,p99_ms")
    for (what, times) in [("wall", walls.sorted()), ("processor", processors.sorted())] {
      print(
        String(
          format: "search %@,%d,%d,%.2f,%.2f,%.2f", what, count, times.count,
          times[times.count / 2], times[times.count * 95 / 100], times[times.count * 99 / 100]))
    }
    print(String(format: "index,%d,,%.1f,s,", count, seconds))
  }
}

/// Words as texts have them: the n-th most frequent one is n times as rare as the first.
private struct CommonWords {
  private static let wordCount = 40_000
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  private mutating func word(_ rank: Int) -> String {
    "w" + String(rank * 7919 % 1_000_003, radix: 36)
  }

  private mutating func words(_ range: ClosedRange<Int>, _ low: Double, _ high: Double) -> String {
    let count = Int.random(in: range, using: &random)
    return (0..<count).map { _ in
      // A rank r with a probability of about 1 / r.
      let power = Double.random(in: low...high, using: &random)
      return word(Int(exp(power * log(Double(Self.wordCount)))))
    }.joined(separator: " ")
  }

  mutating func text(_ range: ClosedRange<Int>) -> String { words(range, 0, 1) }

  mutating func common(_ range: ClosedRange<Int>) -> String { words(range, 0, 0.4) }

  mutating func rare(_ range: ClosedRange<Int>) -> String { words(range, 0.75, 1) }
}
