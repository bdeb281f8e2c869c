// HuggingFaceLayout.swift — the names and shapes of a gpt-oss folder in Hugging Face layout.
//
// Source: transformers `modeling_gpt_oss.py` and `integrations/mxfp4.py`. All matrices are
// (out, in). Experts come as MXFP4 blocks and scales, or dense and then transposed, (in, out);
// either way gate and up take turns along the out axis, gate first.

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
    return interleavedExperts(
      gateUp: try mxfp4Matrix(
        blocks: prefix + "gate_up_proj_blocks", scales: prefix + "gate_up_proj_scales",
        rows: 2 * intermediate, columns: hidden),
      gateUpBias: try vector(prefix + "gate_up_proj_bias", experts, 2 * intermediate),
      down: try mxfp4Matrix(
        blocks: prefix + "down_proj_blocks", scales: prefix + "down_proj_scales", rows: hidden,
        columns: intermediate),
      downBias: try vector(prefix + "down_proj_bias", experts, hidden))
  }
}
