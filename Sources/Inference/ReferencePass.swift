// ReferencePass.swift — the forward pass as its definition: plain loops over float32, no kernels.
//
// To be read beside the model's description: one token at a time, every sum from the first term to
// the last. Only the matrices know of more than one token and thread, because decoding a row is
// dear.

import Base
import Glibc
import ModelFiles

/// `Precision.f32` along one timeline.
final class ReferencePass: ForwardPass {
  private let model: PreparedModel
  private let configuration: GPTOSSConfiguration
  private let pool: ThreadPool
  /// Per layer, per token: rotated keys and values, (key head, component).
  private var keys: [[[Float]]]
  private var values: [[[Float]]]
  /// The residual stream after the last layer, per token of the last chunk.
  private var stream: [[Float]] = []
  private(set) var tokenCount = 0

  init(model: PreparedModel, pool: ThreadPool) {
    self.model = model
    self.pool = pool
    configuration = model.configuration
    keys = Array(repeating: [], count: model.layers.count)
    values = Array(repeating: [], count: model.layers.count)
  }

  func keep(_ count: Int) -> Bool {
    for index in keys.indices {
      keys[index].removeLast(keys[index].count - count)
      values[index].removeLast(values[index].count - count)
    }
    tokenCount = count
    return true
  }

  func append(
    _ tokens: ArraySlice<TokenID>, isCancelled: () -> Bool
  ) throws(InferenceError) -> Bool {
    stream = tokens.map { model.embedding.weights.row($0.index) }
    for (index, layer) in model.layers.enumerated() {
      guard !isCancelled() else {
        _ = keep(tokenCount)
        return false
      }
      attend(layer, index)
      applyExperts(layer)
    }
    tokenCount += tokens.count
    return true
  }

  func writeLogits(after rows: Range<Int>, to out: Buffer<Float>) {
    let normed = stream[rows].map { normalized($0, gain: model.outputNorm) }
    let logits = product(model.unembedding, normed, bias: nil)
    for (index, row) in logits.enumerated() {
      let start = index * configuration.vocabularySize
      for (column, logit) in row.enumerated() { out.base[start + column] = logit }
    }
  }

  // MARK: - A layer's two halves

  private func attend(_ layer: PreparedLayer, _ index: Int) {
    let normed = stream.map { normalized($0, gain: layer.attentionNorm) }
    let queries = product(layer.query, normed, bias: layer.queryBias)
    keys[index] += product(layer.key, normed, bias: layer.keyBias).enumerated().map {
      rotated($1, position: tokenCount + $0)
    }
    values[index] += product(layer.value, normed, bias: layer.valueBias)
    let attended = queries.enumerated().map { row, query in
      attention(rotated(query, position: tokenCount + row), at: tokenCount + row, layer, index)
    }
    add(product(layer.output, attended, bias: layer.outputBias))
  }

  /// All heads' softmax-weighted values, for the query at `position`.
  private func attention(
    _ query: [Float], at position: Int, _ layer: PreparedLayer, _ index: Int
  ) -> [Float] {
    let size = configuration.headSize
    let headsPerKey = configuration.headCount / configuration.kvHeadCount
    let lowest = layer.window.map { max(0, position - $0 + 1) } ?? 0
    var attended = [Float](repeating: 0, count: query.count)
    for head in 0..<configuration.headCount {
      let start = head * size
      let keyStart = head / headsPerKey * size
      let scores = keys[index][lowest...position].map { key in
        var sum: Float = 0
        for i in 0..<size { sum += query[start + i] * key[keyStart + i] }
        return sum / Float(size).squareRoot()
      }
      let sink = layer.sinks.base[head]
      let highest = scores.reduce(sink) { max($0, $1) }
      let exponentials = scores.map { exp($0 - highest) }
      let total = exponentials.reduce(exp(sink - highest)) { $0 + $1 }
      for (value, exponential) in zip(values[index][lowest...position], exponentials) {
        for i in 0..<size { attended[start + i] += exponential / total * value[keyStart + i] }
      }
    }
    return attended
  }

  private func applyExperts(_ layer: PreparedLayer) {
    let normed = stream.map { normalized($0, gain: layer.mlpNorm) }
    let routings = product(layer.router, normed, bias: layer.routerBias).map { logits in
      logits.withUnsafeBufferPointer {
        Routing(logits: $0, count: configuration.expertsPerToken)
      }
    }
    var outputs = normed.map { _ in
      [[Float]](repeating: [], count: configuration.expertsPerToken)
    }
    for (index, expert) in layer.experts.enumerated() {
      let places = routings.enumerated().compactMap { token, routing in
        routing.experts.firstIndex(of: index).map { (token: token, rank: $0) }
      }
      let results = applied(expert, to: places.map { normed[$0.token] })
      for (place, result) in zip(places, results) { outputs[place.token][place.rank] = result }
    }
    add(
      zip(outputs, routings).map { outputs, routing in
        var sum = [Float](repeating: 0, count: configuration.hiddenSize)
        for (output, weight) in zip(outputs, routing.weights) {
          for i in sum.indices { sum[i] += weight * output[i] }
        }
        return sum
      })
  }

  private func applied(_ expert: PreparedExpert, to inputs: [[Float]]) -> [[Float]] {
    guard !inputs.isEmpty else { return [] }
    let gates = product(expert.gate, inputs, bias: expert.gateBias)
    let ups = product(expert.up, inputs, bias: expert.upBias)
    let (alpha, limit) = (configuration.swigluAlpha, configuration.swigluLimit)
    let activations = zip(gates, ups).map { gates, ups in
      zip(gates, ups).map { gate, up in
        // The gate has no lower bound, and the linear half is shifted by one.
        let g = gate > limit ? limit : gate
        let l = up > limit ? limit : up < -limit ? -limit : up
        return g / (1 + exp(-alpha * g)) * (l + 1)
      }
    }
    return product(expert.down, activations, bias: expert.downBias)
  }

  // MARK: - Parts

  private func add(_ additions: [[Float]]) {
    for (row, addition) in additions.enumerated() {
      for i in addition.indices { stream[row][i] += addition[i] }
    }
  }

  private func normalized(_ x: [Float], gain: Buffer<Float>) -> [Float] {
    var sum: Float = 0
    for value in x { sum += value * value }
    let factor = 1 / (sum / Float(x.count) + configuration.rmsNormEpsilon).squareRoot()
    return x.enumerated().map { index, value in value * factor * gain.base[index] }
  }

  /// Pairs `(i, i + half)` of each head turned by their angle at `position`.
  private func rotated(_ heads: [Float], position: Int) -> [Float] {
    let half = configuration.headSize / 2
    var cosines = [Float](repeating: 0, count: half)
    var sines = cosines
    model.rotary.fill(position: position, cosines: &cosines, sines: &sines)
    var out = heads
    for start in stride(from: 0, to: heads.count, by: 2 * half) {
      for i in 0..<half {
        let (a, b) = (heads[start + i], heads[start + half + i])
        out[start + i] = a * cosines[i] - b * sines[i]
        out[start + half + i] = b * cosines[i] + a * sines[i]
      }
    }
    return out
  }

  /// `matrix · x + bias` for each x. Each row is decoded once, and rows are shared among threads.
  private func product(
    _ matrix: PreparedMatrix, _ inputs: [[Float]], bias: Buffer<Float>?
  ) -> [[Float]] {
    let weights = matrix.weights
    let tileRowCount = 16
    let flat = [Float](unsafeUninitializedCapacity: inputs.count * weights.rows) { out, count in
      // Each unit writes its own rows' elements.
      nonisolated(unsafe) let out = out
      pool.run((weights.rows + tileRowCount - 1) / tileRowCount) { tile, _ in
        for index in tile * tileRowCount..<min(weights.rows, (tile + 1) * tileRowCount) {
          let row = weights.row(index)
          for (place, x) in inputs.enumerated() {
            var sum: Float = 0
            for i in row.indices { sum += row[i] * x[i] }
            out[place * weights.rows + index] = sum + (bias?.base[index] ?? 0)
          }
        }
      }
      count = inputs.count * weights.rows
    }
    return inputs.indices.map { Array(flat[$0 * weights.rows..<($0 + 1) * weights.rows]) }
  }
}
