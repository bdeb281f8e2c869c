// TiktokenFileTests.swift — .tiktoken files: where special tokens go, and what is refused.

import Base
import Foundation
import TestKit
import Testing
import Tokenizer

@Suite struct `A .tiktoken file` {
  /// The 256 bytes in order, then `more`.
  private func lines(_ more: [String] = []) -> [String] {
    (0..<256).map { "\(Data([UInt8($0)]).base64EncodedString()) \($0)" } + more
  }

  private func load(_ lines: [String], separator: String = "\n") throws(TokenizerError) -> Tokenizer
  {
    try Tokenizer(
      tiktoken: Array((lines.joined(separator: separator) + separator).utf8),
      source: "small.tiktoken")
  }

  @Test func `of any size has its special tokens after the last rank`() throws {
    let tokenizer = try load(lines(["YWI= 256", "YWJj 257"]))
    let harmony = try HarmonyTokens(tokenizer)
    #expect(tokenizer.vocabularySize == 258 + 21)
    #expect(harmony.startOfText == 258)
    #expect(harmony.return == 262)
    #expect(harmony.call == 272)
    #expect(tokenizer.decode([278]) == "<|reserved_200018|>")
    #expect(tokenizer.encode("abcab") == [257, 256])
  }

  @Test func `may have empty lines and other line ends`() throws {
    let tokenizer = try load(lines(["", "YWI= 256"]), separator: "\r\n")
    #expect(tokenizer.encode("ab") == [256])
  }

  @Test(arguments: [
    ("YWI=", "line 257"), ("YWI 256", "line 257"), ("YWI= x", "line 257"), ("Y!I= 256", "line 257"),
    ("YWI= 256 ", "line 257"), ("YWJ= 256", "line 257"), ("YWI= 9999999999", "line 257"),
  ])
  func `is refused for a line that is no token`(line: String, place: String) {
    let refusal = #expect(throws: TokenizerError.self) { try load(lines([line])) }
    #expect(
      refusal?.description == """
        small.tiktoken, \(place): a line is a token in base64, one space and its rank. \
        The download is probably damaged; fetch it again.
        """)
  }

  @Test func `is refused for tokens that are twice there or missing`() {
    #expect(throws: TokenizerError.duplicateID(source: "small.tiktoken", id: 255)) {
      try load(lines(["YWI= 255"]))
    }
    #expect(
      throws: TokenizerError.duplicateToken(
        source: "small.tiktoken", token: "a", first: 97, second: 256)
    ) { try load(lines(["YQ== 256"])) }
    #expect(throws: TokenizerError.missingByte(source: "small.tiktoken", byte: 255)) {
      try load(lines().dropLast())
    }
    #expect(throws: TokenizerError.emptyToken(source: "small.tiktoken", id: 256)) {
      try load(lines([" 256"]))
    }
    #expect(
      throws: TokenizerError.idOutOfRange(
        source: "small.tiktoken", id: 99_999_999, idMax: 1_048_574)
    ) { try load(lines(["YWI= 99999999"])) }
  }
}
