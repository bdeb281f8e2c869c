// HuggingFaceLayout.swift — the names and shapes of a gpt-oss folder in Hugging Face layout.
//
// Source: transformers `modeling_gpt_oss.py` and `integrations/mxfp4.py`. All matrices are
// (out, in). Experts come as MXFP4 blocks and scales, or dense and then transposed, (in, out);
// either way gate and up take turns along the out axis, gate first. Re-exports exist that leave dense
// experts upright and call them ".weight".

extension WeightBinder {
  /// With `tiesEmbeddings`, `lm_head.weight` may be absent, and is the embedding then.
  func huggingFaceWeights(tiesEmbeddings: Bool) throws(ModelFileError) -> GPTOSSWeights {
    let (hidden, vocabulary) = (configuration.hiddenSize, configuration.vocabularySize)
    let embedding = try matrix("model.embed_tokens.weight", vocabulary, hidden)
    let isTied = tiesEmbeddings && table["lm_head.weight"] == nil
    return GPTOSSWeights(
      embedding: embedding,
      layers: try eachLayer(configuration.layerCount, huggingFaceLayer),
      outputNorm: try vector("model.norm.weight", hidden),
      unembedding: isTied ? embedding : try matrix("lm_head.weight", vocabulary, hidden))
  }

  private func huggingFaceLayer(_ index: Int) throws(ModelFileError) -> LayerWeights {
    let layer = "model.layers.\(index)."
    let attention = layer + "self_attn."
    let (hidden, experts) = (configuration.hiddenSize, configuration.expertCount)
    let queryRows = configuration.headCount * configuration.headSize
    let keyRows = configuration.kvHeadCount * configuration.headSize
    return LayerWeights(
      attentionNorm: try vector(layer + "input_layernorm.weight", hidden),
      query: try matrix(attention + "q_proj.weight", queryRows, hidden),
      key: try matrix(attention + "k_proj.weight", keyRows, hidden),
      value: try matrix(attention + "v_proj.weight", keyRows, hidden),
      attentionOutput: try matrix(attention + "o_proj.weight", hidden, queryRows),
      queryBias: try vector(attention + "q_proj.bias", queryRows),
      keyBias: try vector(attention + "k_proj.bias", keyRows),
      valueBias: try vector(attention + "v_proj.bias", keyRows),
      attentionOutputBias: try vector(attention + "o_proj.bias", hidden),
      sinks: try vector(attention + "sinks", configuration.headCount),
      mlpNorm: try vector(layer + "post_attention_layernorm.weight", hidden),
      router: try matrix(layer + "mlp.router.weight", experts, hidden),
      routerBias: try vector(layer + "mlp.router.bias", experts),
      experts: try huggingFaceExperts(layer + "mlp.experts."))
  }

  private func huggingFaceExperts(_ prefix: String) throws(ModelFileError) -> [ExpertWeights] {
    let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
    let experts = configuration.expertCount
    let (gateUp, down) = (prefix + "gate_up_proj", prefix + "down_proj")
    let gateUps: [WeightMatrix]
    let downs: [WeightMatrix]
    if let name = denseName(gateUp) {
      let isTransposed = try isTransposed(name, isBare: name == gateUp)
      gateUps = try dense(
        name, rows: 2 * intermediate, columns: hidden, isTransposed: isTransposed)
      downs = try dense(
        denseName(down) ?? down, rows: hidden, columns: intermediate, isTransposed: isTransposed)
    } else {
      gateUps = try mxfp4Experts(
        blocks: gateUp + "_blocks", scales: gateUp + "_scales", rows: 2 * intermediate,
        columns: hidden)
      downs = try mxfp4Experts(
        blocks: down + "_blocks", scales: down + "_scales", rows: hidden, columns: intermediate)
    }
    return interleavedExperts(
      gateUps: gateUps, gateUpBias: try expertBias(gateUp, experts, 2 * intermediate),
      downs: downs, downBias: try expertBias(down, experts, hidden))
  }

  /// The name of the dense tensor; nil where there is none, and MXFP4 it must be.
  private func denseName(_ name: String) -> String? {
    [name, name + ".weight"].first { table[$0] != nil }
  }

  /// Re-exports that say ".weight" say ".bias", too.
  private func expertBias(
    _ name: String, _ experts: Int, _ rows: Int
  ) throws(ModelFileError) -> WeightVector {
    let dotted = name + ".bias"
    return try vector(table[dotted] == nil ? name + "_bias" : dotted, experts, rows)
  }

  /// Whether the dense experts are (in, out). The shape of gate and up tells where it can, else the
  /// name: transformers' own has no suffix and is transposed, re-exports with ".weight" are not.
  /// `down_proj` is square in the published models and goes with it.
  private func isTransposed(_ name: String, isBare: Bool) throws(ModelFileError) -> Bool {
    let experts = configuration.expertCount
    let transposed = [experts, configuration.hiddenSize, 2 * configuration.intermediateSize]
    let upright = [experts, 2 * configuration.intermediateSize, configuration.hiddenSize]
    if transposed == upright { return isBare }
    return try tensor(name, isBare ? transposed : upright, or: isBare ? upright : transposed).shape
      == transposed
  }

  /// Each expert's (rows, columns) matrix.
  private func dense(
    _ name: String, rows: Int, columns: Int, isTransposed: Bool
  ) throws(ModelFileError) -> [WeightMatrix] {
    guard isTransposed else { return try denseExperts(name, rows: rows, columns: columns) }
    return try denseExperts(name, rows: columns, columns: rows).map { $0.transposed() }
  }
}
