// JSONReaderTests.swift — what the reader takes, what it refuses, and how it says so.

import Base
import Testing

@Suite struct `A JSON reader` {
  @Test func `keeps the order of keys`() throws {
    let value = try JSONReader.value(#"{"z":1,"a":{"y":2,"b":3}}"#, source: "test")
    #expect(value.objectValue?.keys == ["z", "a"])
    #expect(value["a"]?.objectValue?.keys == ["y", "b"])
  }

  @Test(arguments: [
    ("0", JSONNumber.integer(0)), ("-12", .integer(-12)),
    ("9223372036854775807", .integer(.max)), ("9223372036854775808", .unsigned(1 << 63)),
    ("18446744073709551616", .double(18446744073709551616)), ("1.0", .double(1)),
    ("2e3", .double(2000)), ("-0", .double(-0.0)),
  ])
  func `keeps whole numbers whole`(text: String, number: JSONNumber) throws {
    #expect(try JSONReader.value(text, source: "test") == .number(number))
  }

  @Test func `joins surrogate pairs and reads every escape`() throws {
    let value = try JSONReader.value(#""\ud83d\ude80 \"\\\/\b\f\n\r\t\u00e9""#, source: "test")
    #expect(value == "🚀 \"\\/\u{8}\u{C}\n\r\té")
  }

  @Test(arguments: [
    (
      "",
      "test, line 1, column 1: the text ends where a value should be. The file is probably incomplete."
    ),
    (
      #"{"a":1,"a":2}"#, #"test, line 1, column 12: the key "a" appears twice. Remove one of them."#
    ),
    ("[1,\n2,]", "test, line 2, column 3: found \"]\" where a value should be."),
    ("[1] x", "test, line 1, column 5: there is more text after the end of the value."),
    (#""\ud83d""#, "test, line 1, column 8: a string has half of a surrogate pair."),
    (
      "\"a\u{1}\"",
      "test, line 1, column 3: a string has the bare control character the byte 0x01. Write it as an escape."
    ),
    ("01", "test, line 1, column 2: there is more text after the end of the value."),
    ("1e999", "test, line 1, column 1: a number is malformed."),
    (
      "nul",
      "test, line 1, column 4: the text ends where null should be. The file is probably incomplete."
    ),
    ("\u{FEFF}1", "test, line 1, column 1: found the byte 0xEF where a value should be."),
  ])
  func `refuses with place and remedy`(text: String, sentence: String) {
    #expect(throws: JSONError.self) { try JSONReader.value(text, source: "test") }
    do { _ = try JSONReader.value(text, source: "test") } catch {
      #expect(error.description == sentence)
    }
  }

  @Test func `refuses nesting and sizes over its limits`() {
    let deep = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
    #expect(throws: JSONError.self) { try JSONReader.value(deep, source: "test") }
    let limits = JSONReader.Limits(valueCountMax: 3)
    #expect(throws: JSONError.self) {
      try JSONReader.value("[1,2,3]", source: "test", limits: limits)
    }
  }

  @Test func `pulls members without building a tree`() throws {
    var reader = JSONReader(Array(#"{"skip":[{"x":"\"}"}],"n":7}"#.utf8), source: "test")
    var first = true
    var seen: [String: Int] = [:]
    try reader.beginObject()
    while let key = try reader.nextKey(first: &first) {
      if key == "n" { seen[key] = try reader.readInteger() } else { try reader.skipValue() }
    }
    try reader.expectEnd()
    #expect(seen == ["n": 7])
  }

  @Test(arguments: [
    #"{"a":[1,-2.5,true,null,"é\n\u0001"],"b":{}}"#, "[]", "1.0", #""\"\\""#,
  ])
  func `reads back what the writer wrote`(text: String) throws {
    let value = try JSONReader.value(text, source: "test")
    #expect(value.compactText == text)
    #expect(try JSONReader.value(value.prettyText, source: "test") == value)
  }
}
