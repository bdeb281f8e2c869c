// SourceText.swift — a policy's bytes, and the line and column of an offset in them.

/// The text that a policy was read from.
struct SourceText: Sendable {
  /// The file's path, or what the text is.
  let name: String
  let bytes: [UInt8]

  /// The problem as an error at `offset`, or of the whole file where there is none.
  func error(
    _ problem: PolicyError.Problem, at offset: Int?, keyPath: String = ""
  ) -> PolicyError {
    guard let offset else {
      return PolicyError(source: name, keyPath: keyPath, problem: problem)
    }
    var line = 1
    var lineStart = 0
    let end = min(offset, bytes.count)
    for index in 0..<end where bytes[index] == UInt8(ascii: "\n") {
      line += 1
      lineStart = index + 1
    }
    return PolicyError(
      source: name, line: line, column: end - lineStart + 1, keyPath: keyPath, problem: problem)
  }
}
