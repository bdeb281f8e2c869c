// SchemaKeywords.swift — the members of one schema object, each with an error that names its place.

/// The keywords of one schema.
struct SchemaKeywords {
  let object: JSONObject
  let pointer: String
  let source: String

  // MARK: Names

  /// Refuses what would constrain a value and is not understood here.
  func refuseUnknown() throws(JSONSchemaError) {
    for keyword in object.keys where !keyword.hasPrefix("x-") {
      if Self.known.contains(keyword) { continue }
      guard let remedy = Self.remedies[keyword] else {
        throw fault(.unknownKeyword(keyword), at: keyword)
      }
      throw fault(.unsupportedKeyword(keyword, remedy: remedy), at: keyword)
    }
  }

  private static let known: Set<String> = [
    "type", "enum", "const", "properties", "patternProperties", "additionalProperties",
    "propertyNames", "required", "minProperties", "maxProperties", "dependentRequired",
    "dependentSchemas", "items", "prefixItems", "contains", "minContains", "maxContains",
    "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "minimum",
    "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "allOf", "anyOf", "oneOf",
    "not", "if", "then", "else", "$ref", "$defs", "definitions",
    // Annotations; they constrain nothing.
    "title", "description", "default", "examples", "format", "$schema", "$id", "$anchor",
    "$comment", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType",
    "contentSchema",
  ]

  private static let remedies: [String: String] = [
    "unevaluatedProperties":
      "Write \"additionalProperties\", with every member named in \"properties\" beside it.",
    "unevaluatedItems": "Write \"items\", with the first elements in \"prefixItems\" beside it.",
    "$dynamicRef": "Write \"$ref\".", "$dynamicAnchor": "Remove it, and write \"$ref\".",
    "$recursiveRef": "Write \"$ref\".", "$recursiveAnchor": "Remove it, and write \"$ref\".",
    "$vocabulary": "Remove it.",
    "dependencies": "Write \"dependentRequired\" or \"dependentSchemas\".",
    "additionalItems": "Write \"items\", with the first elements in \"prefixItems\" beside it.",
    "nullable": "Add \"null\" to the types.", "id": "Write \"$id\".",
  ]

  // MARK: Values

  func fault(_ problem: JSONSchemaError.Problem, at keyword: String) -> JSONSchemaError {
    JSONSchemaError(
      source: source, pointer: pointer + "/" + JSONPointer.escaped(keyword.clipped(to: 60)),
      problem: problem)
  }

  /// A count from 0; one too large for `Int` is as good as the largest.
  func count(_ keyword: String) throws(JSONSchemaError) -> Int? {
    guard let value = object[keyword] else { return nil }
    guard case .number(let number) = value, number.isWhole, number.doubleValue >= 0 else {
      throw fault(.wrongValue(wanted: "a whole number from 0"), at: keyword)
    }
    return value.intValue ?? .max
  }

  func number(_ keyword: String) throws(JSONSchemaError) -> JSONNumber? {
    guard let value = object[keyword] else { return nil }
    guard case .number(let number) = value, number.doubleValue.isFinite else {
      throw fault(.wrongValue(wanted: "a number"), at: keyword)
    }
    return number
  }

  func text(_ keyword: String) throws(JSONSchemaError) -> String? {
    guard let value = object[keyword] else { return nil }
    guard let text = value.stringValue else {
      throw fault(.wrongValue(wanted: "a string"), at: keyword)
    }
    return text
  }

  func truth(_ keyword: String) throws(JSONSchemaError) -> Bool? {
    guard let value = object[keyword] else { return nil }
    guard let truth = value.boolValue else {
      throw fault(.wrongValue(wanted: "true or false"), at: keyword)
    }
    return truth
  }

  func list(_ keyword: String) throws(JSONSchemaError) -> [JSONValue]? {
    guard let value = object[keyword] else { return nil }
    guard let list = value.arrayValue else {
      throw fault(.wrongValue(wanted: "an array"), at: keyword)
    }
    return list
  }

  func members(_ keyword: String) throws(JSONSchemaError) -> JSONObject? {
    guard let value = object[keyword] else { return nil }
    guard let members = value.objectValue else {
      throw fault(.wrongValue(wanted: "an object"), at: keyword)
    }
    return members
  }

  /// The value of `keyword`, or of one of its members, as a list of names.
  func names(_ value: JSONValue, at keyword: String) throws(JSONSchemaError) -> [String] {
    let names = value.arrayValue?.compactMap(\.stringValue)
    guard let names, names.count == value.arrayValue?.count else {
      throw fault(.wrongValue(wanted: "an array of strings"), at: keyword)
    }
    return names
  }

  func types() throws(JSONSchemaError) -> SchemaTypes? {
    guard let value = object["type"] else { return nil }
    let list = value.arrayValue ?? [value]
    var types: SchemaTypes = []
    for element in list {
      guard let name = element.stringValue else {
        throw fault(.wrongValue(wanted: "a type's name, or an array of them,"), at: "type")
      }
      guard let type = SchemaTypes(name: name) else { throw fault(.unknownType(name), at: "type") }
      types.insert(type)
    }
    guard !types.isEmpty else {
      throw fault(.wrongValue(wanted: "a type's name, or an array of them,"), at: "type")
    }
    return types
  }
}
