// GenerationDefaults.swift — how a model wants to be sampled.

import Base
import Inference

/// `generation_config.json`, as transformers writes it.
struct GenerationDefaults: Sendable {
  var sampling = SamplerSettings()
  /// Tokens of one turn; nil for no bound but the run's own. A small model may repeat itself for ever.
  var turnTokensMax: Int?

  private static let bytesMax = 1 << 20

  /// What the file beside the model asks for; without a file, or in a GGUF file, pure sampling, which
  /// gpt-oss was made for.
  init(beside path: String) throws {
    let file = path + "/generation_config.json"
    guard Resources.exists(file) else { return }
    let json = try JSONReader.value(wholeFile(file, bytesMax: Self.bytesMax), source: file)
    turnTokensMax = json["max_new_tokens"]?.intValue.map { max(1, $0) }
    guard json["do_sample"]?.boolValue != false else {
      sampling = .greedy
      return
    }
    sampling = SamplerSettings(
      temperature: json["temperature"]?.doubleValue ?? 1, topK: json["top_k"]?.intValue ?? 0,
      topP: json["top_p"]?.doubleValue ?? 1, minP: json["min_p"]?.doubleValue ?? 0)
  }
}
