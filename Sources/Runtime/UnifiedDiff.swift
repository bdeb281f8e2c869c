// UnifiedDiff.swift — a change of files as `git apply` and `patch -p1` read it.
//
//   diff --git a/PATH b/PATH
//   new file mode 100644 | deleted file mode 100644          only where the file comes or goes
//   --- a/PATH | /dev/null
//   +++ b/PATH | /dev/null
//   @@ -START,COUNT +START,COUNT @@
//   lines that begin with " ", "-" or "+"; "\ No newline at end of file" after a line without one
//
// Sources: POSIX diff, "Diff -u Output Format"; git-diff(1), "Generating patch text with -p", for the
// mode lines and the quoting of paths.

/// One file before and after; nil where it is not there.
public struct FileDifference: Equatable, Sendable {
  /// Relative to the folder that the patch is for.
  public var path: String
  public var before: [UInt8]?
  public var after: [UInt8]?
  /// Permission bits, where they are known.
  public var mode: UInt32?

  public init(path: String, before: [UInt8]?, after: [UInt8]?, mode: UInt32? = nil) {
    self.path = path
    self.before = before
    self.after = after
    self.mode = mode
  }

  /// What takes the change back.
  public var reversed: FileDifference {
    FileDifference(path: path, before: after, after: before, mode: mode)
  }

  /// Whether a side has a NUL byte: no line of a text has one, and patches are made of lines.
  public var isBinary: Bool {
    [before, after].contains { $0?.contains(0) == true }
  }

  /// The patch; empty where nothing changes.
  public var unifiedDiff: [UInt8] {
    guard before != after else { return [] }
    let old = Self.name("a/" + path)
    let new = Self.name("b/" + path)
    var text = Array("diff --git \(old) \(new)\n".utf8)
    let mode = (mode ?? 0o644) & 0o100 == 0 ? "100644" : "100755"
    if before == nil { text += Array("new file mode \(mode)\n".utf8) }
    if after == nil { text += Array("deleted file mode \(mode)\n".utf8) }
    let difference = LineDifference(before ?? [], after ?? [])
    guard !difference.changes.isEmpty else { return text }
    // Without the tab, patch(1) takes a name to end at its first space.
    let tab = path.utf8.contains(UInt8(ascii: " ")) ? "\t" : ""
    text += Array("--- \(before == nil ? "/dev/null" : old + tab)\n".utf8)
    text += Array("+++ \(after == nil ? "/dev/null" : new + tab)\n".utf8)
    for hunk in difference.hunks { text += hunk }
    return text
  }

  /// A name in quotes, as in C, where git would write it so.
  private static func name(_ path: String) -> String {
    func isPlain(_ byte: UInt8) -> Bool {
      byte >= 0x20 && byte != 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
    guard !path.utf8.allSatisfy(isPlain) else { return path }
    var quoted: [UInt8] = []
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): quoted += [UInt8(ascii: "\\"), byte]
      case _ where isPlain(byte): quoted.append(byte)
      default:
        let digits = String(byte, radix: 8)
        quoted += Array(("\\" + String(repeating: "0", count: 3 - digits.count) + digits).utf8)
      }
    }
    return "\"" + String(decoding: quoted, as: UTF8.self) + "\""
  }
}

extension LineDifference {
  /// Unchanged lines that are shown around a change.
  private static let contextCount = 3

  /// Changes that are near each other are one hunk.
  fileprivate var hunks: [[UInt8]] {
    var groups: [[Change]] = []
    for change in changes {
      let last = groups.last?.last
      if let last, change.old.lowerBound - last.old.upperBound <= 2 * Self.contextCount {
        groups[groups.count - 1].append(change)
      } else {
        groups.append([change])
      }
    }
    return groups.compactMap(hunk)
  }

  private func hunk(_ group: [Change]) -> [UInt8]? {
    guard let first = group.first, let last = group.last else { return nil }
    let before = min(Self.contextCount, first.old.lowerBound)
    let after = min(Self.contextCount, old.count - last.old.upperBound)
    let oldRange = first.old.lowerBound - before..<last.old.upperBound + after
    let newRange = first.new.lowerBound - before..<last.new.upperBound + after
    var text = Array("@@ -\(Self.range(oldRange)) +\(Self.range(newRange)) @@\n".utf8)
    var place = oldRange.lowerBound
    for change in group {
      for line in old[place..<change.old.lowerBound] { text += Self.line(" ", line) }
      for line in old[change.old] { text += Self.line("-", line) }
      for line in new[change.new] { text += Self.line("+", line) }
      place = change.old.upperBound
    }
    for line in old[place..<oldRange.upperBound] { text += Self.line(" ", line) }
    return text
  }

  /// Lines count from 1; an empty range names the line before it.
  private static func range(_ range: Range<Int>) -> String {
    switch range.count {
    case 0: "\(range.lowerBound),0"
    case 1: "\(range.lowerBound + 1)"
    case let count: "\(range.lowerBound + 1),\(count)"
    }
  }

  private static func line(_ mark: Unicode.Scalar, _ line: ArraySlice<UInt8>) -> [UInt8] {
    let text = [UInt8(ascii: mark)] + line
    return line.last == UInt8(ascii: "\n")
      ? text : text + Array("\n\\ No newline at end of file\n".utf8)
  }
}
