// GPTOSSCheckpoint.swift — a gpt-oss model on disk, opened: what it is and where its weights are.

/// A gpt-oss model's files, mapped and checked against each other; nothing is copied or computed.
public struct GPTOSSCheckpoint: Sendable {
  public let configuration: GPTOSSConfiguration
  public let weights: GPTOSSWeights

  /// Opens the model at `path`: a folder in Hugging Face layout.
  public init(path: String) throws(ModelFileError) {
    let json = try JSONConfiguration(path: path + "/config.json")
    let hasIndex = FileKind(path: path + "/" + TensorTable.indexName) == .file
    let table = try TensorTable(
      safetensorsIn: path, fileNames: ["model.safetensors"], hasIndex: hasIndex)
    let binder = WeightBinder(table: table, configuration: json.configuration)
    configuration = json.configuration
    weights = try binder.huggingFaceWeights(tiesEmbeddings: json.tiesEmbeddings)
  }
}
