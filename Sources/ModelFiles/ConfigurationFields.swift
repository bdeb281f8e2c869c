// ConfigurationFields.swift — typed reads from a JSON object that nobody vouches for.

import Base

/// The members of one object in config.json. A member that is null counts as absent.
struct ConfigurationFields {
  let path: String
  private let object: JSONObject
  /// "rope_scaling." inside that object.
  private let prefix: String

  init(_ object: JSONObject, path: String, prefix: String = "") {
    self.object = object
    self.path = path
    self.prefix = prefix
  }

  func problem(_ field: String, _ problem: ConfigurationProblem) -> ModelFileError {
    .configuration(path: path, field: prefix + field, problem: problem)
  }

  func has(_ field: String) -> Bool { value(field) != nil }

  /// The first of `fields` that is there, as a whole number in `range`.
  func integer(
    _ fields: String..., in range: ClosedRange<Int> = ConfigurationBounds.any
  ) throws(ModelFileError) -> Int? {
    for field in fields {
      guard let value = value(field) else { continue }
      guard let integer = value.intValue else {
        throw problem(field, .wrongType("a whole number"))
      }
      guard range.contains(integer) else {
        throw problem(field, .outOfRange(found: integer, range: range))
      }
      return integer
    }
    return nil
  }

  func number(_ field: String) throws(ModelFileError) -> Double? {
    guard let value = value(field) else { return nil }
    guard let number = value.doubleValue else { throw problem(field, .wrongType("a number")) }
    return number
  }

  func bool(_ field: String) throws(ModelFileError) -> Bool? {
    guard let value = value(field) else { return nil }
    guard let bool = value.boolValue else { throw problem(field, .wrongType("true or false")) }
    return bool
  }

  func string(_ field: String) throws(ModelFileError) -> String? {
    guard let value = value(field) else { return nil }
    guard let string = value.stringValue else { throw problem(field, .wrongType("a string")) }
    return string
  }

  func strings(_ field: String) throws(ModelFileError) -> [String]? {
    guard let value = value(field) else { return nil }
    guard let array = value.arrayValue else {
      throw problem(field, .wrongType("an array of strings"))
    }
    var strings: [String] = []
    for element in array {
      guard let string = element.stringValue else {
        throw problem(field, .wrongType("an array of strings"))
      }
      strings.append(string)
    }
    return strings
  }

  func object(_ field: String) throws(ModelFileError) -> ConfigurationFields? {
    guard let value = value(field) else { return nil }
    guard let object = value.objectValue else { throw problem(field, .wrongType("an object")) }
    return ConfigurationFields(object, path: path, prefix: prefix + field + ".")
  }

  /// `value`, or the error that `field` is missing.
  func required<Value>(
    _ field: String, _ value: Value?
  ) throws(ModelFileError) -> Value {
    guard let value else { throw problem(field, .missing) }
    return value
  }

  private func value(_ field: String) -> JSONValue? {
    guard let value = object[field], !value.isNull else { return nil }
    return value
  }
}
