// PreparedModel.swift — weights checked against the configuration and ready to compute with.
//
// Matrices stay where they are mapped; vectors are small and become float32. Whatever a file got
// wrong is an error here, so that nothing after this point needs to look at a shape again.

import ModelFiles

/// One matrix by all its readers.
struct PreparedMatrix: Sendable {
  /// As the kernels read it where it is stored.
  let view: MatrixView
  /// As the reference path decodes it.
  let weights: WeightMatrix
  /// In packed form, where that is how it is computed with.
  var packed: PackedMatrix?
}

struct PreparedExpert: Sendable {
  var gate: PreparedMatrix
  var up: PreparedMatrix
  var down: PreparedMatrix
  let gateBias: Buffer<Float>
  let upBias: Buffer<Float>
  let downBias: Buffer<Float>
}

struct PreparedLayer: Sendable {
  /// Keys that a query sees, its own included; nil where it sees all.
  let window: Int?
  let attentionNorm: Buffer<Float>
  var query: PreparedMatrix
  var key: PreparedMatrix
  var value: PreparedMatrix
  var output: PreparedMatrix
  let queryBias: Buffer<Float>
  let keyBias: Buffer<Float>
  let valueBias: Buffer<Float>
  let outputBias: Buffer<Float>
  let sinks: Buffer<Float>
  let mlpNorm: Buffer<Float>
  let router: PreparedMatrix
  let routerBias: Buffer<Float>
  var experts: [PreparedExpert]

  /// Whether the experts' matrices are packed: all of a layer's, or none.
  var hasPackedExperts: Bool { experts.first?.gate.packed != nil }
}

struct PreparedModel: Sendable {
  let configuration: GPTOSSConfiguration
  let embedding: PreparedMatrix
  var layers: [PreparedLayer]
  let outputNorm: Buffer<Float>
  var unembedding: PreparedMatrix
  let rotary: RotaryTable

  init(
    _ configuration: GPTOSSConfiguration, _ weights: GPTOSSWeights
  ) throws(InferenceError) {
    try Self.check(configuration, layerCount: weights.layers.count)
    let vocabulary = configuration.vocabularySize
    let hidden = configuration.hiddenSize
    self.configuration = configuration
    embedding = try Self.matrix(weights.embedding, vocabulary, hidden)
    unembedding = try Self.matrix(weights.unembedding, vocabulary, hidden)
    outputNorm = try Self.vector(weights.outputNorm, hidden)
    var layers: [PreparedLayer] = []
    for (index, layer) in weights.layers.enumerated() {
      let isSliding = configuration.layerIsSliding[index]
      layers.append(
        try Self.layer(layer, configuration, window: isSliding ? configuration.slidingWindow : nil))
    }
    self.layers = layers
    rotary = RotaryTable(configuration)
  }

  /// What the arithmetic relies on and no single tensor's shape shows.
  private static func check(
    _ configuration: GPTOSSConfiguration, layerCount: Int
  ) throws(InferenceError) {
    let counts = [
      ("layers", configuration.layerCount), ("hidden size", configuration.hiddenSize),
      ("intermediate size", configuration.intermediateSize),
      ("attention heads", configuration.headCount),
      ("key and value heads", configuration.kvHeadCount), ("head size", configuration.headSize),
      ("experts", configuration.expertCount),
      ("experts per token", configuration.expertsPerToken),
      ("vocabulary", configuration.vocabularySize),
      ("sliding window", configuration.slidingWindow),
      ("context length", configuration.contextLengthMax),
    ]
    for (name, count) in counts where count < 1 || count > Int32.max {
      throw .unsupportedModel(reason: "its configuration says \(name) \(count)")
    }
    let headCounts = (configuration.headCount, configuration.kvHeadCount)
    try expect(
      headCounts.0 % headCounts.1 == 0,
      "\(headCounts.0) attention heads cannot share \(headCounts.1) key heads evenly")
    try expect(
      configuration.headSize % 2 == 0, "its head size \(configuration.headSize) is odd")
    try expect(
      configuration.expertsPerToken <= configuration.expertCount,
      "it wants \(configuration.expertsPerToken) of \(configuration.expertCount) experts")
    try expect(
      configuration.layerCount == layerCount && configuration.layerIsSliding.count == layerCount,
      """
      its configuration says \(configuration.layerCount) layers, with \
      \(configuration.layerIsSliding.count) attention types, and its files have \(layerCount)
      """)
    try expect(
      configuration.ropeTheta.isFinite && configuration.ropeTheta > 1,
      "its rope theta is \(configuration.ropeTheta)")
    guard let yarn = configuration.yarn else { return }
    let numbers = [
      yarn.factor, yarn.betaFast, yarn.betaSlow, Double(yarn.originalContextLength),
    ]
    try expect(
      numbers.allSatisfy { $0 > 0 && $0.isFinite },
      "its rope scaling has a number that is not positive")
  }

  private static func expect(_ holds: Bool, _ reason: String) throws(InferenceError) {
    guard holds else { throw .unsupportedModel(reason: reason) }
  }

  private static func layer(
    _ layer: LayerWeights, _ configuration: GPTOSSConfiguration, window: Int?
  ) throws(InferenceError) -> PreparedLayer {
    let hidden = configuration.hiddenSize
    let queries = configuration.headCount * configuration.headSize
    let keys = configuration.kvHeadCount * configuration.headSize
    guard layer.experts.count == configuration.expertCount else {
      throw .unsupportedModel(
        reason: """
          a layer has \(layer.experts.count) experts where the configuration says \
          \(configuration.expertCount)
          """)
    }
    var experts: [PreparedExpert] = []
    for expert in layer.experts { experts.append(try Self.expert(expert, configuration)) }
    return PreparedLayer(
      window: window,
      attentionNorm: try vector(layer.attentionNorm, hidden),
      query: try matrix(layer.query, queries, hidden),
      key: try matrix(layer.key, keys, hidden),
      value: try matrix(layer.value, keys, hidden),
      output: try matrix(layer.attentionOutput, hidden, queries),
      queryBias: try vector(layer.queryBias, queries),
      keyBias: try vector(layer.keyBias, keys),
      valueBias: try vector(layer.valueBias, keys),
      outputBias: try vector(layer.attentionOutputBias, hidden),
      sinks: try vector(layer.sinks, configuration.headCount),
      mlpNorm: try vector(layer.mlpNorm, hidden),
      router: try matrix(layer.router, configuration.expertCount, hidden),
      routerBias: try vector(layer.routerBias, configuration.expertCount),
      experts: experts)
  }

  private static func expert(
    _ expert: ExpertWeights, _ configuration: GPTOSSConfiguration
  ) throws(InferenceError) -> PreparedExpert {
    let hidden = configuration.hiddenSize
    let width = configuration.intermediateSize
    return PreparedExpert(
      gate: try matrix(expert.gate, width, hidden),
      up: try matrix(expert.up, width, hidden),
      down: try matrix(expert.down, hidden, width),
      gateBias: try vector(expert.gateBias, width),
      upBias: try vector(expert.upBias, width),
      downBias: try vector(expert.downBias, hidden))
  }

  private static func matrix(
    _ weights: WeightMatrix, _ rows: Int, _ columns: Int
  ) throws(InferenceError) -> PreparedMatrix {
    guard weights.rows == rows, weights.columns == columns else {
      throw .unsupportedModel(
        reason: """
          the tensor "\(weights.name)" is \(weights.rows) by \(weights.columns) where the \
          configuration says \(rows) by \(columns)
          """)
    }
    return PreparedMatrix(view: try MatrixView(weights), weights: weights)
  }

  private static func vector(
    _ weights: WeightVector, _ count: Int
  ) throws(InferenceError) -> Buffer<Float> {
    guard weights.count == count else {
      throw .unsupportedModel(
        reason: """
          the tensor "\(weights.name)" has \(weights.count) entries where the configuration says \
          \(count)
          """)
    }
    let buffer = try Buffer<Float>(shape: count, purpose: "the tensor \"\(weights.name)\"")
    _ = buffer.all.update(fromContentsOf: weights.floats())
    return buffer
  }
}
