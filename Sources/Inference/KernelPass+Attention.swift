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

  /// Scratch for one query group's scores, per thread, over `positionCount` positions.
  func reserveScores(positionCount: Int) throws(InferenceError) {
    let configuration = model.configuration
    let group = configuration.headCount / configuration.kvHeadCount
    guard scoreStride < positionCount else { return }
    // By half as much again, so that decoding does not allocate at every token.
    let stride = positionCount + positionCount / 2 + 64
    scores = try Buffer(shape: pool.threadCount, group, stride, purpose: "attention scores")
    scoreStride = stride
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
  /// A unit is one token and one key head with the query heads that share it.
  private func mix(_ cache: KVLayer, _ layer: PreparedLayer, count: Int) {
    let (space, kernels, scores, stride) = (space, kernels, scores, scoreStride)
    let (configuration, start) = (model.configuration, tokenCount)
    let (size, kvHeads) = (configuration.headSize, configuration.kvHeadCount)
    let group = configuration.headCount / kvHeads
    let scale = Float(1 / Double(size).squareRoot())
    pool.run(count * kvHeads) { unit, thread in
      let (row, head) = (unit / kvHeads, unit % kvHeads)
      let position = start + row
      let lowest = layer.window.map { max(0, position - $0 + 1) } ?? 0
      let segments = cache.segments(lowest..<position + 1)
      let offset = (row * kvHeads + head) * group * size
      let scores = scores.base + thread * group * stride
      var done = 0
      for segment in segments {
        let keys = MatrixView(
          cached: cache.key(segment, head: head), format: cache.format, rows: segment.count,
          columns: size)
        kernels.multiply(
          keys, rows: 0..<segment.count, x: space.queries.base + offset, xStride: size,
          count: group, out: scores + done, outStride: stride)
        done += segment.count
      }
      for query in 0..<group {
        kernels.softmax(
          scores + query * stride, count: done, scale: scale,
          sink: layer.sinks.base[head * group + query])
      }
      let attended = space.attended.base + offset
      attended.update(repeating: 0, count: group * size)
      done = 0
      for segment in segments {
        kernels.accumulate(
          cache.value(segment, head: head), format: cache.format, count: segment.count,
          width: size, weights: scores + done, weightStride: stride, groups: group, out: attended)
        done += segment.count
      }
    }
  }
}
