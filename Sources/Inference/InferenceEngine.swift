// InferenceEngine.swift — a loaded model and the threads to compute with.

import CKernels
import Digests
public import ModelFiles

/// A gpt-oss model ready to run. Immutable: any number of sessions may share it, from any thread;
/// their steps then take turns.
public final class InferenceEngine: Sendable {
  public let configuration: GPTOSSConfiguration
  public let options: InferenceOptions
  /// Threads that compute, the caller's included.
  public var threadCount: Int { pool.threadCount }

  /// The arithmetic that the options asked for, or that fits the model.
  public let precision: Precision
  /// Bytes of the model's files.
  public let weightByteCount: Int
  /// Why packed weights could not be kept for the next start; nil where they are, or need not be.
  public let packingProblem: String?

  /// Which weights these are.
  let fingerprint: Digest
  let model: PreparedModel
  let pool: ThreadPool
  /// The instructions that the options asked for, or the widest.
  let kernels: Kernels
  /// The mapped files that `model` points into.
  private let weights: GPTOSSWeights
  /// The memory that the model's packed matrices lie in.
  private let packed: PackedWeights?

  /// Reads norms, biases and sinks. Matrices stay in their files until they are used, except that
  /// `Precision.mixed` and `.q8` pack them, unless `options.packedStore` has them already; `onPacking` is told of
  /// that now and then, since it may take minutes.
  ///
  /// - Throws: `unsupportedModel` where weights and configuration do not fit each other,
  ///   `settingOutOfRange` for options that make no sense, `outOfMemory`.
  public init(
    configuration: GPTOSSConfiguration, weights: GPTOSSWeights,
    options: InferenceOptions = InferenceOptions(),
    onPacking: @Sendable (PackingProgress) -> Void = { _ in }
  ) throws(InferenceError) {
    try options.check()
    self.configuration = configuration
    self.options = options
    self.weights = weights
    let files = weights.files
    weightByteCount = files.reduce(0) { $0 + $1.count }
    precision = options.precision ?? .standard(weightByteCount: weightByteCount)
    pool = ThreadPool(threadCount: options.threadCount ?? ProcessorCount.physical())
    kernels = Kernels(level: options.instructions?.kernelLevel ?? ck_level_best())
    fingerprint = weights.fingerprint
    var model = try PreparedModel(configuration, weights)
    var packed: PackedWeights?
    var problem: String?
    if precision == .mixed || precision == .q8 {
      let plan = try PackingPlan(model, precision)
      if let store = options.packedStore {
        packed = try store.weights(
          plan, fingerprint: plan.key(fingerprint), modelPath: files.first?.path ?? "", pool: pool,
          progress: onPacking, problem: &problem)
      }
      if packed == nil { packed = try PackedWeights(plan, pool: pool, progress: onPacking) }
      model.adopt(packed?.matrices ?? [], precision)
    }
    self.model = model
    self.packed = packed
    packingProblem = problem
  }

  /// A new forward pass that holds nothing.
  func makePass(contextLimit: Int) throws(InferenceError) -> any ForwardPass {
    switch precision {
    case .f32: ReferencePass(model: model, pool: pool)
    case .native, .mixed, .q8:
      try KernelPass(
        model: model, pool: pool, kernels: kernels, chunkTokenCount: options.chunkTokenCount,
        rollbackTokenCount: options.rollbackTokenCount, kvFormat: options.kvFormat,
        contextLimit: contextLimit)
    }
  }
}
