// ScriptedEngine.swift — an engine whose turns are written in a file: for tests, demonstrations and
// rehearsals of policies. Everything behind it is the same as behind a model.
//
// One JSON object a line:
//
//     {"completion": "<|channel|>analysis to=python code<|message|>1 + 1<|call|>", "when": "…"}
//
// The text goes on behind <|start|>assistant; special tokens in it are recognised. A line with "when"
// is skipped unless the last tool result contains that text, one with "seen" unless some tool result of
// the session did.

import Base
import Harmony
import Planner
import Tokenizer

/// The lines of a script, read and checked.
struct Script: Sendable {
  struct Line: Equatable, Sendable {
    var tokens: [TokenID]
    var condition: String?
    /// A text that some result has to have had.
    var seen: String?
  }

  let path: String
  let lines: [Line]

  private static let bytesMax = 64 << 20

  /// Reads the script at `path`. A line without an end of its turn is completed by `<|return|>`.
  init(path: String, vocabulary: HarmonyVocabulary) throws(RunError) {
    self.path = path
    let bytes: [UInt8]
    do throws(FileReadError) { bytes = try wholeFile(path, bytesMax: Self.bytesMax) } catch {
      throw RunError(.modelFailed("The script \(path) cannot be read: \(error.reason)."))
    }
    var lines: [Line] = []
    let texts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in texts.enumerated() where line.contains(where: { $0 > 0x20 }) {
      do {
        lines.append(try Line(Array(line), "\(path), line \(index + 1)", vocabulary))
      } catch let error as JSONError {
        var error = error
        error.line = index + 1
        throw RunError(.modelFailed("\(error)"))
      } catch let error as RunError {
        throw error
      } catch {
        throw RunError(.modelFailed("\(error)"))
      }
    }
    self.lines = lines
  }
}

extension Script.Line {
  fileprivate init(_ bytes: [UInt8], _ place: String, _ vocabulary: HarmonyVocabulary) throws {
    let json = try JSONReader.value(bytes, source: place)
    func bad(_ what: String) -> RunError { RunError(.modelFailed("\(place): \(what)")) }
    guard case .object(let object) = json else { throw bad("must be an object: { … }.") }
    if let other = object.keys.first(where: { !["completion", "when", "seen"].contains($0) }) {
      throw bad("\"\(other.prefix(80))\" is unknown here; there are: completion, when, seen.")
    }
    guard let text = object["completion"]?.stringValue else {
      throw bad("needs \"completion\": a string.")
    }
    for key in ["when", "seen"] where object[key] != nil && object[key]?.stringValue == nil {
      throw bad("\"\(key)\" must be a string.")
    }
    condition = object["when"]?.stringValue
    seen = object["seen"]?.stringValue
    tokens = vocabulary.tokenizer.encodeWithSpecials(text)
    let ends = [vocabulary.tokens.return, vocabulary.tokens.call, vocabulary.tokens.endOfText]
    if let end = tokens.firstIndex(where: ends.contains) {
      guard end == tokens.count - 1 else {
        throw bad("goes on after the end of its turn. Put what follows on a line of its own.")
      }
    } else {
      tokens.append(vocabulary.tokens.return)
    }
  }
}

/// Says what the script says.
struct ScriptedEngine: TextEngine {
  let script: Script
  let frame: EngineFrame
  /// Nil for no bound.
  let contextTokensMax: Int?

  func generate(_ request: GenerationRequest) async throws(EngineFailure) -> ModelTurn {
    let prompt = try await frame.prompt(request)
    if let contextTokensMax, prompt.count > contextTokensMax { throw .contextOverflow }
    guard let line = next(request.history) else {
      throw .model("The script \(script.path) has no line left for this turn.")
    }
    let tokens = Array(line.tokens.prefix(request.tokensMax))
    var watcher = SampleWatcher(
      parser: frame.parser(beginsInFinal: request.beginsInFinal), news: frame.news)
    for token in tokens { watcher.sampled(token) }
    let isWhole = tokens.count == line.tokens.count
    let ending: ModelTurn.Ending =
      !isWhole ? .tokenLimit : tokens.last == frame.vocabulary.tokens.call ? .called : .returned
    return frame.turn(
      tokens, ending: ending, beginsInFinal: request.beginsInFinal, promptTokenCount: prompt.count)
  }

  /// The line that comes after those that the history shows. A function of the history, so a
  /// resumed run goes on where the script was.
  private func next(_ history: [HistoryItem]) -> Script.Line? {
    var lines = script.lines[...]
    var results: [String] = []
    for item in history {
      switch item {
      case .turn(let turn):
        guard let index = lines.firstIndex(where: { $0.tokens == turn.turn.tokens }) else {
          continue
        }
        lines = lines[(index + 1)...]
      case .toolResult(let result): results.append(result.text)
      case .task, .note: continue
      }
    }
    return lines.first { line in
      let isNow = line.condition.map { results.last?.contains($0) ?? false } ?? true
      let isKnown = line.seen.map { text in results.contains { $0.contains(text) } } ?? true
      return isNow && isKnown
    }
  }
}
