// PatchParser.swift — patch text to operations. Every fault names its line.

/// Reads patches.
public struct PatchParser {
  private let lines: [Substring]
  private var index = 0

  /// Reads `text` as one patch. White space around it does not matter.
  public static func parse(_ text: String) throws(PatchError) -> Patch {
    var parser = PatchParser(text)
    return try parser.parse()
  }

  private init(_ text: String) {
    // Scalars, not Characters: "\r\n" is one Character, and its "\n" must still end the line.
    lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
      .map { Substring($0) }
  }

  private mutating func parse() throws(PatchError) -> Patch {
    skipBlank()
    guard take(Self.begin) else { throw .missingBegin }
    var operations: [Patch.Operation] = []
    var paths: Set<String> = []
    while !take(Self.end) {
      guard let line = peek() else { throw .missingEnd }
      if line.trimmed.isEmpty {
        index += 1
        continue
      }
      let operation = try parseOperation(line)
      guard paths.insert(operation.path).inserted else { throw .duplicatePath(operation.path) }
      operations.append(operation)
    }
    skipBlank()
    if let line = peek() { throw unexpected(line, wanted: "nothing more") }
    guard !operations.isEmpty else { throw .noOperation }
    return Patch(operations: operations)
  }

  private mutating func parseOperation(_ line: Substring) throws(PatchError) -> Patch.Operation {
    index += 1
    if let path = line.after("*** Add File: ") {
      return Patch.Operation(path: path, action: .add(lines: try parseAddedLines()))
    }
    if let path = line.after("*** Delete File: ") {
      return Patch.Operation(path: path, action: .delete)
    }
    if let path = line.after("*** Update File: ") {
      var moveTo: String?
      if let target = peek()?.after("*** Move to: ") {
        moveTo = target
        index += 1
      }
      let hunks = try parseHunks()
      guard !hunks.isEmpty || moveTo != nil else { throw .noHunk(path: path) }
      return Patch.Operation(path: path, action: .update(moveTo: moveTo, hunks: hunks))
    }
    index -= 1
    throw unexpected(
      line, wanted: "\"*** Add File: \", \"*** Delete File: \" or \"*** Update File: \"")
  }

  private mutating func parseAddedLines() throws(PatchError) -> [String] {
    var added: [String] = []
    while let line = peek(), !line.hasPrefix("*** ") {
      guard line.hasPrefix("+") else {
        if line.trimmed.isEmpty, isFollowedByMarker { break }
        throw unexpected(line, wanted: "a line that begins with \"+\"")
      }
      added.append(String(line.dropFirst()))
      index += 1
    }
    return added
  }

  private mutating func parseHunks() throws(PatchError) -> [Patch.Hunk] {
    var hunks: [Patch.Hunk] = []
    var hunk = Patch.Hunk()
    while let line = peek() {
      if line.trimmed == "*** End of File" {
        hunk.isAtEnd = true
        index += 1
        flush(&hunk, into: &hunks)
      } else if line.hasPrefix("*** ") || (line.trimmed.isEmpty && isFollowedByMarker) {
        break
      } else if line.hasPrefix("@@") {
        if !hunk.lines.isEmpty { flush(&hunk, into: &hunks) }
        let anchor = line.dropFirst(2).trimmed
        if !anchor.isEmpty { hunk.anchors.append(String(anchor)) }
        index += 1
      } else {
        hunk.lines.append(try parseLine(line))
        index += 1
      }
    }
    flush(&hunk, into: &hunks)
    return hunks
  }

  private func parseLine(_ line: Substring) throws(PatchError) -> Patch.Line {
    let text = String(line.dropFirst())
    switch line.first {
    case "+": return .added(text)
    case "-": return .removed(text)
    case " ": return .context(text)
    case nil, "\r": return .context("")
    default: throw unexpected(line, wanted: "a line that begins with \" \", \"-\", \"+\" or \"@@\"")
    }
  }

  private func flush(_ hunk: inout Patch.Hunk, into hunks: inout [Patch.Hunk]) {
    if !hunk.lines.isEmpty { hunks.append(hunk) }
    hunk = Patch.Hunk()
  }

  // MARK: Lines

  private static let begin = "*** Begin Patch"
  private static let end = "*** End Patch"

  private func peek() -> Substring? { index < lines.count ? lines[index] : nil }

  private mutating func take(_ marker: String) -> Bool {
    guard let line = peek(), line.trimmed == marker else { return false }
    index += 1
    return true
  }

  private mutating func skipBlank() {
    while let line = peek(), line.trimmed.isEmpty { index += 1 }
  }

  /// Whether only blank lines separate this place from the next "*** " line.
  private var isFollowedByMarker: Bool {
    lines[index...].first { !$0.trimmed.isEmpty }?.hasPrefix("*** ") ?? true
  }

  private func unexpected(_ line: Substring, wanted: String) -> PatchError {
    .unexpectedLine(number: index + 1, text: String(line), wanted: wanted)
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = self
    while let last = text.last, last.isWhitespace { text.removeLast() }
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    return text
  }

  /// What follows `prefix`, trimmed; nil where the line does not begin with it or nothing follows.
  fileprivate func after(_ prefix: String) -> String? {
    guard hasPrefix(prefix) else { return nil }
    let rest = dropFirst(prefix.count).trimmed
    return rest.isEmpty ? nil : String(rest)
  }
}
