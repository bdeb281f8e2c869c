// ModelFileError.swift — everything that can be wrong with a model's files: the facts.

public import Base

/// A model that could not be used. `description` names file, tensor, field and remedy.
public enum ModelFileError: Error, Equatable, Sendable {
  // The path.
  case cannotOpen(path: String, errno: Int32)
  case notARegularFile(path: String, kind: FileKind)
  /// Neither a model file nor a folder with one.
  case noModel(path: String, lookedFor: [String])
  case severalModels(path: String, names: [String])
  /// A kind of model file that exists, is recognised, and is not read.
  case refused(path: String, Refusal)

  // The bytes.
  case truncated(path: String, field: String, offset: Int, needed: UInt64, remaining: Int)
  case overLimit(path: String, what: String, found: UInt64, limit: UInt64)
  /// `what` is the kind of thing that must be unique.
  case duplicate(path: String, what: String, String)
  case notUTF8(path: String, field: String)
  case json(JSONError)
  /// `tensor` is nil where the whole file is meant.
  case safetensors(path: String, tensor: String?, problem: SafetensorsProblem)
  /// `place` names a tensor or a metadata key; nil where the whole file is meant.
  case gguf(path: String, place: String?, problem: GGUFProblem)
  case shards(path: String, problem: ShardProblem)

  // The model.
  case configuration(path: String, field: String, problem: ConfigurationProblem)
  case tensorMissing(path: String, tensor: String)
  case tensorShape(path: String, tensor: String, expected: [Int], found: [Int])
  case tensorType(path: String, tensor: String, expected: [String], found: String)
  /// A NaN or infinity; `place` is the element's, or its block's first element's, per axis.
  case notANumber(path: String, tensor: String, place: [Int])
  case rowNotInBlocks(path: String, tensor: String, columns: Int, blockElementCount: Int)
}

/// What is wrong with a safetensors header.
public enum SafetensorsProblem: Equatable, Sendable {
  case headerIsNoObject
  case missing(field: String)
  case unknownType(String)
  case offsetsAreNotTwo(count: Int)
  case backwards(begin: UInt64, end: UInt64)
  case pastEnd(end: UInt64, dataBytes: Int)
  case shapeOverflow([UInt64])
  case unevenBytes(shape: [UInt64], type: String)
  case wrongSize(shape: [UInt64], type: String, expected: UInt64, found: UInt64)
  case gap(from: UInt64, to: UInt64)
  case overlap(with: String, begin: UInt64, end: UInt64)
  case trailing(count: UInt64)
}

/// What is wrong between the files of one model.
public enum ShardProblem: Equatable, Sendable {
  case noWeightMap
  case shardIsNoName(tensor: String)
  case unsafeName(String)
  case tensorNotInShard(tensor: String, shard: String)
  case tensorTwice(tensor: String, first: String, second: String)
  /// The file's name does not say which part of a split it is, or says another count.
  case splitName(count: Int)
  case splitNumber(key: String, found: Int, expected: Int)
  case splitTensorCount(found: Int, expected: Int)
}

/// What is wrong with a GGUF header.
public enum GGUFProblem: Equatable, Sendable {
  case noMagic
  case bigEndian
  case version(UInt32)
  case emptyKey
  case unknownValueType(UInt32)
  case nestedArray
  case badBool(UInt8)
  case alignment
  case removedType(UInt32, name: String)
  case unknownType(UInt32)
  case unevenRow(elements: UInt64, type: String, block: Int)
  case shapeOverflow([UInt64])
  case offset(found: UInt64, expected: UInt64)
}

/// What is wrong with one field of a model's configuration.
public enum ConfigurationProblem: Equatable, Sendable {
  case missing
  /// The argument is what it should be: "a whole number".
  case wrongType(String)
  case outOfRange(found: Int, range: ClosedRange<Int>)
  /// `rule` completes "it must be".
  case relation(found: Int, rule: String)
  case notAbove(Double, found: Double)
  case belowOne(found: Double)
  case wrongCount(found: Int, expected: Int)
  case unsupported(found: String, supported: String)
}

/// Model files that are recognised in order to say what to use instead.
public enum Refusal: Equatable, Sendable {
  /// `general.architecture` or `model_type` is this.
  case architecture(name: String)
  case ollama
  case metalModel
  case pickle
  case adapter
  case splitExperts(tensor: String)
  case bitsAndBytes(tensor: String)
  /// `quant_method` is this.
  case quantization(method: String)
  /// A safetensors file by itself.
  case partOfFolder
  case unknownFile
}
