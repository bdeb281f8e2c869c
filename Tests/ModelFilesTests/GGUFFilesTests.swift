// GGUFFilesTests.swift — split GGUF models whose parts disagree, and what a file says of its tokenizer.

import Glibc
import ModelFiles
import TestKit
import Testing

@Suite struct `A split GGUF model` {
  @Test func `is refused where a part is missing`() throws {
    let folder = try parts { _, _ in true }
    #expect(remove(folder, "m-00002-of-00002.gguf"))
    #expect(
      sentence { try GPTOSSCheckpoint(path: folder.path) }
        == "\(folder.path)/m-00002-of-00002.gguf cannot be opened: No such file or directory.")
  }

  @Test func `is refused where a part lost its name`() throws {
    let folder = try parts { _, _ in true }
    let bytes = try bytes(folder, "m-00001-of-00002.gguf")
    for name in ["m.gguf", "m-00001-of-00003.gguf", "m-00003-of-00002.gguf", "m-1-of-2.gguf"] {
      let path = try folder.write(name, bytes)
      #expect(
        sentence { try GPTOSSCheckpoint(path: path) } == """
          \(path): the model is split into 2 files, and this one's name does not end like \
          "-00001-of-00002.gguf". Give all parts their names back.
          """)
    }
  }

  @Test func `is refused where a part is another's copy`() throws {
    let folder = try parts { _, _ in true }
    try folder.write("m-00002-of-00002.gguf", bytes(folder, "m-00001-of-00002.gguf"))
    #expect(
      sentence { try GPTOSSCheckpoint(path: folder.path) } == """
        \(folder.path)/m-00002-of-00002.gguf: "split.no" is 0, and by the names of the parts it is \
        1. The parts are not of the same model, or were renamed.
        """)
  }

  @Test func `is refused where a tensor is in two parts`() throws {
    let folder = try parts { name, _ in name != "output.weight" }
    #expect(
      sentence { try GPTOSSCheckpoint(path: folder.path) } == """
        \(folder.path)/m-00001-of-00002.gguf: the tensor "output.weight" is both in \
        \(folder.path)/m-00001-of-00002.gguf and in \(folder.path)/m-00002-of-00002.gguf. \
        Remove the file that is stale.
        """)
  }

  @Test func `is refused where the tensors are fewer than were split`() throws {
    let folder = try parts(claimed: 24) { _, _ in true }
    #expect(
      sentence { try GPTOSSCheckpoint(path: folder.path) } == """
        \(folder.path)/m-00001-of-00002.gguf: all parts together have 22 tensors, and \
        "split.tensors.count" is 24.
        """)
  }

  /// Two parts, tensors in turn; those for which `isSplit` is false go to both.
  private func parts(
    claimed: Int32 = 22, isSplit: (String, Int) -> Bool
  ) throws -> TemporaryFolder {
    let model = TinyModel()
    let folder = try TemporaryFolder()
    for part in 0..<2 {
      var writer = GGUFWriter()
      if part == 0 { for (key, value) in model.ggufMetadata { writer.set(key, value) } }
      writer.set("split.no", .u16(UInt16(part)))
      writer.set("split.count", .u16(2))
      writer.set("split.tensors.count", .i32(claimed))
      for (index, (tensor, type)) in model.tensors.inGGUFLayout.enumerated()
      where index % 2 == part || !isSplit(tensor.name, index) {
        writer.add(tensor.name, type: type, shape: tensor.shape, tensor.bytes)
      }
      try folder.write("m-0000\(part + 1)-of-00002.gguf", writer.bytes)
    }
    return folder
  }

  private func bytes(_ folder: TemporaryFolder, _ name: String) throws -> [UInt8] {
    let file = try MappedFile(path: folder.path + "/" + name)
    return withExtendedLifetime(file) { [UInt8](file.bytes) }
  }

  private func remove(_ folder: TemporaryFolder, _ name: String) -> Bool {
    unlink(folder.path + "/" + name) == 0
  }
}

@Suite struct `A GGUF file's tokenizer` {
  @Test func `gives tokens, types and merges in order`() throws {
    let checkpoint = try GPTOSSCheckpoint(path: Vectors.path("tiny-gpt-oss/tiny-q8.gguf"))
    let tokenizer = try #require(checkpoint.tokenizer)
    #expect(tokenizer.model == "gpt2")
    #expect(tokenizer.preTokenizer == "gpt-4o")
    #expect(tokenizer.bosTokenID == 1000)
    #expect(tokenizer.eosTokenID == 1004)
    #expect(tokenizer.paddingTokenID == 1001)
    #expect(tokenizer.chatTemplate == nil)
    let tokens = try tokenizer.tokens()
    #expect(tokens.count == 1024)
    #expect(tokens.prefix(3) == ["!", "\"", "#"])
    #expect(tokens[1004] == "<|return|>")
    let types = try #require(try tokenizer.tokenTypes())
    #expect(types.count == 1024)
    #expect((types[0], types[1004]) == (1, 3))
    #expect(try tokenizer.merges().prefix(3) == ["Ġ Ġ", "ĠĠ ĠĠ", "i n"])
  }

  @Test func `is no part of a safetensors folder`() throws {
    #expect(try Tiny.checkpoint().tokenizer == nil)
  }

  private static let badMerges: [(GGUFWriter.Value?, String)] = [
    (nil, "missing, and needed."), (.u32(1), "an array of strings should be here."),
    (.i32s([1]), "an array of strings should be here."),
  ]

  @Test(arguments: badMerges)
  func `is refused where its arrays are none`(
    value: GGUFWriter.Value?, rest: String
  ) throws {
    var writer = TinyModel().gguf
    writer.remove("tokenizer.ggml.merges")
    if let value { writer.set("tokenizer.ggml.merges", value) }
    let file = try MappedFile(copying: writer.bytes, path: "a.gguf")
    let tokenizer = try #require(try GPTOSSCheckpoint(gguf: file).tokenizer)
    #expect(sentence { try tokenizer.merges() } == "a.gguf, tokenizer.ggml.merges: " + rest)
  }
}
