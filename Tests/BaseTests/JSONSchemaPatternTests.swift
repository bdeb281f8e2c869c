// JSONSchemaPatternTests.swift — the patterns of JSON schemas: ECMAScript's syntax, searched anywhere.

import Base
import Testing

private func schema(_ pattern: String) throws(JSONSchemaError) -> JSONSchema {
  try JSONSchema(["pattern": .string(pattern)], source: "s")
}

@Suite struct `A pattern in a JSON schema` {
  @Test(arguments: [
    ("", ["", "a"], []),
    ("es", ["expression", "es"], ["", "e", "s e"]),
    ("^a*$", ["", "aaa"], ["ab", "ba"]),
    ("^a|b$", ["ax", "xb"], ["xa", "bx", ""]),
    ("^$|^https?://", ["", "http://", "https://x"], ["x", " http://"]),
    ("^(|a|bc)$", ["", "a", "bc"], ["b", "abc"]),
    ("^(a||b)+$", ["", "ab"], ["c"]),
    ("^(?:ab)+?$", ["ab", "abab"], ["", "aba"]),
    ("^a{2,3}?$", ["aa", "aaa"], ["a", "aaaa"]),
    ("^.$", ["a", "é", "🚀"], ["", "\n", "\r", "\u{2028}", "\u{2029}", "ab"]),
    ("^\\d+$", ["0", "42"], ["", "x", "٣"]),
    ("^\\D$", ["x", "٣", "\n"], ["7"]),
    ("^\\w+$", ["a_Z9"], ["a-b", "é"]),
    ("^\\W$", ["-", "é"], ["_"]),
    ("^\\s$", [" ", "\t", "\u{A0}", "\u{FEFF}", "\u{2003}", "\u{2029}"], ["x", "\u{200B}"]),
    ("^\\S$", ["x", "\u{200B}"], [" ", "\u{FEFF}"]),
    ("^[\\w.-]+@[\\w-]+\\.\\w{2,}$", ["a.b@c-d.org"], ["a@b", "a b@c.org"]),
    ("^[^\\s/]+$", ["ab"], ["a b", "a/b"]),
    ("^[\\D]$", ["x"], ["1"]),
    ("^[^\\D5]$", ["1"], ["5", "x"]),
    ("^[\\d-]+$", ["1-2"], ["x"]),
    ("^[\\]\\\\^-]+$", ["]\\^-"], ["["]),
    ("^[[(]+$", ["[("], ["]"]),
    ("^[]$", [], ["", "a", "]"]),
    ("^[^]$", ["a", "\n"], ["", "ab"]),
    ("^[\\b]$", ["\u{8}"], ["b"]),
    ("^[a-c\\x41-\\x43]+$", ["aC"], ["d", "D"]),
    ("^\\x41\\u0042\\u{43}\\u{1F680}\\uD83D\\uDE80$", ["ABC🚀🚀"], ["ABC🚀"]),
    ("^\\t\\n\\v\\f\\r\\0\\cA$", ["\t\n\u{B}\u{C}\r\0\u{1}"], [""]),
    ("^\\@\\_\\-\\/\\ \\.$", ["@_-/ ."], ["@_-/ x"]),
    ("^[à-ü]$", ["é"], ["e", "e\u{301}"]),
    ("a\\$$", ["xa$"], ["a", "a$b"]),
    ("a\\|b", ["a|b"], ["a", "b"]),
    ("^]}$", ["]}"], ["]"]),
    ("\\n$", ["a\n"], ["a"]),
    // "$" is the end of the text, never the place before a last line end.
    ("a$", ["a"], ["a\n"]),
    ("^b", ["b"], ["a\nb"]),
  ])
  func `is found anywhere in a text`(text: String, matching: [String], other: [String]) throws {
    let schema = try schema(text)
    for text in matching { #expect(schema.problem(with: .string(text)) == nil, "\(text)") }
    for text in other { #expect(schema.problem(with: .string(text)) != nil, "\(text)") }
    #expect(schema.problem(with: 7) == nil)
  }

  @Test(arguments: [
    ("(?=a)", PatternProblem.unsupportedGroup),
    ("(?<!a)", .unsupportedGroup),
    ("(?<name>a)", .unsupportedGroup),
    ("(a)\\1", .unsupportedEscape("1")),
    ("\\bword\\b", .unsupportedEscape("b")),
    ("\\p{L}", .unsupportedEscape("p")),
    ("[\\B]", .unsupportedEscape("B")),
    ("\\x4", .unsupportedEscape("x")),
    ("\\u12", .unsupportedEscape("u")),
    ("\\u{}", .unsupportedEscape("u")),
    ("\\u{110000}", .unsupportedEscape("u")),
    ("\\u{41", .unsupportedEscape("u")),
    ("\\uD83D", .unsupportedEscape("u")),
    ("\\uD83D\\u0041", .unsupportedEscape("u")),
    ("\\uDE80", .unsupportedEscape("u")),
    ("\\01", .unsupportedEscape("0")),
    ("\\c1", .unsupportedEscape("c")),
    ("\\é", .unsupportedEscape("é")),
    ("a\\", .danglingBackslash),
    ("[\\", .danglingBackslash),
    ("[[:alpha:]]", .posixClass),
    ("[a", .unclosed("[")),
    ("[a-", .unclosed("[")),
    ("[\\d-z]", .badRange),
    ("[z-a]", .badRange),
    ("(a", .unclosed("(")),
    ("a)", .unopened(")")),
    ("()", .emptyBranch),
    ("(|)", .emptyBranch),
    ("a**", .repeatedTwice),
    ("a++", .repeatedTwice),
    ("a+??", .repeatedTwice),
    ("*a", .nothingToRepeat("*")),
    ("^*", .nothingToRepeat("*")),
    ("a{", .badCount),
    ("a{0}", .badCount),
    ("a^b", .anchorInside("^")),
    ("a$b", .anchorInside("$")),
    ("(^a|b$)", .anchorInside("^")),
    ("(a$)", .anchorInside("$")),
    ("a{200}|b{57}", .tooLong(positionCountMax: 256)),
    (String(repeating: "|", count: 300), .tooLong(positionCountMax: 256)),
  ])
  func `is refused where it cannot be kept`(text: String, problem: PatternProblem) {
    do throws(JSONSchemaError) {
      _ = try schema(text)
      Issue.record("it was read")
    } catch {
      #expect(error.pointer == "/pattern")
      #expect(error.problem == .pattern(problem))
    }
    #expect(problem.description.hasSuffix("."))
  }

  @Test func `says in the schema's error what to write instead`() {
    do throws(JSONSchemaError) {
      _ = try JSONSchema(["patternProperties": ["\\bx": true]], source: "tool.json")
      Issue.record("it was read")
    } catch {
      #expect(
        error.description
          == #"tool.json, at "/patternProperties/\\bx": the pattern cannot be used: "\b" is not supported here. Write the characters that are meant as a class in brackets."#
      )
    }
  }
}
