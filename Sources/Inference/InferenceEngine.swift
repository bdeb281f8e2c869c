// InferenceEngine.swift — a loaded model and the threads to compute with.

public import ModelFiles

/// A gpt-oss model ready to run. Immutable: any number of sessions may share it, from any thread;
/// their steps then take turns.
public final class InferenceEngine: Sendable {
  public let configuration: GPTOSSConfiguration
  public let options: InferenceOptions
  /// Threads that compute, the caller's included.
  public var threadCount: Int { pool.threadCount }

  let model: PreparedModel
  let pool: ThreadPool
  /// The mapped files that `model` points into.
  private let weights: GPTOSSWeights

  /// Reads norms, biases and sinks; matrices stay in their files until they are used.
  ///
  /// - Throws: `unsupportedModel` where weights and configuration do not fit each other,
  ///   `settingOutOfRange` for options that make no sense.
  public init(
    configuration: GPTOSSConfiguration, weights: GPTOSSWeights,
    options: InferenceOptions = InferenceOptions()
  ) throws(InferenceError) {
    try options.check()
    self.configuration = configuration
    self.options = options
    self.weights = weights
    model = try PreparedModel(configuration, weights)
    pool = ThreadPool(threadCount: options.threadCount ?? ProcessorCount.physical())
  }

  /// A new forward pass that holds nothing.
  func makePass(contextLimit: Int) throws(InferenceError) -> any ForwardPass {
    switch options.precision {
    case .f32: ReferencePass(model: model, pool: pool)
    case .native:
      try KernelPass(
        model: model, pool: pool, kernels: .best, chunkTokenCount: options.chunkTokenCount,
        rollbackTokenCount: options.rollbackTokenCount, kvFormat: options.kvFormat,
        contextLimit: contextLimit)
    }
  }
}
