// TokenizerError.swift — everything that can be wrong with a vocabulary, and what to do about it.

public import Base
import Glibc

/// A vocabulary that could not be used. `description` names file, place, problem and remedy.
public enum TokenizerError: Error, Equatable, Sendable {
  case cannotRead(path: String, errno: Int32)
  case tooLarge(source: String, bytes: Int, bytesMax: Int)
  /// The file is not JSON, or a member has the wrong type.
  case malformedJSON(JSONError)
  case missingMember(source: String, member: String)
  case duplicateMember(source: String, member: String)
  /// A `.tiktoken` line that is not a base64 token, a space and a rank. Lines count from 1.
  case malformedLine(source: String, line: Int)
  /// What the file asks for, by name, and what would work instead.
  case unsupported(source: String, found: String, supported: String)
  case idOutOfRange(source: String, id: Int, idMax: Int)
  case duplicateID(source: String, id: Int)
  case duplicateToken(source: String, token: String, first: Int, second: Int)
  case emptyToken(source: String, id: Int)
  case tokenTooLong(source: String, id: Int, bytes: Int, bytesMax: Int)
  case notByteAlphabet(source: String, token: String, id: Int)
  case missingByte(source: String, byte: UInt8)
  case malformedMerge(source: String, index: Int)
  case mergeOutsideVocabulary(source: String, index: Int, token: String)
  case tooManyMerges(source: String, countMax: Int)
  case tokenTypesDiffer(source: String, tokens: Int, types: Int)
  case missingSpecial(source: String, text: String)
}

extension TokenizerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cannotRead(let path, let code):
      "\(path) cannot be read: \(String(cString: strerror(code)))."
    case .tooLarge(let source, let bytes, let bytesMax):
      "\(source) has \(bytes) bytes; a vocabulary has at most \(bytesMax)."
    case .malformedJSON(let error): error.description
    case .missingMember(let source, let member):
      "\(source) has no \"\(member)\". It is incomplete, or not a tokenizer.json."
    case .duplicateMember(let source, let member):
      "\(source) has the member \(Self.show(member)) twice. Remove one of them."
    case .malformedLine(let source, let line):
      """
      \(source), line \(line): a line is a token in base64, one space and its rank. \
      The download is probably damaged; fetch it again.
      """
    case .unsupported(let source, let found, let supported):
      "\(source) has \(Self.clean(found)), which Martlet cannot do. \(supported)"
    case .idOutOfRange(let source, let id, let idMax):
      "\(source) has the token id \(id); ids are 0 to \(idMax)."
    case .duplicateID(let source, let id): "\(source) gives the id \(id) to two tokens."
    case .duplicateToken(let source, let token, let first, let second):
      "\(source) has the token \(Self.show(token)) twice, with the ids \(first) and \(second)."
    case .emptyToken(let source, let id): "\(source): the token \(id) is empty."
    case .tokenTooLong(let source, let id, let bytes, let bytesMax):
      "\(source): the token \(id) has \(bytes) bytes; at most \(bytesMax) are supported."
    case .notByteAlphabet(let source, let token, let id):
      """
      \(source): the token \(Self.show(token)), id \(id), is not written in the byte-level alphabet. \
      Only byte-level BPE vocabularies are supported.
      """
    case .missingByte(let source, let byte):
      """
      \(source) has no token for the single byte \(byte), so some text could not be encoded. \
      A byte-level vocabulary has all 256.
      """
    case .malformedMerge(let source, let index):
      """
      \(source): merge \(index) is not two tokens, written "a b" or ["a", "b"].
      """
    case .mergeOutsideVocabulary(let source, let index, let token):
      "\(source): merge \(index) needs the token \(Self.show(token)), which the vocabulary lacks."
    case .tooManyMerges(let source, let countMax):
      "\(source) has more than \(countMax) merges."
    case .tokenTypesDiffer(let source, let tokens, let types):
      """
      \(source) has \(tokens) tokens and \(types) token types; there must be one type for each token.
      """
    case .missingSpecial(let source, let text):
      """
      \(source) has no special token "\(text)", which Harmony needs. \
      The vocabulary is not one of gpt-oss's kind.
      """
    }
  }

  /// A word of the file in quotes, cut short where a hostile file made it long.
  private static func show(_ word: String) -> String {
    let start = String(String.UnicodeScalarView(word.unicodeScalars.prefix(40)))
    return "\"\(clean(start))\(word.unicodeScalars.count > 40 ? "…" : "")\""
  }

  /// The file's own words, without what would move a terminal's cursor.
  private static func clean(_ text: String) -> String {
    let shown = text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }
    return String(String.UnicodeScalarView(shown))
  }
}
