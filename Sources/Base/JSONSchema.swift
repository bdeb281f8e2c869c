// JSONSchema.swift — JSON Schema, read once, then asked what is wrong with a value.
//
// Draft 2020-12 (https://json-schema.org/draft/2020-12), core and validation:
//
//   any value   type enum const allOf anyOf oneOf not if then else $ref
//   numbers     minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
//   strings     minLength maxLength (in Unicode scalars) pattern
//   arrays      items prefixItems contains minContains maxContains minItems maxItems uniqueItems
//   objects     properties patternProperties additionalProperties propertyNames required
//               minProperties maxProperties dependentRequired dependentSchemas
//   places      $defs definitions
//   ignored     title description default examples format $schema $id $anchor $comment deprecated
//               readOnly writeOnly contentEncoding contentMediaType contentSchema, and x-…
//
// Anything else is an error at load: a demand that is not understood is never silently dropped.
// So are a `$ref` that does not point into the schema ("#", "#/$defs/x"), one under an inner `$id`,
// and a circle of them that never goes into the value.
//
// A `pattern` is searched for anywhere in the text, over Unicode scalars, in time linear in the
// text; `PatternParser+ECMAScript.swift` lists the syntax. Numbers are compared exactly, and are
// multiples of each other as decimals. Texts are equal byte by byte.

/// A JSON Schema, ready to check values.
///
///     let schema = try JSONSchema(["type": "string"], source: "the schema of NAME")
///     schema.problem(with: 7)
///     // At "" (the whole value): a string is expected, and this is a number.
public struct JSONSchema: Sendable {
  /// The schemas within it, by which it checks; the first is the whole. For a grammar to be made of.
  package let nodes: [SchemaNode]

  /// Reads `json` as a schema. `source` says in errors which one it is.
  ///
  /// Bounded: 128 levels, 20,000 schemas within it, 1,000 patterns of 256 positions each.
  public init(_ json: JSONValue, source: String) throws(JSONSchemaError) {
    nodes = try SchemaReader.read(json, source: source)
  }

  /// What is wrong with `value`, nil where it is valid: one sentence, for a model or a person, that
  /// names the place by JSON Pointer and what is expected there. It quotes the schema, keys and
  /// numbers, never a text of the value.
  ///
  /// Bounded: a value nested deeper than 128 levels is a problem, and so is one that takes more
  /// than ten million steps.
  public func problem(with value: JSONValue) -> String? {
    SchemaChecker.finding(nodes, value)?.sentence
  }

  /// Whether one of the schemas within it finds nothing wrong with `value`. Bounded likewise.
  package func accepts(_ value: JSONValue, at node: Int) -> Bool {
    SchemaChecker.finding(nodes, value, root: node) == nil
  }
}
