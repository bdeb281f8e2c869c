// JSONSchemaError.swift — what is wrong with a JSON Schema, where, and what to write instead.

/// A JSON Schema that cannot be used. `description` names source, place and remedy.
///
/// A schema with an error is never used in part: what it was meant to refuse would pass.
public struct JSONSchemaError: Error, Equatable, Sendable {
  public enum Problem: Equatable, Sendable {
    /// `found` is the kind of value that stands there.
    case notASchema(found: String)
    case wrongValue(wanted: String)
    case unknownType(String)
    case unsupportedKeyword(String, remedy: String)
    case unknownKeyword(String)
    case remoteReference(String)
    case missingReference(String)
    case referenceUnderID(String)
    case endlessReference
    case pattern(PatternProblem)
    case tooDeep(depthMax: Int)
    case tooManySchemas(countMax: Int)
    case tooManyPatterns(countMax: Int)
    case placeTooLong(bytesMax: Int)
  }

  /// The file's path, or what the schema is: "the output schema of read_file".
  public var source: String
  /// JSON Pointer to the keyword or schema at fault; empty for the root.
  public var pointer: String
  public var problem: Problem
}

extension JSONSchemaError: CustomStringConvertible {
  public var description: String {
    let place = JSONValue.string(pointer).compactText
    return "\(source), at \(place)\(pointer.isEmpty ? " (the root)" : ""): \(sentence)"
  }

  private var sentence: String {
    switch problem {
    case .notASchema(let found): "a schema is an object, true or false, and this is \(found)."
    case .wrongValue(let wanted): "\(wanted) should be here."
    case .unknownType(let name):
      "\(Words.quoted(name)) is no type. Use string, number, integer, boolean, array, object or null."
    case .unsupportedKeyword(let keyword, let remedy):
      "the keyword \(Words.quoted(keyword)) is not supported here. \(remedy)"
    case .unknownKeyword(let keyword):
      """
      \(Words.quoted(keyword)) is no keyword of JSON Schema 2020-12. Correct or remove it, or begin \
      its name with "x-".
      """
    case .remoteReference(let reference):
      """
      \(Words.quoted(reference)) points out of the schema, or to an anchor. Copy what it means under \
      "$defs" and write "#/$defs/NAME".
      """
    case .missingReference(let reference):
      "\(Words.quoted(reference)) points to nothing. Correct it, or add what it means under \"$defs\"."
    case .referenceUnderID(let reference):
      """
      \(Words.quoted(reference)) stands under an inner "$id", which changes what it points to. Remove \
      that "$id".
      """
    case .endlessReference:
      "the schema leads back to itself without going into the value. Break the circle of \"$ref\"."
    case .pattern(let problem): "the pattern cannot be used: \(problem)"
    case .tooDeep(let depthMax):
      "the schema is nested deeper than \(depthMax) levels. Use \"$ref\"."
    case .tooManySchemas(let countMax):
      "the schema has more than \(countMax) schemas in it. Make it smaller."
    case .tooManyPatterns(let countMax):
      "the schema has more than \(countMax) patterns in it. Make it smaller."
    case .placeTooLong(let bytesMax):
      "a place in the schema takes more than \(bytesMax) bytes to name. Shorten its keys."
    }
  }
}
