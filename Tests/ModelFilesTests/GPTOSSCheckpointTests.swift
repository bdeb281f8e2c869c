// GPTOSSCheckpointTests.swift — whole checkpoints, opened from each layout.

import ModelFiles
import TestKit
import Testing

@Suite struct `A gpt-oss checkpoint` {
  @Test func `in Hugging Face layout opens as views of its one file`() throws {
    let checkpoint = try GPTOSSCheckpoint(path: Vectors.path("tiny-gpt-oss"))
    #expect(checkpoint.configuration == .tiny)
    #expect(checkpoint.weights.embedding.rows == 1024)
    let expert = checkpoint.weights.layers[3].experts[7]
    #expect(expert.gate.format == .mxfp4Split)
    #expect(expert.gate.rowStride == 2 * 64)
    #expect(expert.gate.scaleRowStride == 2 * 4)
    #expect(expert.up.bytes.offset == expert.gate.bytes.offset + 64)
    #expect(expert.down.rows == 128)
    #expect(expert.down.columns == 96)
    #expect(expert.upBias.stride == 4)
  }
}

extension GPTOSSConfiguration {
  /// What Tests/Vectors/tiny-gpt-oss/config.json says.
  static let tiny = GPTOSSConfiguration(
    layerCount: 4, hiddenSize: 128, intermediateSize: 96, headCount: 4, kvHeadCount: 2,
    headSize: 64, expertCount: 8, expertsPerToken: 4, vocabularySize: 1024, slidingWindow: 16,
    layerIsSliding: [true, false, true, false], rmsNormEpsilon: 1e-5, ropeTheta: 150_000,
    yarn: YaRN(
      factor: 32, betaFast: 32, betaSlow: 1, originalContextLength: 4096, truncate: false),
    contextLengthMax: 131_072, swigluAlpha: 1.702, swigluLimit: 7)
}
