// SessionTests.swift — what a session reports, refuses and survives.

import Base
import Foundation
import Inference
import ModelFiles
import TestKit
import Testing

@Suite struct `A session` {
  @Test func `reports what it kept and what it computed`() throws {
    let session = try TinyModel.session(InferenceOptions(threadCount: 1))
    let tokens = TinyModel.tokens(20)
    func reuse(_ kept: Int, _ computed: Int, dropped: Int) -> PrefixReuse {
      PrefixReuse(
        keptTokenCount: kept, computedTokenCount: computed, droppedTokenCount: dropped,
        restarted: false)
    }
    _ = try session.logits(after: tokens)
    #expect(session.lastReuse == reuse(0, 20, dropped: 0))
    _ = try session.logits(after: tokens)
    #expect(session.lastReuse == reuse(20, 0, dropped: 0))
    _ = try session.logits(after: tokens + [1, 2])
    #expect(session.lastReuse == reuse(20, 2, dropped: 0))
    _ = try session.logits(after: Array(tokens[..<10]) + [3])
    #expect(session.lastReuse == reuse(10, 1, dropped: 12))
    _ = try session.logits(after: Array(tokens[..<5]))
    #expect(session.lastReuse == reuse(4, 1, dropped: 7))
    #expect(session.tokens == Array(tokens[..<5]))
  }

  @Test func `tells its progress by chunks`() throws {
    let session = try TinyModel.session(InferenceOptions(threadCount: 1, chunkTokenCount: 8))
    var progress: [[Int]] = []
    let control = PrefillControl(onProgress: { progress.append([$0, $1]) })
    _ = try session.logits(after: TinyModel.tokens(20), control: control)
    #expect(progress == [[0, 20], [8, 20], [16, 20], [20, 20]])
  }

  /// Chunks of 8 tokens through 4 layers, in rings of 16 - 1 + 8 positions: the check is asked four
  /// times a chunk, and a chunk given up half-way has overwritten part of the rings.
  @Test(arguments: Precision.allCases, [0, 1, 4, 30, 35])
  func `keeps what was computed before it was cancelled`(
    precision: Precision, askedCountMax: Int
  ) throws {
    let options = InferenceOptions(
      precision: precision, threadCount: 2, chunkTokenCount: 8, rollbackTokenCount: 8)
    let session = try TinyModel.session(options)
    let tokens = TinyModel.tokens(100)
    var askedCount = 0
    let control = PrefillControl(isCancelled: {
      askedCount += 1
      return askedCount > askedCountMax
    })
    let done = askedCountMax / 4 * 8
    #expect(throws: InferenceError.cancelled(done: done, total: 100)) {
      try session.logits(after: tokens, control: control)
    }
    #expect(session.tokens == Array(tokens[..<done]))
    for count in [done + 1, max(1, done - 6), 100] {
      let prefix = Array(tokens[..<count])
      #expect(try session.logits(after: prefix) == TinyModel.session(options).logits(after: prefix))
    }
  }

  @Test func `refuses what no model can compute`() throws {
    let session = try InferenceSession(engine: TinyModel.engine(), contextLimit: 10)
    func sentence(_ tokens: [TokenID]) -> String? {
      do throws(InferenceError) {
        _ = try session.logits(after: tokens)
        return nil
      } catch { return error.description }
    }
    #expect(sentence([]) == "There is no token to continue from. Give at least one.")
    #expect(
      sentence([3, 1024]) == """
        Token 1 of the prefix is 1024, and the model's vocabulary has 1024 entries. The tokens \
        were probably made with another model's tokenizer.
        """)
    for token in [TokenID(-1), TokenID(.min), TokenID(.max)] {
      #expect(
        throws: InferenceError.tokenOutOfRange(token: token, index: 0, vocabularySize: 1024)
      ) { try session.score([token]) }
    }
    #expect(
      sentence(TinyModel.tokens(11)) == """
        11 tokens do not fit the context of 10. Shorten the input, or raise the limit where the \
        model allows more.
        """)
    #expect(sentence(TinyModel.tokens(10)) == nil)
  }

  @Test func `takes no larger context than the model's`() throws {
    let engine = try TinyModel.engine()
    #expect(try InferenceSession(engine: engine).contextLimit == 131_072)
    #expect(try InferenceSession(engine: engine, contextLimit: 1 << 40).contextLimit == 131_072)
    #expect(throws: InferenceError.self) { try InferenceSession(engine: engine, contextLimit: 0) }
    #expect(throws: InferenceError.self) { try InferenceSession(engine: engine, contextLimit: -5) }
  }

  @Test(arguments: [1, 7, 16, 17])
  func `works in a context smaller than its chunks and rings`(limit: Int) throws {
    let session = try InferenceSession(engine: TinyModel.engine(), contextLimit: limit)
    let tokens = TinyModel.tokens(limit)
    let expected = try TinyModel.session(InferenceOptions(threadCount: 1)).logits(after: tokens)
    #expect(try session.logits(after: tokens) == expected)
    #expect(try session.logits(after: tokens.reversed()).count == 1024)
    #expect(try session.logits(after: tokens) == expected)
  }

  @Test(arguments: [
    InferenceOptions(threadCount: 0), InferenceOptions(threadCount: 1 << 40),
    InferenceOptions(chunkTokenCount: 0), InferenceOptions(rollbackTokenCount: -1),
  ])
  func `refuses options that make no sense`(options: InferenceOptions) {
    #expect(throws: InferenceError.self) { try TinyModel.engine("", options) }
  }
}

@Suite struct `Damaged weights` {
  private let folder: TemporaryFolder
  private let checkpoint: GPTOSSCheckpoint

  init() throws {
    folder = try TemporaryFolder()
    checkpoint = try GPTOSSCheckpoint(path: Vectors.path("tiny-gpt-oss"))
  }

  private func vector(_ values: [Float]) throws -> WeightVector {
    let path = try folder.write(
      UUID().uuidString, values.flatMap { value in withUnsafeBytes(of: value) { Array($0) } })
    let file = try MappedFile(path: path)
    return WeightVector(
      name: "damaged", format: .f32, count: values.count,
      bytes: MappedBytes(file: file, offset: 0, count: file.count), stride: 4)
  }

  @Test(arguments: Precision.allCases, [Float.nan, .infinity])
  func `give an error that says so, and no trap`(precision: Precision, value: Float) throws {
    var weights = checkpoint.weights
    weights.layers[1].mlpNorm = try vector([Float](repeating: value, count: 128))
    let engine = try InferenceEngine(
      configuration: checkpoint.configuration, weights: weights,
      options: InferenceOptions(precision: precision, threadCount: 2))
    let session = try InferenceSession(engine: engine)
    let error = InferenceError.unusableLogits(tokenCount: 3, index: 0, value: "NaN")
    var sampler = try Sampler(seed: 1)
    #expect(throws: error) {
      try session.generate(
        after: [1, 2, 3], sampler: &sampler, stopTokens: [], tokenCountMax: 4)
    }
    #expect(throws: InferenceError.unusableLogits(tokenCount: 1, index: 0, value: "NaN")) {
      try session.score([1, 2, 3])
    }
    #expect(
      error.description == """
        The model produced no usable logits after 3 tokens: entry 0 is NaN. The weights are \
        probably damaged; verify the model's files.
        """)
  }

  @Test func `of the wrong shape are refused with their name`() throws {
    func sentence(
      _ change: (inout GPTOSSWeights, inout GPTOSSConfiguration) throws -> Void
    )
      rethrows -> String
    {
      var (weights, configuration) = (checkpoint.weights, checkpoint.configuration)
      try change(&weights, &configuration)
      do throws(InferenceError) {
        _ = try InferenceEngine(configuration: configuration, weights: weights)
        return "accepted"
      } catch { return error.description }
    }
    let short = try sentence { weights, _ in weights.outputNorm = try vector([1, 2]) }
    #expect(
      short == """
        This model cannot be run: the tensor "damaged" has 2 entries where the configuration says \
        128.
        """)
    let narrow = sentence { weights, _ in weights.layers[0].query = weights.layers[0].key }
    #expect(
      narrow == """
        This model cannot be run: the tensor "model.layers.0.self_attn.k_proj.weight" is 128 by \
        128 where the configuration says 256 by 128.
        """)
    let cut = sentence { weights, _ in
      let query = weights.layers[0].query
      weights.layers[0].query = WeightMatrix(
        name: query.name, format: query.format, rows: query.rows, columns: query.columns,
        bytes: MappedBytes(
          file: query.bytes.file, offset: query.bytes.offset, count: query.bytes.count - 1),
        rowStride: query.rowStride, columnStride: query.columnStride)
    }
    #expect(
      cut == """
        This model cannot be run: the tensor "model.layers.0.self_attn.q_proj.weight" is smaller \
        than its shape of 256 by 128 needs.
        """)
    #expect(
      sentence { $1.expertsPerToken = 9 } == "This model cannot be run: it wants 9 of 8 experts.")
    #expect(
      sentence { $1.headSize = 0 }
        == "This model cannot be run: its configuration says head size 0.")
    #expect(sentence { weights, _ in weights.layers.removeLast() }.hasPrefix("This model cannot"))
    #expect(sentence { $1.kvHeadCount = 3 }.contains("cannot share 3 key heads evenly"))
  }
}
