// PatchApplier.swift — operations on files' texts, without touching a file.

/// One file's bytes before and after a patch; nil where it is not there.
public struct FileChange: Equatable, Sendable {
  public var path: String
  public var before: [UInt8]?
  public var after: [UInt8]?

  public init(path: String, before: [UInt8]?, after: [UInt8]?) {
    self.path = path
    self.before = before
    self.after = after
  }
}

/// Works out what a patch changes.
public enum PatchApplier {
  /// - Parameters:
  ///   - patch: What to do.
  ///   - read: The bytes of a file, or nil where there is none.
  /// - Throws: ``PatchError``, or what `read` throws.
  /// - Returns: The changes, in the patch's order; a move is a removal and an addition.
  public static func changes<ReadError: Error>(
    of patch: Patch, read: (String) throws(ReadError) -> [UInt8]?
  ) throws -> [FileChange] {
    var changes: [FileChange] = []
    for operation in patch.operations {
      let path = operation.path
      let before = try read(path)
      switch operation.action {
      case .add(let lines):
        guard before == nil else { throw PatchError.fileExists(path) }
        let text = lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
        changes.append(FileChange(path: path, before: nil, after: Array(text.utf8)))
      case .delete:
        guard let before else { throw PatchError.fileMissing(path) }
        changes.append(FileChange(path: path, before: before, after: nil))
      case .update(let moveTo, let hunks):
        guard let before else { throw PatchError.fileMissing(path) }
        let after = try apply(hunks, to: before, path: path)
        guard let moveTo, moveTo != path else {
          changes.append(FileChange(path: path, before: before, after: after))
          continue
        }
        guard try read(moveTo) == nil else { throw PatchError.fileExists(moveTo) }
        changes.append(FileChange(path: path, before: before, after: nil))
        changes.append(FileChange(path: moveTo, before: nil, after: after))
      }
    }
    let paths = changes.map(\.path)
    if let twice = paths.first(where: { path in paths.count { $0 == path } > 1 }) {
      throw PatchError.duplicatePath(twice)
    }
    return changes
  }

  /// The bytes of a file after its hunks, in order, each at or after the previous one's end.
  static func apply(
    _ hunks: [Patch.Hunk], to bytes: [UInt8], path: String
  ) throws(PatchError) -> [UInt8] {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText(path) }
    var file = TextLines(text)
    var place = 0
    for hunk in hunks {
      for anchor in hunk.anchors {
        guard let found = file.find([anchor], from: place) else {
          throw .anchorNotFound(path: path, text: anchor)
        }
        place = found + 1
      }
      guard let start = file.place(of: hunk, from: place) else {
        throw .contextNotFound(path: path, lines: hunk.expected, isAtEnd: hunk.isAtEnd)
      }
      place = file.replace(hunk.lines, at: start)
    }
    return Array(file.text.utf8)
  }
}

/// A text as lines that remembers how it ended its lines.
struct TextLines {
  private var lines: [String]
  private let endsWithNewline: Bool
  /// Lines end in "\r\n" where the first one does.
  private let usesCRLF: Bool

  init(_ text: String) {
    var parts = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
      .map { String($0) }
    endsWithNewline = parts.count > 1 && parts.last?.isEmpty == true || text.isEmpty
    if parts.last?.isEmpty == true { parts.removeLast() }
    lines = parts
    usesCRLF = parts.first?.unicodeScalars.last == "\r"
  }

  var text: String {
    lines.joined(separator: "\n") + (endsWithNewline && !lines.isEmpty ? "\n" : "")
  }

  /// Where a hunk's expected lines begin. Only added lines go where the previous hunk ended, or to
  /// the end of the file.
  func place(of hunk: Patch.Hunk, from start: Int) -> Int? {
    let expected = hunk.expected
    guard !expected.isEmpty else {
      return hunk.isAtEnd || hunk.anchors.isEmpty ? lines.count : start
    }
    if hunk.isAtEnd {
      let tail = lines.count - expected.count
      return tail >= start ? find(expected, from: tail) : nil
    }
    return find(expected, from: start)
  }

  /// The first place at or after `start` where the lines agree: exactly, else but for white space at
  /// their ends, else but for white space around them.
  func find(_ wanted: [String], from start: Int) -> Int? {
    for normalise in [{ $0 }, Self.trimmingEnd, Self.trimming] as [(String) -> String] {
      let wanted = wanted.map(normalise)
      guard start + wanted.count <= lines.count else { return nil }
      let normalised = lines[start...].map(normalise)
      let last = normalised.count - wanted.count
      if let found = (0...last).first(where: { normalised[$0...].starts(with: wanted) }) {
        return start + found
      }
    }
    return nil
  }

  /// Carries out a hunk's lines at `start` and returns the place after them. Context keeps the file's
  /// own text.
  mutating func replace(_ hunk: [Patch.Line], at start: Int) -> Int {
    var source = start
    var replacement: [String] = []
    for line in hunk {
      switch line {
      case .context:
        replacement.append(lines[source])
        source += 1
      case .removed: source += 1
      case .added(let text):
        replacement.append(usesCRLF && text.unicodeScalars.last != "\r" ? text + "\r" : text)
      }
    }
    lines.replaceSubrange(start..<source, with: replacement)
    return start + replacement.count
  }

  private static func trimmingEnd(_ text: String) -> String {
    var text = text
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }

  private static func trimming(_ text: String) -> String {
    String(trimmingEnd(text).drop(while: \.isWhitespace))
  }
}
