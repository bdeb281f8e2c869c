// InferenceOptions.swift — how to compute, as opposed to what.

import CKernels

/// Which arithmetic computes the logits.
public enum Precision: String, CaseIterable, Sendable {
  /// The definition: every weight decoded to float32, every sum a plain loop in Swift, a float32 KV
  /// cache. Slow, and what `native` is compared with.
  case f32
  /// Weights in the format they are stored in, float32 activations, in C kernels for this machine.
  case native
  /// What packing loses nothing of is packed (MXFP4 and 8-bit matrices), the unembedding is rounded to
  /// 8 bits, and the rest is computed with as it is stored. Activations have 15 bits where they meet
  /// packed weights.
  case mixed
  /// As fast as memory allows: like `mixed`, and every other matrix but the router and the embedding
  /// is rounded to 8 bits as well.
  case q8

  /// Bytes of weights from which on packing pays; below, `native` is fast enough.
  static let packedByteCountMin = 1 << 30

  /// What to compute with where no one said: `mixed` for a large model.
  static func standard(weightByteCount: Int) -> Precision {
    weightByteCount >= packedByteCountMin ? .mixed : .native
  }
}

/// How keys and values are held; `Precision.f32` always holds them exactly.
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

/// Machine instructions that kernels are written for, the narrowest first.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// Plain C.
  case scalar
  /// AVX2, FMA and F16C.
  case avx2
  /// Packed products with AVX-512 VNNI, the rest as `avx2`.
  case avx512

  /// Whether this machine has them.
  public var isAvailable: Bool { kernelLevel.rawValue <= ck_level_best().rawValue }

  var kernelLevel: ck_level {
    switch self {
    case .scalar: CK_SCALAR
    case .avx2: CK_AVX2
    case .avx512: CK_AVX512
    }
  }
}

/// How an engine computes. None of it but `precision` and `kvFormat` shows in a single bit of any
/// logit.
public struct InferenceOptions: Equatable, Sendable {
  /// Nil for `mixed` where the weights are 1 GiB or more, and `native` below.
  public var precision: Precision?
  /// Where packed weights are kept from one start to the next; nil to pack into memory at each start.
  public var packedStore: PackedStore?
  /// Threads that compute, the caller's included; nil for one per physical core that the process
  /// may use.
  public var threadCount: Int?
  /// Where keys and values of prompts' beginnings are kept from one start to the next; nil for nowhere.
  public var prefixStore: PrefixStore?
  /// Tokens of a prompt that are computed together, so that each weight is read once for all of
  /// them.
  public var chunkTokenCount: Int
  /// Tokens that a session can take back without computing the prefix again. Costs memory in the
  /// sliding layers: 49 MB per 1,000 tokens on gpt-oss-20b in float32.
  public var rollbackTokenCount: Int
  /// Tokens that are guessed at most from what was said before, and computed together with the next
  /// one; 0 for none. It pays where a model repeats what it read, and costs where it does not.
  public var draftTokenCount: Int
  /// How keys and values are held.
  public var kvFormat: KVFormat
  /// What to compute with; nil for the widest that the machine has.
  public var instructions: InstructionSet?

  public init(
    precision: Precision? = nil, threadCount: Int? = nil, chunkTokenCount: Int = 128,
    rollbackTokenCount: Int = 2048, kvFormat: KVFormat = .f32, packedStore: PackedStore? = nil,
    prefixStore: PrefixStore? = nil, draftTokenCount: Int = 0, instructions: InstructionSet? = nil
  ) {
    self.precision = precision
    self.packedStore = packedStore
    self.prefixStore = prefixStore
    self.draftTokenCount = draftTokenCount
    self.threadCount = threadCount
    self.chunkTokenCount = chunkTokenCount
    self.rollbackTokenCount = rollbackTokenCount
    self.kvFormat = kvFormat
    self.instructions = instructions
  }

  func check() throws(InferenceError) {
    let settings = [
      ("threadCount", threadCount ?? 1, 1...1024),
      ("chunkTokenCount", chunkTokenCount, 1...4096),
      ("rollbackTokenCount", rollbackTokenCount, 0...1 << 20),
      ("draftTokenCount", draftTokenCount, 0...64),
    ]
    if let instructions, !instructions.isAvailable {
      let available = InstructionSet.allCases.filter(\.isAvailable).map(\.rawValue)
      throw .settingOutOfRange(
        name: "instructions", value: instructions.rawValue,
        range: "one that this machine has: \(available.joined(separator: ", "))")
    }
    for (name, value, range) in settings where !range.contains(value) {
      throw .settingOutOfRange(
        name: name, value: String(value),
        range: "between \(range.lowerBound) and \(range.upperBound)")
    }
  }
}
