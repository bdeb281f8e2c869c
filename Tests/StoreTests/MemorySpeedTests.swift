// MemorySpeedTests.swift — search stays fast however many memories there are.

import Base
import Store
import TestKit
import Testing

@Suite struct `A memory file of 100,000 entries` {
  @Test func `answers searches in under 20 ms at the 95th percentile`() throws {
    let folder = try TemporaryFolder()
    let memories = try Memories(path: folder.path + "/memory.db")
    let clock = ContinuousClock()
    var words = ZipfWords(seed: 7)
    let filling = try clock.measure {
      for batch in 0..<100 {
        try memories.save(
          (0..<1_000).map { index in
            let workspace = MemoryScope.workspace("/home/u/project\(index % 7)")
            return memory(
              words.text(wordCount: 5...40) + " item\(batch * 1_000 + index) topic\(index) region\(index % 7)",
              scope: index % 3 == 0 ? .global : workspace, at: Int64(batch * 1_000 + index))
          })
      }
    }
    print("filling", filling)
    var kinds: [String: [Duration]] = [:]
    for number in 0..<100 {
      let queries: [(String, String, [MemoryScope]?)] = [
        ("mixed", words.text(wordCount: 1...6), nil),
        ("mixed scoped", words.text(wordCount: 1...6), [.global, .workspace("/home/u/project3")]),
        ("common", words.common(wordCount: 1 + number % 8), nil),
        ("common scoped", words.common(wordCount: 1 + number % 8), [.workspace("/home/u/project3")]),
        ("rare", words.rare(wordCount: 1 + number % 4), nil),
        ("long", words.text(wordCount: 40...60), nil),
        ("unknown", "zzqx\(number) qqwz", nil),
        ("family", ["item", "topic", "region", "item099"][number % 4], nil),
        ("beginnings", String(words.rare(wordCount: 1).prefix(4)), nil),
      ]
      for (kind, query, scopes) in queries {
        kinds[kind, default: []].append(
          try clock.measure { _ = try memories.search(query, scopes: scopes, limit: 10) })
      }
    }
    for (kind, times) in kinds.sorted(by: { $0.key < $1.key }) {
      let s = times.sorted()
      print(kind, "p50", s[s.count / 2], "p95", s[s.count * 95 / 100], "max", s[s.count - 1])
    }
    print("forget", try clock.measure { _ = try memories.forget([500]) })
    print("save", try clock.measure { _ = try memories.save(memory("one more", at: 5)) })
  }
}

/// Words as texts have them: a few are in most texts, most are rare.
struct ZipfWords {
  private var random: SplitMix64
  private let words: [String]
  private let reach: [Double]

  init(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let parts = [
      "ka", "to", "mi", "ren", "sol", "ba", "du", "ler", "pin", "qua", "vor", "tis", "ne", "gra",
      "lum", "fe", "so", "rik", "an", "el",
    ]
    var seen: Set<String> = []
    while seen.count < 50_000 {
      let length = Int.random(in: 1...4, using: &random)
      seen.insert((0..<length).map { _ in parts[Int.random(in: 0..<20, using: &random)] }.joined())
    }
    let words = seen.sorted { ($0.count, $0) < ($1.count, $1) }
    self.words = words
    self.random = random
    var sum = 0.0
    reach = words.indices.map {
      sum += 1 / (Double($0) + 2.7)
      return sum
    }
  }

  mutating func text(wordCount: ClosedRange<Int>) -> String {
    let count = Int.random(in: wordCount, using: &random)
    return (0..<count).map { _ in word() }.joined(separator: " ")
  }

  mutating func common(wordCount: Int) -> String {
    words[0..<20].shuffled(using: &random).prefix(wordCount).joined(separator: " ")
  }

  mutating func rare(wordCount: Int) -> String {
    words[2_000...].shuffled(using: &random).prefix(wordCount).joined(separator: " ")
  }

  private mutating func word() -> String {
    let target = random.nextUnit() * (reach.last ?? 1)
    var low = 0
    var high = reach.count - 1
    while low < high {
      let middle = (low + high) / 2
      if reach[middle] < target { low = middle + 1 } else { high = middle }
    }
    return words[low]
  }
}

