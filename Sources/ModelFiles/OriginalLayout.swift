// OriginalLayout.swift — the names and shapes of OpenAI's own gpt-oss folder, `original/`.
//
// Source: openai/gpt-oss `torch/weights.py` and `torch/model.py`. The same numbers as Hugging
// Face's, under other names; query, key and value are one matrix, one below the other; the router
// is called "gate".

extension WeightBinder {
  func originalWeights() throws(ModelFileError) -> GPTOSSWeights {
    let (hidden, vocabulary) = (configuration.hiddenSize, configuration.vocabularySize)
    return GPTOSSWeights(
      embedding: try matrix("embedding.weight", vocabulary, hidden),
      layers: try eachLayer(configuration.layerCount, originalLayer),
      outputNorm: try vector("norm.scale", hidden),
      unembedding: try matrix("unembedding.weight", vocabulary, hidden))
  }

  private func originalLayer(_ index: Int) throws(ModelFileError) -> LayerWeights {
    let (attention, mlp) = ("block.\(index).attn.", "block.\(index).mlp.")
    let (hidden, experts) = (configuration.hiddenSize, configuration.expertCount)
    let queryRows = configuration.headCount * configuration.headSize
    let keyRows = configuration.kvHeadCount * configuration.headSize
    let fused = try matrix(attention + "qkv.weight", queryRows + 2 * keyRows, hidden)
    let fusedBias = try vector(attention + "qkv.bias", queryRows + 2 * keyRows)
    return LayerWeights(
      attentionNorm: try vector(attention + "norm.scale", hidden),
      query: fused.rows(from: 0, count: queryRows),
      key: fused.rows(from: queryRows, count: keyRows),
      value: fused.rows(from: queryRows + keyRows, count: keyRows),
      attentionOutput: try matrix(attention + "out.weight", hidden, queryRows),
      queryBias: fusedBias.elements(from: 0, count: queryRows),
      keyBias: fusedBias.elements(from: queryRows, count: keyRows),
      valueBias: fusedBias.elements(from: queryRows + keyRows, count: keyRows),
      attentionOutputBias: try vector(attention + "out.bias", hidden),
      sinks: try vector(attention + "sinks", configuration.headCount),
      mlpNorm: try vector(mlp + "norm.scale", hidden),
      router: try matrix(mlp + "gate.weight", experts, hidden),
      routerBias: try vector(mlp + "gate.bias", experts),
      experts: try originalExperts(mlp))
  }

  private func originalExperts(_ mlp: String) throws(ModelFileError) -> [ExpertWeights] {
    let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
    let experts = configuration.expertCount
    return interleavedExperts(
      gateUps: try originalMatrices(
        mlp + "mlp1_weight", rows: 2 * intermediate, columns: hidden),
      gateUpBias: try vector(mlp + "mlp1_bias", experts, 2 * intermediate),
      downs: try originalMatrices(mlp + "mlp2_weight", rows: hidden, columns: intermediate),
      downBias: try vector(mlp + "mlp2_bias", experts, hidden))
  }

  /// Each expert's (rows, columns) matrix: MXFP4, or dense and upright.
  private func originalMatrices(
    _ name: String, rows: Int, columns: Int
  ) throws(ModelFileError) -> [WeightMatrix] {
    if table[name] != nil { return try denseExperts(name, rows: rows, columns: columns) }
    return try mxfp4Experts(
      blocks: name + ".blocks", scales: name + ".scales", rows: rows, columns: columns)
  }
}
