// Refusals.swift — models that look like ours, are recognised, and are not read.
//
// Each would otherwise fail with a missing tensor, or worse, load and talk nonsense.

extension GGUFMetadata {
  func refuseOtherArchitecture() throws(ModelFileError) {
    let key = "general.architecture"
    switch try required(key, string(key)) {
    case "gpt-oss": return
    // Ollama's own: other names, experts fused and with their nibbles in another order.
    case "gptoss": throw .refused(path: file.path, .ollama)
    case let name: throw .refused(path: file.path, .architecture(name: name))
    }
  }
}

extension ConfigurationFields {
  /// Of `quantization_config`.
  func refuseOtherQuantization() throws(ModelFileError) {
    let method = try required("quant_method", string("quant_method"))
    guard method == "mxfp4" else { throw .refused(path: path, .quantization(method: method)) }
  }
}

extension TensorTable {
  func refuseOtherLayouts() throws(ModelFileError) {
    for name in tensors.keys {
      if name.contains(".experts.gate_up_projs.") || name.hasSuffix(".mlp.router.linear.weight") {
        throw .refused(path: path, .splitExperts(tensor: name))
      }
      if name.hasSuffix(".absmax") || name.contains(".quant_state.") {
        throw .refused(path: path, .bitsAndBytes(tensor: name))
      }
      if name.contains(".lora_A.") || name.contains(".lora_B.") {
        throw .refused(path: path, .adapter)
      }
    }
  }
}
