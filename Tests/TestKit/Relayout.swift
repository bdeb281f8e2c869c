// Relayout.swift — the tensors of a Hugging Face MXFP4 model, written again as every other layout.
//
// None of this uses the product's readers or decoders, so that both must be right to agree.

extension [TestTensor] {
  /// OpenAI's own names; query, key and value in one matrix.
  public var inOriginalLayout: [TestTensor] {
    let names = [
      ("model.embed_tokens.", "embedding."), ("lm_head.", "unembedding."),
      ("model.norm.weight", "norm.scale"), ("model.layers.", "block."),
      ("input_layernorm.weight", "attn.norm.scale"),
      ("post_attention_layernorm.weight", "mlp.norm.scale"), ("self_attn.o_proj", "attn.out"),
      ("self_attn.sinks", "attn.sinks"), ("mlp.router", "mlp.gate"),
      ("mlp.experts.gate_up_proj_bias", "mlp.mlp1_bias"),
      ("mlp.experts.gate_up_proj_", "mlp.mlp1_weight."),
      ("mlp.experts.down_proj_bias", "mlp.mlp2_bias"),
      ("mlp.experts.down_proj_", "mlp.mlp2_weight."),
    ]
    return compactMap { tensor in
      var tensor = tensor
      if tensor.name.contains("k_proj") || tensor.name.contains("v_proj") { return nil }
      if tensor.name.contains("q_proj") {
        for letter in ["k", "v"] {
          let name = tensor.name.replacing("q_proj", with: "\(letter)_proj")
          guard let other = self[name] else { continue }
          tensor.bytes += other.bytes
          tensor.shape[0] += other.shape[0]
        }
        tensor.name = tensor.name.replacing("self_attn.q_proj", with: "attn.qkv")
      }
      for (old, new) in names { tensor.name = tensor.name.replacing(old, with: new) }
      return tensor
    }
  }

  /// Experts as dense numbers of `type`: "F32", "F16" or "BF16"; upright, (out, in), or turned.
  public func withDenseExperts(
    _ type: String, isTransposed: Bool, suffix: String = ""
  ) -> [TestTensor] {
    compactMap { tensor in
      if tensor.name.hasSuffix("_scales") { return nil }
      guard tensor.name.hasSuffix("_blocks") else { return tensor }
      let name = String(tensor.name.dropLast("_blocks".count))
      guard let scales = self[name + "_scales"] else { return tensor }
      let (experts, rows, columns) = (tensor.shape[0], tensor.shape[1], tensor.shape[2] * 32)
      let values = tensor.mxfp4Values(scales: scales.bytes)
      var bytes: [UInt8] = []
      for expert in 0..<experts {
        let first = expert * rows * columns
        if isTransposed {
          for column in 0..<columns {
            for row in 0..<rows {
              bytes.append(values[first + row * columns + column], as: type)
            }
          }
        } else {
          for value in values[first..<first + rows * columns] { bytes.append(value, as: type) }
        }
      }
      let shape = isTransposed ? [experts, columns, rows] : [experts, rows, columns]
      return TestTensor(name: name + suffix, type: type, shape: shape, bytes: bytes)
    }
  }

  /// GGUF: other names, gate and up apart, MXFP4 blocks with their scales inside. Vectors and the
  /// router are F32, other dense tensors stay BF16.
  public var inGGUFLayout: [(tensor: TestTensor, type: UInt32)] {
    let names = [
      ("model.embed_tokens.", "token_embd."), ("lm_head.", "output."),
      ("model.norm.", "output_norm."), ("model.layers.", "blk."),
      ("input_layernorm.", "attn_norm."),
      ("post_attention_layernorm.", "post_attention_norm."), ("self_attn.o_proj", "attn_output"),
      ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"),
      ("self_attn.v_proj", "attn_v"), ("self_attn.sinks", "attn_sinks.weight"),
      ("mlp.router", "ffn_gate_inp"), ("mlp.experts.down_proj_blocks", "ffn_down_exps.weight"),
      ("mlp.experts.down_proj_bias", "ffn_down_exps.bias"),
    ]
    var out: [(TestTensor, UInt32)] = []
    for var tensor in self where !tensor.name.hasSuffix("_scales") {
      if tensor.name.contains("gate_up_proj") {
        out += splitGateUp(tensor)
        continue
      }
      let scales = self[tensor.name.replacing("_blocks", with: "_scales")]
      for (old, new) in names { tensor.name = tensor.name.replacing(old, with: new) }
      if let scales, scales.type == "U8" {
        out.append((tensor.ggufMXFP4(scales: scales.bytes, from: 0, step: 1), 39))
      } else if tensor.shape.count == 1 || tensor.name.hasSuffix("bias")
        || tensor.name.contains("ffn_gate_inp")
      {
        out.append((tensor.asF32, 0))
      } else {
        out.append((tensor, 30))
      }
    }
    return out
  }

  private func splitGateUp(_ tensor: TestTensor) -> [(TestTensor, UInt32)] {
    let scales = self[tensor.name.replacing("_blocks", with: "_scales")]
    return ["gate", "up"].enumerated().map { parity, word in
      var part = tensor
      part.name =
        tensor.name.replacing("model.layers.", with: "blk.")
        .replacing("mlp.experts.gate_up_proj_blocks", with: "ffn_\(word)_exps.weight")
        .replacing("mlp.experts.gate_up_proj_bias", with: "ffn_\(word)_exps.bias")
      if let scales, scales.type == "U8" {
        return (part.ggufMXFP4(scales: scales.bytes, from: parity, step: 2), 39)
      }
      part = part.asF32
      let rows = part.shape[0] * part.shape[1]
      part.bytes = stride(from: parity, to: rows, by: 2).flatMap {
        part.bytes[4 * $0..<4 * $0 + 4]
      }
      part.shape[1] /= 2
      return (part, 0)
    }
  }
}

extension TestTensor {
  private static let magnitudes: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6]

  /// The number that a code of four bits stands for.
  private static func value(_ code: UInt8) -> Float {
    code < 8 ? magnitudes[Int(code)] : -magnitudes[Int(code) - 8]
  }

  /// A (…, blocks, 16) tensor of codes as numbers, row-major.
  fileprivate func mxfp4Values(scales: [UInt8]) -> [Float] {
    scales.enumerated().flatMap { block, scale in
      bytes[16 * block..<16 * block + 16].flatMap { byte in
        [byte & 15, byte >> 4].map {
          Float(sign: .plus, exponent: Int(scale) - 127, significand: 1) * Self.value($0)
        }
      }
    }
  }

  /// Every `step`th row from `start` on, in ggml's blocks.
  fileprivate func ggufMXFP4(scales: [UInt8], from start: Int, step: Int) -> TestTensor {
    let blocksPerRow = shape[2]
    var out: [UInt8] = []
    for row in stride(from: start, to: shape[0] * shape[1], by: step) {
      for block in row * blocksPerRow..<(row + 1) * blocksPerRow {
        let codes = bytes[16 * block..<16 * block + 16].flatMap { [$0 & 15, $0 >> 4] }
        out.append(scales[block])
        for j in 0..<16 { out.append(codes[j] | codes[j + 16] << 4) }
      }
    }
    return TestTensor(
      name: name, type: "MXFP4", shape: [shape[0], shape[1] / step, 32 * blocksPerRow], bytes: out)
  }

  /// BF16 as F32.
  public var asF32: TestTensor {
    guard type == "BF16" else { return self }
    var out: [UInt8] = []
    for index in stride(from: 0, to: bytes.count, by: 2) {
      out += [0, 0, bytes[index], bytes[index + 1]]
    }
    return TestTensor(name: name, type: "F32", shape: shape, bytes: out)
  }
}

extension [UInt8] {
  /// Appends a number that `type` has exactly.
  fileprivate mutating func append(_ value: Float, as type: String) {
    switch type {
    case "F32": append(littleEndian: value.bitPattern)
    case "F16": append(littleEndian: Float16(value).bitPattern)
    default: append(littleEndian: UInt16(value.bitPattern >> 16))
    }
  }
}

extension TinyModel {
  /// A GGUF file of this model, to be changed or written.
  public var gguf: GGUFWriter {
    var writer = GGUFWriter()
    for (key, value) in ggufMetadata { writer.set(key, value) }
    for (tensor, type) in tensors.inGGUFLayout {
      writer.add(tensor.name, type: type, shape: tensor.shape, tensor.bytes)
    }
    return writer
  }
}
