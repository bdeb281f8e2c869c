// VerificationTests.swift — weights that are no numbers, and what there is to say about a model.

import Base
import ModelFiles
import TestKit
import Testing

@Suite struct `A weight that is no number` {
  /// BF16 0x7F80 is infinity, 0xFFC0 a NaN; the scale 255 is MXFP4's NaN.
  @Test(arguments: [
    ("model.norm.weight", 31, [UInt8(0x80), 0x7F], "[31]"),
    ("model.layers.0.self_attn.sinks", 0, [0xC0, 0xFF], "[0]"),
    ("model.layers.0.mlp.experts.gate_up_proj_bias", 65, [0xC0, 0xFF], "[1, 1]"),
    ("model.layers.0.mlp.experts.gate_up_proj_scales", 67, [255], "[1, 3, 0]"),
    ("lm_head.weight", 7 * 32 + 5, [0x80, 0xFF], "[7, 5]"),
  ])
  func `is found on opening where the tensor is small`(
    name: String, element: Int, bytes: [UInt8], place: String
  ) throws {
    let tensors = try TinyModel().tensors.setting(name, element: element, to: bytes)
    let file = try MappedFile(copying: tensors.safetensors, path: "a.safetensors")
    let refusal = sentence {
      try GPTOSSCheckpoint(safetensors: file, configuration: TinyModel().configuration)
    }
    #expect(
      refusal == """
        a.safetensors, tensor "\(name)": the weight at \(place) is not a finite number. \
        The file is damaged; fetch it again.
        """)
  }

  @Test func `is found by verify() where the tensor is large`() throws {
    var model = TinyModel()
    model.vocabulary = 20_000
    let name = "model.embed_tokens.weight"
    let tensors = try model.tensors.setting(name, element: 32 * 19_999 + 8, to: [0x80, 0x7F])
    let file = try MappedFile(copying: tensors.safetensors, path: "a.safetensors")
    let checkpoint = try GPTOSSCheckpoint(safetensors: file, configuration: model.configuration)
    #expect(
      sentence { try checkpoint.verify() } == """
        a.safetensors, tensor "\(name)": the weight at [19999, 8] is not a finite number. \
        The file is damaged; fetch it again.
        """)
    try Tiny.checkpoint().verify()
  }

  /// Type number, bytes of a block, where in it a float16 lies that scales it; MXFP4 has one byte.
  @Test(arguments: [
    (UInt32(2), 18, 0), (3, 20, 0), (3, 20, 2), (6, 22, 0), (7, 24, 0), (7, 24, 2), (8, 34, 0),
    (12, 144, 0), (12, 144, 2), (13, 176, 0), (13, 176, 2), (14, 210, 208), (1, 2, 0), (30, 2, 0),
    (0, 4, 2), (39, 17, 0),
  ])
  func `is found in every GGUF type`(type: UInt32, blockBytes: Int, place: Int) throws {
    var model = TinyModel()
    (model.heads, model.headSize) = (4, 64)
    let elements = [0: 1, 1: 1, 30: 1, 12: 256, 13: 256, 14: 256][type] ?? 32
    let bad: [UInt8] = type == 39 ? [255] : type == 0 || type == 30 ? [0x80, 0x7F] : [0, 0x7C]
    for isBad in [false, true] {
      var bytes = [UInt8](repeating: 0, count: 32 * 256 / elements * blockBytes)
      let block = 9 * 256 / elements
      if isBad {
        bytes.replaceSubrange(
          block * blockBytes + place..<block * blockBytes + place + bad.count, with: bad)
      }
      var writer = GGUFWriter()
      for (key, value) in model.ggufMetadata { writer.set(key, value) }
      for (tensor, ownType) in model.tensors.inGGUFLayout {
        let isChanged = tensor.name == "blk.0.attn_output.weight"
        writer.add(
          tensor.name, type: isChanged ? type : ownType, shape: tensor.shape,
          isChanged ? bytes : tensor.bytes)
      }
      let file = try MappedFile(copying: writer.bytes, path: "a.gguf")
      guard isBad else {
        _ = try GPTOSSCheckpoint(gguf: file)
        continue
      }
      #expect(
        sentence { try GPTOSSCheckpoint(gguf: file) } == """
          a.gguf, tensor "blk.0.attn_output.weight": the weight at [9, 0] is not a finite number. \
          The file is damaged; fetch it again.
          """)
    }
  }

  @Test func `does not matter where no one reads it`() throws {
    var tensors = TinyModel().tensors
    tensors.append(
      TestTensor(name: "mask", type: "BF16", shape: [1], bytes: [0x80, 0xFF]))
    let file = try MappedFile(copying: tensors.safetensors, path: "a.safetensors")
    let checkpoint = try GPTOSSCheckpoint(
      safetensors: file, configuration: TinyModel().configuration)
    try checkpoint.verify()
    #expect(checkpoint.facts.unusedTensors == ["mask"])
  }
}

@Suite struct `The facts of a model` {
  @Test func `count files, types, tensors and parameters`() throws {
    let path = Tiny.folder + "/model.safetensors"
    let facts = try Tiny.checkpoint().facts
    #expect(
      facts
        == ModelFacts(
          container: "safetensors", layout: .huggingFace,
          files: [.init(path: path, byteCount: 1_981_984)], tensorCount: 79, unusedTensors: [],
          types: [
            .init(name: "BF16", tensorCount: 63, byteCount: 1_346_912),
            .init(name: "MXFP4 (blocks and scales)", tensorCount: 16, byteCount: 626_688),
          ],
          parameterCount: 1_853_104, activeParameterCount: 1_127_216, configuration: .tiny))
    let counts = try Tiny.checkpoint().weights.parts.map { $0.numbers().count }
    #expect(facts.parameterCount == counts.reduce(0, +))
  }

  @Test func `name the GGUF version`() throws {
    var writer = TinyModel().gguf
    writer.version = 2
    let file = try MappedFile(copying: writer.bytes, path: "a.gguf")
    let facts = try GPTOSSCheckpoint(gguf: file).facts
    #expect(facts.container == "GGUF version 2")
    #expect(facts.types.map(\.name) == ["BF16", "MXFP4", "F32"])
  }

  /// The counts of OpenAI's model card: 20.9 and 3.6 billion, 116.8 and 5.1 billion.
  @Test(arguments: [
    (24, 32, 20_914_757_184, 3_608_310_144), (36, 128, 116_829_156_672, 5_132_852_352),
  ])
  func `count gpt-oss's parameters`(layers: Int, experts: Int, all: Int, active: Int) throws {
    var model = TinyModel()
    (model.layers, model.experts, model.expertsPerToken) = (layers, experts, 4)
    (model.hidden, model.intermediate, model.vocabulary) = (2880, 2880, 201_088)
    (model.heads, model.kvHeads, model.headSize) = (64, 8, 64)
    let configuration = try GPTOSSConfiguration(json: model.configuration, path: "config.json")
    #expect(configuration.parameterCount == all)
    #expect(configuration.activeParameterCount == active)
  }
}

extension [TestTensor] {
  /// With some bytes of one tensor, from one element on, replaced.
  fileprivate func setting(
    _ name: String, element: Int, to bytes: [UInt8]
  ) throws -> [TestTensor] {
    var tensors = self
    let index = try #require(firstIndex { $0.name == name })
    let offset = element * bytes.count
    tensors[index].bytes.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    return tensors
  }
}
