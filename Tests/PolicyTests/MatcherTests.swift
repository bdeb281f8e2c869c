// MatcherTests.swift — each matcher: what it accepts, what it refuses, of which type.

import Base
import Policy
import Testing

@Suite struct `A matcher` {
  /// Whether an allow rule whose argument `x` is matched so allows the value.
  static func accepts(_ matcher: String, _ value: String) throws -> Bool {
    let sets = "sets: { words: ['one', 'two'], dirs: ['/etc', '${workspace}/in'] }"
    let engine = try engine(
      "\(sets), rules: [ { id: 'R', effect: 'allow', tool: 't', args: { x: \(matcher) } } ]")
    return try engine.verdict("t", "{\"x\":\(value)}") == .allow
  }

  @Test(arguments: [
    ("any: true", ["null", "1", "[]", "{}", #""""#], []),
    (
      "oneOf: ['a', 3, true]", [#""a""#, "3", "true"],
      [#""A""#, #""3""#, "3.0", "false", "[\"a\"]", "null"]
    ),
    ("oneOf: ['@words', 'x']", [#""one""#, #""x""#], [#""@words""#, #""three""#]),
    ("notOneOf: ['a']", [#""b""#, "1"], [#""a""#, "[]", "null", "{}", "1.5"]),
    ("oneOf: ['caf\u{E9}']", ["\"caf\u{E9}\""], ["\"cafe\u{301}\""]),
    ("re: '[a-z]+'", [#""abc""#], [#""abc1""#, #""""#, "1", #"["abc"]"#]),
    ("notRe: '[a-z]+'", [#""1""#], [#""abc""#, "1"]),
    ("maxBytes: 3", [#""abc""#, #""""#, "\"é\""], [#""abcd""#, "\"éé\"", "1", "[]"]),
    ("min: 1, max: 3", ["1", "3"], ["0", "4", "2.0", #""2""#, "18446744073709551615"]),
    ("min: -1", ["-1", "9223372036854775807"], ["-2"]),
    ("max: 5", ["5", "-9223372036854775808"], ["6"]),
    (
      "atLeast: 0.01, atMost: 100", ["0.01", "1", "99.99", "100", "100.0", "1e2"],
      ["0", "0.009", "100.01", "-1", #""5""#, "[5]", "null"]
    ),
    ("atLeast: 2", ["2", "2.0", "18446744073709551615"], ["1.99"]),
    ("atMost: -0.5", ["-0.5", "-9e300"], ["-0.4", "0"]),
    ("maxLen: 2", ["[]", "[1,2]"], ["[1,2,3]", #""ab""#, "2"]),
    ("all: { oneOf: ['a'] }", ["[]", #"["a","a"]"#], [#"["a","b"]"#, #""a""#]),
    ("some: { oneOf: ['a'] }", [#"["b","a"]"#], ["[]", #"["b"]"#, #""a""#]),
    ("all: { all: { max: 1 } }", ["[[1],[0,1]]"], ["[[2]]", "[1]"]),
    ("re: 'a.*', maxBytes: 2", [#""ab""#], [#""abc""#, #""b""#]),
  ])
  func `accepts values of its type`(matcher: String, accepted: [String], refused: [String]) throws {
    for value in accepted { #expect(try Self.accepts("{ \(matcher) }", value), "\(value)") }
    for value in refused { #expect(try !Self.accepts("{ \(matcher) }", value), "\(value)") }
  }

  @Test(arguments: [
    ("under: ['${workspace}']", "/srv/work", true),
    ("under: ['${workspace}']", "/srv/work/a/b", true),
    ("under: ['${workspace}']", "/srv/work/", true),
    ("under: ['${workspace}']", "/srv//work/./a", true),
    ("under: ['${workspace}']", "/srv/work/../work/a", true),
    ("under: ['${workspace}']", "/srv/work/..", false),
    ("under: ['${workspace}']", "/srv/workx", false),
    ("under: ['${workspace}']", "/srv", false),
    ("under: ['${workspace}']", "srv/work/a", false),
    ("under: ['${workspace}']", "", false),
    ("under: ['${workspace}']", "/srv/work/a\\u0000b", false),
    ("under: ['${workspace}']", "/srv/work/~/x", true),
    ("under: ['${workspace}/sub']", "/srv/work/sub/x", true),
    ("under: ['${workspace}/sub']", "/srv/work/subx", false),
    ("under: ['${home}/caf\u{E9}']", "/home/u/caf\u{E9}/x", true),
    ("under: ['${home}/caf\u{E9}']", "/home/u/cafe\u{301}/x", false),
    ("under: ['/']", "/anything", true),
    ("under: ['/']", "/..", true),
    ("under: ['@dirs']", "/etc/passwd", true),
    ("under: ['@dirs']", "/srv/work/in", true),
    ("under: ['@dirs']", "/srv/work/out", false),
    ("notUnder: ['/etc']", "/usr", true),
    ("notUnder: ['/etc']", "/usr/../etc/passwd", false),
    ("notUnder: ['/etc']", "relative", false),
  ])
  func `compares paths by whole components`(matcher: String, path: String, isAccepted: Bool) throws
  {
    #expect(try Self.accepts("{ \(matcher) }", "\"\(path)\"") == isAccepted)
  }

  @Test func `does not take a path for one that no kernel would open`() throws {
    let long = "/srv/work/" + String(repeating: "a", count: 4_096)
    #expect(try !Self.accepts("{ under: ['${workspace}'] }", "\"\(long)\""))
  }

  @Test(arguments: [
    (["/srv/work/l": "/etc"], "/srv/work/l/passwd", false),
    (["/srv/work/l": "../../etc"], "/srv/work/l/passwd", false),
    (["/srv/work/l": "in"], "/srv/work/l/x", true),
    (["/out": "/srv/work"], "/out/x", true),
    (["/srv/work/a": "b", "/srv/work/b": "/etc"], "/srv/work/a", false),
    (["/srv/work/a": "b", "/srv/work/b": "a"], "/srv/work/a", false),
    (["/srv/work/l": "/etc/x"], "/srv/work/l/../../srv/work/y", true),
  ])
  func `reads paths through the links that there are`(
    links: [String: String], path: String, isAccepted: Bool
  ) throws {
    let engine = try engine(rule: "args: { x: { under: ['${workspace}'] } }")
    let effect = Effect(tool: "t", arguments: ["x": .string(path)], links: links)
    #expect((engine.judge(effect, PolicyState(model: nil)).verdict == .allow) == isAccepted)
  }

  @Test(arguments: [
    ("prefix: ['git', ['log', 'diff']]", #"["git","log","-1"]"#, true),
    ("prefix: ['git', ['log', 'diff']]", #"["git","push"]"#, false),
    ("prefix: ['git', ['log', 'diff']]", #"["git"]"#, false),
    ("prefix: ['git', '@words']", #"["git","two"]"#, true),
    ("prefix: ['git']", #"["/usr/bin/git"]"#, true),
    ("prefix: ['git']", #"["/bin/git"]"#, true),
    ("prefix: ['git']", #"["/usr/bin/../../tmp/git"]"#, false),
    ("prefix: ['git']", #"["/usr/local/bin/git"]"#, false),
    ("prefix: ['git']", #"["./git"]"#, false),
    ("prefix: ['git', 'log']", #"["git","/usr/bin/log"]"#, false),
    ("prefix: ['git']", #"[]"#, false),
    ("prefix: ['git']", #"["git",1]"#, false),
    ("prefix: ['git']", #"["git","a\u0000b"]"#, false),
    ("prefix: ['git']", #""git""#, false),
    ("prefix: ['git']", #"["Git"]"#, false),
    ("prefix: ['git']", #"["git","a\nb",""]"#, true),
    ("notPrefix: ['sudo']", #"["ls"]"#, true),
    ("notPrefix: ['sudo']", #"["/usr/bin/sudo"]"#, false),
    ("notPrefix: ['sudo']", #"[]"#, true),
    ("denyFlags: ['-c', '--output']", #"["git","log"]"#, true),
    ("denyFlags: ['-c', '--output']", #"["git","-c","x"]"#, false),
    ("denyFlags: ['-c', '--output']", #"["git","-cx"]"#, false),
    ("denyFlags: ['-c', '--output']", #"["git","--output"]"#, false),
    ("denyFlags: ['-c', '--output']", #"["git","--output=x"]"#, false),
    ("denyFlags: ['-c', '--output']", #"["git","--outputs"]"#, true),
    ("denyFlags: ['-c', '--output']", #"["git","--c"]"#, true),
    ("prefix: ['git'], denyFlags: ['-c'], maxLen: 2", #"["git","x"]"#, true),
    ("prefix: ['git'], denyFlags: ['-c'], maxLen: 2", #"["git","x","y"]"#, false),
  ])
  func `knows argument lists`(matcher: String, list: String, isAccepted: Bool) throws {
    #expect(try Self.accepts("{ \(matcher) }", list) == isAccepted)
  }

  @Test func `may let an argument be absent`() throws {
    let engine = try engine(rule: "args: { x: { oneOf: ['a'], optional: true } }")
    #expect(try engine.verdict("t") == .allow)
    #expect(try engine.verdict("t", #"{"x":"a"}"#) == .allow)
    #expect(try engine.verdict("t", #"{"x":"b"}"#) == .deny)
    #expect(try engine.verdict("t", #"{"y":"a"}"#) == .deny)
  }

  @Test func `compares the names of arguments byte by byte`() throws {
    // The Kelvin sign is canonically equivalent to K: Swift's == takes them for equal.
    let engine = try engine(rule: "args: { K: { any: true } }")
    #expect(try engine.verdict("t", #"{"K":1}"#) == .allow)
    #expect(try engine.verdict("t", "{\"\u{212A}\":1}") == .deny)
  }
}
