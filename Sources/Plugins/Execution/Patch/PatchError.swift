// PatchError.swift — why a patch cannot be applied, in words that let the model write a better one.

/// What is wrong with a patch. Nothing was changed.
public enum PatchError: Error, Equatable, Sendable {
  case missingBegin
  case missingEnd
  case unexpectedLine(number: Int, text: String, wanted: String)
  case noOperation
  case noHunk(path: String)
  case duplicatePath(String)
  case fileMissing(String)
  case fileExists(String)
  case notText(String)
  case anchorNotFound(path: String, text: String)
  case contextNotFound(path: String, lines: [String], isAtEnd: Bool)
}

extension PatchError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missingBegin: "The patch must begin with the line \"*** Begin Patch\"."
    case .missingEnd: "The patch must end with the line \"*** End Patch\"."
    case .unexpectedLine(let number, let text, let wanted):
      "Line \(number) of the patch is \"\(Self.shortened(text))\"; \(wanted) should be there."
    case .noOperation: "The patch changes no file."
    case .noHunk(let path): "The update of \(path) has no changed line."
    case .duplicatePath(let path): "The patch names \(path) twice; join its changes in one section."
    case .fileMissing(let path): "\(path) does not exist, so it cannot be updated or deleted."
    case .fileExists(let path): "\(path) exists already; update it instead of adding it."
    case .notText(let path): "\(path) is not UTF-8 text."
    case .anchorNotFound(let path, let text):
      "\(path) has no line \"\(Self.shortened(text))\" after the place of the previous hunk."
    case .contextNotFound(let path, let lines, let isAtEnd):
      "\(path) does not hold these lines in this order\(isAtEnd ? " at its end" : ""):\n"
        + lines.joined(separator: "\n")
    }
  }

  private static func shortened(_ text: String) -> String {
    text.count > 120 ? text.prefix(120) + "…" : text
  }
}
