// KernelPass+Attention.swift — attention with sinks over the KV cache.

import ModelFiles

extension KernelPass {
  /// One layer's attention for the chunk in the workspace, added to the residual stream.
  func attend(layer index: Int, count: Int) {
    let layer = model.layers[index]
    let hidden = model.configuration.hiddenSize
    normalize(0..<count, gain: layer.attentionNorm)
    let projections = [
      Product(matrix: layer.query, bias: layer.queryBias, out: space.queries),
      Product(matrix: layer.key, bias: layer.keyBias, out: space.keys),
      Product(matrix: layer.value, bias: layer.valueBias, out: space.values),
    ]
    multiply(projections, x: space.normed, xWidth: hidden, count: count)
    store(cache.layers[index], count: count)
    mix(cache.layers[index], layer, count: count)
    let output = [Product(matrix: layer.output, bias: layer.outputBias, out: space.added)]
    let width = model.configuration.headCount * model.configuration.headSize
    multiply(output, x: space.attended, xWidth: width, count: count)
    let (space, kernels) = (space, kernels)
    pool.run(count) { row, _ in
      kernels.add(
        space.added.base + row * hidden, count: hidden, to: space.hidden.base + row * hidden)
    }
  }

  /// Tokens of a chunk that pass over the keys together, so that those are read once for all of them.
  static let queryTileCount = 8

  /// Scratch for a tile's scores, per thread, over `positionCount` positions; and for its queries, and
  /// what they attend to.
  func reserveScores(positionCount: Int, count: Int) throws(InferenceError) {
    let configuration = model.configuration
    let group = configuration.headCount / configuration.kvHeadCount
    let rows = min(count, Self.queryTileCount) * group
    guard scoreStride < positionCount || scoreRowCount < rows else { return }
    // By half as much again, so that decoding does not allocate at every token.
    let stride = max(scoreStride, positionCount + positionCount / 2 + 64)
    let rowCount = max(scoreRowCount, rows)
    scores = try Buffer(shape: pool.threadCount, rowCount, stride, purpose: "attention scores")
    tileRows = try Buffer(
      shape: pool.threadCount, 2, rowCount, configuration.headSize, purpose: "attention")
    scoreStride = stride
    scoreRowCount = rowCount
  }

  /// Rotates queries and keys, and puts keys and values into the cache.
  private func store(_ layer: KVLayer, count: Int) {
    let (space, kernels, start) = (space, kernels, tokenCount)
    let configuration = model.configuration
    let (size, half) = (configuration.headSize, configuration.headSize / 2)
    let (heads, kvHeads) = (configuration.headCount, configuration.kvHeadCount)
    pool.run(count) { row, _ in
      let queries = space.queries.base + row * heads * size
      let keys = space.keys.base + row * kvHeads * size
      let values = space.values.base + row * kvHeads * size
      let cosines = space.cosines.base + row * half
      let sines = space.sines.base + row * half
      kernels.rotate(queries, heads: heads, half: half, cosines: cosines, sines: sines)
      kernels.rotate(keys, heads: kvHeads, half: half, cosines: cosines, sines: sines)
      for segment in layer.segments(start + row..<start + row + 1) {
        for head in 0..<kvHeads {
          kernels.store(
            keys + head * size, count: size, format: layer.format,
            out: layer.key(segment, head: head))
          kernels.store(
            values + head * size, count: size, format: layer.format,
            out: layer.value(segment, head: head))
        }
      }
    }
  }

  /// Softmax-weighted values for each token and head, into `space.attended`.
  ///
  /// A unit is a tile of tokens and one key head with the query heads that share it. A row's scores
  /// outside of its own window count as zero afterwards, which adds nothing, in any bit.
  private func mix(_ cache: KVLayer, _ layer: PreparedLayer, count: Int) {
    let configuration = model.configuration
    let (size, kvHeads) = (configuration.headSize, configuration.kvHeadCount)
    let (space, kernels, stride, start) = (space, kernels, scoreStride, tokenCount)
    let (scores, tileRows, rowCountMax) = (scores, tileRows, scoreRowCount)
    let group = configuration.headCount / kvHeads
    let scale = Float(1 / Double(size).squareRoot())
    let tileCount = (count + Self.queryTileCount - 1) / Self.queryTileCount
    pool.run(tileCount * kvHeads) { unit, thread in
      let (tile, head) = (unit / kvHeads, unit % kvHeads)
      let tokens = tile * Self.queryTileCount..<min(count, (tile + 1) * Self.queryTileCount)
      func lowest(_ token: Int) -> Int { layer.window.map { max(0, start + token - $0 + 1) } ?? 0 }
      let positions = lowest(tokens.lowerBound)..<start + tokens.upperBound
      let segments = cache.segments(positions)
      let rowCount = tokens.count * group
      let scores = scores.base + thread * rowCountMax * stride
      let queries = tileRows.base + thread * 2 * rowCountMax * size
      let attended = queries + rowCountMax * size
      func offset(_ token: Int) -> Int { (token * kvHeads + head) * group * size }
      for token in tokens {
        (queries + (token - tokens.lowerBound) * group * size).update(
          from: space.queries.base + offset(token), count: group * size)
      }
      var done = 0
      for segment in segments {
        let keys = MatrixView(
          cached: cache.key(segment, head: head), format: cache.format, rows: segment.count,
          columns: size)
        kernels.multiply(
          keys, rows: 0..<segment.count, x: queries, xStride: size, count: rowCount,
          out: scores + done, outStride: stride)
        done += segment.count
      }
      for row in 0..<rowCount {
        let token = tokens.lowerBound + row / group
        let scores = scores + row * stride
        let seen = lowest(token) - positions.lowerBound..<start + token + 1 - positions.lowerBound
        scores.update(repeating: 0, count: seen.lowerBound)
        kernels.softmax(
          scores + seen.lowerBound, count: seen.count, scale: scale,
          sink: layer.sinks.base[head * group + row % group])
        (scores + seen.upperBound).update(repeating: 0, count: positions.count - seen.upperBound)
      }
      attended.update(repeating: 0, count: rowCount * size)
      done = 0
      for segment in segments {
        kernels.accumulate(
          cache.value(segment, head: head), format: cache.format, count: segment.count,
          width: size, weights: scores + done, weightStride: stride, groups: rowCount,
          out: attended)
        done += segment.count
      }
      for token in tokens {
        (space.attended.base + offset(token)).update(
          from: attended + (token - tokens.lowerBound) * group * size, count: group * size)
      }
    }
  }
}
