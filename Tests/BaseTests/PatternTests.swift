// PatternTests.swift — patterns against the C library's, and against texts made to blow them up.

import Base
import Glibc
import Testing

@Suite struct `A pattern` {
  @Test(arguments: [
    ("abc", ["abc"], ["", "ab", "abcd", "xabc"]),
    ("a|bc|d", ["a", "bc", "d"], ["abc", "b", ""]),
    ("(a|b)+c?", ["a", "abba", "bc"], ["", "c", "acc"]),
    ("a{3}", ["aaa"], ["aa", "aaaa"]),
    ("a{2,}", ["aa", "aaaaa"], ["a", ""]),
    ("a{0,2}b", ["b", "ab", "aab"], ["aaab", "aa"]),
    ("(ab){2,3}", ["abab", "ababab"], ["ab", "abababab"]),
    ("[a-c0]*", ["", "a0cb"], ["d", "a d"]),
    ("[^;]*", ["", "a\nb", "é🚀"], [";", "a;b"]),
    ("[]a]", ["]", "a"], ["b", "[]"]),
    ("[^]a]", ["b", "["], ["]", "a"]),
    ("[a-]", ["a", "-"], ["b"]),
    ("[[:digit:]x]+", ["12x"], ["", "12y"]),
    ("[[:alpha:]_][[:alnum:]_]*", ["_a1", "Z"], ["1a", "a-b"]),
    (".", ["a", "é", "🚀", "\n"], ["", "ab", "e\u{301}"]),
    ("caf\u{E9}", ["caf\u{E9}"], ["cafe\u{301}"]),
    ("\\.\\*\\(\\)\\[\\{\\|", [".*()[{|"], ["x*()[{|"]),
    ("^abc$", ["abc"], ["abcd", "^abc$"]),
    ("a\\$", ["a$"], ["a"]),
    ("[é-ü]", ["é", "ñ"], ["e", "z"]),
    ("(a?b?)*c", ["c", "abbac"], ["", "abd"]),
  ])
  func `matches whole texts`(text: String, matching: [String], other: [String]) throws {
    let pattern = try Pattern(text)
    for text in matching { #expect(pattern.matchesWhole(text), "\(text)") }
    for text in other { #expect(!pattern.matchesWhole(text), "\(text)") }
  }

  @Test func `occurs anywhere unless it is anchored`() throws {
    #expect(try Pattern("AKIA[0-9A-Z]{16}").occurs(in: "key=AKIAAKIABCDEFGHIJKLMNOP;"))
    #expect(try !Pattern("AKIA[0-9A-Z]{16}").occurs(in: "key=AKIAABCDEFGHIJKLMNo"))
    #expect(try Pattern("^ab").occurs(in: "abc"))
    #expect(try !Pattern("^ab").occurs(in: "xab"))
    #expect(try Pattern("ab$").occurs(in: "xab"))
    #expect(try !Pattern("ab$").occurs(in: "abc"))
    #expect(try !Pattern("^ab$").occurs(in: "xab"))
  }

  @Test func `covers every byte of every match`() throws {
    #expect(try Pattern("a+").coveredRanges(in: "xaabaé") == [1..<3, 4..<5])
    #expect(try Pattern("aba").coveredRanges(in: "ababa") == [0..<5])
    #expect(try Pattern("é").coveredRanges(in: "aéé") == [1..<5])
    #expect(try Pattern("ab|b.*").coveredRanges(in: "xabyy") == [1..<5])
    #expect(try Pattern("^a").coveredRanges(in: "aa") == [0..<1])
    #expect(try Pattern("a$").coveredRanges(in: "aa") == [1..<2])
    #expect(try Pattern("q").coveredRanges(in: "aa") == [])
  }

  @Test(arguments: [
    ("(a", PatternProblem.unclosed("(")),
    ("a)", .unopened(")")),
    ("[a", .unclosed("[")),
    ("[[:alpha:", .unclosed("[:")),
    ("[[:word:]]", .unknownClass("word")),
    ("[[.a.]]", .unknownClass("a")),
    ("*a", .nothingToRepeat("*")),
    ("a|*", .nothingToRepeat("*")),
    ("{2}", .nothingToRepeat("{")),
    ("a**", .repeatedTwice),
    ("a+?", .repeatedTwice),
    ("a{2}{3}", .repeatedTwice),
    ("a{3,2}", .badCount),
    ("a{", .badCount),
    ("a{0}", .badCount),
    ("a{,3}", .badCount),
    ("[z-a]", .badRange),
    ("[a-[:digit:]]", .badRange),
    ("\\d", .unknownEscape("d")),
    ("(a)\\1", .unknownEscape("1")),
    ("\\", .unclosed("\\")),
    ("(?:a)", .groupOption),
    ("(?=a)", .groupOption),
    ("a^b", .anchorInside("^")),
    ("(a$)", .anchorInside("$")),
    ("^a|b", .anchorInside("^ or $ beside |")),
    ("a||b", .emptyBranch),
    ("()", .emptyBranch),
    ("a{257}", .tooLong(positionCountMax: 256)),
    ("(a{16}){17}", .tooLong(positionCountMax: 256)),
    ("((((a{200}){200}){200}){200}){200}", .tooLong(positionCountMax: 256)),
    ("a{99999999999999999999}", .tooLong(positionCountMax: 256)),
    ("((((((((((((((((((a))))))))))))))))))", .tooDeep(depthMax: 16)),
  ])
  func `is refused outside the safe subset`(text: String, problem: PatternProblem) {
    #expect(throws: problem) { try Pattern(text) }
    #expect(problem.description.hasSuffix("."))
  }

  /// "^(a+)+$" on twenty a's and "!" takes Swift's Regex more than a minute.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      "(a+)+", "(a|a)*", "(a*)*b", "(a|aa)+", "(.*)(.*)(.*)(.*)x", "(a?){64}a{64}",
      "(x+x+)+y", "([a-z]+)*[0-9]",
    ])
  func `is linear in the text`(text: String) throws {
    let pattern = try Pattern(text)
    let hostile = String(repeating: "a", count: 200_000) + "!"
    #expect(!pattern.matchesWhole(hostile))
    _ = pattern.occurs(in: hostile)
  }

  @Test func `agrees with the C library on 4000 seeded patterns`() throws {
    var random = SplitMix64(seed: 7)
    var compared = 0
    while compared < 4_000 {
      let text = PatternMaker.pattern(&random, depth: 3)
      guard let pattern = try? Pattern(text) else { continue }
      let whole = try #require(PosixPattern("^(\(text))$"), "\(text)")
      let part = try #require(PosixPattern(text), "\(text)")
      for _ in 0..<8 {
        let subject = PatternMaker.subject(&random)
        #expect(pattern.matchesWhole(subject) == whole.occurs(in: subject), "\(text) on \(subject)")
        #expect(pattern.occurs(in: subject) == part.occurs(in: subject), "\(text) on \(subject)")
        let isCovered = !pattern.coveredRanges(in: subject).isEmpty
        #expect(
          isCovered == pattern.occurs(in: subject) || pattern.occurs(in: ""),
          "\(text) on \(subject)")
      }
      compared += 1
    }
  }
}

/// Small patterns and texts over a small alphabet, so that they meet.
private enum PatternMaker {
  static func pattern(_ random: inout SplitMix64, depth: Int) -> String {
    let branchCount = Int.random(in: 1...2, using: &random)
    return (0..<branchCount).map { _ in branch(&random, depth: depth) }.joined(separator: "|")
  }

  private static func branch(_ random: inout SplitMix64, depth: Int) -> String {
    (0..<Int.random(in: 1...3, using: &random)).map { _ in
      let atoms = ["a", "b", "c", ".", "[ab]", "[^a]", "[b-c]", "[[:alpha:]]", "\\."]
      let atom =
        depth > 0 && Int.random(in: 0..<3, using: &random) == 0
        ? "(" + pattern(&random, depth: depth - 1) + ")"
        : atoms[Int.random(in: 0..<atoms.count, using: &random)]
      let signs = ["", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}"]
      return atom + signs[Int.random(in: 0..<signs.count, using: &random)]
    }.joined()
  }

  static func subject(_ random: inout SplitMix64) -> String {
    let letters = Array("aabbc.;")
    return String(
      (0..<Int.random(in: 0...7, using: &random)).map { _ in
        letters[Int.random(in: 0..<letters.count, using: &random)]
      })
  }
}

/// The C library's reading of a pattern: the reference here, too easily blown up to be used.
private final class PosixPattern {
  private var compiled = regex_t()

  init?(_ text: String) {
    guard regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB) == 0 else { return nil }
  }

  deinit { regfree(&compiled) }

  func occurs(in text: String) -> Bool { regexec(&compiled, text, 0, nil, 0) == 0 }
}
