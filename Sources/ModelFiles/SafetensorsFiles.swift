// SafetensorsFiles.swift — a folder's safetensors, one file or many, as one tensor table.
//
// Which file holds which tensor is read from `model.safetensors.index.json`, never from the files'
// names: gpt-oss-20b's three shards are numbered 0, 1 and 2 "of 2".

import Base

extension TensorTable {
  static let indexName = "model.safetensors.index.json"
  /// The index of gpt-oss-120b has some 60 kB.
  static let indexBytesMax = 16_000_000

  /// All tensors of `fileNames`; where that is empty, exactly the tensors that the index maps.
  init(safetensorsIn folder: String, fileNames: [String]) throws(ModelFileError) {
    self.init(path: folder)
    if fileNames.isEmpty {
      try addIndexed(indexPath: folder + "/" + Self.indexName, folder: folder)
    } else {
      for name in fileNames {
        let file = try MappedFile(path: folder + "/" + name)
        for tensor in try addSafetensors(file) { try add(tensor) }
      }
    }
  }

  /// All tensors of one safetensors file.
  init(safetensors file: MappedFile) throws(ModelFileError) {
    self.init(path: file.path)
    for tensor in try addSafetensors(file) { try add(tensor) }
  }

  /// Notes one safetensors file and returns its tensors, which are not added yet.
  private mutating func addSafetensors(_ file: MappedFile) throws(ModelFileError) -> [TensorInfo] {
    let header = try SafetensorsHeader(file.bytes, path: file.path)
    add(file: file)
    return header.entries.map { $0.tensor(in: file) }
  }

  private mutating func addIndexed(indexPath: String, folder: String) throws(ModelFileError) {
    let shardOfTensor = try Self.weightMap(path: indexPath)
    var tensorsOfShard: [String: Set<String>] = [:]
    for (tensor, shard) in shardOfTensor { tensorsOfShard[shard, default: []].insert(tensor) }
    for (shard, wanted) in tensorsOfShard.sorted(by: { $0.key < $1.key }) {
      guard Self.isPlainRelativeName(shard) else {
        throw .shards(path: indexPath, problem: .unsafeName(shard))
      }
      var missing = wanted
      let file = try MappedFile(path: folder + "/" + shard)
      for tensor in try addSafetensors(file) {
        if missing.remove(tensor.name) != nil {
          try add(tensor)
        } else if let mapped = shardOfTensor[tensor.name] {
          throw .shards(
            path: indexPath,
            problem: .tensorTwice(
              tensor: tensor.name, first: folder + "/" + mapped, second: folder + "/" + shard))
        }
      }
      if let name = missing.min() {
        throw .shards(path: indexPath, problem: .tensorNotInShard(tensor: name, shard: shard))
      }
    }
  }

  /// Tensor name to file name, as the index says.
  private static func weightMap(path: String) throws(ModelFileError) -> [String: String] {
    let json = try jsonFile(path: path, bytesMax: indexBytesMax)
    guard let object = json["weight_map"]?.objectValue, !object.isEmpty else {
      throw .shards(path: path, problem: .noWeightMap)
    }
    var map: [String: String] = [:]
    for (tensor, shard) in object {
      guard let shard = shard.stringValue else {
        throw .shards(path: path, problem: .shardIsNoName(tensor: tensor))
      }
      map[tensor] = shard
    }
    return map
  }

  /// A name that stays in the folder: relative, no empty part, no "." or "..".
  static func isPlainRelativeName(_ name: String) -> Bool {
    guard !name.isEmpty, !name.utf8.contains(0) else { return false }
    return name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .allSatisfy { !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) }
  }
}

/// Reads the file at `path`, of at most `bytesMax` bytes, as one JSON value.
func jsonFile(path: String, bytesMax: Int) throws(ModelFileError) -> JSONValue {
  let file = try MappedFile(path: path)
  guard file.count <= bytesMax else {
    throw .overLimit(
      path: path, what: "bytes", found: UInt64(file.count), limit: UInt64(bytesMax))
  }
  let text = withExtendedLifetime(file) { [UInt8](file.bytes) }
  do throws(JSONError) { return try JSONReader.value(text, source: path) } catch {
    throw .json(error)
  }
}
