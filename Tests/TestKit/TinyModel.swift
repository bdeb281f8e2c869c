// TinyModel.swift — seeded gpt-oss models, most of a few kilobytes, for tests that damage or rearrange one.

public import Base

/// A tensor as a test sees it.
public struct TestTensor: Equatable, Sendable {
  public var name: String
  /// As safetensors name it.
  public var type: String
  /// Row-major.
  public var shape: [Int]
  public var bytes: [UInt8]

  public init(name: String, type: String, shape: [Int], bytes: [UInt8]) {
    self.name = name
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }
}

/// Dimensions of a small model, and its files in Hugging Face layout, MXFP4 experts included.
public struct TinyModel: Sendable {
  public var layers = 1
  public var hidden = 32
  public var intermediate = 32
  public var heads = 2
  public var kvHeads = 1
  public var headSize = 16
  public var experts = 2
  public var expertsPerToken = 1
  public var vocabulary = 8
  public var window = 4
  /// What bf16 weights lie within, on both sides of 0.
  public var weightMax: Float = 1
  public var seed: UInt64 = 1

  public init() {}

  /// The tensors, in the order of the published files. The same seed gives the same bytes.
  public var tensors: [TestTensor] {
    var random = SplitMix64(seed: seed)
    var tensors: [TestTensor] = []
    func dense(_ name: String, _ shape: Int...) {
      var bytes: [UInt8] = []
      for _ in 0..<shape.reduce(1, *) {
        let value = Float(random.nextUnit() * 2 - 1) * weightMax
        bytes.append(littleEndian: UInt16(value.bitPattern >> 16))
      }
      tensors.append(TestTensor(name: name, type: "BF16", shape: shape, bytes: bytes))
    }
    func raw(_ name: String, in range: ClosedRange<UInt8>, _ shape: Int...) {
      let bytes = (0..<shape.reduce(1, *)).map { _ in UInt8.random(in: range, using: &random) }
      tensors.append(TestTensor(name: name, type: "U8", shape: shape, bytes: bytes))
    }
    func experts(_ name: String, rows: Int, columns: Int) {
      raw(name + "_blocks", in: 0...255, self.experts, rows, columns / 32, 16)
      raw(name + "_scales", in: 118...124, self.experts, rows, columns / 32)
      dense(name + "_bias", self.experts, rows)
    }
    dense("model.embed_tokens.weight", vocabulary, hidden)
    for index in 0..<layers {
      let layer = "model.layers.\(index)."
      dense(layer + "input_layernorm.weight", hidden)
      for (name, rows, columns) in [
        ("q", heads * headSize, hidden), ("k", kvHeads * headSize, hidden),
        ("v", kvHeads * headSize, hidden), ("o", hidden, heads * headSize),
      ] {
        dense(layer + "self_attn.\(name)_proj.weight", rows, columns)
        dense(layer + "self_attn.\(name)_proj.bias", rows)
      }
      dense(layer + "self_attn.sinks", heads)
      dense(layer + "post_attention_layernorm.weight", hidden)
      dense(layer + "mlp.router.weight", self.experts, hidden)
      dense(layer + "mlp.router.bias", self.experts)
      experts(layer + "mlp.experts.gate_up_proj", rows: 2 * intermediate, columns: hidden)
      experts(layer + "mlp.experts.down_proj", rows: hidden, columns: intermediate)
    }
    dense("model.norm.weight", hidden)
    dense("lm_head.weight", vocabulary, hidden)
    return tensors
  }

  /// config.json as Hugging Face writes it.
  public var configuration: JSONValue {
    func integer(_ value: Int) -> JSONValue { .number(.integer(Int64(value))) }
    return [
      "model_type": "gpt_oss", "num_hidden_layers": integer(layers),
      "hidden_size": integer(hidden), "intermediate_size": integer(intermediate),
      "num_attention_heads": integer(heads), "num_key_value_heads": integer(kvHeads),
      "head_dim": integer(headSize), "num_local_experts": integer(experts),
      "num_experts_per_tok": integer(expertsPerToken), "vocab_size": integer(vocabulary),
      "sliding_window": integer(window), "max_position_embeddings": 131072,
      "rms_norm_eps": 1e-5, "rope_theta": 150000,
      "rope_scaling": [
        "rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0,
        "original_max_position_embeddings": 4096, "truncate": false,
      ],
      "quantization_config": ["quant_method": "mxfp4"],
    ]
  }

  /// config.json as OpenAI's original folder has it.
  public var originalConfiguration: JSONValue {
    func integer(_ value: Int) -> JSONValue { .number(.integer(Int64(value))) }
    return [
      "num_hidden_layers": integer(layers), "num_experts": integer(experts),
      "experts_per_token": integer(expertsPerToken), "vocab_size": integer(vocabulary),
      "hidden_size": integer(hidden), "intermediate_size": integer(intermediate),
      "swiglu_limit": 7.0, "head_dim": integer(headSize), "num_attention_heads": integer(heads),
      "num_key_value_heads": integer(kvHeads), "sliding_window": integer(window),
      "initial_context_length": 4096, "rope_theta": 150000, "rope_scaling_factor": 32.0,
      "rope_ntk_alpha": 1, "rope_ntk_beta": 32,
    ]
  }

  /// The metadata that a GGUF file of this model has.
  public var ggufMetadata: [(String, GGUFWriter.Value)] {
    [
      ("general.architecture", .string("gpt-oss")),
      ("gpt-oss.block_count", .u32(UInt32(layers))),
      ("gpt-oss.context_length", .u32(131072)),
      ("gpt-oss.embedding_length", .u32(UInt32(hidden))),
      ("gpt-oss.feed_forward_length", .u32(UInt32(intermediate))),
      ("gpt-oss.expert_feed_forward_length", .u32(UInt32(intermediate))),
      ("gpt-oss.attention.head_count", .u32(UInt32(heads))),
      ("gpt-oss.attention.head_count_kv", .u32(UInt32(kvHeads))),
      ("gpt-oss.attention.key_length", .u32(UInt32(headSize))),
      ("gpt-oss.attention.value_length", .u32(UInt32(headSize))),
      ("gpt-oss.expert_count", .u32(UInt32(experts))),
      ("gpt-oss.expert_used_count", .u32(UInt32(expertsPerToken))),
      ("gpt-oss.attention.sliding_window", .u32(UInt32(window))),
      ("gpt-oss.attention.layer_norm_rms_epsilon", .f32(1e-5)),
      ("gpt-oss.rope.freq_base", .f32(150000)),
      ("gpt-oss.rope.scaling.type", .string("yarn")),
      ("gpt-oss.rope.scaling.factor", .f32(32)),
      ("gpt-oss.rope.scaling.original_context_length", .u32(4096)),
      ("tokenizer.ggml.model", .string("gpt2")),
      ("tokenizer.ggml.pre", .string("gpt-4o")),
      ("tokenizer.ggml.tokens", .strings((0..<vocabulary).map { "t\($0)" })),
      ("tokenizer.ggml.token_type", .i32s([Int32](repeating: 1, count: vocabulary))),
      ("tokenizer.ggml.merges", .strings(["t 0", "t 1"])),
      ("tokenizer.ggml.eos_token_id", .u32(2)),
    ]
  }
}

extension [TestTensor] {
  /// One safetensors file with these tensors.
  public var safetensors: [UInt8] {
    var writer = SafetensorsWriter()
    for tensor in self { writer.add(tensor.name, tensor.type, shape: tensor.shape, tensor.bytes) }
    return writer.bytes
  }

  public subscript(name: String) -> TestTensor? { first { $0.name == name } }
}
