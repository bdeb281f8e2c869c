// GGUFFiles.swift — one GGUF model, from one file or from all parts of a split one.
//
// A split model's parts are called PREFIX-00001-of-00003.gguf and so on. Each is a whole GGUF file
// with `split.no` (0-based), `split.count` and `split.tensors.count` (over all parts); the first
// has the model's metadata, and may have no tensors. Source: llama.cpp `llama-model-loader.cpp`.

/// The files of one GGUF model, opened and compared with each other.
struct GGUFFiles {
  /// Of the only or first part.
  let metadata: GGUFMetadata
  let version: UInt32
  let tensors: TensorTable

  /// Opens the model that the file at `path` is, or is any part of.
  init(path: String) throws(ModelFileError) {
    try self.init(MappedFile(path: path))
  }

  /// As ``init(path:)``, for a file that is mapped already; further parts are looked for beside it.
  init(_ file: MappedFile) throws(ModelFileError) {
    let header = try GGUFHeader(file.bytes, path: file.path)
    var table = TensorTable(path: file.path)
    let given = GGUFMetadata(header, file: file)
    guard let count = try given.integer("split.count"), count > 1 else {
      try table.add(header, file: file)
      (metadata, version, tensors) = (given, header.version, table)
      return
    }
    guard let name = SplitName(file.path), name.count == count else {
      throw .shards(path: file.path, problem: .splitName(count: count))
    }
    var first: (GGUFMetadata, UInt32)?
    var claimedTensorCount: Int?
    for number in 1...name.count {
      let isGiven = number == name.number
      let part = isGiven ? file : try MappedFile(path: name.path(number))
      let partHeader = isGiven ? header : try GGUFHeader(part.bytes, path: part.path)
      let partMetadata = GGUFMetadata(partHeader, file: part)
      try partMetadata.expect("split.no", number - 1)
      try partMetadata.expect("split.count", count)
      if first == nil {
        first = (partMetadata, partHeader.version)
        claimedTensorCount = try partMetadata.integer("split.tensors.count")
      }
      if let claimedTensorCount {
        try partMetadata.expect("split.tensors.count", claimedTensorCount)
      }
      try table.add(partHeader, file: part)
    }
    if let claimedTensorCount, claimedTensorCount != table.tensors.count {
      throw .shards(
        path: file.path,
        problem: .splitTensorCount(found: table.tensors.count, expected: claimedTensorCount))
    }
    guard let first else {
      throw .shards(path: file.path, problem: .splitName(count: count))
    }
    (metadata, version, tensors) = (first.0, first.1, table)
  }
}

extension TensorTable {
  fileprivate mutating func add(_ header: GGUFHeader, file: MappedFile) throws(ModelFileError) {
    add(file: file)
    for entry in header.entries { try add(entry.tensor(in: file)) }
  }
}

/// A path of the form PREFIX-00001-of-00003.gguf.
struct SplitName: Equatable {
  /// With the folder.
  let prefix: String
  /// 1-based.
  let number: Int
  let count: Int

  /// Nil for a path of any other form.
  init?(_ path: String) {
    let bytes = Array(path.utf8)
    let tail = Array("-00000-of-00000.gguf".utf8)
    guard bytes.count >= tail.count else { return nil }
    let start = bytes.count - tail.count
    for (index, pattern) in tail.enumerated() {
      let byte = bytes[start + index]
      let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      guard pattern == UInt8(ascii: "0") ? isDigit : byte == pattern else { return nil }
    }
    func number(at offset: Int) -> Int {
      bytes[start + offset..<start + offset + 5].reduce(0) { $0 * 10 + Int($1) - 48 }
    }
    prefix = String(decoding: bytes[..<start], as: UTF8.self)
    self.number = number(at: 1)
    count = number(at: 10)
    guard self.number >= 1, self.number <= count else { return nil }
  }

  /// The path of another part.
  func path(_ number: Int) -> String {
    "\(prefix)-\(number.fiveDigits)-of-\(count.fiveDigits).gguf"
  }
}

extension Int {
  /// Decimal, zeros in front up to five digits.
  var fiveDigits: String {
    let digits = String(self)
    return String(repeating: "0", count: Swift.max(0, 5 - digits.utf8.count)) + digits
  }
}
