// GenerationDefaults.swift — how a model wants to be sampled.

import Base
import Inference

/// `generation_config.json`, as transformers writes it.
enum GenerationDefaults {
  private static let bytesMax = 1 << 20

  /// The sampler that the file beside the model asks for; without a file, or in a GGUF file, pure
  /// sampling, which gpt-oss was made for.
  static func read(beside path: String) throws -> SamplerSettings {
    let file = path + "/generation_config.json"
    guard Resources.exists(file) else { return SamplerSettings() }
    let json = try JSONReader.value(wholeFile(file, bytesMax: bytesMax), source: file)
    guard json["do_sample"]?.boolValue != false else { return .greedy }
    return SamplerSettings(
      temperature: json["temperature"]?.doubleValue ?? 1, topK: json["top_k"]?.intValue ?? 0,
      topP: json["top_p"]?.doubleValue ?? 1, minP: json["min_p"]?.doubleValue ?? 0)
  }
}
