// LoadedModel.swift — from a path that a user typed to a model that computes.

public import Inference
public import ModelFiles
import Tokenizer

/// A checkpoint and the engine that runs it.
public struct LoadedModel: Sendable {
  public let checkpoint: GPTOSSCheckpoint
  public let engine: InferenceEngine

  /// Opens the model at `path`: a folder or a GGUF file. Maps the weights; reads only their tables.
  public init(path: String, options: InferenceOptions = InferenceOptions()) throws {
    checkpoint = try GPTOSSCheckpoint(path: path)
    engine = try InferenceEngine(
      configuration: checkpoint.configuration, weights: checkpoint.weights, options: options)
  }
}
