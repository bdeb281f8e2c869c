// JSONSchemaWordingTests.swift — what a schema says of a wrong value, and of itself, word for word.

import Base
import Testing

private func problem(_ schema: String, _ value: String) throws -> String? {
  try JSONSchema(JSONReader.value(schema, source: "schema"), source: "schema")
    .problem(with: JSONReader.value(value, source: "value"))
}

@Suite struct `A value that a JSON schema refuses` {
  @Test(arguments: [
    (
      #"{"properties":{"items":{"items":{"properties":{"price":{"type":"number"}}}}}}"#,
      #"{"items":[{},{},{"price":"7"}]}"#,
      #"At "/items/2/price": a number is expected, and this is a string."#
    ),
    (
      #"{"type":["string","null"]}"#, "7",
      #"At "" (the whole value): a string or null is expected, and this is a number."#
    ),
    (
      #"{"type":["integer","string","array"]}"#, "1.5",
      #"At "" (the whole value): a string, an integer or an array is expected, and this is a number with a fraction."#
    ),
    ("false", "1", #"At "" (the whole value): no value is allowed here."#),
    (
      #"{"enum":["a","b",3]}"#, #""c""#,
      #"At "" (the whole value): one of "a", "b" and 3 is expected, and this is none of them."#
    ),
    (
      #"{"enum":["a","b"]}"#, "null",
      #"At "" (the whole value): one of "a" and "b" is expected, and this is null."#
    ),
    (
      #"{"enum":[1,2,3,4,5,6,7,8,9,10,11,12,13,14]}"#, "0",
      #"At "" (the whole value): one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more is expected, and this is none of them."#
    ),
    (
      #"{"const":{"a":[1]}}"#, "{}",
      #"At "" (the whole value): {"a":[1]} is expected, and this is not."#
    ),
    (
      #"{"items":{"minimum":3}}"#, "[2.5]",
      #"At "/0": a number of at least 3 is expected, and this is 2.5."#
    ),
    (
      #"{"items":{"maximum":3}}"#, "[4]",
      #"At "/0": a number of at most 3 is expected, and this is 4."#
    ),
    (
      #"{"items":{"exclusiveMinimum":0}}"#, "[0]",
      #"At "/0": a number above 0 is expected, and this is 0."#
    ),
    (
      #"{"items":{"exclusiveMaximum":0}}"#, "[0]",
      #"At "/0": a number below 0 is expected, and this is 0."#
    ),
    (
      #"{"items":{"multipleOf":0.5}}"#, "[0.7]",
      #"At "/0": a multiple of 0.5 is expected, and this is 0.7."#
    ),
    (
      #"{"items":{"minLength":1}}"#, #"[""]"#,
      #"At "/0": at least 1 character is expected, and this string has 0."#
    ),
    (
      #"{"items":{"maxLength":2}}"#, #"["abc"]"#,
      #"At "/0": at most 2 characters are expected, and this string has 3."#
    ),
    (
      #"{"items":{"pattern":"^\\d+$"}}"#, #"["x"]"#,
      #"At "/0": a string that matches the pattern "^\\d+$" is expected, and this one does not."#
    ),
    (
      #"{"minItems":2}"#, "[1]",
      #"At "" (the whole value): at least 2 elements are expected, and this array has 1."#
    ),
    (
      #"{"maxItems":1}"#, "[1,2]",
      #"At "" (the whole value): at most 1 element is expected, and this array has 2."#
    ),
    (
      #"{"uniqueItems":true}"#, "[1,2,1.0]",
      #"At "" (the whole value): no two elements may be equal, and those at 0 and 2 are."#
    ),
    (
      #"{"contains":{"const":1}}"#, "[2]",
      #"At "" (the whole value): at least 1 element must match the schema's "/contains", and 0 do."#
    ),
    (
      #"{"contains":{"const":1},"maxContains":2}"#, "[1,1,1]",
      #"At "" (the whole value): at most 2 elements may match the schema's "/contains", and 3 do."#
    ),
    (
      #"{"minProperties":1}"#, "{}",
      #"At "" (the whole value): at least 1 member is expected, and this object has 0."#
    ),
    (
      #"{"maxProperties":0}"#, #"{"a":1}"#,
      #"At "" (the whole value): at most 0 members are expected, and this object has 1."#
    ),
    (
      #"{"required":["a","b"]}"#, #"{"a":1}"#,
      #"At "" (the whole value): the member "b" is missing."#
    ),
    (
      #"{"dependentRequired":{"a":["b"]}}"#, #"{"a":1}"#,
      #"At "" (the whole value): the member "b" is missing, which has to stand beside "a"."#
    ),
    (
      #"{"propertyNames":{"maxLength":1}}"#, #"{"ab":1}"#,
      #"At "/ab": the name of this member does not fit: at most 1 character is expected, and this string has 2."#
    ),
    (
      #"{"properties":{"city":true,"unit":true},"patternProperties":{"^x":true},"additionalProperties":false}"#,
      #"{"citty":1}"#,
      #"At "/citty": the member "citty" is not allowed here; allowed: "city", "unit" and names that match "^x"."#
    ),
    (
      #"{"additionalProperties":false}"#, #"{"a":1}"#,
      #"At "/a": the member "a" is not allowed here; no member is."#
    ),
    (
      #"{"properties":{"x":{"not":{"type":"string"}}}}"#, #"{"x":""}"#,
      #"At "/x": this value matches the schema's "/properties/x/not", and must not."#
    ),
    (
      #"{"oneOf":[{"type":"integer"},{"type":"string"},{"minimum":0}]}"#, "1",
      #"At "" (the whole value): only one of the 3 alternatives of "oneOf" may fit, and those at 0 and 2 both do."#
    ),
    (
      #"{"items":{"anyOf":[{"type":"null"},{"properties":{"a":{"type":"string"}},"type":"object"}]}}"#,
      #"[{"a":1}]"#,
      #"At "/0": none of the 2 alternatives of "anyOf" fits; by the closest, at "/0/a" a string is expected, and this is a number."#
    ),
    (
      #"{"anyOf":[{"type":"null"},{"type":"string"}]}"#, "1",
      #"At "" (the whole value): none of the 2 alternatives of "anyOf" fits; by the closest, null is expected, and this is a number."#
    ),
    // Of two shapes told apart by a name, the one that is named was meant.
    (
      #"{"oneOf":[{"properties":{"kind":{"const":"a"}},"required":["kind","x"]},{"properties":{"kind":{"const":"b"}},"required":["kind","y"]}]}"#,
      #"{"kind":"b"}"#,
      #"At "" (the whole value): none of the 2 alternatives of "oneOf" fits; by the closest, the member "y" is missing."#
    ),
    (
      #"{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}"#, "{}",
      #"At "" (the whole value): the member "c" is missing."#
    ),
    (
      #"{"additionalProperties":{"type":"string"}}"#, #"{"a/b~\n\"":1}"#,
      #"At "/a~1b~0\n\"": a string is expected, and this is a number."#
    ),
  ])
  func `is told where and why`(schema: String, value: String, sentence: String) throws {
    #expect(try problem(schema, value) == sentence)
  }

  @Test func `is never quoted, and long keys are cut`() throws {
    let key = String(repeating: "k", count: 500)
    let value = "{\"\(key)\":\"secret\"}"
    #expect(
      try problem(#"{"additionalProperties":{"const":"open"}}"#, value)
        == "At \"/\(key.prefix(60))…\": \"open\" is expected, and this is not.")
    #expect(
      try problem(#"{"additionalProperties":false}"#, value)
        == "At \"/\(key.prefix(60))…\": the member \"\(key.prefix(60))…\" is not allowed here; "
        + "no member is.")
  }
}

@Suite struct `A JSON schema with an error` {
  @Test(arguments: [
    ("7", #"s, at "" (the root): a schema is an object, true or false, and this is a number."#),
    (
      #"{"properties":{"a":[]}}"#,
      #"s, at "/properties/a": a schema is an object, true or false, and this is an array."#
    ),
    (#"{"properties":[]}"#, #"s, at "/properties": an object should be here."#),
    (#"{"required":"a"}"#, #"s, at "/required": an array of strings should be here."#),
    (#"{"required":["a",1]}"#, #"s, at "/required": an array of strings should be here."#),
    (
      #"{"dependentRequired":{"a":[1]}}"#,
      #"s, at "/dependentRequired": an array of strings should be here."#
    ),
    (#"{"minLength":-1}"#, #"s, at "/minLength": a whole number from 0 should be here."#),
    (#"{"maxItems":1.5}"#, #"s, at "/maxItems": a whole number from 0 should be here."#),
    (#"{"maxItems":"1"}"#, #"s, at "/maxItems": a whole number from 0 should be here."#),
    (#"{"exclusiveMinimum":true}"#, #"s, at "/exclusiveMinimum": a number should be here."#),
    (#"{"multipleOf":0}"#, #"s, at "/multipleOf": a number above 0 should be here."#),
    (#"{"uniqueItems":1}"#, #"s, at "/uniqueItems": true or false should be here."#),
    (#"{"pattern":1}"#, #"s, at "/pattern": a string should be here."#),
    (#"{"enum":1}"#, #"s, at "/enum": an array should be here."#),
    (#"{"allOf":[]}"#, #"s, at "/allOf": an array with a schema in it should be here."#),
    (
      #"{"items":[{}]}"#,
      #"s, at "/items": one schema (several, one an element, are "prefixItems") should be here."#
    ),
    (#"{"type":7}"#, #"s, at "/type": a type's name, or an array of them, should be here."#),
    (#"{"type":[]}"#, #"s, at "/type": a type's name, or an array of them, should be here."#),
    (
      #"{"type":"float"}"#,
      #"s, at "/type": "float" is no type. Use string, number, integer, boolean, array, object or null."#
    ),
    (
      #"{"allOf":[{"unevaluatedProperties":false}]}"#,
      #"s, at "/allOf/0/unevaluatedProperties": the keyword "unevaluatedProperties" is not supported here. Write "additionalProperties", with every member named in "properties" beside it."#
    ),
    (
      ##"{"$dynamicRef":"#a"}"##,
      #"s, at "/$dynamicRef": the keyword "$dynamicRef" is not supported here. Write "$ref"."#
    ),
    (
      #"{"dependencies":{}}"#,
      #"s, at "/dependencies": the keyword "dependencies" is not supported here. Write "dependentRequired" or "dependentSchemas"."#
    ),
    (
      #"{"nullable":true}"#,
      #"s, at "/nullable": the keyword "nullable" is not supported here. Add "null" to the types."#
    ),
    (
      #"{"$defs":{"a/b":{"minimun":1}}}"#,
      #"s, at "/$defs/a~1b/minimun": "minimun" is no keyword of JSON Schema 2020-12. Correct or remove it, or begin its name with "x-"."#
    ),
    (
      #"{"$ref":"https://example.com/a.json"}"#,
      ##"s, at "/$ref": "https://example.com/a.json" points out of the schema, or to an anchor. Copy what it means under "$defs" and write "#/$defs/NAME"."##
    ),
    (
      ##"{"$ref":"#name"}"##,
      ##"s, at "/$ref": "#name" points out of the schema, or to an anchor. Copy what it means under "$defs" and write "#/$defs/NAME"."##
    ),
    (
      ##"{"items":{"$ref":"#/$defs/a"}}"##,
      ##"s, at "/items/$ref": "#/$defs/a" points to nothing. Correct it, or add what it means under "$defs"."##
    ),
    (
      ##"{"$ref":"#/required/0","required":["a"]}"##,
      #"s, at "/required/0": a schema is an object, true or false, and this is a string."#
    ),
    (
      ##"{"items":{"$id":"b","allOf":[{"$ref":"#"}]}}"##,
      ##"s, at "/items/allOf/0/$ref": "#" stands under an inner "$id", which changes what it points to. Remove that "$id"."##
    ),
    (
      ##"{"$ref":"#"}"##,
      #"s, at "" (the root): the schema leads back to itself without going into the value. Break the circle of "$ref"."#
    ),
    (
      ##"{"$defs":{"a":{"anyOf":[true,{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}}"##,
      #"s, at "/$defs/a": the schema leads back to itself without going into the value. Break the circle of "$ref"."#
    ),
  ])
  func `says where and what to write instead`(schema: String, sentence: String) throws {
    let json = try JSONReader.value(schema, source: "schema")
    do throws(JSONSchemaError) {
      _ = try JSONSchema(json, source: "s")
      Issue.record("it was read")
    } catch {
      #expect(error.description == sentence)
    }
  }
}
