// ToolNames.swift — which declared tool a sampled name means.

/// The declared tools, and how to recognise one in what a model wrote.
struct ToolNames: Sendable {
  /// A tool, and what was stuck to its name, such as the content type `json`.
  struct Match: Equatable {
    var name: String
    var suffixes: [String] = []
  }

  /// Below this many bytes a name is too short to guess at.
  private static let guessedBytesMin = 4
  private static let suffixes = [
    "json", "code", "commentary", "analysis", "final", HarmonyRole.assistant.rawValue,
  ]
  private static let prefixes = ["functions.", "function."]

  private let names: Set<String>
  /// Sorted, so that results do not depend on the set's order.
  private let bare: [(name: String, bytes: [UInt8])]

  init(_ names: Set<String>) {
    self.names = names
    bare = names.sorted().map { ($0, Array(Self.withoutPrefix($0).utf8)) }
  }

  /// The tool of this very name, with or without its namespace `functions`.
  func exact(_ word: String) -> String? {
    if names.contains(word) { return word }
    let stem = Self.withoutPrefix(word)
    return names.contains(stem)
      ? stem : names.contains("functions." + stem) ? "functions." + stem : nil
  }

  /// The tool that `word` most likely means: that very name; else a name with words stuck to its end;
  /// else the only one that differs in case alone; else the only one within one edit.
  func resolve(_ word: String) -> Match? {
    if let name = exact(word) { return Match(name: name) }
    if let match = unglued(word) { return match }
    let bytes = Array(Self.withoutPrefix(word).utf8)
    guard bytes.count >= Self.guessedBytesMin else { return nil }
    let lowercase = Self.lowercased(bytes)
    if let name = only(where: { Self.lowercased($0) == lowercase }) { return Match(name: name) }
    return only(where: { Self.isWithinOneEdit($0, bytes) }).map { Match(name: $0) }
  }

  private func unglued(_ word: String) -> Match? {
    for suffix in Self.suffixes where word.utf8.count > suffix.utf8.count && word.hasSuffix(suffix)
    {
      let stem = String(word.dropLast(suffix.count))
      guard var match = exact(stem).map({ Match(name: $0) }) ?? unglued(stem) else { continue }
      match.suffixes.append(suffix)
      return match
    }
    return nil
  }

  private func only(where matches: ([UInt8]) -> Bool) -> String? {
    let found = bare.filter { matches($0.bytes) }
    return found.count == 1 ? found[0].name : nil
  }

  private static func withoutPrefix(_ word: String) -> String {
    for prefix in prefixes where word.hasPrefix(prefix) {
      return String(word.dropFirst(prefix.count))
    }
    return word
  }

  private static func lowercased(_ bytes: [UInt8]) -> [UInt8] {
    bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  }

  /// Whether one insertion, deletion or replacement of a byte makes the two alike.
  private static func isWithinOneEdit(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard abs(left.count - right.count) <= 1 else { return false }
    let common = zip(left, right).prefix { $0 == $1 }.count
    let leftRest = left[common...]
    let rightRest = right[common...]
    if left.count == right.count { return leftRest.dropFirst() == rightRest.dropFirst() }
    return left.count < right.count
      ? leftRest == rightRest.dropFirst() : leftRest.dropFirst() == rightRest
  }
}
