// DeterminismTests.swift — how a result was computed shows in none of its bits.

import Base
import Inference
import ModelFiles
import TestKit
import Testing

/// Logits after each token, by a fresh session.
private func allLogits(
  _ tokens: [TokenID], _ options: InferenceOptions
) throws -> [[UInt32]] {
  var rows: [[UInt32]] = []
  try TinyModel.session(options).forEachLogits(of: tokens) { (_, logits) throws(InferenceError) in
    rows.append(logits.map(\.bitPattern))
  }
  return rows
}

/// Every arithmetic there is.
private let arithmetics: [(Precision, KVFormat)] = [
  (.f32, .f32), (.native, .f32), (.native, .f16), (.mixed, .f32), (.q8, .f32),
]

@Suite struct `Logits` {
  @Test(arguments: arithmetics)
  func `are the same bits for any number of threads and size of chunks`(
    precision: Precision, format: KVFormat
  ) throws {
    let tokens = TinyModel.tokens(150)
    var options = InferenceOptions(
      precision: precision, threadCount: 1, chunkTokenCount: 256, kvFormat: format)
    let expected = try allLogits(tokens, options)
    for (threadCount, chunkTokenCount) in [
      (2, 256), (3, 256), (1, 1), (2, 7), (3, 64), (2, 128),
    ] {
      options.threadCount = threadCount
      options.chunkTokenCount = chunkTokenCount
      #expect(try allLogits(tokens, options) == expected)
    }
  }

  @Test(arguments: [Precision.native, .mixed, .q8])
  func `of nano are the same bits too`(precision: Precision) throws {
    let checkpoint = try GPTOSSCheckpoint(path: Repository.path("Models/nano"))
    let tokens = TinyModel.tokens(150)
    func rows(_ options: InferenceOptions, held: Int = 0) throws -> [[UInt32]] {
      let engine = try InferenceEngine(
        configuration: checkpoint.configuration, weights: checkpoint.weights, options: options)
      let session = try InferenceSession(engine: engine)
      if held > 0 { _ = try session.logits(after: Array(tokens[..<held])) }
      return try (140...150).map { count in
        try session.logits(after: Array(tokens[..<count])).map(\.bitPattern)
      }
    }
    let expected = try rows(
      InferenceOptions(precision: precision, threadCount: 1, chunkTokenCount: 256))
    for (threadCount, chunkTokenCount, held) in [(2, 256, 0), (1, 1, 0), (2, 7, 0), (2, 64, 90)] {
      let options = InferenceOptions(
        precision: precision, threadCount: threadCount, chunkTokenCount: chunkTokenCount)
      #expect(try rows(options, held: held) == expected)
    }
  }

  /// Rings of 16 - 1 + 40 positions, so that 300 tokens go round several times.
  @Test(arguments: arithmetics)
  func `are the same bits after any history`(precision: Precision, format: KVFormat) throws {
    let options = InferenceOptions(
      precision: precision, threadCount: 2, chunkTokenCount: 32, rollbackTokenCount: 40,
      kvFormat: format)
    let session = try TinyModel.session(options)
    let tokens = TinyModel.tokens(300)
    let expected = try allLogits(tokens, options)
    func check(_ count: Int) throws {
      #expect(
        try session.logits(after: Array(tokens[..<count])).map(\.bitPattern) == expected[count - 1])
    }
    try check(90)
    try check(91)
    try check(300)
    // Back by as much as the slack, on by a few, and back far beyond it.
    try check(261)
    #expect(!session.lastReuse.restarted && session.lastReuse.computedTokenCount == 1)
    try check(270)
    #expect(session.lastReuse.computedTokenCount == 9)
    try check(30)
    #expect(session.lastReuse.restarted == (precision != .f32))
    try check(300)
    // Another branch overwrites part of the rings; then back to the first.
    _ = try session.logits(after: Array(tokens[..<270]) + TinyModel.tokens(29, seed: 2))
    try check(299)
    try check(299)
    #expect(session.lastReuse.computedTokenCount == 0)
    // Random walk.
    var random = SplitMix64(seed: 7)
    for _ in 0..<25 { try check(Int.random(in: 1...300, using: &random)) }
  }

  @Test func `restart exactly where the rings end`() throws {
    // Window 16, slack 40: 55 positions. After 100 tokens the rings hold 45..<100, and the token
    // after the first n needs the 15 before it.
    for (count, restarted) in [(61, false), (60, true)] {
      let session = try TinyModel.session(
        InferenceOptions(threadCount: 1, chunkTokenCount: 40, rollbackTokenCount: 40))
      let tokens = TinyModel.tokens(100)
      _ = try session.logits(after: tokens)
      _ = try session.logits(after: Array(tokens[..<count]))
      #expect(session.lastReuse.restarted == restarted)
    }
  }

  @Test func `are the same bits when two sessions share an engine`() throws {
    let engine = try TinyModel.engine()
    let tokens = TinyModel.tokens(40)
    let (first, second) = (
      try InferenceSession(engine: engine), try InferenceSession(engine: engine)
    )
    for count in 1...40 {
      let mine = try first.logits(after: Array(tokens[..<count]))
      #expect(try second.logits(after: Array(tokens[..<count])) == mine)
    }
  }
}
