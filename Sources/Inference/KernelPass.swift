// KernelPass.swift — the forward pass on the kernels.
//
// Weights as stored meet float32 activations; packed weights meet activations of 15 bits, which are
// made from float32 right before.
//
// Each step is a region of the pool: matrices by tiles of rows, the rest by tokens or heads. A
// chunk's tokens go through a layer together, so that a weight row is decoded once for all of them.

import Base
import ModelFiles

/// Every precision but `Precision.f32` along one timeline.
final class KernelPass: ForwardPass {
  let model: PreparedModel
  let pool: ThreadPool
  let kernels: Kernels
  let space: Workspace
  var cache: KVCache
  /// Per thread, per query head of a tile: scores, `scoreStride` apart.
  var scores: Buffer<Float>
  var scoreStride = 0
  var scoreRowCount = 0
  /// Per thread: the queries of a tile, and what they attend to.
  var tileRows: Buffer<Float>
  var paging = PagingWatch()
  var tokenCount: Int { cache.tokenCount }

  /// One `append` takes `chunkTokenCount` tokens at most, `keep` can always take back
  /// `rollbackTokenCount`, and there are `contextLimit` in all at most.
  init(
    model: PreparedModel, pool: ThreadPool, kernels: Kernels, chunkTokenCount: Int,
    rollbackTokenCount: Int, kvFormat: KVFormat, contextLimit: Int
  ) throws(InferenceError) {
    self.model = model
    self.pool = pool
    self.kernels = kernels
    let configuration = model.configuration
    space = try Workspace(configuration, tokenCountMax: min(chunkTokenCount, contextLimit))
    scores = try Buffer(shape: 0, purpose: "attention scores")
    tileRows = try Buffer(shape: 0, purpose: "attention")
    cache = KVCache(
      layerIsSliding: model.layers.map { $0.window != nil }, window: configuration.slidingWindow,
      headCount: configuration.kvHeadCount, headSize: configuration.headSize,
      format: kvFormat, slackMax: max(chunkTokenCount, rollbackTokenCount),
      contextLimit: contextLimit)
  }

  func keep(_ count: Int) -> Bool { cache.keep(count) }

  func state(of count: Int) -> [UnsafeMutableRawBufferPointer]? {
    cache.holds(count) ? cache.memory(of: count) : nil
  }

  func emptyState(of count: Int) -> [UnsafeMutableRawBufferPointer]? {
    guard (try? cache.reserve(count)) != nil else { return nil }
    return cache.memory(of: count)
  }

  func adoptState(of count: Int) { cache.adopt(count) }

  func append(
    _ tokens: ArraySlice<TokenID>, isCancelled: () -> Bool
  ) throws(InferenceError) -> Bool {
    try cache.reserve(tokens.count)
    try reserveScores(positionCount: tokenCount + tokens.count, count: tokens.count)
    embed(tokens)
    paging.look()
    if paging.isPaging { model.layers.first?.fetchAttention() }
    for index in model.layers.indices {
      guard !isCancelled() else { return false }
      if paging.isPaging, index + 1 < model.layers.count {
        model.layers[index + 1].fetchAttention()
      }
      attend(layer: index, count: tokens.count)
      applyExperts(model.layers[index], count: tokens.count)
    }
    cache.commit(tokens.count)
    return true
  }

  func writeLogits(after rows: Range<Int>, to out: Buffer<Float>) {
    let hidden = model.configuration.hiddenSize
    normalize(rows, gain: model.outputNorm)
    if paging.isPaging { model.unembedding.fetch() }
    let products = [Product(matrix: model.unembedding, bias: nil, out: out)]
    multiply(
      products, x: space.normed, firstRow: rows.lowerBound, xWidth: hidden, count: rows.count)
  }

  /// Embedding rows and rotary angles of a chunk.
  private func embed(_ tokens: ArraySlice<TokenID>) {
    let (space, model) = (space, model)
    let (first, start) = (tokens.startIndex, tokenCount)
    let (hidden, half) = (model.configuration.hiddenSize, model.configuration.headSize / 2)
    pool.run(tokens.count) { row, _ in
      let out = UnsafeMutableBufferPointer(start: space.hidden.base + row * hidden, count: hidden)
      model.embedding.weights.decodeRow(tokens[first + row].index, into: out)
      model.rotary.fill(
        position: start + row, cosines: space.cosines.base + row * half,
        sines: space.sines.base + row * half)
    }
  }
}

// MARK: - Steps that attention and experts share

extension KernelPass {
  /// `out = matrix · x + bias` for each row of x; `out` is (rows of x, matrix.rows).
  struct Product: Sendable {
    let matrix: PreparedMatrix
    let bias: Buffer<Float>?
    let out: Buffer<Float>
  }

  /// Weight rows in one unit of work: some 10 microseconds for one token on gpt-oss-20b.
  static let tileRowCount = 64

  static func tileCount(_ rows: Int) -> Int { (rows + tileRowCount - 1) / tileRowCount }

  static func tile(_ index: Int, of rows: Int) -> Range<Int> {
    index * tileRowCount..<min(rows, (index + 1) * tileRowCount)
  }

  /// Root mean square norm of rows of `space.hidden` into the same rows of `space.normed`.
  func normalize(_ rows: Range<Int>, gain: Buffer<Float>) {
    let (space, kernels) = (space, kernels)
    let (hidden, epsilon) = (model.configuration.hiddenSize, model.configuration.rmsNormEpsilon)
    pool.run(rows.count) { index, _ in
      let offset = (rows.lowerBound + index) * hidden
      kernels.rmsNorm(
        space.hidden.base + offset, gain: gain.base, count: hidden, epsilon: epsilon,
        out: space.normed.base + offset)
    }
  }

  /// All products of the same rows of `x`, as one region. They are packed, all or none.
  func multiply(
    _ products: [Product], x: Buffer<Float>, firstRow: Int = 0, xWidth: Int, count: Int
  ) {
    let start = Unshared(x.base + firstRow * xWidth)
    let operand: Operand
    if products.allSatisfy({ $0.matrix.packed != nil }) {
      let rows = space.quantized.rows(from: 0, count: count, columns: xWidth)
      let kernels = kernels
      pool.run(count) { row, _ in
        kernels.quantize(start.base + row * xWidth, to: rows, row: row)
      }
      operand = .quantized(rows)
    } else {
      operand = .floats(start, stride: xWidth, count: count)
    }
    let kernels = kernels
    let unitCount = products.reduce(0) { $0 + Self.tileCount($1.matrix.view.rows) }
    pool.run(unitCount) { unit, _ in
      var tile = unit
      for product in products {
        let rows = product.matrix.view.rows
        guard tile >= Self.tileCount(rows) else {
          kernels.multiply(
            product.matrix, rows: Self.tile(tile, of: rows), operand,
            bias: product.bias?.base, out: product.out.base, outStride: rows)
          return
        }
        tile -= Self.tileCount(rows)
      }
    }
  }
}

/// Rows of activations, as a matrix takes them.
enum Operand: Sendable {
  case floats(Unshared, stride: Int, count: Int)
  case quantized(QuantizedView)
}

/// An address that units share under the rule of ``Buffer``.
struct Unshared: Sendable {
  nonisolated(unsafe) let base: UnsafeMutablePointer<Float>

  init(_ base: UnsafeMutablePointer<Float>) { self.base = base }
}

extension Kernels {
  /// `out[t, row] = matrix[row] · x[t] + bias[row]` for the rows of a tile, which begins with a group
  /// of packed rows. Packed matrices take quantised rows, others floats.
  func multiply(
    _ matrix: PreparedMatrix, rows: Range<Int>, _ x: Operand, bias: Floats?, out: Floats,
    outStride: Int
  ) {
    switch x {
    case .floats(let x, let stride, let count):
      multiply(
        matrix.view, rows: rows, x: x.base, xStride: stride, count: count, bias: bias, out: out,
        outStride: outStride)
    case .quantized(let x):
      guard let packed = matrix.packed else { return }
      let first = rows.lowerBound / PackedMatrix.groupRowCount
      multiply(
        packed, groups: first..<PackedMatrix.groupCount(rows.upperBound), x: x, bias: bias,
        out: out, outStride: outStride)
    }
  }
}

/// Activations of one chunk of tokens.
final class Workspace: Sendable {
  let tokenCountMax: Int
  /// The residual stream, and it normed: (token, hidden).
  let hidden: Buffer<Float>
  let normed: Buffer<Float>
  /// What a block adds to the residual stream: (token, hidden).
  let added: Buffer<Float>
  /// (token, head, component).
  let queries: Buffer<Float>
  let keys: Buffer<Float>
  let values: Buffer<Float>
  let attended: Buffer<Float>
  /// (token, pair).
  let cosines: Buffer<Float>
  let sines: Buffer<Float>
  /// (token, expert).
  let routerLogits: Buffer<Float>
  /// One slot per token and expert chosen for it: inputs and outputs (slot, hidden), between the
  /// matrices (slot, intermediate).
  let slotInputs: Buffer<Float>
  let slotGates: Buffer<Float>
  let slotUps: Buffer<Float>
  let slotOutputs: Buffer<Float>
  /// Any of the above in 15 bits, right before they meet packed weights; slots by their expert.
  let quantized: QuantizedRows

  init(_ configuration: GPTOSSConfiguration, tokenCountMax: Int) throws(InferenceError) {
    func floats(_ width: Int) throws(InferenceError) -> Buffer<Float> {
      try Buffer(shape: tokenCountMax, width, purpose: "activations")
    }
    let hiddenSize = configuration.hiddenSize
    let queryWidth = configuration.headCount * configuration.headSize
    let keyWidth = configuration.kvHeadCount * configuration.headSize
    let slotCount = configuration.expertsPerToken
    self.tokenCountMax = tokenCountMax
    hidden = try floats(hiddenSize)
    normed = try floats(hiddenSize)
    added = try floats(hiddenSize)
    queries = try floats(queryWidth)
    keys = try floats(keyWidth)
    values = try floats(keyWidth)
    attended = try floats(queryWidth)
    cosines = try floats(configuration.headSize / 2)
    sines = try floats(configuration.headSize / 2)
    routerLogits = try floats(configuration.expertCount)
    slotInputs = try floats(slotCount * hiddenSize)
    slotGates = try floats(slotCount * configuration.intermediateSize)
    slotUps = try floats(slotCount * configuration.intermediateSize)
    slotOutputs = try floats(slotCount * hiddenSize)
    quantized = try QuantizedRows(
      rowCount: tokenCountMax * slotCount,
      columns: max(hiddenSize, queryWidth, configuration.intermediateSize))
  }
}
