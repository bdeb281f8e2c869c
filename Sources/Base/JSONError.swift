// JSONError.swift — what is wrong with a JSON text, and where.

/// A JSON text that could not be read. `description` names source, line, column and remedy.
public struct JSONError: Error, Equatable, Sendable {
  public enum Problem: Equatable, Sendable {
    case unexpectedEnd(wanted: String)
    case unexpected(byte: UInt8, wanted: String)
    case duplicateKey(String)
    case tooDeep(depthMax: Int)
    case tooManyValues(valueCountMax: Int)
    case invalidUTF8
    case invalidEscape
    case loneSurrogate
    case controlCharacter(UInt8)
    case invalidNumber
    case trailingBytes
    case wrongType(wanted: String)
  }

  /// The file's path, or what the text is: "tokenizer.json", "line 3 of standard input".
  public var source: String
  public var problem: Problem
  /// Byte offset into the text.
  public var offset: Int
  /// 1-based.
  public var line: Int
  /// 1-based, in bytes.
  public var column: Int
}

extension JSONError: CustomStringConvertible {
  public var description: String {
    "\(source), line \(line), column \(column): \(sentence)"
  }

  private var sentence: String {
    switch problem {
    case .unexpectedEnd(let wanted):
      "the text ends where \(wanted) should be. The file is probably incomplete."
    case .unexpected(let byte, let wanted):
      "found \(Self.show(byte)) where \(wanted) should be."
    case .duplicateKey(let key): "the key \"\(key)\" appears twice. Remove one of them."
    case .tooDeep(let depthMax): "nested deeper than \(depthMax) levels."
    case .tooManyValues(let valueCountMax): "more than \(valueCountMax) values."
    case .invalidUTF8: "a string is not valid UTF-8."
    case .invalidEscape: "a string has an escape that JSON does not know."
    case .loneSurrogate: "a string has half of a surrogate pair."
    case .controlCharacter(let byte):
      "a string has the bare control character \(Self.show(byte)). Write it as an escape."
    case .invalidNumber: "a number is malformed."
    case .trailingBytes: "there is more text after the end of the value."
    case .wrongType(let wanted): "\(wanted) should be here."
    }
  }

  private static func show(_ byte: UInt8) -> String {
    if byte >= 0x21, byte < 0x7F { return "\"\(Character(UnicodeScalar(byte)))\"" }
    let digits = String(byte, radix: 16, uppercase: true)
    return "the byte 0x" + (digits.count < 2 ? "0" : "") + digits
  }
}
