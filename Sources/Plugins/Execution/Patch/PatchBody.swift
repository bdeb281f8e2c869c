// PatchBody.swift — finds the patch in what a model wrote where a patch should be.

import Base

/// The wrappings that models put around a patch.
enum PatchBody {
  /// How deep wrappings may lie in each other: an object with a list with a heredoc.
  private static let depthMax = 4

  /// The patch among the arguments of a call: the only member's text, unwrapped. Nil where there is
  /// not exactly one member, or no text in it.
  static func patch(in arguments: JSONObject) -> String? {
    arguments.count == 1 ? text(.object(arguments), depth: 0) : nil
  }

  private static func text(_ json: JSONValue, depth: Int) -> String? {
    guard depth < depthMax else { return nil }
    switch json {
    case .string(let text): return unwrapped(text, depth: depth)
    case .object(let object):
      guard object.count == 1, let key = object.keys.first, let value = object[key] else {
        return nil
      }
      return self.text(value, depth: depth + 1)
    // A command line: ["apply_patch", "*** Begin Patch …"].
    case .array(let elements):
      guard let last = elements.last, elements.count <= 3 else { return nil }
      return text(last, depth: depth + 1)
    case .null, .bool, .number: return nil
    }
  }

  private static func unwrapped(_ text: String, depth: Int) -> String {
    let start = text.unicodeScalars.first { !$0.properties.isWhitespace }
    if start == "{" || start == "\"" || start == "[",
      let json = try? JSONReader.value(text, source: "the call"),
      let inner = self.text(json, depth: depth + 1)
    {
      return inner
    }
    return withoutHeredoc(text)
  }

  /// `apply_patch <<'EOF'` … `EOF` around the patch, as in a shell, or only `<<EOF`.
  private static func withoutHeredoc(_ text: String) -> String {
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
      .map { String($0) }
    guard let first = lines.firstIndex(where: { !isBlank($0) }),
      let mark = lines[first].firstRange(of: "<<"), !lines[first].hasPrefix("***")
    else { return text }
    let word = lines[first][mark.upperBound...].drop { $0 == "-" || $0 == " " }
      .filter { $0 != "'" && $0 != "\"" && $0 != "\r" }
    guard !word.isEmpty, let last = lines.lastIndex(where: { !isBlank($0) }), last > first else {
      return text
    }
    if lines[last].filter({ $0 != "\r" && $0 != " " }) == word { lines.removeSubrange(last...) }
    lines.removeSubrange(...first)
    return lines.joined(separator: "\n")
  }

  private static func isBlank(_ line: String) -> Bool { line.allSatisfy(\.isWhitespace) }
}
