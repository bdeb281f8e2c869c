// JSONField.swift — a JSON value that knows where it stands, so that errors can say so.

import Base

/// A value in a JSON document together with its path from the root.
struct JSONField {
  let value: JSONValue
  let path: String

  /// The member `key`, or nil where it is absent or null.
  func optional(_ key: String) throws(HarmonyError) -> JSONField? {
    guard let member = try object()[key], !member.isNull else { return nil }
    return JSONField(value: member, path: path.isEmpty ? key : "\(path).\(key)")
  }

  /// The member `key`. `wanted` says what it should be, for the error.
  func required(_ key: String, wanted: String) throws(HarmonyError) -> JSONField {
    guard let field = try optional(key) else {
      throw .missing(path: path.isEmpty ? key : "\(path).\(key)", wanted: wanted)
    }
    return field
  }

  func object() throws(HarmonyError) -> JSONObject {
    guard let object = value.objectValue else { throw wrongType("an object") }
    return object
  }

  func string() throws(HarmonyError) -> String {
    guard let text = value.stringValue else { throw wrongType("a string") }
    return text
  }

  func bool() throws(HarmonyError) -> Bool {
    guard let bool = value.boolValue else { throw wrongType("true or false") }
    return bool
  }

  func elements() throws(HarmonyError) -> [JSONField] {
    guard let elements = value.arrayValue else { throw wrongType("a list") }
    return elements.enumerated().map { JSONField(value: $1, path: "\(path)[\($0)]") }
  }

  func optionalString(_ key: String) throws(HarmonyError) -> String? {
    try optional(key)?.string()
  }

  func wrongType(_ wanted: String) -> HarmonyError {
    .wrongType(path: path.isEmpty ? "The document" : path, wanted: wanted, found: found)
  }

  private var found: String {
    switch value {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}
