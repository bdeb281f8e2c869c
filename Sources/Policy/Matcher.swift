// Matcher.swift — what a rule demands of one argument.
//
// Every field of a matcher has to accept the value, and each field accepts values of one type only:
// a number is no string, a string is no list. All comparison is byte by byte.

import Base

/// A text, a whole number or a truth value that a rule names literally.
enum Literal: Hashable, Sendable {
  case text([UInt8])
  case integer(Int64)
  case bool(Bool)
}

/// The demands on one argument; all have to hold.
struct Matcher: Equatable, Sendable {
  /// An absent argument is as good as an accepted one.
  var isOptional = false
  var checks: [Check] = []

  enum Check: Equatable, Sendable {
    /// Any value of any type.
    case anything
    case oneOf(Set<Literal>)
    case notOneOf(Set<Literal>)
    case pattern(Pattern)
    case notPattern(Pattern)
    case bytesMax(Int)
    case under([CanonicalPath])
    case notUnder([CanonicalPath])
    case web(WebMatcher)
    case integers(ClosedRange<Int64>)
    /// Numbers, whole or not.
    case numbers(ClosedRange<Double>)
    /// An argument list whose elements begin so; each position offers alternatives.
    case prefix([Set<[UInt8]>])
    case notPrefix([Set<[UInt8]>])
    case denyFlags([[UInt8]])
    case countMax(Int)
    case from(OriginMatcher)
    case notFrom(OriginMatcher)
    indirect case all(Matcher)
    indirect case some(Matcher)
  }
}

/// What a rule does when it matches decides what its matchers may take for granted: see `WebMatcher`.
enum Polarity: Sendable {
  /// Allow and ask: in doubt a matcher refuses.
  case granting
  /// Deny: in doubt a matcher accepts.
  case denying
}

/// How a matcher reads a value.
struct Reading: Sendable {
  let polarity: Polarity
  /// What was said so far, by those whom some policy relies on.
  let context: [ContextSpan]

  init(_ polarity: Polarity, context: [ContextSpan] = []) {
    self.polarity = polarity
    self.context = context
  }
}

extension Matcher {
  /// The first check that refuses `value`; nil where all accept it.
  func failure(on value: Subject.Value, _ reading: Reading) -> Check? {
    checks.first { !$0.accepts(value, reading) }
  }
}

extension Matcher {
  /// The checks of this matcher and of those within it.
  var allChecks: [Check] {
    checks.flatMap { check in
      switch check {
      case .all(let inner), .some(let inner): [check] + inner.allChecks
      default: [check]
      }
    }
  }
}

extension Matcher.Check {
  func accepts(_ value: Subject.Value, _ reading: Reading) -> Bool {
    switch self {
    case .anything: return true
    case .oneOf(let literals): return value.literal.map(literals.contains) ?? false
    case .notOneOf(let literals): return value.literal.map { !literals.contains($0) } ?? false
    case .pattern(let pattern): return value.text.map { pattern.matchesWhole($0.string) } ?? false
    case .notPattern(let pattern):
      return value.text.map { !pattern.matchesWhole($0.string) } ?? false
    case .bytesMax(let bytesMax): return value.text.map { $0.bytes.count <= bytesMax } ?? false
    case .under(let folders):
      guard let path = value.text?.path else { return false }
      return folders.contains { path.isUnder($0) }
    case .notUnder(let folders):
      guard let path = value.text?.path else { return false }
      return !folders.contains { path.isUnder($0) }
    case .web(let matcher):
      return value.text?.web.map { matcher.accepts($0, reading.polarity) } ?? false
    case .integers(let range):
      guard case .integer(let number) = value else { return false }
      return range.contains(number)
    case .numbers(let range): return value.number.map(range.contains) ?? false
    case .prefix(let positions):
      return value.argumentList.map { Self.begins($0, positions) } ?? false
    case .notPrefix(let positions):
      return value.argumentList.map { !Self.begins($0, positions) } ?? false
    case .denyFlags(let flags):
      guard let elements = value.argumentList else { return false }
      return !elements.contains { element in flags.contains { Self.isFlag(element, $0) } }
    case .countMax(let countMax): return value.list.map { $0.count <= countMax } ?? false
    case .from(let matcher): return matcher.vouchesFor(value, reading.context)
    case .notFrom(let matcher): return !matcher.vouchesFor(value, reading.context)
    case .all(let matcher):
      return value.list.map { $0.allSatisfy { matcher.failure(on: $0, reading) == nil } } ?? false
    case .some(let matcher):
      return value.list.map { $0.contains { matcher.failure(on: $0, reading) == nil } } ?? false
    }
  }

  /// Whether `elements` begin with one alternative of each position. The program, which comes
  /// first, also matches by its path in the system's folders: `git` takes `/usr/bin/git`.
  private static func begins(_ elements: [[UInt8]], _ positions: [Set<[UInt8]>]) -> Bool {
    guard elements.count >= positions.count else { return false }
    for (index, alternatives) in positions.enumerated() {
      let element = elements[index]
      if alternatives.contains(element) { continue }
      guard index == 0, let name = systemProgram(element), alternatives.contains(name) else {
        return false
      }
    }
    return true
  }

  private static func systemProgram(_ path: [UInt8]) -> [UInt8]? {
    for folder in ["/usr/bin/", "/bin/"] where path.starts(with: Array(folder.utf8)) {
      let name = Array(path.dropFirst(folder.utf8.count))
      return name.contains(UInt8(ascii: "/")) ? nil : name
    }
    return nil
  }

  /// Whether `element` is `flag`, or the flag with a value attached: `--x=value`, `-xvalue`.
  private static func isFlag(_ element: [UInt8], _ flag: [UInt8]) -> Bool {
    if element == flag { return true }
    guard element.starts(with: flag) else { return false }
    let isLong = flag.starts(with: Array("--".utf8))
    return !isLong || element[flag.count] == UInt8(ascii: "=")
  }
}

/// What a rule demands of a URL's parts.
struct WebMatcher: Equatable, Sendable {
  var schemes: Set<String>?
  var hosts: [HostPattern]?
  var notHosts: [HostPattern]?
  var ports: Set<Int>?
  var mayHaveUserinfo: Bool?
  var queryBytesMax: Int?
  var paths: [PathPattern]?

  /// Whether it speaks of more of the URL than who is reached.
  var bindsRequest: Bool { queryBytesMax != nil || paths != nil }

  func accepts(_ web: WebAddress, _ polarity: Polarity) -> Bool {
    guard acceptsPath(web, polarity) else { return false }
    if let queryBytesMax, web.queryBytes > queryBytesMax { return false }
    return acceptsOrigin(web, polarity)
  }

  private func acceptsPath(_ web: WebAddress, _ polarity: Polarity) -> Bool {
    guard let paths else { return true }
    guard let path = WebPath.plain(web.path.utf8) else { return polarity == .denying }
    return paths.contains { $0.matches(path) }
  }

  /// Whether it accepts scheme, host and port.
  func acceptsOrigin(_ web: WebAddress, _ polarity: Polarity) -> Bool {
    let host = Array(web.host.utf8)
    if let schemes, !schemes.contains(web.scheme) { return false }
    if let ports, !ports.contains(web.port) { return false }
    if let hosts, !hosts.contains(where: { $0.matches(host) }) { return false }
    if let notHosts, notHosts.contains(where: { $0.matches(host) }) { return false }
    switch polarity {
    case .denying:
      // "userinfo: false" in a deny rule would be a demand that there is none; it is kept as said.
      return mayHaveUserinfo != false || !web.hasUserinfo
    case .granting:
      if web.hasUserinfo, mayHaveUserinfo != true { return false }
      // The machine itself, its network and metadata services are granted by name alone.
      return !web.isSpecial || (hosts ?? []).contains { $0.isExactly(host) }
    }
  }
}

/// A host in a rule: a name, or `*.` and a name for everything below that name.
struct HostPattern: Equatable, Sendable {
  /// In canonical form; with a leading dot where it is a wildcard.
  let name: [UInt8]
  let isWildcard: Bool

  func matches(_ host: [UInt8]) -> Bool {
    isWildcard ? host.count > name.count && host.suffix(name.count) == name[...] : host == name
  }

  func isExactly(_ host: [UInt8]) -> Bool { !isWildcard && host == name }
}
