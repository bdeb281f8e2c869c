// NamePattern.swift — a tool's or a model's name in a rule: "python", "mcp.*", "*".

/// A name, or the beginning of names where it ends in `*`. Compared byte by byte.
struct NamePattern: Equatable, Sendable {
  let text: String
  private let stem: [UInt8]
  private let isPrefix: Bool

  init(_ text: String) {
    self.text = text
    isPrefix = text.utf8.last == UInt8(ascii: "*")
    stem = Array(isPrefix ? text.utf8.dropLast() : text.utf8[...])
  }

  func matches(_ name: [UInt8]) -> Bool {
    isPrefix ? name.starts(with: stem) : name == stem
  }

  func matches(anyOf names: [[UInt8]]) -> Bool { names.contains { matches($0) } }
}

extension PolicyNode {
  /// A name pattern: `*` only at its end, and no character that could be taken for another.
  func namePattern() throws(PolicyError) -> NamePattern { try namePattern(try text()) }

  /// As above, for `value`, the node's key or string.
  func namePattern(_ value: String) throws(PolicyError) -> NamePattern {
    let stem = value.utf8.last == UInt8(ascii: "*") ? value.utf8.dropLast() : value.utf8[...]
    guard !value.isEmpty, stem.allSatisfy({ (0x21..<0x7F).contains($0) && $0 != UInt8(ascii: "*") })
    else {
      throw error(
        .notUsable(
          "a name is plain ASCII without spaces, and \"*\" can only be its last character."))
    }
    return NamePattern(value)
  }

  /// One name pattern, or a list of them.
  func namePatterns() throws(PolicyError) -> [NamePattern] {
    guard case .array = content else { return [try namePattern()] }
    var patterns: [NamePattern] = []
    for element in try list() { patterns.append(try element.namePattern()) }
    guard !patterns.isEmpty else { throw error(.empty("the list")) }
    return patterns
  }
}
