// ModelFacts.swift — what there is to say about a model without computing with it.

/// A model on disk in numbers, for people.
public struct ModelFacts: Equatable, Sendable {
  /// Tensors of one element type.
  public struct TypeFacts: Equatable, Sendable {
    /// As the container names it; MXFP4 in two tensors counts as one type.
    public var name: String
    public var tensorCount: Int
    public var byteCount: Int

    public init(name: String, tensorCount: Int, byteCount: Int) {
      self.name = name
      self.tensorCount = tensorCount
      self.byteCount = byteCount
    }
  }

  public struct FileFacts: Equatable, Sendable {
    public var path: String
    public var byteCount: Int

    public init(path: String, byteCount: Int) {
      self.path = path
      self.byteCount = byteCount
    }
  }

  /// "safetensors" or "GGUF version 3".
  public var container: String
  public var layout: GPTOSSCheckpoint.Layout
  public var files: [FileFacts]
  public var tensorCount: Int
  /// Names of tensors in the files that a gpt-oss model has no use for, sorted.
  public var unusedTensors: [String]
  /// The type with the most bytes first.
  public var types: [TypeFacts]
  /// Numbers in the model's matrices and vectors.
  public var parameterCount: Int
  /// Those that one token needs: its row of the embedding, its experts, all else once.
  public var activeParameterCount: Int
  public var configuration: GPTOSSConfiguration

  public init(
    container: String, layout: GPTOSSCheckpoint.Layout, files: [FileFacts], tensorCount: Int,
    unusedTensors: [String], types: [TypeFacts], parameterCount: Int, activeParameterCount: Int,
    configuration: GPTOSSConfiguration
  ) {
    self.container = container
    self.layout = layout
    self.files = files
    self.tensorCount = tensorCount
    self.unusedTensors = unusedTensors
    self.types = types
    self.parameterCount = parameterCount
    self.activeParameterCount = activeParameterCount
    self.configuration = configuration
  }
}

extension GPTOSSCheckpoint {
  /// What there is to say about the model. Reads no weights.
  public var facts: ModelFacts {
    let bound = Set(boundTensors.map(\.name))
    var types: [String: ModelFacts.TypeFacts] = [:]
    for tensor in tensors.tensors.values {
      let isSplit = tensor.type.name == "U8" && bound.contains(tensor.name)
      let name = isSplit ? WeightFormat.mxfp4Split.rawValue : tensor.type.name
      types[name, default: ModelFacts.TypeFacts(name: name, tensorCount: 0, byteCount: 0)]
        .add(tensor.bytes.count)
    }
    let isTied = weights.unembedding.name == weights.embedding.name
    return ModelFacts(
      container: ggufVersion.map { "GGUF version \($0)" } ?? "safetensors",
      layout: layout,
      files: tensors.files.map { ModelFacts.FileFacts(path: $0.path, byteCount: $0.count) },
      tensorCount: tensors.tensors.count,
      unusedTensors: tensors.tensors.keys.filter { !bound.contains($0) }.sorted(),
      types: types.values.sorted { ($1.byteCount, $0.name) < ($0.byteCount, $1.name) },
      parameterCount: configuration.parameterCount
        - (isTied ? configuration.vocabularySize * configuration.hiddenSize : 0),
      activeParameterCount: configuration.activeParameterCount,
      configuration: configuration)
  }
}

extension ModelFacts.TypeFacts {
  fileprivate mutating func add(_ bytes: Int) {
    tensorCount += 1
    byteCount += bytes
  }
}

extension GPTOSSConfiguration {
  /// Numbers in all matrices and vectors of a model with an unembedding of its own.
  public var parameterCount: Int {
    parameterCount(expertCount: expertCount, embeddingRows: vocabularySize)
  }

  /// Those that one token needs: its row of the embedding, its experts, all else once.
  public var activeParameterCount: Int {
    parameterCount(expertCount: expertsPerToken, embeddingRows: 1)
  }

  /// With so many experts in a layer and so many rows of the embedding. Cannot overflow within
  /// `ConfigurationBounds`.
  private func parameterCount(expertCount experts: Int, embeddingRows: Int) -> Int {
    let queryRows = headCount * headSize
    let keyRows = kvHeadCount * headSize
    let attention =
      (queryRows + 2 * keyRows) * (hiddenSize + 1) + hiddenSize * (queryRows + 1) + headCount
    let router = self.expertCount * (hiddenSize + 1)
    let expert = 2 * intermediateSize * (hiddenSize + 1) + hiddenSize * (intermediateSize + 1)
    let layer = 2 * hiddenSize + attention + router + experts * expert
    return layerCount * layer + hiddenSize * (embeddingRows + vocabularySize + 1)
  }
}
