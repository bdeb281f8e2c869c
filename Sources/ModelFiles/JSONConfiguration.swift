// JSONConfiguration.swift — config.json as Hugging Face and as OpenAI's original folder write it.
//
// Names, Hugging Face | original: num_local_experts | num_experts, num_experts_per_tok |
// experts_per_token, rope_scaling or rope_parameters {factor, beta_fast, beta_slow,
// original_max_position_embeddings} | rope_scaling_factor, rope_ntk_beta, rope_ntk_alpha,
// initial_context_length. Sources: transformers `configuration_gpt_oss.py` and
// `modeling_rope_utils.py`; openai/gpt-oss `torch/model.py`.

package import Base

extension GPTOSSConfiguration {
  /// The configuration in the value of a config.json; `path` is what messages call it.
  package init(json: JSONValue, path: String) throws(ModelFileError) {
    self = try JSONConfiguration(json, path: path).configuration
  }
}

/// What config.json says, beyond the dimensions.
struct JSONConfiguration {
  var configuration: GPTOSSConfiguration
  /// The unembedding may be absent, and is the embedding then.
  var tiesEmbeddings: Bool

  /// The published file has 1.5 kB.
  static let bytesMax = 4_000_000

  init(path: String) throws(ModelFileError) {
    let json = try jsonFile(path: path, bytesMax: Self.bytesMax)
    try self.init(json, path: path)
  }

  init(_ json: JSONValue, path: String) throws(ModelFileError) {
    guard case .object(let object) = json else {
      throw .configuration(path: path, field: "the file", problem: .wrongType("an object"))
    }
    let fields = ConfigurationFields(object, path: path)
    try Self.checkModelType(fields)
    if try fields.bool("attention_bias") == false {
      throw fields.problem(
        "attention_bias", .unsupported(found: "false", supported: "true: gpt-oss has biases"))
    }
    let rope = try RopeFields(fields)
    let layerCount = try fields.required(
      "num_hidden_layers", fields.integer("num_hidden_layers", in: ConfigurationBounds.layers))
    let hiddenSize = try fields.required("hidden_size", fields.integer("hidden_size"))
    let headCount = try fields.required(
      "num_attention_heads", fields.integer("num_attention_heads"))
    configuration = GPTOSSConfiguration(
      layerCount: layerCount,
      hiddenSize: hiddenSize,
      intermediateSize: try fields.required(
        "intermediate_size", fields.integer("intermediate_size")),
      headCount: headCount,
      kvHeadCount: try fields.integer("num_key_value_heads") ?? headCount,
      headSize: try fields.integer("head_dim") ?? (headCount > 0 ? hiddenSize / headCount : 0),
      expertCount: try fields.required(
        "num_local_experts", fields.integer("num_local_experts", "num_experts")),
      expertsPerToken: try fields.required(
        "num_experts_per_tok", fields.integer("num_experts_per_tok", "experts_per_token")),
      vocabularySize: try fields.required("vocab_size", fields.integer("vocab_size")),
      slidingWindow: try fields.required("sliding_window", fields.integer("sliding_window")),
      layerIsSliding: try Self.layerIsSliding(fields, layerCount: layerCount),
      rmsNormEpsilon: Float(try fields.number("rms_norm_eps") ?? 1e-5),
      ropeTheta: rope.theta,
      yarn: rope.yarn,
      contextLengthMax: rope.contextLengthMax,
      swigluAlpha: Float(try fields.number("swiglu_alpha") ?? 1.702),
      swigluLimit: Float(try fields.number("swiglu_limit") ?? 7))
    tiesEmbeddings = try fields.bool("tie_word_embeddings") ?? false
    if let quantization = try fields.object("quantization_config") {
      try quantization.refuseOtherQuantization()
    }
    try configuration.check(path: path, names: .json)
  }

  private static func checkModelType(_ fields: ConfigurationFields) throws(ModelFileError) {
    guard let type = try fields.string("model_type") else {
      // The original folder's file names no type; only it counts experts like this.
      if fields.has("num_experts"), fields.has("initial_context_length") { return }
      throw fields.problem("model_type", .missing)
    }
    guard type == "gpt_oss" else {
      throw .refused(path: fields.path, .architecture(name: type))
    }
  }

  private static func layerIsSliding(
    _ fields: ConfigurationFields, layerCount: Int
  ) throws(ModelFileError) -> [Bool] {
    guard let types = try fields.strings("layer_types") else {
      return (0..<layerCount).map { $0.isMultiple(of: 2) }
    }
    guard types.count == layerCount else {
      throw fields.problem(
        "layer_types", .wrongCount(found: types.count, expected: layerCount))
    }
    var isSliding: [Bool] = []
    for type in types {
      switch type {
      case "sliding_attention": isSliding.append(true)
      case "full_attention": isSliding.append(false)
      default:
        throw fields.problem(
          "layer_types",
          .unsupported(found: type, supported: "sliding_attention and full_attention"))
      }
    }
    return isSliding
  }
}

/// The positional part, in each of its three spellings.
private struct RopeFields {
  var theta: Double
  var yarn: GPTOSSConfiguration.YaRN?
  var contextLengthMax: Int

  init(_ fields: ConfigurationFields) throws(ModelFileError) {
    let initialLength = try fields.integer("initial_context_length")
    let positions = try fields.integer("max_position_embeddings")
    var scaling = try fields.object("rope_scaling")
    if scaling == nil { scaling = try fields.object("rope_parameters") }
    theta = try fields.number("rope_theta") ?? 150_000
    if let scaling {
      if let inner = try scaling.number("rope_theta") { theta = inner }
      yarn = try Self.yarn(scaling, originalLength: initialLength ?? positions)
    } else {
      yarn = GPTOSSConfiguration.YaRN(
        factor: try fields.number("rope_scaling_factor") ?? 32,
        betaFast: try fields.number("rope_ntk_beta") ?? 32,
        betaSlow: try fields.number("rope_ntk_alpha") ?? 1,
        originalContextLength: initialLength ?? 4_096,
        truncate: false)
      // openai/gpt-oss scales only where the factor exceeds one.
      if let factor = yarn?.factor, factor == 1 { yarn = nil }
    }
    if let positions {
      contextLengthMax = positions
    } else {
      let length = Double(initialLength ?? 4_096) * (yarn?.factor ?? 1)
      guard let whole = Int(exactly: length.rounded(.down)) else {
        throw fields.problem("rope_scaling_factor", .notAbove(0, found: length))
      }
      contextLengthMax = whole
    }
  }

  /// `originalLength` is what the context was before scaling, where `scaling` is silent on it.
  private static func yarn(
    _ scaling: ConfigurationFields, originalLength: Int?
  ) throws(ModelFileError) -> GPTOSSConfiguration.YaRN? {
    for layerType in ["full_attention", "sliding_attention"] where scaling.has(layerType) {
      throw scaling.problem(
        layerType, .unsupported(found: "per layer type", supported: "one for all layers"))
    }
    if let part = try scaling.number("partial_rotary_factor"), part != 1 {
      throw scaling.problem(
        "partial_rotary_factor", .unsupported(found: "\(part)", supported: "1"))
    }
    var type = try scaling.string("rope_type")
    if type == nil { type = try scaling.string("type") }
    switch type ?? "default" {
    case "default": return nil
    case "yarn": break
    case let other:
      throw scaling.problem(
        "rope_type", .unsupported(found: other, supported: "yarn and default"))
    }
    for field in ["attention_factor", "mscale", "mscale_all_dim"] {
      guard let value = try scaling.number(field) else { continue }
      throw scaling.problem(
        field,
        .unsupported(found: "\(value)", supported: "no value: gpt-oss derives it from the factor"))
    }
    let lengthField = "original_max_position_embeddings"
    let length = try scaling.integer(lengthField) ?? originalLength
    return GPTOSSConfiguration.YaRN(
      factor: try scaling.required("factor", scaling.number("factor")),
      betaFast: try scaling.number("beta_fast") ?? 32,
      betaSlow: try scaling.number("beta_slow") ?? 1,
      originalContextLength: try scaling.required(lengthField, length),
      // What transformers takes an absent value for; gpt-oss's own file says false.
      truncate: try scaling.bool("truncate") ?? true)
  }
}
