// ModelLocationTests.swift — paths that are no model, and models that are not ours.

import Base
import Glibc
import ModelFiles
import TestKit
import Testing

@Suite struct `A path` {
  private let model = TinyModel()

  @Test func `that is not there is refused`() {
    #expect(
      sentence { try GPTOSSCheckpoint(path: "/no/model") }
        == "/no/model cannot be opened: No such file or directory.")
  }

  @Test func `of a folder without a model says what was looked for`() throws {
    let folder = try TemporaryFolder()
    try folder.write("README.md", [])
    #expect(
      sentence { try GPTOSSCheckpoint(path: folder.path) } == """
        \(folder.path) has no gpt-oss model. Looked for: model.safetensors.index.json, \
        model.safetensors, other .safetensors files, the same in original/, one .gguf model.
        """)
  }

  @Test func `of a folder without config.json says so`() throws {
    let folder = try TemporaryFolder()
    try folder.write("model.safetensors", model.tensors.safetensors)
    #expect(
      sentence { try GPTOSSCheckpoint(path: folder.path) }
        == "\(folder.path)/config.json cannot be opened: No such file or directory.")
  }

  @Test func `of a folder with only original/ in it opens that`() throws {
    let folder = try TemporaryFolder()
    try folder.makeFolder("original")
    try folder.write("config.json", Array(model.configuration.compactText.utf8))
    try folder.write("original/model.safetensors", model.tensors.inOriginalLayout.safetensors)
    try folder.write(
      "original/config.json", Array(model.originalConfiguration.compactText.utf8))
    try folder.write("original/dtypes.json", Array("{}".utf8))
    #expect(try GPTOSSCheckpoint(path: folder.path).layout == .original)
  }

  @Test func `of a folder with one GGUF model opens it, with two asks which`() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.gguf", model.gguf.bytes)
    #expect(try GPTOSSCheckpoint(path: folder.path).layout == .gguf)
    try folder.write("b-00001-of-00002.gguf", [])
    try folder.write("b-00002-of-00002.gguf", [])
    #expect(
      sentence { try GPTOSSCheckpoint(path: folder.path) } == """
        \(folder.path) has more than one model: a.gguf, b-00001-of-00002.gguf. Name one of them.
        """)
    try folder.writeModel(model.configuration, ["model.safetensors": model.tensors])
    #expect(try GPTOSSCheckpoint(path: folder.path).layout == .huggingFace)
  }

  @Test func `of a GGUF file may have any name`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("sha256-0123", model.gguf.bytes)
    #expect(try GPTOSSCheckpoint(path: path).layout == .gguf)
  }

  @Test(.timeLimit(.minutes(1))) func `of a pipe is refused without waiting for it`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/pipe.gguf"
    try #require(mkfifo(path, 0o600) == 0)
    #expect(
      sentence { try GPTOSSCheckpoint(path: path) }
        == "\(path) is a named pipe, and a file is needed here.")
    #expect(
      sentence { try GPTOSSCheckpoint(path: "/dev/zero") }
        == "/dev/zero is a device, and a file is needed here.")
  }

  @Test func `of a folder where a file should be is refused`() throws {
    let folder = try TemporaryFolder()
    try folder.makeFolder("model.safetensors")
    try folder.write("config.json", Array(model.configuration.compactText.utf8))
    let inner = folder.path + "/model.safetensors"
    #expect(
      sentence { try GPTOSSCheckpoint(path: folder.path) }
        == "\(inner) is a folder, and a file is needed here.")
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything"))
  func `of a file that may not be read is refused`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.gguf", model.gguf.bytes)
    try #require(chmod(path, 0) == 0)
    #expect(
      sentence { try GPTOSSCheckpoint(path: path) }
        == "\(path) cannot be opened: Permission denied."
    )
  }

  @Test func `of empty files is refused`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("empty.gguf", [])
    #expect(
      sentence { try GPTOSSCheckpoint(path: path) } == """
        \(path) is not a model file that is known here. Give a folder or a .gguf file.
        """)
    let inner = try TemporaryFolder()
    try inner.write("model.safetensors", [])
    try inner.write("config.json", Array(model.configuration.compactText.utf8))
    #expect(
      sentence { try GPTOSSCheckpoint(path: inner.path) } == """
        \(inner.path)/model.safetensors ends inside "header length": byte 0 needs 8 bytes, 0 left. \
        The download is probably incomplete; fetch it again.
        """)
    try inner.write("config.json", [])
    #expect(
      sentence { try GPTOSSCheckpoint(path: inner.path) }.hasPrefix(
        "\(inner.path)/config.json, line 1, column 1: the text ends where a value should be."))
  }

  /// The first bytes tell, or the name does.
  @Test(arguments: [
    (
      "model.bin", "GPT-OSS v1.0\u{0}",
      "is gpt-oss arranged for OpenAI's Metal program, which is not read. "
        + "Use the .safetensors files of the same repository."
    ),
    (
      "pytorch_model.bin", "PK\u{3}\u{4}",
      "has its weights as a PyTorch pickle, which can run code when read and is not read. "
        + "Use the .safetensors files of the same model."
    ),
    (
      "model.safetensors", "x", "is one file of a model. Give the folder that it is in."
    ),
    (
      "model.safetensors.index.json", "{}",
      "is one file of a model. Give the folder that it is in."
    ),
    (
      "notes.txt", "x", "is not a model file that is known here. Give a folder or a .gguf file."
    ),
  ])
  func `of another kind of file says what to use`(
    name: String, text: String, rest: String
  ) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(name, Array(text.utf8))
    #expect(sentence { try GPTOSSCheckpoint(path: path) } == "\(path) \(rest)")
  }

  @Test(arguments: [
    (
      "model.bin",
      "/model.bin is gpt-oss arranged for OpenAI's Metal program, which is not read. "
        + "Use the .safetensors files of the same repository."
    ),
    (
      "pytorch_model-00001-of-00002.bin",
      " has its weights as a PyTorch pickle, which can run code when read and is not read. "
        + "Use the .safetensors files of the same model."
    ),
    (
      "consolidated.00.pth",
      " has its weights as a PyTorch pickle, which can run code when read and is not read. "
        + "Use the .safetensors files of the same model."
    ),
    (
      "adapter_config.json",
      " has a PEFT adapter (LoRA), not a whole model. Merge it into its base model, and use the "
        + "folder that this writes."
    ),
  ])
  func `of another kind of folder says what to use`(name: String, rest: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", Array(model.configuration.compactText.utf8))
    try folder.write(name, Array("GPT-OSS v1.0".utf8))
    #expect(sentence { try GPTOSSCheckpoint(path: folder.path) } == folder.path + rest)
  }

  @Test(arguments: [
    (
      "model.layers.0.mlp.experts.gate_up_projs.0.weight",
      "has its experts split into modules (tensor \"NAME\"), as Unsloth saves them, which is not "
        + "read. Save it merged, in 16 bits or MXFP4."
    ),
    (
      "model.layers.0.mlp.router.linear.weight",
      "has its experts split into modules (tensor \"NAME\"), as Unsloth saves them, which is not "
        + "read. Save it merged, in 16 bits or MXFP4."
    ),
    (
      "model.layers.0.self_attn.q_proj.weight.absmax",
      "is quantised with bitsandbytes (tensor \"NAME\"), which is not read. "
        + "Save it merged, in 16 bits or MXFP4."
    ),
    (
      "model.layers.0.self_attn.q_proj.weight.quant_state.bitsandbytes__nf4",
      "is quantised with bitsandbytes (tensor \"NAME\"), which is not read. "
        + "Save it merged, in 16 bits or MXFP4."
    ),
    (
      "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
      "has a PEFT adapter (LoRA), not a whole model. Merge it into its base model, and use the "
        + "folder that this writes."
    ),
  ])
  func `of tensors in another arrangement says what to use`(name: String, rest: String) throws {
    var tensors = model.tensors
    tensors.append(TestTensor(name: name, type: "U8", shape: [1], bytes: [0]))
    let file = try MappedFile(copying: tensors.safetensors, path: "a.safetensors")
    let refusal = sentence {
      try GPTOSSCheckpoint(safetensors: file, configuration: model.configuration)
    }
    #expect(refusal == "a.safetensors " + rest.replacing("NAME", with: name))
  }

  @Test func `of Ollama's own GGUF says what to use`() throws {
    let expected = """
      blob is gpt-oss in Ollama's own arrangement (architecture "gptoss"), which is not read. \
      Use ggml-org/gpt-oss-20b-GGUF or openai/gpt-oss-20b.
      """
    var writer = model.gguf
    writer.set("general.architecture", .string("gptoss"))
    var file = try MappedFile(copying: writer.bytes, path: "blob")
    #expect(sentence { try GPTOSSCheckpoint(gguf: file) } == expected)
    // Its first files have MXFP4 under a number that ggml has given up.
    writer.add("x", type: 4, shape: [32], [])
    file = try MappedFile(copying: writer.bytes, path: "blob")
    #expect(sentence { try GPTOSSCheckpoint(gguf: file) } == expected)
  }

  @Test func `of another model's GGUF names its architecture`() throws {
    var writer = model.gguf
    writer.set("general.architecture", .string("llama"))
    let file = try MappedFile(copying: writer.bytes, path: "a.gguf")
    #expect(
      sentence { try GPTOSSCheckpoint(gguf: file) } == """
        a.gguf is a model of the architecture "llama", and only gpt-oss models are run here.
        """)
  }
}
