// ContentGrammars.swift — what a run's schemas let the model write: arguments of calls, and the answer.

import Base
import Harmony

/// The constraints of one run, made when it starts. A schema that none can be made of constrains
/// nothing: what comes is checked against the schema all the same.
struct ContentGrammars: Sendable {
  /// Of a final message.
  let answer: SchemaConstraint?
  /// Of calls, by the tools' full names.
  let arguments: [String: SchemaConstraint]

  /// - Parameters:
  ///   - answer: The schema of a final message, if there is one.
  ///   - arguments: Schemas of tools that are called with JSON, by full name.
  ///   - mask: What the policy leaves of a tool's arguments, as a schema; nil where it narrows nothing.
  ///   - trie: Is asked for only if there is a schema.
  init(
    answer: JSONValue?, arguments: [String: JSONValue], mask: (String) -> JSONValue?,
    trie: () -> TokenTrie
  ) {
    func constraint(_ json: JSONValue, _ source: String) -> SchemaConstraint? {
      guard let schema = try? JSONSchema(json, source: source) else { return nil }
      return SchemaConstraint(schema, trie())
    }
    self.answer = answer.flatMap { constraint($0, "the output schema") }
    var constraints: [String: SchemaConstraint] = [:]
    for (name, json) in arguments {
      // Where both together leave nothing, the policy says no to each call, and says why.
      let narrowed = mask(name).flatMap { constraint(Self.joined(json, $0), name) }
      constraints[name] = narrowed ?? constraint(json, name)
    }
    self.arguments = constraints
  }

  /// Both demands. The tool's schema stays the root, since its references start there.
  static func joined(_ schema: JSONValue, _ mask: JSONValue) -> JSONValue {
    guard case .object(var object) = schema else { return mask }
    object["allOf"] = .array((object["allOf"]?.arrayValue ?? []) + [mask])
    return .object(object)
  }
}
