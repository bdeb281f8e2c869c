// ModelLocation.swift — what a path names: a folder of safetensors, a GGUF file, or no gpt-oss model.

import Glibc

/// Where a model's weights are, once the path has been looked at.
enum ModelLocation {
  /// `fileNames` is empty where the index says which they are.
  case safetensors(folder: String, fileNames: [String])
  case gguf(MappedFile)

  /// What is looked for in a folder, in this order, as messages say it.
  static let lookedFor = [
    "model.safetensors.index.json", "model.safetensors", "other .safetensors files",
    "the same in original/", "one .gguf model",
  ]

  init(path: String) throws(ModelFileError) {
    guard let kind = FileKind(path: path) else { throw .cannotOpen(path: path, errno: errno) }
    if kind == .folder {
      self = try Self.inFolder(
        path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path)
    } else {
      self = try Self.inFile(path)
    }
  }

  private static func inFile(_ path: String) throws(ModelFileError) -> ModelLocation {
    let file = try MappedFile(path: path)
    // By content: a blob of Ollama's has no extension.
    if file.starts(with: "GGUF".utf8) { return .gguf(file) }
    if file.starts(with: "GPT-OSS v1.0".utf8) { throw .refused(path: path, .metalModel) }
    if path.hasSuffix(".safetensors") || path.hasSuffix(TensorTable.indexName) {
      throw .refused(path: path, .partOfFolder)
    }
    // A zip archive or a bare pickle, as PyTorch writes them.
    if file.starts(with: "PK\u{3}\u{4}".utf8) || file.starts(with: [0x80, 0x02]) {
      throw .refused(path: path, .pickle)
    }
    throw .refused(path: path, .unknownFile)
  }

  private static func inFolder(_ folder: String) throws(ModelFileError) -> ModelLocation {
    let names = try fileNames(in: folder)
    if names.contains("adapter_config.json") { throw .refused(path: folder, .adapter) }
    if let location = safetensors(in: folder, names: names) { return location }
    let original = folder + "/original"
    if FileKind(path: original) == .folder,
      let location = safetensors(in: original, names: try fileNames(in: original))
    {
      return location
    }
    let models = ggufModels(names)
    if let only = models.first, models.count == 1 {
      return .gguf(try MappedFile(path: folder + "/" + only))
    }
    guard models.isEmpty else { throw .severalModels(path: folder, names: models) }
    if names.contains("model.bin"),
      let file = try? MappedFile(path: folder + "/model.bin"),
      file.starts(with: "GPT-OSS v1.0".utf8)
    {
      throw .refused(path: file.path, .metalModel)
    }
    if names.contains(where: isPickle) { throw .refused(path: folder, .pickle) }
    throw .noModel(path: folder, lookedFor: lookedFor)
  }

  private static func isPickle(_ name: String) -> Bool {
    name.hasSuffix(".pt") || name.hasSuffix(".pth")
      || name.hasPrefix("pytorch_model") && name.hasSuffix(".bin")
  }

  private static func safetensors(in folder: String, names: [String]) -> ModelLocation? {
    if names.contains(TensorTable.indexName) {
      return .safetensors(folder: folder, fileNames: [])
    }
    if names.contains("model.safetensors") {
      return .safetensors(folder: folder, fileNames: ["model.safetensors"])
    }
    let files = names.filter { $0.hasSuffix(".safetensors") }
    return files.isEmpty ? nil : .safetensors(folder: folder, fileNames: files)
  }

  /// One name for each GGUF model: the file's, or the first part's that is there.
  private static func ggufModels(_ names: [String]) -> [String] {
    var models: [String] = []
    var prefixes: Set<String> = []
    for name in names where name.hasSuffix(".gguf") {
      if let split = SplitName(name), !prefixes.insert("\(split.prefix)/\(split.count)").inserted {
        continue
      }
      models.append(name)
    }
    return models
  }

  /// Everything in `folder` but what starts with a dot, sorted.
  private static func fileNames(in folder: String) throws(ModelFileError) -> [String] {
    guard let stream = opendir(folder) else { throw .cannotOpen(path: folder, errno: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}

extension MappedFile {
  fileprivate func starts(with start: some Collection<UInt8>) -> Bool {
    bytes.prefix(start.count).elementsEqual(start)
  }
}
