// JSONSchemaHostileTests.swift — schemas and values made to hang, to trap or to fill the memory.

import Base
import Testing

private let stepsRanOut =
  "At \"\" (the whole value): the schema takes more than 10000000 steps to check this; "
  + "simplify one of them."

@Suite(.timeLimit(.minutes(1))) struct `A hostile JSON schema` {
  /// Each definition asks for the next one twice: 2^60 visits of one value.
  @Test(arguments: ["allOf", "anyOf", "oneOf"])
  func `that multiplies itself runs out of steps`(keyword: String) throws {
    var definitions: JSONObject = ["d60": ["type": "string"]]
    for index in 0..<60 {
      let next: JSONValue = ["$ref": .string("#/$defs/d\(index + 1)")]
      definitions["d\(index)"] = [keyword: [next, next]]
    }
    let schema = try JSONSchema(
      ["$defs": .object(definitions), "$ref": "#/$defs/d0"], source: "s")
    #expect(schema.problem(with: keyword == "allOf" ? "x" : 7) == stepsRanOut)
  }

  @Test func `with a long chain of references runs out of levels`() throws {
    var definitions: JSONObject = ["d5000": true]
    for index in 0..<5_000 {
      definitions["d\(index)"] = ["$ref": .string("#/$defs/d\(index + 1)")]
    }
    let schema = try JSONSchema(
      ["$defs": .object(definitions), "$ref": "#/$defs/d0"], source: "s")
    #expect(
      schema.problem(with: 7)
        == "At \"\" (the whole value): the schema refers to itself more than 512 times to check this; simplify it."
    )
  }

  @Test func `that goes round the circle of a deep value comes to an end`() throws {
    let schema = try JSONSchema(
      [
        "items": ["allOf": [["$ref": "#"], ["anyOf": [false, ["$ref": "#/$defs/a"]]]]],
        "$defs": ["a": ["items": ["$ref": "#"], "maxItems": 1]],
      ], source: "s")
    var value: JSONValue = []
    for _ in 0..<20 { value = [value] }
    #expect(schema.problem(with: value) == nil)
    for _ in 0..<100 { value = [value] }
    #expect(schema.problem(with: value) == stepsRanOut)
    for _ in 0..<100 { value = [value] }
    #expect(
      schema.problem(with: value)
        == "At \"\" (the whole value): arrays and objects are nested deeper than 128 levels.")
  }

  @Test func `nested too deep is refused`() {
    var deep: JSONValue = true
    for _ in 0..<1_000 { deep = ["not": deep] }
    #expect(refusal(deep) == .tooDeep(depthMax: 128))
    var list: JSONValue = 1
    for _ in 0..<1_000 { list = [list] }
    #expect(refusal(["const": list]) == .tooDeep(depthMax: 128))
  }

  @Test func `that is too wide is refused`() {
    #expect(
      refusal(["anyOf": .array(Array(repeating: true, count: 100_000))])
        == .tooManySchemas(countMax: 20_000))
    var patterns = JSONObject()
    for index in 0..<2_000 { patterns["(\(index))*"] = true }
    #expect(refusal(["patternProperties": .object(patterns)]) == .tooManyPatterns(countMax: 1_000))
    let key = String(repeating: "k", count: 10_000)
    #expect(refusal(["properties": [key: true]]) == .placeTooLong(bytesMax: 2_048))
  }

  private func refusal(_ json: JSONValue) -> JSONSchemaError.Problem? {
    do throws(JSONSchemaError) {
      _ = try JSONSchema(json, source: "s")
      return nil
    } catch { return error.problem }
  }

  @Test(arguments: ["^(a+)+$", "^(a|a)*$", "(a*)*b", "(.*)(.*)(.*)(.*)x", "^(a?){64}a{64}$"])
  func `with a catastrophic pattern answers in time`(pattern: String) throws {
    let schema = try JSONSchema(["items": ["pattern": .string(pattern)]], source: "s")
    let text = JSONValue.string(String(repeating: "a", count: 100_000) + "!")
    #expect(schema.problem(with: [text]) != nil)
    #expect(schema.problem(with: .array(Array(repeating: text, count: 1_000))) != nil)
  }

  @Test func `with a huge class in its pattern is read in time`() throws {
    var characters = ""
    for value: UInt32 in 0x4E00..<0x9E00 where value % 2 == 0 {
      if let scalar = Unicode.Scalar(value) { characters.unicodeScalars.append(scalar) }
    }
    let schema = try JSONSchema(["pattern": .string("^[\(characters)]{256}$")], source: "s")
    #expect(schema.problem(with: .string(String(repeating: "\u{4E00}", count: 256))) == nil)
    #expect(schema.problem(with: .string(String(repeating: "\u{4E01}", count: 256))) != nil)
  }

  @Test func `asking much of each of many elements runs out of steps`() throws {
    let names = (0..<10_000).map { JSONValue.string("n\($0)") }
    let schema = try JSONSchema(["not": ["items": ["required": .array(names)]]], source: "s")
    let value = JSONValue.array(Array(repeating: ["n0": 1], count: 1))
    #expect(schema.problem(with: value) == nil)
    let contains = try JSONSchema(["contains": ["required": .array(names)]], source: "s")
    #expect(
      contains.problem(with: .array(Array(repeating: ["n0": 1], count: 10_000))) == stepsRanOut)
  }

  @Test func `finds equal ones among many elements in time`() throws {
    let schema = try JSONSchema(["uniqueItems": true], source: "s")
    var elements = (0..<200_000).map { JSONValue.number(.integer($0)) }
    #expect(schema.problem(with: .array(elements)) == nil)
    elements.append(199_999.0)
    #expect(
      schema.problem(with: .array(elements))
        == "At \"\" (the whole value): no two elements may be equal, and those at 199999 and 200000 are."
    )
  }

  @Test func `compares with numbers that JSON cannot write`() throws {
    let schema = try JSONSchema(
      ["anyOf": [["minimum": 0], ["maximum": 0], ["multipleOf": 1], ["type": "integer"]]],
      source: "s")
    #expect(schema.problem(with: .number(.double(.nan))) != nil)
    #expect(schema.problem(with: .number(.double(.infinity))) == nil)
    #expect(throws: JSONSchemaError.self) {
      try JSONSchema(["minimum": .number(.double(.nan))], source: "s")
    }
  }

  /// Never a trap; and a schema says the same of a value however often it is asked.
  @Test(arguments: 0..<8)
  func `made of random parts never traps`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var readCount = 0
    for _ in 0..<3_000 {
      let json = RandomSchema.schema(&random, depth: 4)
      guard let schema = try? JSONSchema(json, source: "s") else { continue }
      readCount += 1
      let negated = try JSONSchema(["not": json, "$defs": json["$defs"] ?? [:]], source: "s")
      for _ in 0..<4 {
        let value = RandomSchema.value(&random, depth: 3)
        let problem = schema.problem(with: value)
        #expect(problem == schema.problem(with: value))
        if let problem {
          #expect(problem.hasPrefix("At \"") && problem.hasSuffix("."))
        }
        #expect(
          (problem == nil) == (negated.problem(with: value) != nil),
          "\(json.compactText) \(value.compactText)")
      }
    }
    #expect(readCount > 500)
  }
}

/// Schemas and values from few names and numbers, so that they meet.
private enum RandomSchema {
  static func schema(_ random: inout SplitMix64, depth: Int) -> JSONValue {
    if depth == 0 || Int.random(in: 0..<12, using: &random) == 0 {
      return .bool(Bool.random(using: &random))
    }
    var object = JSONObject()
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let keyword = pick(keywords, &random)
      object[keyword] = argument(keyword, &random, depth: depth - 1)
    }
    return .object(object)
  }

  private static let keywords = [
    "type", "enum", "const", "properties", "patternProperties", "additionalProperties",
    "propertyNames", "required", "minProperties", "maxProperties", "dependentRequired",
    "dependentSchemas", "items", "prefixItems", "contains", "minContains", "maxContains",
    "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "minimum",
    "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "allOf", "anyOf", "oneOf",
    "not", "if", "then", "else", "$defs", "x-other", "title",
  ]

  private static func argument(
    _ keyword: String, _ random: inout SplitMix64, depth: Int
  ) -> JSONValue {
    // Now and then the wrong thing.
    if Int.random(in: 0..<60, using: &random) == 0 { return value(&random, depth: 1) }
    switch keyword {
    case "type":
      return .string(
        pick(["string", "number", "integer", "array", "object", "null", "boolean"], &random))
    case "enum": return [value(&random, depth: 1), value(&random, depth: 2)]
    case "const", "x-other", "title": return value(&random, depth: 2)
    case "properties", "dependentSchemas", "$defs":
      return [
        pick(names, &random): schema(&random, depth: depth),
        pick(names, &random): schema(&random, depth: depth),
      ]
    case "patternProperties": return [pick(patterns, &random): schema(&random, depth: depth)]
    case "required": return .array([.string(pick(names, &random))])
    case "dependentRequired": return [pick(names, &random): .array([.string(pick(names, &random))])]
    case "pattern": return .string(pick(patterns, &random))
    case "uniqueItems": return true
    case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum": return number(&random)
    case "multipleOf": return pick([1, 2, 0.5, 0.1, 1e-300, 1e300], &random)
    case "allOf", "anyOf", "oneOf", "prefixItems":
      return [schema(&random, depth: depth), schema(&random, depth: depth)]
    case _ where keyword.hasPrefix("min") || keyword.hasPrefix("max"):
      return .number(.integer(Int64.random(in: 0..<4, using: &random)))
    default: return schema(&random, depth: depth)
    }
  }

  static func value(_ random: inout SplitMix64, depth: Int) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
    case 0: return nil
    case 1: return .bool(Bool.random(using: &random))
    case 2, 3: return number(&random)
    case 4: return .string(pick(names, &random))
    case 5:
      return .array(
        (0..<Int.random(in: 0..<4, using: &random)).map { _ in value(&random, depth: depth - 1) })
    default:
      var object = JSONObject()
      for _ in 0..<Int.random(in: 0..<4, using: &random) {
        object[pick(names, &random)] = value(&random, depth: depth - 1)
      }
      return .object(object)
    }
  }

  private static func number(_ random: inout SplitMix64) -> JSONValue {
    pick(
      [
        0, 1, 2, -1, 1.0, 0.5, -0.0, 1e300, .number(.double(.leastNonzeroMagnitude)),
        .number(.integer(.max)),
        .number(.integer(.min)), .number(.unsigned(.max)), 9_223_372_036_854_775_808.0,
      ], &random)
  }

  private static let names = ["a", "b", "ab", "", "é", "e\u{301}", "~/", "\n"]
  private static let patterns = ["a", "^a", "b$", "^(a|b)*$", ".", "^$", "(", "\\d", "[^a]"]

  private static func pick<Element>(
    _ list: [Element], _ random: inout SplitMix64
  ) -> Element { list[Int.random(in: 0..<list.count, using: &random)] }
}
