// Opening.swift — opens what a path names, and turns what is wrong with it into the command's error.

import Harmony
import Runtime
import Tokenizer

/// Opens models and vocabularies for commands.
enum Opening {
  /// Where the model called `word` lies; `word` itself where it is a path, or nothing.
  static func path(_ word: String) -> String {
    guard case .checkpoint(_, let path) = try? ModelChoice.find(word, in: .ofThisProcess()) else {
      return word
    }
    return path
  }

  static func tokenizer(_ path: String) throws(CommandError) -> Tokenizer {
    try loading { try TokenizerSource.open(path) }
  }

  /// The vocabulary at `path`, or the one of gpt-oss that ships with the program.
  static func harmonyVocabulary(_ path: String?) throws(CommandError) -> HarmonyVocabulary {
    guard let path = path ?? Resources.ofThisProgram()?.vocabularyPath else {
      throw .usage(
        "The program's own vocabulary was not found. Give one: --vocab FILE, a tokenizer.json, a .tiktoken file or a model."
      )
    }
    let tokenizer = try tokenizer(path)
    return try loading { try HarmonyVocabulary(tokenizer) }
  }

  /// Runs `body`; whatever it throws is a model that cannot be used, in the error's own words.
  static func loading<Value>(_ body: () throws -> Value) throws(CommandError) -> Value {
    do { return try body() } catch let error as CommandError { throw error } catch {
      throw .model("\(error)")
    }
  }
}
