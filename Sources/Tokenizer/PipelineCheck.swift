// PipelineCheck.swift — which pipelines of a tokenizer.json are o200k's, and a sentence for the rest.

import Base

/// Judges the members of a tokenizer.json that say how text becomes pieces and bytes.
enum PipelineCheck {
  private static let letters =
    #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"#
    + #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
    + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#
    + #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
  private static let rest = #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

  /// o200k's pattern (openai/harmony, tiktoken_ext/public_encodings.rs), and the same with each digit
  /// a piece of its own; by the longest run of digits.
  private static let patterns: [(text: String, digitRunMax: Int)] = [
    (letters + #"|\p{N}{1,3}"# + rest, 3),
    (letters + #"|\p{N}"# + rest, 1),
    (letters + #"|\p{N}{1}"# + rest, 1),
  ]

  /// The longest run of digits that the pre-tokenizer makes one piece.
  static func digitRunMax(_ value: JSONValue, _ source: String) throws(TokenizerError) -> Int {
    guard value["type"] == "Sequence", let steps = value["pretokenizers"]?.arrayValue,
      steps.count == 2
    else { throw preTokenizer(value, source) }
    guard steps[0]["type"] == "Split", let text = steps[0]["pattern"]?["Regex"]?.stringValue,
      let pattern = patterns.first(where: { $0.text == text }), keepsEveryMatch(steps[0])
    else { throw preTokenizer(steps[0], source) }
    guard steps[1]["type"] == "ByteLevel", steps[1]["add_prefix_space"] == false,
      steps[1]["use_regex"] == false
    else { throw preTokenizer(steps[1], source) }
    return pattern.digitRunMax
  }

  /// The pattern matches all of any text. So the pieces are its matches where matches and gaps are
  /// kept apart, and where only the gaps are dropped.
  private static func keepsEveryMatch(_ split: JSONValue) -> Bool {
    split["behavior"] == "Isolated" || split["behavior"] == "Removed" && split["invert"] == true
  }

  private static func preTokenizer(_ value: JSONValue, _ source: String) -> TokenizerError {
    .unsupported(
      source: source, found: "the pre-tokenizer \(summary(value))",
      supported: """
        Supported is gpt-oss's: o200k's pattern as an isolating Split, then ByteLevel without prefix \
        space and without regex.
        """)
  }

  static func normalizer(_ value: JSONValue, _ source: String) throws(TokenizerError) {
    guard !value.isNull else { return }
    throw .unsupported(
      source: source, found: "the normalizer \(summary(value))",
      supported: "Only vocabularies without a normalizer are supported, as gpt-oss's is.")
  }

  static func decoder(_ value: JSONValue, _ source: String) throws(TokenizerError) {
    guard value["type"] != "ByteLevel" else { return }
    throw .unsupported(
      source: source, found: "the decoder \(summary(value))",
      supported: "The decoder ByteLevel is supported.")
  }

  /// Members of `model` besides vocabulary and merges.
  static func modelMember(
    _ key: String, _ value: JSONValue, _ source: String
  ) throws(TokenizerError) {
    let isSupported =
      switch key {
      case "type": value == "BPE"
      case "dropout", "unk_token": value.isNull
      case "continuing_subword_prefix", "end_of_word_suffix": value.isNull || value == ""
      case "byte_fallback": value == false
      default: true
      }
    guard !isSupported else { return }
    throw .unsupported(
      source: source, found: "the model's \"\(key)\" \(value.compactText.prefix(80))",
      supported: """
        Supported is a model of type "BPE" over bytes, without unknown token, dropout, prefix or suffix.
        """)
  }

  /// A step of a pipeline by its type, and the pattern that it splits by.
  private static func summary(_ value: JSONValue) -> String {
    let type = value["type"]?.stringValue ?? value.compactText
    let pattern = value["pattern"].map { " " + String($0.compactText.prefix(300)) } ?? ""
    return "\(type.prefix(80))\(pattern)"
  }
}
