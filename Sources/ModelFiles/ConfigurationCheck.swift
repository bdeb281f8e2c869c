// ConfigurationCheck.swift — bounds and relations that hold for every gpt-oss configuration.

/// Far above every known model; chosen so that no product of dimensions leaves 64 bits:
/// 2¹⁰ layers · 2¹² experts · 3 · 2¹⁷ · 2¹⁷ is below 2⁵⁸.
enum ConfigurationBounds {
  static let any = Int.min...Int.max
  static let layers = 1...(1 << 10)
  static let experts = 1...(1 << 12)
  static let width = 1...(1 << 17)
  static let heads = 1...(1 << 12)
  static let headSize = 2...(1 << 12)
  static let vocabulary = 1...(1 << 24)
  static let context = 1...(1 << 31)
}

/// What each field is called in the file that it came from.
struct ConfigurationNames {
  var layers, hidden, intermediate, heads, kvHeads, headSize, experts, expertsPerToken: String
  var vocabulary, window, epsilon, theta, context: String
  var factor, betaFast, betaSlow, originalContext: String
  var swigluAlpha, swigluLimit: String

  static let json = ConfigurationNames(
    layers: "num_hidden_layers", hidden: "hidden_size", intermediate: "intermediate_size",
    heads: "num_attention_heads", kvHeads: "num_key_value_heads", headSize: "head_dim",
    experts: "num_local_experts", expertsPerToken: "num_experts_per_tok",
    vocabulary: "vocab_size", window: "sliding_window", epsilon: "rms_norm_eps",
    theta: "rope_theta", context: "max_position_embeddings", factor: "rope_scaling.factor",
    betaFast: "rope_scaling.beta_fast", betaSlow: "rope_scaling.beta_slow",
    originalContext: "rope_scaling.original_max_position_embeddings",
    swigluAlpha: "swiglu_alpha", swigluLimit: "swiglu_limit")
}

extension GPTOSSConfiguration {
  /// Throws the first field that is out of bounds, by its name in the file at `path`.
  func check(path: String, names: ConfigurationNames) throws(ModelFileError) {
    let integers: [(String, Int, ClosedRange<Int>)] = [
      (names.layers, layerCount, ConfigurationBounds.layers),
      (names.hidden, hiddenSize, ConfigurationBounds.width),
      (names.intermediate, intermediateSize, ConfigurationBounds.width),
      (names.heads, headCount, ConfigurationBounds.heads),
      (names.kvHeads, kvHeadCount, ConfigurationBounds.heads),
      (names.headSize, headSize, ConfigurationBounds.headSize),
      (names.experts, expertCount, ConfigurationBounds.experts),
      (names.expertsPerToken, expertsPerToken, ConfigurationBounds.experts),
      (names.vocabulary, vocabularySize, ConfigurationBounds.vocabulary),
      (names.window, slidingWindow, ConfigurationBounds.context),
      (names.context, contextLengthMax, ConfigurationBounds.context),
    ]
    for (field, value, range) in integers where !range.contains(value) {
      throw .configuration(
        path: path, field: field, problem: .outOfRange(found: value, range: range))
    }
    func relation(
      _ holds: Bool, _ field: String, _ value: Int, _ rule: String
    ) throws(ModelFileError) {
      guard holds else {
        throw .configuration(path: path, field: field, problem: .relation(found: value, rule: rule))
      }
    }
    try relation(
      headCount.isMultiple(of: kvHeadCount), names.heads, headCount,
      "a multiple of \(names.kvHeads), \(kvHeadCount)")
    try relation(headSize.isMultiple(of: 2), names.headSize, headSize, "even")
    try relation(
      expertsPerToken <= expertCount, names.expertsPerToken, expertsPerToken,
      "at most \(names.experts), \(expertCount)")
    try checkNumbers(path: path, names: names)
  }

  private func checkNumbers(path: String, names: ConfigurationNames) throws(ModelFileError) {
    var numbers: [(String, Double)] = [
      (names.epsilon, Double(rmsNormEpsilon)), (names.theta, ropeTheta),
      (names.swigluAlpha, Double(swigluAlpha)), (names.swigluLimit, Double(swigluLimit)),
    ]
    if let yarn {
      numbers += [
        (names.factor, yarn.factor), (names.betaFast, yarn.betaFast),
        (names.betaSlow, yarn.betaSlow),
      ]
      guard ConfigurationBounds.context.contains(yarn.originalContextLength) else {
        throw .configuration(
          path: path, field: names.originalContext,
          problem: .outOfRange(
            found: yarn.originalContextLength, range: ConfigurationBounds.context))
      }
    }
    for (field, value) in numbers where !(value > 0 && value.isFinite) {
      throw .configuration(path: path, field: field, problem: .notAbove(0, found: value))
    }
    // The frequencies divide by the logarithm of one and multiply by that of the other.
    if ropeTheta <= 1 {
      throw .configuration(
        path: path, field: names.theta, problem: .notAbove(1, found: ropeTheta))
    }
    if let yarn, yarn.factor < 1 {
      throw .configuration(
        path: path, field: names.factor, problem: .belowOne(found: yarn.factor))
    }
  }
}
