// InferenceOptions.swift — how to compute, as opposed to what.

/// Which arithmetic computes the logits.
public enum Precision: String, CaseIterable, Sendable {
  /// The definition: every weight decoded to float32, every sum a plain loop in Swift, a float32 KV
  /// cache. Slow, and what `native` is compared with.
  case f32
  /// Weights in the format they are stored in, float32 activations, in C kernels for this machine.
  /// The default.
  case native
}

/// How `Precision.native` holds keys and values.
public enum KVFormat: String, CaseIterable, Sendable {
  /// Exact. The default: rounding would now and then tip a token to another expert.
  case f32
  /// Half the memory; logits move by about a thousandth, more where a router was near a tie.
  case f16

  var byteCount: Int {
    switch self {
    case .f32: 4
    case .f16: 2
    }
  }
}

/// How an engine computes. None of it but `precision` and `kvFormat` shows in a single bit of any
/// logit.
public struct InferenceOptions: Equatable, Sendable {
  public var precision: Precision
  /// Threads that compute, the caller's included; nil for one per physical core that the process
  /// may use.
  public var threadCount: Int?
  /// Tokens of a prompt that are computed together, so that each weight is read once for all of
  /// them.
  public var chunkTokenCount: Int
  /// Tokens that a session can take back without computing the prefix again. Costs memory in the
  /// sliding layers: 49 MB per 1,000 tokens on gpt-oss-20b in float32.
  public var rollbackTokenCount: Int
  /// How `Precision.native` holds keys and values.
  public var kvFormat: KVFormat

  public init(
    precision: Precision = .native, threadCount: Int? = nil, chunkTokenCount: Int = 128,
    rollbackTokenCount: Int = 2048, kvFormat: KVFormat = .f32
  ) {
    self.precision = precision
    self.threadCount = threadCount
    self.chunkTokenCount = chunkTokenCount
    self.rollbackTokenCount = rollbackTokenCount
    self.kvFormat = kvFormat
  }

  func check() throws(InferenceError) {
    let settings = [
      ("threadCount", threadCount ?? 1, 1...1024),
      ("chunkTokenCount", chunkTokenCount, 1...4096),
      ("rollbackTokenCount", rollbackTokenCount, 0...1 << 20),
    ]
    for (name, value, range) in settings where !range.contains(value) {
      throw .settingOutOfRange(
        name: name, value: String(value),
        range: "between \(range.lowerBound) and \(range.upperBound)")
    }
  }
}
