// TensorTable.swift — the tensors of a model by name, whichever and however many files hold them.

/// One tensor's line in a file's directory. The claim has been compared with the file's length.
public struct TensorEntry: Equatable, Sendable {
  public let name: String
  public let type: StorageType
  /// Row-major, the slowest axis first; empty for a scalar. GGUF's extents are turned around.
  public let shape: [Int]
  /// Byte offset into the file.
  public let offset: Int
  /// Bytes, padding not counted.
  public let count: Int

  func tensor(in file: MappedFile) -> TensorInfo {
    TensorInfo(
      name: name, type: type, shape: shape,
      bytes: MappedBytes(file: file, offset: offset, count: count))
  }
}

/// One tensor: where its bytes are and what they are. Never the numbers.
public struct TensorInfo: Sendable {
  public let name: String
  public let type: StorageType
  /// Row-major, the slowest axis first; empty for a scalar.
  public let shape: [Int]
  public let bytes: MappedBytes
}

/// The tensors of one model by name.
public struct TensorTable: Sendable {
  /// The file or folder that the model was read from, for messages.
  public let path: String
  public private(set) var tensors: [String: TensorInfo] = [:]
  /// The files that the tensors lie in, in the order they were read.
  public private(set) var files: [MappedFile] = []

  init(path: String) { self.path = path }

  /// Notes a file that the model consists of, also where it holds no tensor.
  mutating func add(file: MappedFile) { files.append(file) }

  /// Adds a tensor; a second one of the same name is an error that names both files.
  mutating func add(_ tensor: TensorInfo) throws(ModelFileError) {
    if let other = tensors.updateValue(tensor, forKey: tensor.name) {
      throw .shards(
        path: path,
        problem: .tensorTwice(
          tensor: tensor.name, first: other.bytes.file.path, second: tensor.bytes.file.path))
    }
  }

  subscript(name: String) -> TensorInfo? { tensors[name] }
}
