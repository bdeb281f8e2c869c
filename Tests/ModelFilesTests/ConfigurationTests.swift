// ConfigurationTests.swift — config.json and GGUF metadata: spellings, defaults, bounds, refusals.

import Base
import ModelFiles
import TestKit
import Testing

@Suite struct `A configuration in config.json` {
  private let model = TinyModel()

  @Test func `reads the same in OpenAI's spelling`() throws {
    #expect(try read(whole: model.originalConfiguration) == read([:]))
  }

  @Test func `reads the same with rope_parameters`() throws {
    var object = try #require(model.configuration.objectValue)
    var rope = try #require(object["rope_scaling"]?.objectValue)
    rope["rope_theta"] = object["rope_theta"]
    (object["rope_scaling"], object["rope_theta"]) = (nil, nil)
    object["rope_parameters"] = .object(rope)
    #expect(try read(whole: .object(object)) == read([:]))
  }

  @Test func `without scaling has gpt-oss's own, as transformers does`() throws {
    var object = try #require(model.configuration.objectValue)
    object["rope_scaling"] = nil
    #expect(try read(whole: .object(object)) == read([:]))
  }

  @Test func `may turn scaling off`() throws {
    let off = try read(["rope_scaling": ["rope_type": "default"]])
    #expect(off.yarn == nil)
    #expect(off.contextLengthMax == 131_072)
    #expect(try read(["rope_scaling_factor": 1], dropping: ["rope_scaling"]).yarn == nil)
  }

  @Test func `fills in what transformers fills in`() throws {
    let sparse = try read(
      ["rope_scaling": ["type": "yarn", "factor": 8], "initial_context_length": 2048],
      dropping: ["head_dim", "num_key_value_heads", "rms_norm_eps", "rope_theta"])
    #expect(sparse.headSize == 16)
    #expect(sparse.kvHeadCount == 2)
    #expect(sparse.rmsNormEpsilon == 1e-5)
    #expect(sparse.ropeTheta == 150_000)
    #expect(
      sparse.yarn
        == .init(
          factor: 8, betaFast: 32, betaSlow: 1, originalContextLength: 2048, truncate: true))
  }

  @Test func `honours layer types and SwiGLU constants`() throws {
    let configuration = try read([
      "layer_types": ["full_attention"], "swiglu_alpha": 1.5, "swiglu_limit": 8,
      "num_experts_per_tok": 2, "experts_per_token": 1,
    ])
    #expect(configuration.layerIsSliding == [false])
    #expect(configuration.swigluAlpha == 1.5)
    #expect(configuration.swigluLimit == 8)
    #expect(configuration.expertsPerToken == 2)
  }

  private static let badFields: [(String, JSONValue, String)] = [
    ("hidden_size", .null, "missing, and needed."),
    ("hidden_size", "32", "a whole number should be here."),
    ("hidden_size", 32.5, "a whole number should be here."),
    ("hidden_size", 0, "0 is not between 1 and 131072."),
    ("hidden_size", -32, "-32 is not between 1 and 131072."),
    ("intermediate_size", 131_073, "131073 is not between 1 and 131072."),
    ("num_hidden_layers", 0, "0 is not between 1 and 1024."),
    (
      "num_hidden_layers", 9_223_372_036_854_775_807,
      "9223372036854775807 is not between 1 and 1024."
    ),
    ("num_attention_heads", 0, "0 is not between 1 and 4096."),
    ("num_attention_heads", 3, "3 must be a multiple of num_key_value_heads, 2."),
    ("num_key_value_heads", 0, "0 is not between 1 and 4096."),
    ("head_dim", 0, "0 is not between 2 and 4096."),
    ("head_dim", 15, "15 must be even."),
    ("num_local_experts", 4097, "4097 is not between 1 and 4096."),
    ("num_experts_per_tok", 3, "3 must be at most num_local_experts, 2."),
    ("vocab_size", 16_777_217, "16777217 is not between 1 and 16777216."),
    ("sliding_window", .null, "missing, and needed."),
    ("sliding_window", -1, "-1 is not between 1 and 2147483648."),
    ("max_position_embeddings", 0, "0 is not between 1 and 2147483648."),
    ("rms_norm_eps", 0, "0.0 is not a finite number above 0.0."),
    ("rms_norm_eps", "tiny", "a number should be here."),
    ("rope_theta", 1, "1.0 is not a finite number above 1.0."),
    ("swiglu_limit", -7, "-7.0 is not a finite number above 0.0."),
    ("swiglu_alpha", 1e300, "inf is not a finite number above 0.0."),
    ("attention_bias", false, "false is not supported; supported is true: gpt-oss has biases."),
    ("tie_word_embeddings", 1, "true or false should be here."),
    ("layer_types", 1, "an array of strings should be here."),
    ("layer_types", [1], "an array of strings should be here."),
    ("layer_types", [], "0 entries, and 1 are needed."),
    (
      "layer_types", ["linear_attention"],
      "linear_attention is not supported; supported is sliding_attention and full_attention."
    ),
    ("rope_scaling", "yarn", "an object should be here."),
    ("quantization_config", "mxfp4", "an object should be here."),
  ]

  @Test(arguments: badFields)
  func `is refused by its field`(field: String, value: JSONValue, rest: String) {
    var changes: JSONObject = ["num_key_value_heads": 2]
    changes[field] = value
    #expect(sentence { try read(changes) } == "config.json, \(field): \(rest)")
  }

  private static let badScaling: [(String, JSONValue, String)] = [
    (
      "rope_type", "llama3",
      "llama3 is not supported; supported is yarn and default."
    ),
    ("rope_type", "longrope", "longrope is not supported; supported is yarn and default."),
    ("factor", .null, "missing, and needed."),
    ("factor", 0.5, "0.5 is below 1."),
    ("beta_fast", 0, "0.0 is not a finite number above 0.0."),
    ("original_max_position_embeddings", 0, "0 is not between 1 and 2147483648."),
    (
      "attention_factor", 1.5,
      "1.5 is not supported; supported is no value: gpt-oss derives it from the factor."
    ),
    ("partial_rotary_factor", 0.5, "0.5 is not supported; supported is 1."),
    (
      "full_attention", .object([:]),
      "per layer type is not supported; supported is one for all layers."
    ),
  ]

  @Test(arguments: badScaling)
  func `is refused by its field of rope_scaling`(
    field: String, value: JSONValue, rest: String
  ) throws {
    var scaling = try #require(model.configuration["rope_scaling"]?.objectValue)
    scaling[field] = value
    #expect(
      sentence { try read(["rope_scaling": .object(scaling)]) }
        == "config.json, rope_scaling.\(field): \(rest)")
  }

  @Test func `is refused for another model or quantisation`() {
    #expect(
      sentence { try read(["model_type": "llama"]) } == """
        config.json is a model of the architecture "llama", and only gpt-oss models are run here.
        """)
    #expect(
      sentence { try read([:], dropping: ["model_type"]) }
        == "config.json, model_type: missing, and needed.")
    #expect(
      sentence { try read(["quantization_config": ["quant_method": "bitsandbytes"]]) } == """
        config.json says that the weights are quantised with "bitsandbytes"; MXFP4 and unquantised \
        weights are read. Use openai/gpt-oss-20b, or save the model merged, in 16 bits or MXFP4.
        """)
    #expect(sentence { try read(whole: []) } == "config.json, the file: an object should be here.")
  }

  /// The configuration that a whole file gives.
  private func read(whole json: JSONValue) throws -> GPTOSSConfiguration {
    try GPTOSSConfiguration(json: json, path: "config.json")
  }

  /// The configuration that the tiny model's file gives with changes made to it.
  private func read(
    _ changes: JSONObject, dropping: [String] = []
  ) throws -> GPTOSSConfiguration {
    var object = try #require(model.configuration.objectValue)
    for (key, value) in changes { object[key] = value }
    for key in dropping { object[key] = nil }
    return try read(whole: .object(object))
  }
}

@Suite struct `A configuration in GGUF metadata` {
  @Test func `reads the same as config.json's`() throws {
    let json = try GPTOSSConfiguration(json: TinyModel().configuration, path: "config.json")
    #expect(try read { _ in } == json)
  }

  @Test(arguments: [
    (GGUFWriter.Value.u32(1), [false, false, false, false]), (.u32(2), [true, false, true, false]),
    (.u32(3), [true, true, false, true]), (.bools([0, 1, 1, 0]), [false, true, true, false]),
    (.i32s([1, 0, 0, 0]), [true, false, false, false]),
  ])
  func `honours a sliding pattern`(value: GGUFWriter.Value, expected: [Bool]) throws {
    var model = TinyModel()
    model.layers = 4
    let configuration = try read(model) {
      $0.set("gpt-oss.attention.sliding_window_pattern", value)
    }
    #expect(configuration.layerIsSliding == expected)
  }

  @Test func `reads YaRN's betas where they are, and none where there is no scaling`() throws {
    let betas = try read {
      $0.set("gpt-oss.rope.scaling.yarn_beta_fast", .f32(16))
      $0.set("gpt-oss.rope.scaling.yarn_beta_slow", .f32(2))
    }
    #expect(
      betas.yarn
        == .init(
          factor: 32, betaFast: 16, betaSlow: 2, originalContextLength: 4096, truncate: false))
    #expect(try read { $0.remove("gpt-oss.rope.scaling.type") }.yarn == nil)
    #expect(try read { $0.set("gpt-oss.rope.scaling.type", .string("none")) }.yarn == nil)
  }

  @Test func `falls back as llama.cpp does`() throws {
    let configuration = try read {
      $0.remove("gpt-oss.expert_feed_forward_length")
      $0.remove("gpt-oss.attention.key_length")
      $0.set("gpt-oss.block_count", .u64(1))
      $0.set("gpt-oss.rope.freq_base", .u32(150_000))
    }
    #expect(configuration.intermediateSize == 32)
    #expect(configuration.headSize == 16)
    #expect(configuration.ropeTheta == 150_000)
  }

  private static let badKeys: [(String, GGUFWriter.Value?, String)] = [
    ("gpt-oss.block_count", nil, "missing, and needed."),
    ("gpt-oss.block_count", GGUFWriter.Value.string("1"), "a whole number should be here."),
    ("gpt-oss.block_count", .u32(.max), "4294967295 is not between 1 and 1024."),
    ("gpt-oss.block_count", .u64(.max), "a whole number should be here."),
    ("gpt-oss.attention.head_count", .i32s([2]), "a whole number should be here."),
    ("gpt-oss.attention.head_count", .u32(0), "0 is not between 1 and 4096."),
    (
      "gpt-oss.attention.head_count", .u32(5),
      "5 must be a multiple of gpt-oss.attention.head_count_kv, 2."
    ),
    ("gpt-oss.attention.value_length", .u32(8), "8 must be the size of a head, 16."),
    ("gpt-oss.rope.dimension_count", .u32(8), "8 must be the size of a head, 16."),
    ("gpt-oss.expert_used_count", .u32(3), "3 must be at most gpt-oss.expert_count, 2."),
    ("gpt-oss.rope.freq_base", .f32(.nan), "nan is not a finite number above 0.0."),
    (
      "gpt-oss.attention.layer_norm_rms_epsilon", .f32(.infinity),
      "inf is not a finite number above 0.0."
    ),
    (
      "gpt-oss.rope.scaling.type", .string("longrope"),
      "longrope is not supported; supported is yarn and none."
    ),
    ("gpt-oss.rope.scaling.factor", nil, "missing, and needed."),
    ("gpt-oss.rope.scaling.original_context_length", nil, "missing, and needed."),
    (
      "gpt-oss.rope.scaling.attn_factor", .f32(0.5),
      "0.5 is not supported; supported is 1: gpt-oss derives it from the factor."
    ),
    ("gpt-oss.attention.sliding_window_pattern", .u32(0), "0 is not between 1 and 1024."),
    ("gpt-oss.attention.sliding_window_pattern", .bools([1, 0]), "2 entries, and 1 are needed."),
    (
      "gpt-oss.attention.sliding_window_pattern", .strings([]),
      "an array of whole numbers should be here."
    ),
    ("general.architecture", nil, "missing, and needed."),
  ]

  @Test(arguments: badKeys)
  func `is refused by its key`(key: String, value: GGUFWriter.Value?, rest: String) {
    let refusal = sentence {
      try read {
        if key == "gpt-oss.attention.head_count" {
          $0.set("gpt-oss.attention.head_count_kv", .u32(2))
        }
        if let value { $0.set(key, value) } else { $0.remove(key) }
      }
    }
    #expect(refusal == "a.gguf, \(key): \(rest)")
  }

  private func read(
    _ model: TinyModel = TinyModel(), changing change: (inout GGUFWriter) -> Void
  ) throws -> GPTOSSConfiguration {
    var writer = model.gguf
    change(&writer)
    let file = try MappedFile(copying: writer.bytes, path: "a.gguf")
    return try GPTOSSCheckpoint(gguf: file).configuration
  }
}
