// GGUFMetadata.swift — typed reads from a GGUF file's metadata.

/// The metadata of one GGUF file, arrays decoded when asked for.
struct GGUFMetadata: Sendable {
  let file: MappedFile
  private let values: [String: GGUFValue]

  init(_ header: GGUFHeader, file: MappedFile) {
    self.file = file
    values = header.metadata
  }

  func problem(_ key: String, _ problem: ConfigurationProblem) -> ModelFileError {
    .configuration(path: file.path, field: key, problem: problem)
  }

  subscript(key: String) -> GGUFValue? { values[key] }

  /// The first of `keys` that is there, as a whole number.
  func integer(_ keys: String...) throws(ModelFileError) -> Int? {
    for key in keys {
      let integer: Int?
      switch values[key] {
      case nil: continue
      case .unsigned(let value): integer = Int(exactly: value)
      case .signed(let value): integer = Int(value)
      case .number, .bool, .string, .array: integer = nil
      }
      guard let integer else { throw problem(key, .wrongType("a whole number")) }
      return integer
    }
    return nil
  }

  func number(_ key: String) throws(ModelFileError) -> Double? {
    switch values[key] {
    case nil: return nil
    case .number(let value): return value
    case .unsigned(let value): return Double(value)
    case .signed(let value): return Double(value)
    case .bool, .string, .array: throw problem(key, .wrongType("a number"))
    }
  }

  func bool(_ key: String) throws(ModelFileError) -> Bool? {
    switch values[key] {
    case nil: return nil
    case .bool(let value): return value
    default: throw problem(key, .wrongType("true or false"))
    }
  }

  func string(_ key: String) throws(ModelFileError) -> String? {
    switch values[key] {
    case nil: return nil
    case .string(let value): return value
    default: throw problem(key, .wrongType("a string"))
    }
  }

  func strings(_ key: String) throws(ModelFileError) -> [String]? {
    guard let value = values[key] else { return nil }
    guard case .array(let array) = value, let strings = array.strings(in: file.bytes) else {
      throw problem(key, .wrongType("an array of strings"))
    }
    return strings
  }

  func integers(_ key: String) throws(ModelFileError) -> [Int]? {
    guard let value = values[key] else { return nil }
    guard case .array(let array) = value, let integers = array.integers(in: file.bytes) else {
      throw problem(key, .wrongType("an array of whole numbers"))
    }
    return integers
  }

  /// `value`, or the error that `key` is missing.
  func required<Value>(_ key: String, _ value: Value?) throws(ModelFileError) -> Value {
    guard let value else { throw problem(key, .missing) }
    return value
  }

  /// Fails unless `key` is there and is `expected`.
  func expect(_ key: String, _ expected: Int) throws(ModelFileError) {
    let found = try required(key, integer(key))
    guard found == expected else {
      throw .shards(
        path: file.path, problem: .splitNumber(key: key, found: found, expected: expected))
    }
  }
}
