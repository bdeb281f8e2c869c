// ToolNames.swift — which declared tool the model means, for the ways in which it misspells them.
//
// Seen in practice: control tokens or words glued to the name ("shelljson",
// "manage_cart<|channel|>commentary"), a missing or doubled namespace ("get_weather",
// "functions.browser.search", "function.x"), hyphens for underscores, other capitals, one wrong
// letter. Each step is tried in this order, and counts only where it leads to exactly one tool.

/// The names under which tools are declared.
struct ToolNames: Equatable {
  /// What a recipient turned out to mean.
  enum Resolution: Equatable {
    /// `spelled` is the name or an alias, as the model wrote it.
    case exact(ToolDeclaration, spelled: String)
    case corrected(ToolDeclaration)
    /// `shown` is the recipient cut down to what may be repeated.
    case unknown(shown: String)
  }

  private let tools: [ToolDeclaration]
  /// Names and aliases, each with the index of its tool.
  private let spellings: [String: Int]

  /// Words of the format that get glued to the end of names.
  private static let suffixes = [
    "json", "code", "text", "commentary", "analysis", "final", "assistant",
  ]
  private static let recipientScalarsMax = 128
  /// Of shorter names, one letter more or less says nothing.
  private static let guessedBytesMin = 4

  init(_ tools: [ToolDeclaration]) {
    self.tools = tools
    var spellings: [String: Int] = [:]
    for (index, tool) in tools.enumerated() {
      for name in tool.aliases where spellings[name] == nil { spellings[name] = index }
    }
    for (index, tool) in tools.enumerated().reversed() { spellings[tool.name] = index }
    self.spellings = spellings
  }

  /// The names that the model was told of, to choose from.
  var list: String {
    let names = tools.filter { !$0.isHidden }.map(\.name)
    return names.isEmpty ? "none" : names.joined(separator: ", ")
  }

  func knows(_ recipient: String) -> Bool {
    if case .unknown = resolve(recipient) { false } else { true }
  }

  func resolve(_ recipient: String) -> Resolution {
    if let index = spellings[recipient] { return .exact(tools[index], spelled: recipient) }
    let name = Self.cleaned(recipient)
    for stem in Self.stems(name) {
      if let index = byNamespace(stem) { return .corrected(tools[index]) }
    }
    for stem in Self.stems(name) {
      if let index = only(where: { Self.folded($0) == Self.folded(stem) }) {
        return .corrected(tools[index])
      }
    }
    let bytes = Array(Self.folded(name).utf8)
    if bytes.count >= Self.guessedBytesMin,
      let index = only(where: { Self.isOneEditApart(Array(Self.folded($0).utf8), bytes) })
    {
      return .corrected(tools[index])
    }
    return .unknown(shown: name.isEmpty ? "unknown" : name)
  }

  // MARK: - Steps

  /// The text before the first control token, without what can be in no name.
  static func cleaned(_ recipient: String) -> String {
    var scalars = Array(recipient.unicodeScalars.prefix(recipientScalarsMax))
    for index in scalars.indices.dropLast() where scalars[index] == "<" && scalars[index + 1] == "|"
    {
      scalars.removeSubrange(index...)
      break
    }
    let kept = scalars.filter { scalar in
      scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || ["_", "-", "."].contains(scalar))
    }
    return String(String.UnicodeScalarView(kept))
  }

  /// The name, and the name with glued words taken off its end one after the other.
  private static func stems(_ name: String) -> [String] {
    var stems = [name]
    while stems.count <= 4, let last = stems.last,
      let suffix = suffixes.first(where: { last.hasSuffix($0) && last.count > $0.count })
    {
      var stem = last.dropLast(suffix.count)
      while let end = stem.last, "._-".contains(end) { stem = stem.dropLast() }
      stems.append(String(stem))
    }
    return stems
  }

  /// With and without a namespace for functions; or by the last part of the name alone.
  private func byNamespace(_ name: String) -> Int? {
    var bare = name
    for prefix in ["functions.", "function.", "tools.", "tool."] where bare.hasPrefix(prefix) {
      bare = String(bare.dropFirst(prefix.count))
      break
    }
    for candidate in [name, bare, "functions." + bare] {
      if let index = spellings[candidate] { return index }
    }
    guard !bare.contains(".") else { return nil }
    return only { $0.split(separator: ".").last.map(String.init) == bare }
  }

  /// The one tool that any spelling satisfying the condition leads to.
  private func only(where condition: (String) -> Bool) -> Int? {
    let found = Set(spellings.filter { condition($0.key) }.values)
    return found.count == 1 ? found.first : nil
  }

  private static func folded(_ name: String) -> String {
    let plain = String(name.lowercased().map { $0 == "-" ? "_" : $0 })
    return plain.hasPrefix("functions.") ? String(plain.dropFirst("functions.".count)) : plain
  }

  /// Whether one byte inserted, removed or replaced makes the two equal.
  private static func isOneEditApart(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count >= right.count else { return isOneEditApart(right, left) }
    guard left.count - right.count <= 1 else { return false }
    let start = zip(left, right).prefix { $0 == $1 }.count
    let skipped = left.count == right.count ? start + 1 : start
    return left[min(start + 1, left.count)...] == right[min(skipped, right.count)...]
  }
}
