// GPTOSSCheckpoint.swift — a gpt-oss model on disk, opened: what it is and where its weights are.

package import Base

/// A gpt-oss model's files, mapped and checked against each other; nothing is copied or computed.
public struct GPTOSSCheckpoint: Sendable {
  /// Who named and arranged the tensors.
  public enum Layout: String, Sendable {
    case huggingFace = "Hugging Face"
    case original = "OpenAI original"
    case gguf = "GGUF"
  }

  public let configuration: GPTOSSConfiguration
  public let weights: GPTOSSWeights
  public let layout: Layout
  /// All tensors of the files, those that gpt-oss has no use for included.
  public let tensors: TensorTable
  /// GGUF alone: the tokenizer is in the same file. Other layouts have it in files of its own.
  public let tokenizer: GGUFTokenizer?
  /// Of a GGUF file.
  let ggufVersion: UInt32?

  /// Opens the model at `path`: a folder with safetensors in Hugging Face's or OpenAI's own layout,
  /// or with the latter in `original/`, or with one GGUF model; or a GGUF file, any part of a split
  /// one. Anything else is refused with a sentence that says what to use.
  public init(path: String) throws(ModelFileError) {
    switch try ModelLocation(path: path) {
    case .safetensors(let folder, let fileNames):
      let json = try JSONConfiguration(path: folder + "/config.json")
      try self.init(TensorTable(safetensorsIn: folder, fileNames: fileNames), json)
    case .gguf(let file): try self.init(gguf: file)
    }
  }

  /// Binds the tensors of one safetensors file to the configuration in `json`.
  package init(
    safetensors file: MappedFile, configuration json: JSONValue
  ) throws(ModelFileError) {
    try self.init(
      TensorTable(safetensors: file), JSONConfiguration(json, path: "config.json"))
  }

  /// Binds the tensors of safetensors files; the names in them tell the layout.
  init(_ table: TensorTable, _ json: JSONConfiguration) throws(ModelFileError) {
    try table.refuseOtherLayouts()
    let binder = WeightBinder(table: table, configuration: json.configuration)
    let isOriginal = table["embedding.weight"] != nil
    configuration = json.configuration
    weights =
      isOriginal
      ? try binder.originalWeights()
      : try binder.huggingFaceWeights(tiesEmbeddings: json.tiesEmbeddings)
    layout = isOriginal ? .original : .huggingFace
    tensors = table
    tokenizer = nil
    ggufVersion = nil
    try verifySmallTensors()
  }

  /// Binds the tensors of the GGUF model that `file` is, or is any part of.
  package init(gguf file: MappedFile) throws(ModelFileError) {
    let files = try GGUFFiles(file)
    try files.metadata.refuseOtherArchitecture()
    guard let embedding = files.tensors["token_embd.weight"] else {
      throw .tensorMissing(path: file.path, tensor: "token_embd.weight")
    }
    configuration = try GPTOSSConfiguration(
      files.metadata, vocabularySize: embedding.shape.first ?? 0)
    let binder = WeightBinder(table: files.tensors, configuration: configuration)
    weights = try binder.ggufWeights()
    layout = .gguf
    tensors = files.tensors
    tokenizer = try GGUFTokenizer(files.metadata)
    ggufVersion = files.version
    try verifySmallTensors()
  }
}
