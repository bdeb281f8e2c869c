// CommandLineTests.swift — help, exit codes, and what a wrong word is answered.

import TestKit
import Testing

@Suite struct `The command line` {
  @Test(arguments: [["--help"], ["help"], ["-h"]])
  func `shows every command with an example`(words: [String]) throws {
    let result = try Program.run(words)
    #expect(result.exitCode == 0)
    #expect(result.errors.isEmpty)
    for text in ["usage: martlet COMMAND", "model score", "harmony parse", "examples:"] {
      #expect(result.output.contains(text))
    }
  }

  @Test func `shows one command's options and examples`() throws {
    for words in [["model", "score", "--help"], ["help", "model", "score"]] {
      let result = try Program.run(words)
      #expect(result.exitCode == 0)
      for text in ["usage: martlet model score", "--precision", "examples:"] {
        #expect(result.output.contains(text))
      }
    }
  }

  @Test(arguments: [
    ([], "usage: martlet COMMAND"),
    (["tokenise"], "there is no command \"tokenise\". Did you mean tokenize?"),
    (
      ["model"],
      "\"model\" needs a word after it. It knows: pull, list, remove, info, verify, score, generate"
    ),
    (["model", "scor"], "\"model\" has no \"scor\". Did you mean score?"),
    (
      ["tokenize", "--modle", "x"],
      "\"--modle\" is not an option of \"martlet tokenize\". Did you mean --model?"
    ),
    (["tokenize", "--model"], "--model needs a value: --model PATH"),
    (["tokenize", "--decode=yes"], "--decode takes no value."),
    (["tokenize", "--model", "a", "--model", "b"], "--model is given twice."),
    (["tokenize", "--model", "a", "b"], "\"b\" is one argument too many."),
    (["model", "info"], "--model is missing. See: martlet model info --help"),
  ])
  func `answers a wrong word with a remedy and exit code 2`(
    words: [String], sentence: String
  ) throws {
    let result = try Program.run(words)
    #expect(result.exitCode == 2)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains(sentence))
  }
}
