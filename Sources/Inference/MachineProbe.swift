// MachineProbe.swift — the machine's limits, measured in the run that is compared with them.

import CKernels
import ModelFiles

/// What this machine's memory and arithmetic can do, with the threads of one engine.
public struct MachineLimits: Equatable, Sendable {
  /// Bytes a second that all threads together read from memory.
  public var readBytesPerSecond: Double
  /// Products of bytes a second that all threads together make and add up, in registers.
  public var productsPerSecond: Double
}

extension InferenceEngine {
  /// Measures for some three seconds: the best of several passes.
  ///
  /// - Throws: `outOfMemory`.
  public func probeMachine() throws(InferenceError) -> MachineLimits {
    let byteCount = 1 << 30
    let memory = try Buffer<UInt8>(shape: byteCount, purpose: "a probe of memory")
    let unit = 1 << 20
    pool.run(byteCount / unit) { index, _ in
      (memory.base + index * unit).update(repeating: UInt8(truncatingIfNeeded: index), count: unit)
    }
    let sinks = try Buffer<UInt64>(shape: pool.threadCount, purpose: "a probe of memory")
    let level = kernels.level
    let reading = best { [pool] in
      pool.run(byteCount / unit) { index, thread in
        sinks.base[thread] = ck_probe_read(level, memory.base + index * unit, unit)
      }
    }
    let numbers = try Buffer<Int32>(shape: pool.threadCount, purpose: "a probe of arithmetic")
    numbers.all.update(repeating: 5)
    let rounds = 100_000
    let unitCount = 200
    let products = UInt64(unitCount) * ck_probe_multiply(level, 1, numbers.base) * UInt64(rounds)
    let multiplying = best { [pool] in
      pool.run(unitCount) { _, thread in
        _ = ck_probe_multiply(level, rounds, numbers.base + thread)
      }
    }
    return MachineLimits(
      readBytesPerSecond: Double(byteCount) / reading,
      productsPerSecond: Double(products) / multiplying)
  }

  /// The shortest of some passes, in seconds.
  private func best(_ body: () -> Void) -> Double {
    let clock = ContinuousClock()
    var best = Double.infinity
    for _ in 0..<8 { best = min(best, clock.measure(body) / .seconds(1)) }
    return best
  }

  /// Bytes of weights that one token's computation reads: attention, the chosen experts, the
  /// unembedding.
  public var decodeByteCount: Int {
    let chosen = configuration.expertsPerToken
    return model.layers.reduce(model.unembedding.byteCount) { sum, layer in
      let attention = [layer.query, layer.key, layer.value, layer.output]
      let expert = layer.experts.first.map {
        $0.gate.byteCount + $0.up.byteCount + $0.down.byteCount
      }
      return sum + attention.reduce(layer.router.byteCount) { $0 + $1.byteCount }
        + chosen * (expert ?? 0)
    }
  }

  /// Products of a weight and an activation for one token of a prompt, the last one's unembedding
  /// not counted.
  public var prefillProductCount: Int {
    let model = configuration
    let heads = model.headCount * model.headSize
    let keys = 2 * model.kvHeadCount * model.headSize
    let attention = model.hiddenSize * (2 * heads + keys)
    let experts = 3 * model.expertsPerToken * model.intermediateSize * model.hiddenSize
    return model.layerCount * (attention + experts + model.hiddenSize * model.expertCount)
  }
}

extension PreparedMatrix {
  /// Bytes that a product with it reads.
  fileprivate var byteCount: Int {
    packed?.byteCount ?? weights.rows * (weights.columns / weights.format.blockElementCount)
      * weights.format.blockBytes
      + (weights.scales == nil ? 0 : weights.rows * weights.columns / 32)
  }
}
