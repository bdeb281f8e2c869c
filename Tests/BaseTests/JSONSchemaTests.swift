// JSONSchemaTests.swift — each keyword of JSON Schema on values that fit and values that do not.

import Base
import Testing

/// A schema with values that fit it and values that do not, all as JSON text.
struct SchemaCase: Sendable, CustomTestStringConvertible {
  let schema: String
  let fitting: [String]
  let failing: [String]

  init(_ schema: String, fits: [String], fails: [String] = []) {
    self.schema = schema
    fitting = fits
    failing = fails
  }

  var testDescription: String { schema }

  func check() throws {
    let read = try JSONSchema(JSONReader.value(schema, source: "schema"), source: "schema")
    for text in fitting {
      let problem = read.problem(with: try JSONReader.value(text, source: "value"))
      #expect(problem == nil, "\(text)")
    }
    for text in failing {
      let problem = read.problem(with: try JSONReader.value(text, source: "value"))
      #expect(problem != nil, "\(text)")
      #expect(problem?.hasPrefix("At \"") ?? true)
      #expect(problem?.hasSuffix(".") ?? true)
    }
  }
}

@Suite struct `A JSON schema` {
  @Test(arguments: [
    SchemaCase("true", fits: ["1", "null", "{}"]),
    SchemaCase("{}", fits: ["1", "null", "{}"]),
    SchemaCase("false", fits: [], fails: ["1", "null", "{}"]),
    SchemaCase(
      #"{"type":"integer"}"#, fits: ["1", "1.0", "-7", "1e300", "18446744073709551615"],
      fails: ["1.5", "\"1\"", "null", "true", "[]", "{}"]),
    SchemaCase(#"{"type":"number"}"#, fits: ["1", "1.5"], fails: ["\"1\"", "null", "true"]),
    SchemaCase(#"{"type":"string"}"#, fits: ["\"\"", "\"1\""], fails: ["1", "null", "[]"]),
    SchemaCase(#"{"type":"boolean"}"#, fits: ["true", "false"], fails: ["0", "\"true\"", "null"]),
    SchemaCase(#"{"type":"null"}"#, fits: ["null"], fails: ["0", "false", "\"\"", "[]", "{}"]),
    SchemaCase(#"{"type":"array"}"#, fits: ["[]", "[1]"], fails: ["{}", "\"[]\""]),
    SchemaCase(#"{"type":"object"}"#, fits: ["{}"], fails: ["[]", "null"]),
    SchemaCase(#"{"type":["integer","null"]}"#, fits: ["1", "null"], fails: ["1.5", "\"\""]),
    SchemaCase(#"{"type":["integer","number"]}"#, fits: ["1.5"], fails: ["\"\""]),
    SchemaCase(
      #"{"enum":[1,"a",null,[1,{"b":2}]]}"#,
      fits: ["1", "1.0", "\"a\"", "null", "[1,{\"b\":2.0}]"],
      fails: ["2", "true", "\"A\"", "[1]", "[{\"b\":2},1]", "\"1\""]),
    SchemaCase(#"{"enum":[]}"#, fits: [], fails: ["1", "null"]),
    SchemaCase(#"{"enum":[false]}"#, fits: ["false"], fails: ["0", "[]"]),
    SchemaCase(#"{"enum":[0]}"#, fits: ["0", "0.0", "-0.0"], fails: ["false"]),
    SchemaCase(
      #"{"const":{"a":1,"b":[]}}"#, fits: [#"{"b":[],"a":1.0}"#],
      fails: [#"{"a":1}"#, #"{"a":1,"b":[],"c":0}"#, "[]"]),
    SchemaCase(
      #"{"const":9007199254740993}"#, fits: ["9007199254740993"],
      fails: ["9007199254740992", "9007199254740992.0"]),
    SchemaCase(#"{"const":"caf\u00e9"}"#, fits: ["\"caf\u{E9}\""], fails: ["\"cafe\u{301}\""]),
    SchemaCase(#"{"const":null}"#, fits: ["null"], fails: ["0"]),
    SchemaCase(#"{"const":["a","b"]}"#, fits: [#"["a","b"]"#], fails: [#"["a1:b"]"#, #"["ab"]"#]),
  ])
  func `knows types and literal values`(example: SchemaCase) throws { try example.check() }

  @Test(arguments: [
    SchemaCase(#"{"minimum":1.1}"#, fits: ["1.1", "2", "\"x\""], fails: ["1", "0.6"]),
    SchemaCase(#"{"maximum":3}"#, fits: ["3", "3.0", "-1", "null"], fails: ["3.5", "4"]),
    SchemaCase(#"{"exclusiveMinimum":1.1}"#, fits: ["1.2"], fails: ["1.1", "1"]),
    SchemaCase(#"{"exclusiveMaximum":3}"#, fits: ["2.9"], fails: ["3", "3.0", "4"]),
    // Each pair is equal once it is rounded to a double.
    SchemaCase(
      #"{"maximum":9007199254740992.0}"#, fits: ["9007199254740992"], fails: ["9007199254740993"]),
    SchemaCase(
      #"{"exclusiveMinimum":9007199254740992.0}"#, fits: ["9007199254740993"],
      fails: ["9007199254740992"]),
    SchemaCase(
      #"{"minimum":9223372036854775807}"#, fits: ["9223372036854775807", "9223372036854775808.0"],
      fails: ["9223372036854775806"]),
    SchemaCase(
      #"{"maximum":18446744073709551615}"#, fits: ["18446744073709551615", "-1e300"],
      fails: ["18446744073709551616", "1e300"]),
    SchemaCase(
      #"{"minimum":-9223372036854775808}"#, fits: ["-9223372036854775808"], fails: ["-1e19"]),
    SchemaCase(#"{"minimum":-2.5}"#, fits: ["-2"], fails: ["-3"]),
    SchemaCase(
      #"{"multipleOf":2}"#, fits: ["10", "0", "-4", "4.0", "\"x\""], fails: ["7", "1.5"]),
    SchemaCase(#"{"multipleOf":1.5}"#, fits: ["0", "4.5", "-3"], fails: ["35"]),
    SchemaCase(#"{"multipleOf":0.0001}"#, fits: ["0.0075", "12"], fails: ["0.00751"]),
    SchemaCase(#"{"multipleOf":0.01}"#, fits: ["19.99", "0.07", "1e300"], fails: ["19.999"]),
    SchemaCase(#"{"multipleOf":1e-8}"#, fits: ["12391239123"], fails: ["1e-9"]),
    SchemaCase(#"{"type":"integer","multipleOf":0.123456789}"#, fits: ["0"], fails: ["1e308"]),
    SchemaCase(#"{"multipleOf":0.5}"#, fits: ["1e308"], fails: ["5e-324", "0.25"]),
    SchemaCase(#"{"multipleOf":5e-324}"#, fits: ["1e308", "5e-324"], fails: []),
    SchemaCase(
      #"{"multipleOf":3}"#, fits: ["9007199254740993", "-9223372036854775806"],
      fails: ["9007199254740994", "18446744073709551614"]),
  ])
  func `compares numbers exactly`(example: SchemaCase) throws { try example.check() }

  @Test(arguments: [
    SchemaCase(#"{"minLength":2}"#, fits: ["\"ab\"", "7"], fails: ["\"a\"", "\"\u{1F4A9}\""]),
    SchemaCase(
      #"{"maxLength":2}"#, fits: ["\"ab\"", "\"\u{1F4A9}\u{1F4A9}\""], fails: ["\"abc\""]),
    SchemaCase(#"{"maxLength":1}"#, fits: ["\"\u{E9}\""], fails: ["\"e\u{301}\"", "\"\\r\\n\""]),
    SchemaCase(#"{"minLength":2.0}"#, fits: ["\"ab\""], fails: ["\"a\""]),
    SchemaCase(#"{"maxLength":1e30}"#, fits: ["\"ab\""]),
  ])
  func `counts characters as Unicode scalars`(example: SchemaCase) throws { try example.check() }

  @Test(arguments: [
    SchemaCase(
      #"{"items":{"type":"integer"}}"#, fits: ["[]", "[1,2]", "{}"], fails: ["[1,\"x\"]"]),
    SchemaCase(#"{"items":false}"#, fits: ["[]"], fails: ["[1]"]),
    SchemaCase(
      #"{"prefixItems":[{"type":"integer"},{"type":"string"}]}"#,
      fits: ["[]", "[1]", "[1,\"a\",null]"], fails: ["[\"a\"]", "[1,2]"]),
    SchemaCase(
      #"{"prefixItems":[true,{"type":"string"}],"items":{"type":"null"}}"#,
      fits: ["[0]", "[0,\"a\",null,null]"], fails: ["[0,\"a\",1]", "[0,0]"]),
    SchemaCase(#"{"prefixItems":[true],"items":false}"#, fits: ["[]", "[1]"], fails: ["[1,2]"]),
    SchemaCase(#"{"contains":{"minimum":5}}"#, fits: ["[3,5]", "{}"], fails: ["[]", "[1,2]"]),
    SchemaCase(
      #"{"contains":{"const":1},"minContains":2}"#, fits: ["[1,1]", "[1,2,1]"],
      fails: ["[1]", "[]"]),
    SchemaCase(
      #"{"contains":{"const":1},"maxContains":1}"#, fits: ["[1]", "[2,1]"],
      fails: ["[1,1]", "[2]"]),
    SchemaCase(#"{"contains":{"const":1},"minContains":0}"#, fits: ["[]", "[2]", "[1]"]),
    SchemaCase(
      #"{"contains":{"const":1},"minContains":0,"maxContains":1}"#, fits: ["[]", "[1]"],
      fails: ["[1,1]"]),
    SchemaCase(#"{"minContains":3,"maxContains":1}"#, fits: ["[]", "[1,1]"]),
    SchemaCase(
      #"{"minItems":1,"maxItems":2}"#, fits: ["[1]", "[1,2]", "\"\""], fails: ["[]", "[1,2,3]"]),
    SchemaCase(
      #"{"uniqueItems":true}"#,
      fits: [
        "[]", "[1,2]", "[1,true]", "[0,false]", "[[1],[true]]", "[\"1\",1]",
        "[{\"a\":1},{\"a\":2}]",
        "[[\"a\",\"b\"],[\"ab\"]]",
      ],
      fails: [
        "[1,1]", "[1.0,1]", "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1.0}]", "[[],[]]",
        "[null,1,null]", "[18446744073709551615,18446744073709551615]",
      ]),
    SchemaCase(#"{"uniqueItems":false}"#, fits: ["[1,1]"]),
  ])
  func `looks into arrays`(example: SchemaCase) throws { try example.check() }

  @Test(arguments: [
    SchemaCase(
      #"{"properties":{"a":{"type":"integer"},"b":false}}"#, fits: ["{}", #"{"a":1,"c":2}"#, "[]"],
      fails: [#"{"a":"x"}"#, #"{"b":1}"#]),
    SchemaCase(
      #"{"properties":{"caf\u00e9":{"type":"integer"}},"additionalProperties":false}"#,
      fits: ["{\"caf\u{E9}\":1}"], fails: ["{\"cafe\u{301}\":1}"]),
    SchemaCase(
      #"{"patternProperties":{"^x_":{"type":"integer"},"y":{"minimum":2}}}"#,
      fits: [#"{"x_a":1,"b":"x"}"#, #"{"x_y":2}"#],
      fails: [#"{"x_a":"1"}"#, #"{"x_y":1}"#, #"{"ay":0}"#]),
    SchemaCase(
      #"{"properties":{"a":true},"patternProperties":{"^v":true},"additionalProperties":false}"#,
      fits: [#"{"a":1,"vroom":2}"#, "[]"], fails: [#"{"b":1}"#]),
    SchemaCase(
      #"{"properties":{"a":true},"additionalProperties":{"type":"boolean"}}"#,
      fits: [#"{"a":1,"b":true}"#], fails: [#"{"b":1}"#]),
    SchemaCase(#"{"additionalProperties":false}"#, fits: ["{}"], fails: [#"{"a":1}"#]),
    // Neighbours in "allOf" are not neighbours.
    SchemaCase(
      #"{"allOf":[{"properties":{"a":true}}],"additionalProperties":false}"#, fits: ["{}"],
      fails: [#"{"a":1}"#]),
    SchemaCase(
      #"{"propertyNames":{"maxLength":3}}"#, fits: [#"{"abc":1}"#, "{}", "[]"],
      fails: [#"{"abcd":1}"#]),
    SchemaCase(#"{"propertyNames":false}"#, fits: ["{}"], fails: [#"{"a":1}"#]),
    SchemaCase(
      #"{"required":["a","__proto__"]}"#, fits: [#"{"a":null,"__proto__":1}"#, "[]"],
      fails: ["{}", #"{"a":1}"#]),
    SchemaCase(#"{"required":[]}"#, fits: ["{}"]),
    SchemaCase(
      #"{"minProperties":1,"maxProperties":2}"#, fits: [#"{"a":1}"#, "[]", "\"\""],
      fails: ["{}", #"{"a":1,"b":1,"c":1}"#]),
    SchemaCase(
      #"{"dependentRequired":{"b":["a","c"]}}"#,
      fits: ["{}", #"{"a":1}"#, #"{"a":1,"b":1,"c":1}"#, "1"],
      fails: [#"{"b":1}"#, #"{"a":1,"b":1}"#]),
    SchemaCase(
      #"{"dependentSchemas":{"b":{"required":["a"],"properties":{"a":{"type":"integer"}}},"n":false}}"#,
      fits: ["{}", #"{"a":"x"}"#, #"{"a":1,"b":1}"#, "\"b\""],
      fails: [#"{"b":1}"#, #"{"a":"x","b":1}"#, #"{"n":1}"#]),
  ])
  func `looks into objects`(example: SchemaCase) throws { try example.check() }

  @Test(arguments: [
    SchemaCase(
      #"{"allOf":[{"minimum":1},{"maximum":3}],"multipleOf":2}"#, fits: ["2", "\"x\""],
      fails: ["0", "4", "3"]),
    SchemaCase(#"{"allOf":[true,false]}"#, fits: [], fails: ["1"]),
    SchemaCase(
      #"{"anyOf":[{"type":"integer"},{"minimum":2}]}"#, fits: ["1", "2.5"], fails: ["1.5"]),
    SchemaCase(#"{"anyOf":[true,false]}"#, fits: ["1"]),
    SchemaCase(#"{"anyOf":[{"type":"null"},{}]}"#, fits: ["1", "null"]),
    SchemaCase(
      #"{"oneOf":[{"type":"integer"},{"minimum":2}]}"#, fits: ["1", "2.5"], fails: ["3", "1.5"]),
    SchemaCase(#"{"oneOf":[true,true,false]}"#, fits: [], fails: ["1"]),
    SchemaCase(#"{"oneOf":[false,true,false]}"#, fits: ["1"]),
    SchemaCase(#"{"not":{"type":["integer","boolean"]}}"#, fits: ["\"x\""], fails: ["1", "true"]),
    SchemaCase(#"{"not":{}}"#, fits: [], fails: ["1"]),
    SchemaCase(#"{"not":{"not":{}}}"#, fits: ["1"]),
    SchemaCase(
      #"{"if":{"exclusiveMaximum":0},"then":{"minimum":-10},"else":{"multipleOf":2}}"#,
      fits: ["-1", "4"], fails: ["-100", "3"]),
    SchemaCase(#"{"if":{"const":0}}"#, fits: ["0", "1"]),
    SchemaCase(#"{"then":{"const":0},"else":{"const":1}}"#, fits: ["7"]),
    SchemaCase(#"{"if":true,"else":false}"#, fits: ["7"]),
    SchemaCase(#"{"if":false,"then":false}"#, fits: ["7"]),
  ])
  func `combines schemas`(example: SchemaCase) throws { try example.check() }

  @Test(arguments: [
    SchemaCase(
      ##"{"properties":{"next":{"$ref":"#"}},"additionalProperties":false}"##,
      fits: [#"{"next":{"next":{}}}"#], fails: [#"{"next":{"last":{}}}"#]),
    SchemaCase(
      ##"{"$defs":{"a":{"type":"integer"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/b","minimum":2}"##,
      fits: ["2"], fails: ["\"x\"", "1"]),
    SchemaCase(
      ##"{"definitions":{"a~b/c%d":{"type":"integer"}},"items":{"$ref":"#/definitions/a~0b~1c%25d"}}"##,
      fits: ["[1]"], fails: ["[\"x\"]"]),
    SchemaCase(
      ##"{"prefixItems":[{"type":"integer"},{"$ref":"#/prefixItems/0"}]}"##, fits: ["[1,2]"],
      fails: ["[1,\"x\"]"]),
    SchemaCase(
      ##"{"$ref":"#/x-types/a","x-types":{"a":{"properties":{"b":{"$ref":"#/x-types/c"}}},"c":{"const":1}}}"##,
      fits: [#"{"b":1}"#], fails: [#"{"b":2}"#]),
    SchemaCase(
      #"{"properties":{"$ref":{"type":"string"}},"required":["$ref"]}"#, fits: [#"{"$ref":"a"}"#],
      fails: [#"{"$ref":1}"#]),
    SchemaCase(
      ##"{"enum":[{"$ref":"#/nowhere"}]}"##, fits: [##"{"$ref":"#/nowhere"}"##], fails: ["{}"]),
    SchemaCase(
      ##"{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#/$defs/node"}}},"$defs":{"node":{"anyOf":[{"type":"null"},{"$ref":"#"}]}}}"##,
      fits: [#"{"children":[null,{"children":[{}]}]}"#], fails: [#"{"children":[1]}"#]),
    SchemaCase(
      ##"{"$id":"https://example.com/s","$ref":"#/$defs/a","$defs":{"a":{"const":1}}}"##,
      fits: ["1"], fails: ["2"]),
  ])
  func `follows references within itself`(example: SchemaCase) throws { try example.check() }

  @Test func `takes annotations and extensions for what they are`() throws {
    try SchemaCase(
      #"""
      {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"x","$comment":"c",
       "title":"t","description":"d","default":7,"examples":[7],"format":"email",
       "deprecated":true,"readOnly":true,"writeOnly":false,"contentEncoding":"base64",
       "contentMediaType":"text/plain","$anchor":"a","x-order":{"type":7},"type":"string"}
      """#, fits: ["\"no address\""], fails: ["7"]
    ).check()
  }
}
