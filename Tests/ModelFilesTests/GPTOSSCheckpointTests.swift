// GPTOSSCheckpointTests.swift — whole checkpoints, opened from each layout.

import Base
import ModelFiles
import TestKit
import Testing

@Suite struct `A gpt-oss checkpoint` {
  @Test func `in Hugging Face layout opens as views of its one file`() throws {
    let checkpoint = try Tiny.checkpoint()
    #expect(checkpoint.configuration == .tiny)
    #expect(checkpoint.layout == .huggingFace)
    #expect(checkpoint.weights.embedding.rows == 1024)
    let expert = checkpoint.weights.layers[3].experts[7]
    #expect(expert.gate.format == .mxfp4Split)
    #expect(expert.gate.rowStride == 2 * 64)
    #expect(expert.gate.scaleRowStride == 2 * 4)
    #expect(expert.up.bytes.offset == expert.gate.bytes.offset + 64)
    #expect(expert.gate.bytes.count == 95 * 128 + 64)
    #expect((expert.down.rows, expert.down.columns) == (128, 96))
    #expect(expert.upBias.stride == 4)
  }

  @Test func `has the same numbers under OpenAI's names`() throws {
    let folder = try TemporaryFolder()
    try folder.writeModel(
      Tiny.shape.originalConfiguration,
      ["model.safetensors": try Tiny.tensors().inOriginalLayout])
    let original = try GPTOSSCheckpoint(path: folder.path + "/")
    #expect(original.layout == .original)
    #expect(original.configuration == .tiny)
    expectSameNumbers(original.weights, try Tiny.checkpoint().weights)
  }

  @Test(arguments: [
    ("BF16", true, ""), ("F32", true, ""), ("F16", true, ""), ("BF16", false, ".weight"),
    ("BF16", true, ".weight"), ("BF16", false, ""),
  ])
  func `has the same numbers with dense experts`(
    type: String, isTransposed: Bool, suffix: String
  ) throws {
    let tensors = try Tiny.tensors().withDenseExperts(
      type, isTransposed: isTransposed, suffix: suffix)
    let dotted = tensors.map { tensor in
      guard !suffix.isEmpty, tensor.name.contains(".experts.") else { return tensor }
      var tensor = tensor
      tensor.name = tensor.name.replacing("_proj_bias", with: "_proj.bias")
      return tensor
    }
    let folder = try TemporaryFolder()
    var configuration = try Tiny.configuration()
    configuration["quantization_config"] = nil
    try folder.writeModel(.object(configuration), ["model.safetensors": dotted])
    let dense = try GPTOSSCheckpoint(path: folder.path)
    #expect(dense.weights.layers[0].experts[0].gate.format.rawValue == type)
    expectSameNumbers(dense.weights, try Tiny.checkpoint().weights)
  }

  @Test func `has the same numbers in three files behind an index`() throws {
    let tensors = try Tiny.tensors()
    let folder = try TemporaryFolder()
    var files: [String: [TestTensor]] = [:]
    var map = JSONObject()
    for (index, tensor) in tensors.enumerated() {
      let name = "model-0000\(index % 3)-of-00002.safetensors"
      files[name, default: []].append(tensor)
      map[tensor.name] = .string(name)
    }
    files["unreferenced.safetensors"] = [tensors[0]]
    try folder.writeModel(.object(try Tiny.configuration()), files)
    let index: JSONValue = ["metadata": ["total_size": 1], "weight_map": .object(map)]
    try folder.write("model.safetensors.index.json", Array(index.compactText.utf8))
    let sharded = try GPTOSSCheckpoint(path: folder.path)
    #expect(sharded.facts.files.count == 3)
    expectSameNumbers(sharded.weights, try Tiny.checkpoint().weights)
  }

  @Test func `has the same numbers in llama.cpp's GGUF of it`() throws {
    let gguf = try GPTOSSCheckpoint(path: Vectors.path("tiny-gpt-oss/tiny-bf16.gguf"))
    #expect(gguf.layout == .gguf)
    #expect(gguf.configuration == .tiny)
    #expect(gguf.weights.layers[0].experts[0].gate.format == .mxfp4)
    expectSameNumbers(gguf.weights, try Tiny.checkpoint().weights)
  }

  /// Q8_0 rounds to steps of 1/127 of each block's largest magnitude, and the step to float16.
  @Test func `has nearly the same numbers in Q8_0`() throws {
    let gguf = try GPTOSSCheckpoint(path: Vectors.path("tiny-gpt-oss/tiny-q8.gguf"))
    #expect(gguf.weights.layers[0].query.format == .q8_0)
    let exact = try Tiny.checkpoint().weights.layers[2].value
    let rounded = gguf.weights.layers[2].value
    for row in 0..<exact.rows {
      for (block, part) in exact.row(row).chunks(of: 32).enumerated() {
        let largest = part.map(\.magnitude).max() ?? 0
        for (left, right) in zip(part, rounded.row(row)[(32 * block)...]) {
          #expect((left - right).magnitude <= largest * (1 / 254 + 1 / 2048))
        }
      }
    }
  }

  @Test(arguments: [0, 1, 2])
  func `has the same numbers in a split GGUF, whichever part is named`(given: Int) throws {
    let tensors = try Tiny.tensors().inGGUFLayout
    let folder = try TemporaryFolder()
    for part in 0..<3 {
      var writer = GGUFWriter()
      if part == 0 { for (key, value) in Tiny.shape.ggufMetadata { writer.set(key, value) } }
      writer.set("split.no", .u16(UInt16(part)))
      writer.set("split.count", .u16(3))
      writer.set("split.tensors.count", .i32(Int32(tensors.count)))
      // As in ggml-org's 120b, the first part has metadata alone.
      for (index, (tensor, type)) in tensors.enumerated() where part == 1 + index % 2 {
        writer.add(tensor.name, type: type, shape: tensor.shape, tensor.bytes)
      }
      try folder.write("tiny-0000\(part + 1)-of-00003.gguf", writer.bytes)
    }
    let path = folder.path + "/tiny-0000\(given + 1)-of-00003.gguf"
    let split = try GPTOSSCheckpoint(path: path)
    #expect(split.configuration == .tiny)
    #expect(split.facts.files.count == 3)
    expectSameNumbers(split.weights, try Tiny.checkpoint().weights)
    #expect(try GPTOSSCheckpoint(path: folder.path).facts == split.facts)
  }

  /// ggml forgets outer axes of one element when it writes a file again.
  @Test func `opens a GGUF whose one expert has lost its axis`() throws {
    var model = TinyModel()
    model.experts = 1
    var writer = GGUFWriter()
    for (key, value) in model.ggufMetadata { writer.set(key, value) }
    for (tensor, type) in model.tensors.inGGUFLayout {
      let shape = Array(tensor.shape.drop { $0 == 1 })
      writer.add(tensor.name, type: type, shape: shape, tensor.bytes)
    }
    let file = try MappedFile(copying: writer.bytes, path: "a.gguf")
    let safetensors = try MappedFile(copying: model.tensors.safetensors, path: "a.safetensors")
    expectSameNumbers(
      try GPTOSSCheckpoint(gguf: file).weights,
      try GPTOSSCheckpoint(safetensors: safetensors, configuration: model.configuration).weights)
  }

  @Test func `uses the embedding for a tied unembedding`() throws {
    let tensors = TinyModel().tensors.filter { $0.name != "lm_head.weight" }
    let file = try MappedFile(copying: tensors.safetensors, path: "tied.safetensors")
    var configuration = try #require(TinyModel().configuration.objectValue)
    let refusal = sentence {
      try GPTOSSCheckpoint(safetensors: file, configuration: .object(configuration))
    }
    #expect(
      refusal == """
        tied.safetensors has no tensor "lm_head.weight", which a gpt-oss model needs. The download \
        is probably incomplete; fetch it again.
        """)
    configuration["tie_word_embeddings"] = true
    let tied = try GPTOSSCheckpoint(safetensors: file, configuration: .object(configuration))
    #expect(tied.weights.unembedding.row(3) == tied.weights.embedding.row(3))
    let counts = tied.weights.parts.dropFirst().map { $0.numbers().count }
    #expect(tied.facts.parameterCount == counts.reduce(0, +))
  }

  /// 256 columns, so that K-quants fit; the bytes are noise, and only the views are looked at.
  @Test(arguments: [
    ("F32", UInt32(0), 1024), ("F16", 1, 512), ("Q4_0", 2, 144), ("Q4_1", 3, 160),
    ("Q5_0", 6, 176), ("Q5_1", 7, 192), ("Q8_0", 8, 272), ("Q4_K", 12, 144), ("Q5_K", 13, 176),
    ("Q6_K", 14, 210), ("BF16", 30, 512), ("MXFP4", 39, 136),
  ])
  func `opens a GGUF with every type that is read`(
    name: String, type: UInt32, rowBytes: Int
  ) throws {
    var model = TinyModel()
    (model.heads, model.headSize, model.hidden) = (4, 64, 64)
    var writer = GGUFWriter()
    for (key, value) in model.ggufMetadata { writer.set(key, value) }
    for (tensor, ownType) in model.tensors.inGGUFLayout {
      if tensor.name == "blk.0.attn_output.weight" {
        let bytes = [UInt8](repeating: 0x2A, count: 64 * rowBytes)
        writer.add(tensor.name, type: type, shape: [64, 256], bytes)
      } else {
        writer.add(tensor.name, type: ownType, shape: tensor.shape, tensor.bytes)
      }
    }
    let file = try MappedFile(copying: writer.bytes, path: "test.gguf")
    let output = try GPTOSSCheckpoint(gguf: file).weights.layers[0].attentionOutput
    #expect(output.format.rawValue == name)
    #expect((output.rows, output.columns, output.rowStride) == (64, 256, rowBytes))
    #expect(output.row(63).count == 256)
  }
}

extension Array {
  fileprivate func chunks(of size: Int) -> [ArraySlice<Element>] {
    stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
  }
}

extension GPTOSSConfiguration {
  /// What Tests/Vectors/tiny-gpt-oss/config.json says.
  static let tiny = GPTOSSConfiguration(
    layerCount: 4, hiddenSize: 128, intermediateSize: 96, headCount: 4, kvHeadCount: 2,
    headSize: 64, expertCount: 8, expertsPerToken: 4, vocabularySize: 1024, slidingWindow: 16,
    layerIsSliding: [true, false, true, false], rmsNormEpsilon: 1e-5, ropeTheta: 150_000,
    yarn: YaRN(
      factor: 32, betaFast: 32, betaSlow: 1, originalContextLength: 4096, truncate: false),
    contextLengthMax: 131_072, swigluAlpha: 1.702, swigluLimit: 7)
}
