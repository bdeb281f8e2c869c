// GGUFLayout.swift — the metadata, names and shapes of a gpt-oss model in GGUF.
//
// Source: llama.cpp `conversion/gpt_oss.py`, `src/models/openai-moe.cpp`. Constants that the files
// do not carry are llama.cpp's own for this architecture. YaRN's correction range is not rounded:
// the model is defined that way, and the files have no field for it.

extension GPTOSSConfiguration {
  /// What the metadata says; `vocabularySize` is the embedding's number of rows.
  init(_ metadata: GGUFMetadata, vocabularySize: Int) throws(ModelFileError) {
    func integer(_ key: String) throws(ModelFileError) -> Int {
      try metadata.required("gpt-oss." + key, metadata.integer("gpt-oss." + key))
    }
    func number(_ key: String) throws(ModelFileError) -> Double {
      try metadata.required("gpt-oss." + key, metadata.number("gpt-oss." + key))
    }
    let layerCount = try integer("block_count")
    guard ConfigurationBounds.layers.contains(layerCount) else {
      throw metadata.problem(
        "gpt-oss.block_count",
        .outOfRange(found: layerCount, range: ConfigurationBounds.layers))
    }
    let hiddenSize = try integer("embedding_length")
    let headCount = try integer("attention.head_count")
    let headSize = try metadata.integer("gpt-oss.attention.key_length")
    self.init(
      layerCount: layerCount, hiddenSize: hiddenSize,
      intermediateSize: try metadata.required(
        "gpt-oss.expert_feed_forward_length",
        metadata.integer("gpt-oss.expert_feed_forward_length", "gpt-oss.feed_forward_length")),
      headCount: headCount,
      kvHeadCount: try metadata.integer("gpt-oss.attention.head_count_kv") ?? headCount,
      headSize: headSize ?? (headCount > 0 ? hiddenSize / headCount : 0),
      expertCount: try integer("expert_count"), expertsPerToken: try integer("expert_used_count"),
      vocabularySize: vocabularySize, slidingWindow: try integer("attention.sliding_window"),
      layerIsSliding: try Self.layerIsSliding(metadata, layerCount: layerCount),
      rmsNormEpsilon: Float(try number("attention.layer_norm_rms_epsilon")),
      ropeTheta: try number("rope.freq_base"), yarn: try YaRN(metadata),
      contextLengthMax: try integer("context_length"), swigluAlpha: 1.702, swigluLimit: 7)
    for key in ["gpt-oss.attention.value_length", "gpt-oss.rope.dimension_count"] {
      guard let found = try metadata.integer(key), found != self.headSize else { continue }
      throw metadata.problem(
        key, .relation(found: found, rule: "the size of a head, \(self.headSize)"))
    }
    try check(path: metadata.file.path, names: .gguf)
  }

  /// A pattern of n: of n layers in turn, all but the last slide. An array: one entry per layer.
  private static func layerIsSliding(
    _ metadata: GGUFMetadata, layerCount: Int
  ) throws(ModelFileError) -> [Bool] {
    let key = "gpt-oss.attention.sliding_window_pattern"
    guard case .array = metadata[key] else {
      let period = try metadata.integer(key) ?? 2
      guard ConfigurationBounds.layers.contains(period) else {
        throw metadata.problem(
          key, .outOfRange(found: period, range: ConfigurationBounds.layers))
      }
      return (0..<layerCount).map { $0 % period < period - 1 }
    }
    let flags = try metadata.integers(key) ?? []
    guard flags.count == layerCount else {
      throw metadata.problem(key, .wrongCount(found: flags.count, expected: layerCount))
    }
    return flags.map { $0 != 0 }
  }
}

extension GPTOSSConfiguration.YaRN {
  fileprivate init?(_ metadata: GGUFMetadata) throws(ModelFileError) {
    let prefix = "gpt-oss.rope.scaling."
    switch try metadata.string(prefix + "type") ?? "none" {
    case "none": return nil
    case "yarn": break
    case let other:
      throw metadata.problem(
        prefix + "type", .unsupported(found: other, supported: "yarn and none"))
    }
    for key in ["attn_factor", "yarn_attn_factor", "yarn_ext_factor"].map({ prefix + $0 }) {
      guard let value = try metadata.number(key), value != 1 else { continue }
      throw metadata.problem(
        key, .unsupported(found: "\(value)", supported: "1: gpt-oss derives it from the factor"))
    }
    let original = try metadata.integer(prefix + "original_context_length")
    self.init(
      factor: try metadata.required(prefix + "factor", metadata.number(prefix + "factor")),
      betaFast: try metadata.number(prefix + "yarn_beta_fast") ?? 32,
      betaSlow: try metadata.number(prefix + "yarn_beta_slow") ?? 1,
      originalContextLength: try metadata.required(
        prefix + "original_context_length", original),
      truncate: false)
  }
}

extension ConfigurationNames {
  static let gguf = ConfigurationNames(
    layers: "gpt-oss.block_count", hidden: "gpt-oss.embedding_length",
    intermediate: "gpt-oss.expert_feed_forward_length", heads: "gpt-oss.attention.head_count",
    kvHeads: "gpt-oss.attention.head_count_kv", headSize: "gpt-oss.attention.key_length",
    experts: "gpt-oss.expert_count", expertsPerToken: "gpt-oss.expert_used_count",
    vocabulary: "rows of token_embd.weight", window: "gpt-oss.attention.sliding_window",
    epsilon: "gpt-oss.attention.layer_norm_rms_epsilon", theta: "gpt-oss.rope.freq_base",
    context: "gpt-oss.context_length", factor: "gpt-oss.rope.scaling.factor",
    betaFast: "gpt-oss.rope.scaling.yarn_beta_fast",
    betaSlow: "gpt-oss.rope.scaling.yarn_beta_slow",
    originalContext: "gpt-oss.rope.scaling.original_context_length",
    swigluAlpha: "swiglu_alpha", swigluLimit: "swiglu_limit")
}

extension WeightBinder {
  func ggufWeights() throws(ModelFileError) -> GPTOSSWeights {
    let (hidden, vocabulary) = (configuration.hiddenSize, configuration.vocabularySize)
    return GPTOSSWeights(
      embedding: try matrix("token_embd.weight", vocabulary, hidden),
      layers: try eachLayer(configuration.layerCount, ggufLayer),
      outputNorm: try vector("output_norm.weight", hidden),
      unembedding: try matrix("output.weight", vocabulary, hidden))
  }

  private func ggufLayer(_ index: Int) throws(ModelFileError) -> LayerWeights {
    let layer = "blk.\(index)."
    let (hidden, experts) = (configuration.hiddenSize, configuration.expertCount)
    let queryRows = configuration.headCount * configuration.headSize
    let keyRows = configuration.kvHeadCount * configuration.headSize
    return LayerWeights(
      attentionNorm: try vector(layer + "attn_norm.weight", hidden),
      query: try matrix(layer + "attn_q.weight", queryRows, hidden),
      key: try matrix(layer + "attn_k.weight", keyRows, hidden),
      value: try matrix(layer + "attn_v.weight", keyRows, hidden),
      attentionOutput: try matrix(layer + "attn_output.weight", hidden, queryRows),
      queryBias: try vector(layer + "attn_q.bias", queryRows),
      keyBias: try vector(layer + "attn_k.bias", keyRows),
      valueBias: try vector(layer + "attn_v.bias", keyRows),
      attentionOutputBias: try vector(layer + "attn_output.bias", hidden),
      sinks: try vector(layer + "attn_sinks.weight", configuration.headCount),
      mlpNorm: try vector(layer + "post_attention_norm.weight", hidden),
      router: try matrix(layer + "ffn_gate_inp.weight", experts, hidden),
      routerBias: try vector(layer + "ffn_gate_inp.bias", experts),
      experts: try ggufExperts(layer))
  }

  private func ggufExperts(_ layer: String) throws(ModelFileError) -> [ExpertWeights] {
    let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
    let experts = configuration.expertCount
    let gate = try matrix(layer + "ffn_gate_exps.weight", experts, intermediate, hidden)
    let up = try matrix(layer + "ffn_up_exps.weight", experts, intermediate, hidden)
    let down = try matrix(layer + "ffn_down_exps.weight", experts, hidden, intermediate)
    let gateBias = try vector(layer + "ffn_gate_exps.bias", experts, intermediate)
    let upBias = try vector(layer + "ffn_up_exps.bias", experts, intermediate)
    let downBias = try vector(layer + "ffn_down_exps.bias", experts, hidden)
    return (0..<experts).map { expert in
      ExpertWeights(
        gate: gate.rows(from: expert * intermediate, count: intermediate),
        up: up.rows(from: expert * intermediate, count: intermediate),
        down: down.rows(from: expert * hidden, count: hidden),
        gateBias: gateBias.elements(from: expert * intermediate, count: intermediate),
        upBias: upBias.elements(from: expert * intermediate, count: intermediate),
        downBias: downBias.elements(from: expert * hidden, count: hidden))
    }
  }
}
