// Bench.swift — the figures of Docs/BENCHMARKS.md: `bench NAME …` prints one CSV line per case.

import Base
import Foundation
import Tokenizer

@main
struct Bench {
  static func main() async throws {
    let words = Array(CommandLine.arguments.dropFirst())
    switch words.first {
    case "tokenizer" where words.count > 1:
      try tokenizer(vocabulary: words[1], texts: Array(words[2...]))
    case "dispatch":
      try await DispatchBench.run(count: words.count > 1 ? Int(words[1]) ?? 500 : 500)
    case "page": try PageBench.run(count: words.count > 1 ? Int(words[1]) ?? 50 : 50)
    case "docs": try DocumentBench.run(count: words.count > 1 ? Int(words[1]) ?? 10_000 : 10_000)
    default:
      FileHandle.standardError.write(
        Data(
          """
          usage: bench tokenizer VOCABULARY [TEXT…] | bench dispatch [COUNT] | bench page [COUNT]
                 | bench docs [DOCUMENTS]

          """.utf8))
      exit(2)
    }
  }

  /// Load time of a vocabulary, then the best of three encodings of each text, one thread.
  private static func tokenizer(vocabulary: String, texts: [String]) throws {
    let clock = ContinuousClock()
    let start = clock.now
    let tokenizer =
      try vocabulary.hasSuffix(".json")
      ? Tokenizer(tokenizerJSON: vocabulary) : Tokenizer(tiktokenFile: vocabulary)
    let seconds = (clock.now - start) / .seconds(1)
    print("load,\(vocabulary),\(String(format: "%.3f", seconds)),s")
    for path in texts {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      var best = Double.infinity
      var tokenCount = 0
      for _ in 0..<3 {
        best = min(best, clock.measure { tokenCount = tokenizer.encode(text).count } / .seconds(1))
      }
      let speed = String(format: "%.1f", Double(text.utf8.count) / best / 1e6)
      print("encode,\(path),\(speed),MB/s,\(tokenCount),tokens")
    }
  }
}
