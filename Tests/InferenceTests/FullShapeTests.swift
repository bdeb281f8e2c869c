// FullShapeTests.swift — two layers of gpt-oss-20b's own shape: the sums' order at real widths.

import Base
import Inference
import ModelFiles
import TestKit
import Testing

@Suite struct `Two layers of the 20b shape` {
  /// A layer of each kind, with random weights and a vocabulary of 1,024 entries: 0.9 GB.
  private static func checkpoint(in folder: TemporaryFolder) throws -> GPTOSSCheckpoint {
    var model = TestKit.TinyModel()
    model.layers = 2
    model.hidden = 2880
    model.intermediate = 2880
    model.heads = 64
    model.kvHeads = 8
    model.headSize = 64
    model.experts = 32
    model.expertsPerToken = 4
    model.vocabulary = 1024
    model.window = 128
    model.weightMax = 0.03
    try folder.write("config.json", model.configuration.compactText.utf8)
    try folder.write("model.safetensors", model.tensors.safetensors)
    return try GPTOSSCheckpoint(path: folder.path)
  }

  @Test func `give the same bits whatever computes them`() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let checkpoint = try Self.checkpoint(in: folder)
    try Self.checkInstructions(checkpoint)
    let tokens = InferenceTests.TinyModel.tokens(150)
    // Threads, tokens of a chunk, tokens held before.
    let ways = [
      Precision.mixed: [(2, 1, 0), (1, 7, 0), (2, 64, 90), (2, 256, 0)], .q8: [(2, 64, 90)],
    ]
    for (precision, ways) in ways {
      func rows(_ options: InferenceOptions, held: Int = 0) throws -> [[UInt32]] {
        let engine = try InferenceEngine(
          configuration: checkpoint.configuration, weights: checkpoint.weights, options: options)
        let session = try InferenceSession(engine: engine)
        if held > 0 { _ = try session.logits(after: Array(tokens[..<held])) }
        return try [148, 150].map { count in
          try session.logits(after: Array(tokens[..<count])).map(\.bitPattern)
        }
      }
      var options = InferenceOptions(precision: precision, threadCount: 1, chunkTokenCount: 256)
      let expected = try rows(options)
      #expect(Set(expected[0]).count > 900)
      for (threadCount, chunkTokenCount, held) in ways {
        options.threadCount = threadCount
        options.chunkTokenCount = chunkTokenCount
        #expect(try rows(options, held: held) == expected)
      }
    }
  }

  /// A short prompt, since plain C takes its time.
  private static func checkInstructions(_ checkpoint: GPTOSSCheckpoint) throws {
    let tokens = InferenceTests.TinyModel.tokens(5)
    var seen: [[UInt32]] = []
    for instructions in InstructionSet.allCases where instructions.isAvailable {
      let engine = try InferenceEngine(
        configuration: checkpoint.configuration, weights: checkpoint.weights,
        options: InferenceOptions(precision: .mixed, instructions: instructions))
      let session = try InferenceSession(engine: engine)
      seen.append(try session.logits(after: tokens).map(\.bitPattern))
    }
    #expect(Set(seen).count == 1)
  }
}
