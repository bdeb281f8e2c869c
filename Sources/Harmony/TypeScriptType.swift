// TypeScriptType.swift — JSON schemas as the TypeScript types that the model was trained to read.
//
// The rules and their oddities are openai-harmony's (`src/encoding.rs`, version 0.0.8), since the
// model knows schemas in no other spelling: an object's description prints twice, the second line of
// a description is not indented, a list of alternatives is not put in parentheses, `anyOf` and
// `$ref` become `any`. Schemas that need those should be rewritten before they get here.

import Base

enum TypeScriptType {
  /// The type of `schema`; lines after the first are indented by `indent`.
  static func text(_ schema: JSONValue, indent: String = "") -> String {
    if let variants = schema["oneOf"]?.arrayValue { return alternatives(variants, indent: indent) }
    if let names = schema["type"]?.arrayValue {
      let words = names.compactMap(\.stringValue).map { $0 == "integer" ? "number" : $0 }
      if !words.isEmpty { return words.joined(separator: " | ") }
    }
    switch schema["type"]?.stringValue {
    case "object": return object(schema, indent: indent)
    case "string":
      let words = (schema["enum"]?.arrayValue ?? []).compactMap(\.stringValue)
      return words.isEmpty ? "string" : words.map { "\"\($0)\"" }.joined(separator: " | ")
    case "number", "integer": return "number"
    case "boolean": return "boolean"
    case "array":
      guard let items = schema["items"] else { return "Array<any>" }
      return text(items, indent: indent) + "[]"
    default: return "any"
    }
  }

  /// `oneOf` anywhere but directly in a property: a line for each variant, with its comment.
  private static func alternatives(_ variants: [JSONValue], indent: String) -> String {
    var out = ""
    for variant in variants {
      out += "\n\(indent) | " + nullable(variant, indent: indent + "   ")
      var comments = [variant["description"]?.stringValue].compactMap(\.self)
      // Here, unlike in a property, the default of an enumeration keeps its quotes.
      if let value = variant["default"] { comments.append("default: " + quoted(value, variant)) }
      if !comments.isEmpty { out += " // " + comments.joined(separator: " ") }
    }
    return out
  }

  private static func object(_ schema: JSONValue, indent: String) -> String {
    var out = ""
    if let description = schema["description"]?.stringValue {
      out += "\(indent)// \(description)\n"
    }
    out += "{\n"
    let required = Set(
      (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue).map { Array($0.utf8) })
    for (key, property) in schema["properties"]?.objectValue ?? [:] {
      let name = required.contains(Array(key.utf8)) ? key : key + "?"
      out += comments(property, indent: indent)
      if let variants = property["oneOf"]?.arrayValue {
        out += alternatives(variants, of: property, name: name, indent: indent)
      } else {
        out += "\(indent)\(name): " + nullable(property, indent: indent + "    ") + ","
        if property["oneOf"] == nil, let value = property["default"] {
          out += " // default: " + bare(value, property)
        }
        out += "\n"
      }
    }
    return out + "\(indent)}"
  }

  /// The lines above a property: title, description, examples.
  private static func comments(_ property: JSONValue, indent: String) -> String {
    var out = ""
    if let title = property["title"]?.stringValue { out += "\(indent)// \(title)\n\(indent)//\n" }
    if property["oneOf"] == nil, let description = property["description"]?.stringValue {
      out += "\(indent)// \(description)\n"
    }
    if let examples = property["examples"]?.arrayValue, !examples.isEmpty {
      out += "\(indent)// Examples:\n"
      for example in examples.compactMap(\.stringValue) { out += "\(indent)// - \"\(example)\"\n" }
    }
    return out
  }

  /// A property that is `oneOf`: its description and default above, a line for each variant below.
  private static func alternatives(
    _ variants: [JSONValue], of property: JSONValue, name: String, indent: String
  ) -> String {
    var out = ""
    let description = property["description"]?.stringValue
    let isAbove = description != nil && !same(description, variants.first)
    if isAbove, let description { out += "\(indent)// \(description)\n" }
    if let value = property["default"] {
      out += "\(indent)// default: " + bare(value, property) + "\n"
    }
    out += "\(indent)\(name):\n"
    for (index, variant) in variants.enumerated() {
      out += "\(indent) | " + nullable(variant, indent: indent + "   ")
      var comments: [String] = []
      if let own = variant["description"]?.stringValue, !(index == 0 && isAbove),
        !same(description, variant)
      {
        comments.append(own)
      }
      if let value = variant["default"] { comments.append("default: " + bare(value, variant)) }
      if !comments.isEmpty { out += " // " + comments.joined(separator: " ") }
      out += "\n"
    }
    return out + "\(indent),\n"
  }

  /// Whether `variant` describes itself by the very same bytes.
  private static func same(_ description: String?, _ variant: JSONValue?) -> Bool {
    guard let description, let other = variant?["description"]?.stringValue else { return false }
    return description.utf8.elementsEqual(other.utf8)
  }

  /// The type, with " | null" where the schema is nullable and the type does not mention null yet.
  private static func nullable(_ schema: JSONValue, indent: String) -> String {
    let type = text(schema, indent: indent)
    guard schema["nullable"]?.boolValue == true, !type.utf8.contains("null".utf8) else {
      return type
    }
    return type + " | null"
  }

  // MARK: Defaults

  /// A default in a property: bare where it is a string out of an enumeration.
  private static func bare(_ value: JSONValue, _ schema: JSONValue) -> String {
    if let text = value.stringValue, isEnumeration(schema) { return text }
    return quoted(value, schema)
  }

  /// A default in quotes where it is a string. Only an enumeration's string is escaped as JSON.
  private static func quoted(_ value: JSONValue, _ schema: JSONValue) -> String {
    if let text = value.stringValue, !isEnumeration(schema) { return "\"\(text)\"" }
    return value.referenceText
  }

  private static func isEnumeration(_ schema: JSONValue) -> Bool {
    schema["enum"]?.arrayValue?.isEmpty == false
  }
}
