// ReferenceReading.swift — what each matcher accepts, spelled out over plain values (rule 1).

import Base

struct ReferenceReading {
  let layer: ReferencePolicy
  let state: ReferenceState
  let isDeny: Bool

  /// Patterns with what they mean.
  static let patterns: [String: @Sendable (String) -> Bool] = [
    "[a-z]+": { !$0.isEmpty && $0.utf8.allSatisfy { (0x61...0x7A).contains($0) } },
    "(yes|no)": { $0 == "yes" || $0 == "no" },
    "[^;]{1,8}": { (1...8).contains($0.unicodeScalars.count) && !$0.contains(";") },
    "x*": { $0.utf8.allSatisfy { $0 == 0x78 } },
  ]

  /// Paths of rules with the paths that they mean.
  static let pathPatterns: [String: @Sendable (String) -> Bool] = [
    "/": { $0 == "/" }, "/*": { _ in true }, "/p": { $0 == "/p" }, "/p*": { $0.hasPrefix("/p") },
    "/docs": { $0 == "/docs" }, "/docs/": { $0 == "/docs/" }, "/docs/*": { $0.hasPrefix("/docs/") },
    "/d*": { $0.hasPrefix("/d") }, "/%64ocs/*": { $0.hasPrefix("/docs/") },
    "/docs/%c3%a9": { $0 == "/docs/%C3%A9" }, "/%C3%A9*": { $0.hasPrefix("/%C3%A9") },
    "/docs/.h*": { $0.hasPrefix("/docs/.h") }, "/%7ex": { $0 == "/~x" },
    "/p/a;v=1": { $0 == "/p/a;v=1" },
  ]

  func accepts(_ check: ReferenceCheck, _ value: ReferenceValue) -> Bool {
    switch check {
    case .any: return true
    case .oneOf(let values): return isLiteral(value) && values.contains(where: { same($0, value) })
    case .notOneOf(let values):
      return isLiteral(value) && !values.contains(where: { same($0, value) })
    case .re(let pattern): return text(value).map { Self.patterns[pattern]?($0) ?? false } ?? false
    case .notRe(let pattern):
      return text(value).map { !(Self.patterns[pattern]?($0) ?? true) } ?? false
    case .maxBytes(let count): return text(value).map { $0.utf8.count <= count } ?? false
    case .under(let folders):
      guard let path = text(value).flatMap(path) else { return false }
      return folders.contains { isUnder(path, $0) }
    case .notUnder(let folders):
      guard let path = text(value).flatMap(path) else { return false }
      return !folders.contains { isUnder(path, $0) }
    case .range(let min, let max):
      guard case .integer(let number) = value else { return false }
      return number >= min ?? .min && number <= max ?? .max
    case .number(let least, let most):
      let number: Double
      switch value {
      case .integer(let whole): number = Double(whole)
      case .decimal(let fraction): number = fraction
      default: return false
      }
      return (least.map { number >= $0 } ?? true) && (most.map { number <= $0 } ?? true)
    case .prefix(let positions): return words(value).map { begins($0, positions) } ?? false
    case .notPrefix(let positions): return words(value).map { !begins($0, positions) } ?? false
    case .denyFlags(let flags):
      guard let words = words(value) else { return false }
      return words.allSatisfy { word in flags.allSatisfy { !isFlag(word, $0) } }
    case .maxLen(let count):
      guard case .list(let values) = value else { return false }
      return values.count <= count
    case .all(let checks):
      guard case .list(let values) = value else { return false }
      return values.allSatisfy { value in checks.allSatisfy { accepts($0, value) } }
    case .some(let checks):
      guard case .list(let values) = value else { return false }
      return values.contains { value in checks.allSatisfy { accepts($0, value) } }
    case .web(let web):
      guard case .url(let url) = value else { return false }
      return accepts(web, url)
    case .from(let origins): return isSaid(value, origins)
    case .notFrom(let origins): return !isSaid(value, origins)
    }
  }

  // MARK: Values

  private func text(_ value: ReferenceValue) -> String? {
    switch value {
    case .text(let text): text
    case .url(let url): url.text
    default: nil
    }
  }

  private func isLiteral(_ value: ReferenceValue) -> Bool {
    switch value {
    case .text, .url, .integer, .bool: true
    default: false
    }
  }

  private func same(_ left: ReferenceValue, _ right: ReferenceValue) -> Bool {
    if let left = text(left), let right = text(right) {
      return Array(left.utf8) == Array(right.utf8)
    }
    return left == right
  }

  /// A list of argument words: every element a text without a NUL.
  private func words(_ value: ReferenceValue) -> [String]? {
    guard case .list(let values) = value else { return nil }
    let words = values.compactMap(text).filter { !$0.utf8.contains(0) }
    return words.count == values.count ? words : nil
  }

  // MARK: Paths

  /// The components of an absolute path, dots folded.
  private func path(_ text: String) -> [String]? {
    guard text.hasPrefix("/"), !text.contains("\0") else { return nil }
    var parts: [String] = []
    for part in text.split(separator: "/") {
      if part == "." { continue }
      if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
    }
    return parts
  }

  private func isUnder(_ path: [String], _ folder: String) -> Bool {
    let folder = folder.replacing("${workspace}", with: ReferenceJudge.workspace)
      .replacing("${home}", with: ReferenceJudge.home)
    let parts = folder.split(separator: "/").map(String.init)
    return path.count >= parts.count && Array(path.prefix(parts.count)) == parts
  }

  // MARK: Argument lists

  private func begins(_ words: [String], _ positions: [[String]]) -> Bool {
    guard words.count >= positions.count else { return false }
    for (index, alternatives) in positions.enumerated() {
      var word = words[index]
      if alternatives.contains(word) { continue }
      guard index == 0 else { return false }
      var isSystem = false
      for folder in ["/usr/bin/", "/bin/"] where word.hasPrefix(folder) {
        word = String(word.dropFirst(folder.count))
        isSystem = true
        break
      }
      guard isSystem, !word.contains("/"), alternatives.contains(word) else { return false }
    }
    return true
  }

  private func isFlag(_ word: String, _ flag: String) -> Bool {
    if word == flag { return true }
    return flag.hasPrefix("--") ? word.hasPrefix(flag + "=") : word.hasPrefix(flag)
  }

  // MARK: URLs

  private func accepts(_ web: ReferenceWeb, _ url: ReferenceURL) -> Bool {
    let port = url.port ?? (url.scheme == "https" ? 443 : 80)
    if let schemes = web.scheme, !schemes.contains(url.scheme) { return false }
    if let ports = web.port, !ports.contains(port) { return false }
    if let bytes = web.maxQueryBytes, (url.query ?? "").utf8.count > bytes { return false }
    if let patterns = web.path {
      // What servers may read in two ways is granted by no path, and denied by every one.
      let isMeant = url.path.plain.map { path in
        patterns.contains { Self.pathPatterns[$0]?(path) ?? false }
      }
      if !(isMeant ?? isDeny) { return false }
    }
    if let hosts = web.host, !hosts.contains(where: { isHost(url.host, $0) }) { return false }
    if let hosts = web.notHost, hosts.contains(where: { isHost(url.host, $0) }) { return false }
    if isDeny { return web.userinfo != false || url.user == nil }
    if url.user != nil, web.userinfo != true { return false }
    let isSpecial = ["127.0.0.1", "localhost", "169.254.169.254"].contains(url.host)
    return !isSpecial || (web.host ?? []).contains(url.host)
  }

  private func isHost(_ host: String, _ pattern: String) -> Bool {
    guard pattern.hasPrefix("*.") else { return host == pattern }
    let end = String(pattern.dropFirst())
    return host.hasSuffix(end) && host.utf8.count > end.utf8.count
  }

  // MARK: Origins

  private func isSaid(_ value: ReferenceValue, _ origins: [String]) -> Bool {
    switch value {
    case .text(let text): return isSaid(text, origins)
    case .url(let url): return isSaid(url.text, origins)
    case .integer(let number): return isSaid(String(number), origins)
    case .decimal(let number):
      return words(of: origins).joined().contains { Double($0) == number }
    case .list(let values): return !values.isEmpty && values.allSatisfy { isSaid($0, origins) }
    case .bool, .null, .object: return false
    }
  }

  /// What was said, in words.
  private func words(of origins: [String]) -> [[Substring]] {
    let spans = state.said.filter { origins.contains($0.from) }.map(\.text)
    return (spans + (origins.contains("policy") ? layer.said : [])).map { $0.split(separator: " ") }
  }

  /// Whether some span says the words in a row, each between spaces: the random texts have no other
  /// separators.
  private func isSaid(_ text: String, _ origins: [String]) -> Bool {
    let wanted = text.split(separator: " ")
    guard !wanted.isEmpty, text.utf8.count > 1 || Int(text) != nil else { return false }
    return words(of: origins).contains { words in
      guard words.count >= wanted.count else { return false }
      return (0...(words.count - wanted.count)).contains { start in
        Array(words[start..<(start + wanted.count)]) == wanted
      }
    }
  }
}
