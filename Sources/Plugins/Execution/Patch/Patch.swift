// Patch.swift — a patch in the form that gpt-oss was trained to write.
//
//   *** Begin Patch
//   *** Add File: PATH            then lines that begin with "+"
//   *** Delete File: PATH
//   *** Update File: PATH         optionally "*** Move to: PATH", then hunks
//   *** End Patch
//
// A hunk is any number of "@@ TEXT" lines (each moves forward to a line that reads TEXT; a bare "@@"
// only separates), then lines that begin with " " (context), "-" (removed) or "+" (added), optionally
// "*** End of File". An empty line is an empty context line. Source: openai/gpt-oss, tools/apply_patch.md.

/// What a patch asks for, file by file, in its own order.
public struct Patch: Equatable, Sendable {
  public var operations: [Operation]

  public struct Operation: Equatable, Sendable {
    /// As the patch names it.
    public var path: String
    public var action: Action
  }

  public enum Action: Equatable, Sendable {
    case add(lines: [String])
    case delete
    case update(moveTo: String?, hunks: [Hunk])
  }

  public struct Hunk: Equatable, Sendable {
    /// Lines to move forward to, in order, before the hunk's own lines are looked for.
    public var anchors: [String] = []
    public var lines: [Line] = []
    /// The hunk's lines are the last of the file.
    public var isAtEnd = false
  }

  public enum Line: Equatable, Sendable {
    case context(String)
    case removed(String)
    case added(String)
  }
}

extension Patch.Hunk {
  /// The lines that must be there: context and what is removed.
  var expected: [String] {
    lines.compactMap { line in
      switch line {
      case .context(let text), .removed(let text): text
      case .added: nil
      }
    }
  }
}
