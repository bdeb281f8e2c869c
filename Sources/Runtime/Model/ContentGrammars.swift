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

  /// `trie` is asked for only if there is a schema.
  init(
    answer: JSONValue?, arguments: [String: JSONValue], trie: () -> TokenTrie
  ) {
    func constraint(_ json: JSONValue, _ source: String) -> SchemaConstraint? {
      guard let schema = try? JSONSchema(json, source: source) else { return nil }
      return SchemaConstraint(schema, trie())
    }
    self.answer = answer.flatMap { constraint($0, "the output schema") }
    var constraints: [String: SchemaConstraint] = [:]
    for (name, json) in arguments { constraints[name] = constraint(json, name) }
    self.arguments = constraints
  }
}
