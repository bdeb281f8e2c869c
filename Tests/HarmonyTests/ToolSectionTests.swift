// ToolSectionTests.swift — schemas and namespaces in the words that the model was trained to read.

import Base
import Harmony
import Testing
import Tokenizer

@Suite struct `A tool section` {
  static func text(_ tools: [ToolNamespace]) throws -> String {
    let vocabulary = try Streams.full.get()
    let ids = try HarmonyRenderer(vocabulary).render(
      HarmonyMessage(
        role: .developer, content: [.developer(DeveloperContent(tools: tools))]))
    let text = vocabulary.tokenizer.decode(ids)
    return String(text.dropFirst("<|start|>developer<|message|>".count).dropLast("<|end|>".count))
  }

  /// What openai-harmony 0.0.8 prints for each schema.
  @Test(arguments: [
    (#"{"type":"string"}"#, "string"),
    (#"{"type":["integer","null"]}"#, "number | null"),
    (#"{"anyOf":[{"type":"string"}]}"#, "any"),
    (#"{"type":"array"}"#, "Array<any>"),
    (#"{"type":"array","items":{"type":"string","enum":["a","b"]}}"#, #""a" | "b"[]"#),
    (#"{"type":"object"}"#, "{\n}"),
    ("3", "any"),
    (
      #"{"oneOf":[{"type":"string","default":"x","description":"D"},{"type":"integer","nullable":true}]}"#,
      "\n | string // D default: \"x\"\n | number | null"
    ),
    (
      #"{"type":"object","description":"O","properties":{"a":{"type":"object","description":"two\nlines","properties":{"b":{"type":"boolean","default":true}}}},"required":["a"]}"#,
      "// O\n{\n// two\nlines\na:     // two\nlines\n{\n    b?: boolean, // default: true\n    },\n}"
    ),
    (
      #"{"type":"object","properties":{"u":{"oneOf":[{"type":"string","enum":["c","f"],"default":"c","description":"unit"},{"type":"null","description":"none"}],"description":"Unit.","default":"c"}}}"#,
      "{\n// Unit.\n// default: \"c\"\nu?:\n | \"c\" | \"f\" // default: c\n | any // none\n,\n}"
    ),
    (
      #"{"type":"object","properties":{"s":{"type":"string","title":"T","description":"D","examples":["x",3,"y"],"nullable":true,"default":"q\"q"}}}"#,
      "{\n// T\n//\n// D\n// Examples:\n// - \"x\"\n// - \"y\"\ns?: string | null, // default: \"q\"q\"\n}"
    ),
    (
      #"{"type":"object","properties":{"e":{"type":"string","enum":["a",1],"default":"a"},"n":{"enum":[1,2],"default":2},"l":{"type":"array","items":{"type":"number"},"default":[1.0,{"k":"é\n"}]}}}"#,
      "{\ne?: \"a\", // default: a\nn?: any, // default: 2\nl?: number[], // default: [1.0,{\"k\":\"é\\n\"}]\n}"
    ),
  ])
  func `prints a schema as the reference does`(schema: String, type: String) throws {
    let tool = ToolDescription(
      name: "f", description: "", parameters: try JSONReader.value(schema, source: "schema"))
    #expect(
      try Self.text([.functions([tool])])
        == "# Tools\n\n## functions\n\nnamespace functions {\n\ntype f = (_: \(type)) => any;\n\n"
        + "} // namespace functions")
  }

  /// What openai-harmony 0.0.8 prints for each number, given as Python writes it.
  @Test(arguments: [
    ("1.0", "1.0"), ("-0.0", "-0.0"), ("1e+20", "1e20"), ("1e+16", "1e16"),
    ("1000000000000000.0", "1000000000000000.0"), ("0.0001", "0.0001"), ("1e-05", "0.00001"),
    ("1.234e-06", "1.234e-6"), ("5e-324", "5e-324"), ("100.0", "100.0"), ("4.35", "4.35"),
    ("1.7976931348623157e+308", "1.7976931348623157e308"),
    ("-9223372036854775808", "-9223372036854775808"),
    ("18446744073709551615", "18446744073709551615"),
    ("1.2345678901234568e+17", "1.2345678901234568e17"),
    ("0.18878891023282363", "0.18878891023282365"),
    ("2.7715077941825975e-163", "2.7715077941825978e-163"),
  ])
  func `prints a number as the reference does`(number: String, printed: String) throws {
    let schema = #"{"type":"object","properties":{"n":{"type":"number","default":\#(number)}}}"#
    let tool = ToolDescription(
      name: "f", description: "", parameters: try JSONReader.value(schema, source: "schema"))
    #expect(try Self.text([.functions([tool])]).contains("n?: number, // default: \(printed)\n"))
  }

  @Test func `sorts namespaces by the bytes of their names and comments descriptions`() throws {
    let text = try Self.text([
      ToolNamespace(name: "b", description: "Raw.\r\nText.", tools: []),
      ToolNamespace(
        name: "a", description: "One.\nTwo.\n",
        tools: [ToolDescription(name: "g", description: "Does\nthings.")]),
      ToolNamespace(name: "Z", tools: []),
    ])
    #expect(
      text == """
        # Tools

        ## Z


        ## a

        // One.
        // Two.
        namespace a {

        // Does
        // things.
        type g = () => any;

        } // namespace a

        ## b

        Raw.
        Text.
        """)
  }

  @Test(arguments: [
    ([ToolDescription(name: "f", description: "")], true), ([], false),
  ])
  func `makes the system message send calls to commentary if there are functions`(
    tools: [ToolDescription], isSaid: Bool
  ) throws {
    let vocabulary = try Streams.full.get()
    let ids = try HarmonyRenderer(vocabulary).render(
      HarmonyConversation(messages: [
        HarmonyMessage(role: .system, content: [.system(SystemContent())]),
        HarmonyMessage(
          role: .developer, content: [.developer(DeveloperContent(tools: [.functions(tools)]))]),
      ]))
    let line = "\nCalls to these tools must go to the commentary channel: 'functions'.<|end|>"
    #expect(vocabulary.tokenizer.decode(ids).contains(line) == isSaid)
  }
}
