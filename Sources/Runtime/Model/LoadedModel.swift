// LoadedModel.swift — from a path that a user typed to a model that computes.

public import Inference
public import ModelFiles
import Tokenizer

/// A checkpoint and the engine that runs it.
public struct LoadedModel: Sendable {
  public let checkpoint: GPTOSSCheckpoint
  public let engine: InferenceEngine

  /// Opens the model at `path`: a folder or a GGUF file. Maps the weights and reads only their tables,
  /// but where they have to be packed first, which `onPacking` is told of.
  public init(
    path: String, options: InferenceOptions = InferenceOptions(),
    onPacking: @Sendable (PackingProgress) -> Void = { _ in }
  ) throws {
    checkpoint = try GPTOSSCheckpoint(path: path)
    engine = try InferenceEngine(
      configuration: checkpoint.configuration, weights: checkpoint.weights, options: options,
      onPacking: onPacking)
  }
}
