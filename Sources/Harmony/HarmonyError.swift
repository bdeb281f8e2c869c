// HarmonyError.swift — what can be wrong with a conversation, a vocabulary or a grammar's tools.

/// Why something cannot be read or rendered. `description` says what, where and what next.
public enum HarmonyError: Error, Equatable, Sendable {
  /// `path` names the place in the JSON, such as `messages[2].content[0].text`.
  case wrongType(path: String, wanted: String, found: String)
  case missing(path: String, wanted: String)
  case unknownWord(path: String, word: String, known: [String])
  case toolWithoutName
  case misplacedContent(kind: String, role: HarmonyRole)
  /// `reason` is a sentence that names the file.
  case unusableVocabulary(reason: String)
  case unusableHeaderWord(word: String, reason: String)
  /// A grammar that would allow no message at all.
  case noChannel
}

extension HarmonyError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .wrongType(let path, let wanted, let found):
      "\(path) is \(found); it should be \(wanted)."
    case .missing(let path, let wanted):
      "\(path) is missing; it should be \(wanted)."
    case .unknownWord(let path, let word, let known):
      "\(path) is \"\(word)\"; it should be one of: \(known.joined(separator: ", "))."
    case .toolWithoutName:
      "A message of role tool has no name. Set \"name\" to the tool that answers."
    case .misplacedContent(let kind, let role):
      "\(kind) stands in a message of role \(role.rawValue). Give the message the role that fits."
    case .unusableVocabulary(let reason):
      "\(reason) Harmony messages need the tokenizer of a gpt-oss model."
    case .unusableHeaderWord(let word, let reason):
      "\"\(word)\" cannot stand in a message header: \(reason). Rename it."
    case .noChannel:
      "The header grammar allows no message: it names no channel and no tool. Name a channel."
    }
  }
}
