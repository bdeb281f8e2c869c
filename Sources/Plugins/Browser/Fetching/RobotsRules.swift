// RobotsRules.swift — what a site lets programs read: RFC 9309.

/// The rules of one robots.txt.
package struct RobotsRules: Equatable, Sendable {
  struct Rule: Equatable, Sendable {
    var pattern: [UInt8]
    var isAllowed: Bool
  }

  private struct Group {
    var agents: [String] = []
    var rules: [Rule] = []
  }

  /// What is read of a file; the standard demands 500 KiB at least.
  static let bytesMax = 512 << 10
  private static let ruleCountMax = 20_000

  private var groups: [(agents: [String], rules: [Rule])] = []
  /// Whether the site could not be asked: then nothing is open.
  private(set) var isUnknown = false

  static let allowAll = RobotsRules()
  static let unknown: RobotsRules = {
    var rules = RobotsRules()
    rules.isUnknown = true
    return rules
  }()

  private init() {}

  /// What an answer means (2.3.1): no file, no rules; a site that fails is not read.
  package init(status: Int, body: [UInt8]) {
    switch status {
    case 200..<300: self.init(text: body)
    case 500...: self = .unknown
    default: self = .allowAll
    }
  }

  /// Reads a file. Lines that say nothing known are passed over.
  package init(text: [UInt8]) {
    var current = Group()
    var ruleCount = 0
    var bytes = text.prefix(Self.bytesMax)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
      let content = line.prefix { $0 != UInt8(ascii: "#") }
      guard let colon = content.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let key = String(decoding: Self.trimmed(content[..<colon]), as: UTF8.self).lowercased()
      let value = Self.trimmed(content[(colon + 1)...])
      switch key {
      case "user-agent":
        // A rule ends the list of whom a group is for.
        if !current.rules.isEmpty {
          groups.append((current.agents, current.rules))
          current = Group()
        }
        current.agents.append(Self.product(value))
      case "allow", "disallow":
        guard !current.agents.isEmpty, !value.isEmpty, ruleCount < Self.ruleCountMax else {
          continue
        }
        ruleCount += 1
        current.rules.append(
          Rule(pattern: Self.normalised(Array(value)), isAllowed: key == "allow"))
      default: continue
      }
    }
    if !current.agents.isEmpty { groups.append((current.agents, current.rules)) }
  }

  /// Whether a program called `agent` may read `path`, which may have a query.
  package func allows(_ path: String, for agent: String) -> Bool {
    if isUnknown { return false }
    let path = Self.normalised(Array(path.utf8))
    var mine = groups.filter { $0.agents.contains(agent.lowercased()) }
    if mine.isEmpty { mine = groups.filter { $0.agents.contains("*") } }
    var best: Rule?
    for rule in mine.flatMap(\.rules) where Self.matches(rule.pattern[...], path[...]) {
      let length = best?.pattern.count ?? -1
      if rule.pattern.count > length || rule.pattern.count == length && rule.isAllowed {
        best = rule
      }
    }
    return best?.isAllowed ?? true
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.isUnknown == right.isUnknown && left.groups.elementsEqual(right.groups) { $0 == $1 }
  }

  // MARK: - Matching

  /// `*` is any bytes, a final `$` the end; anything else is a beginning. Of several stars only the
  /// latest is ever tried again.
  private static func matches(_ pattern: ArraySlice<UInt8>, _ path: ArraySlice<UInt8>) -> Bool {
    var pattern = pattern
    let isWhole = pattern.last == UInt8(ascii: "$")
    if isWhole { pattern = pattern.dropLast() } else { pattern = pattern + [UInt8(ascii: "*")] }
    var (at, read) = (pattern.startIndex, path.startIndex)
    var star: (at: Int, read: Int)?
    while read < path.endIndex {
      if at < pattern.endIndex, pattern[at] == UInt8(ascii: "*") {
        at += 1
        star = (at, read)
        if at == pattern.endIndex { return true }
      } else if at < pattern.endIndex, pattern[at] == path[read] {
        at += 1
        read += 1
      } else if let last = star {
        star = (last.at, last.read + 1)
        (at, read) = (last.at, last.read + 1)
      } else {
        return false
      }
    }
    return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
  }

  /// Letters, digits, "-" and "_" of a name such as "ExampleBot/1.2", or "*".
  private static func product(_ value: ArraySlice<UInt8>) -> String {
    if value.first == UInt8(ascii: "*") { return "*" }
    let name = value.prefix { byte in
      (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
    return String(decoding: name, as: UTF8.self).lowercased()
  }

  /// Percent signs spelled alike: upper case, and none where a letter or digit needs none (2.2.2).
  private static func normalised(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      let byte = text[index]
      if byte == UInt8(ascii: "%"), index + 2 < text.count, let high = digit(text[index + 1]),
        let low = digit(text[index + 2])
      {
        append(high << 4 | low, to: &result, wasEncoded: true)
        index += 3
      } else {
        append(byte, to: &result, wasEncoded: false)
        index += 1
      }
    }
    return result
  }

  private static func append(_ byte: UInt8, to result: inout [UInt8], wasEncoded: Bool) {
    let isPlain =
      (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
      || "-._~".utf8.contains(byte)
    if isPlain || !wasEncoded && (0x21..<0x7F).contains(byte) {
      result.append(byte)
    } else {
      let digits = Array("0123456789ABCDEF".utf8)
      result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes = bytes.drop { $0 == 0x20 || $0 == 0x09 }
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes = bytes.dropLast() }
    return bytes
  }
}
