// Matcher+Reading.swift — matchers as a policy file writes them.

import Base

/// What the values in a file may refer to.
struct ReadingContext: Sendable {
  var sets: [String: [String]] = [:]
  var variables: PolicyVariables
  /// The policy's id, and the names of the origins that its file defines.
  var policy = ""
  var origins: Set<String> = []
}

/// What `${workspace}` and `${home}` stand for: absolute paths, links resolved.
public struct PolicyVariables: Equatable, Sendable {
  public var workspace: String
  public var home: String

  public init(workspace: String, home: String) {
    self.workspace = workspace
    self.home = home
  }
}

extension PolicyNode {
  /// The matcher that the object says. A matcher that says nothing is an error: it would accept
  /// anything, and nobody would know whether that was meant.
  func matcher(_ context: ReadingContext, depth: Int = 0) throws(PolicyError) -> Matcher {
    guard depth < 4 else { throw error(.tooDeep(depthMax: 4)) }
    var fields = try Fields(self)
    var matcher = Matcher()
    if depth == 0, let node = fields.take("optional") { matcher.isOptional = try node.bool() }
    if let node = fields.take("any") {
      guard try node.bool() else {
        throw node.error(
          .notUsable("\"any: false\" would accept nothing. Write true, or a rule less."))
      }
      matcher.checks.append(.anything)
    }
    matcher.checks += try fields.scalarChecks(context)
    matcher.checks += try fields.listChecks(context, depth: depth)
    matcher.checks += try fields.originChecks(context)
    if let web = try fields.webMatcher(context) { matcher.checks.append(.web(web)) }
    try fields.finish()
    guard !matcher.checks.isEmpty else {
      throw error(
        .notUsable("the matcher demands nothing. Write { any: true } to accept any value."))
    }
    try matcher.checkTypes(at: self)
    return matcher
  }

  /// The strings of a list in which "@name" stands for the set of that name.
  func expandedStrings(_ context: ReadingContext) throws(PolicyError) -> [String] {
    var strings: [String] = []
    for element in try list() { strings += try element.expandedString(context) }
    guard !strings.isEmpty else { throw error(.empty("the list")) }
    return strings
  }

  fileprivate func expandedString(_ context: ReadingContext) throws(PolicyError) -> [String] {
    let value = try string()
    guard value.utf8.first == UInt8(ascii: "@") else { return [value] }
    let name = String(value.dropFirst())
    guard let set = context.sets[name] else { throw error(.unknownSet(name)) }
    return set
  }

  /// Literal strings, which may not look as if a variable in them were replaced.
  fileprivate func literalBytes(_ context: ReadingContext) throws(PolicyError) -> [[UInt8]] {
    var list: [[UInt8]] = []
    for string in try expandedStrings(context) {
      guard !string.contains("${") else {
        throw error(.notUsable("variables are known in \"under\" and \"notUnder\" only."))
      }
      list.append(Array(string.utf8))
    }
    return list
  }

  fileprivate func literals(_ context: ReadingContext) throws(PolicyError) -> Set<Literal> {
    var literals: Set<Literal> = []
    for element in try list() {
      switch element.content {
      case .integer(let value): literals.insert(.integer(Int64(value)))
      case .bool(let value): literals.insert(.bool(value))
      default:
        for string in try element.expandedString(context) {
          guard !string.contains("${") else {
            throw element.error(
              .notUsable("variables are known in \"under\" and \"notUnder\" only."))
          }
          literals.insert(.text(Array(string.utf8)))
        }
      }
    }
    guard !literals.isEmpty else { throw error(.empty("the list")) }
    return literals
  }

  fileprivate func pattern() throws(PolicyError) -> Pattern {
    do { return try Pattern(try text()) } catch let problem as PatternProblem {
      throw error(.pattern(problem))
    } catch let error as PolicyError { throw error } catch {
      throw self.error(.pattern(.emptyBranch))
    }
  }

  fileprivate func folders(_ context: ReadingContext) throws(PolicyError) -> [CanonicalPath] {
    var folders: [CanonicalPath] = []
    for string in try expandedStrings(context) {
      guard let folder = context.variables.path(string) else {
        throw error(
          .notUsable(
            "\"\(string)\" is no absolute path without \"..\". Begin it with \"/\", "
              + "\"${workspace}\" or \"${home}\"."))
      }
      folders.append(folder)
    }
    return folders
  }
}

extension PolicyNode {
  /// The origins that a list names.
  func originMatcher(
    _ each: OriginMatcher.Item, _ context: ReadingContext
  ) throws(PolicyError) -> OriginMatcher {
    var marks: Set<String> = []
    for element in try list() {
      let name = try element.identifier()
      let own = ContextSpan.own
      guard own.contains(name) || context.origins.contains(name) else {
        throw element.error(.notOneOf(name, known: own + context.origins.sorted()))
      }
      // A file may have an origin of its own that it calls "notes".
      marks.insert(context.origins.contains(name) ? "\(context.policy)/\(name)" : name)
    }
    guard !marks.isEmpty else { throw error(.empty("the list")) }
    let sets = marks.contains(ContextSpan.policy) ? context.sets : [:]
    return OriginMatcher(
      origins: marks, policyTexts: sets.keys.sorted().flatMap { sets[$0] ?? [] }, each: each,
      variables: context.variables)
  }
}

extension PolicyVariables {
  /// `text` with a leading variable replaced; nil where the result is no canonical absolute path
  /// or a variable stands elsewhere.
  func path(_ text: String) -> CanonicalPath? {
    var rest = Array(text.utf8)
    var root: [UInt8] = []
    for (name, value) in [("${workspace}", workspace), ("${home}", home)] {
      guard rest.starts(with: Array(name.utf8)) else { continue }
      rest.removeFirst(name.utf8.count)
      guard rest.isEmpty || rest.first == UInt8(ascii: "/") else { return nil }
      root = Array(value.utf8)
      break
    }
    let components = rest.split(separator: UInt8(ascii: "/"))
    guard !String(decoding: rest, as: UTF8.self).contains("${"),
      !components.contains(where: { $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8) })
    else { return nil }
    return CanonicalPath(root + rest)
  }
}

// MARK: Fields

extension Fields {
  fileprivate mutating func scalarChecks(
    _ context: ReadingContext
  ) throws(PolicyError) -> [Matcher.Check] {
    var checks: [Matcher.Check] = []
    if let node = take("oneOf") { checks.append(.oneOf(try node.literals(context))) }
    if let node = take("notOneOf") { checks.append(.notOneOf(try node.literals(context))) }
    if let node = take("re") { checks.append(.pattern(try node.pattern())) }
    if let node = take("notRe") { checks.append(.notPattern(try node.pattern())) }
    if let node = take("maxBytes") { checks.append(.bytesMax(try node.integer(0...(1 << 30)))) }
    if let node = take("under") { checks.append(.under(try node.folders(context))) }
    if let node = take("notUnder") { checks.append(.notUnder(try node.folders(context))) }
    let bounds = -(1 << 50)...(1 << 50)
    let low = try take("min").map { node throws(PolicyError) in try node.integer(bounds) }
    let high = try take("max").map { node throws(PolicyError) in try node.integer(bounds) }
    if low != nil || high != nil {
      let lowest = low.map(Int64.init) ?? .min
      let highest = high.map(Int64.init) ?? .max
      guard lowest <= highest else {
        throw node.error(.notUsable("\"min\" is above \"max\". Exchange them."))
      }
      checks.append(.integers(lowest...highest))
    }
    if let range = try numbers() { checks.append(.numbers(range)) }
    return checks
  }

  /// "atLeast" and "atMost".
  private mutating func numbers() throws(PolicyError) -> ClosedRange<Double>? {
    let low = try take("atLeast").map { node throws(PolicyError) in try node.number() }
    let high = try take("atMost").map { node throws(PolicyError) in try node.number() }
    guard low != nil || high != nil else { return nil }
    let lowest = low ?? -.greatestFiniteMagnitude
    let highest = high ?? .greatestFiniteMagnitude
    guard lowest <= highest else {
      throw node.error(.notUsable("\"atLeast\" is above \"atMost\". Exchange them."))
    }
    return lowest...highest
  }

  fileprivate mutating func listChecks(
    _ context: ReadingContext, depth: Int
  ) throws(PolicyError) -> [Matcher.Check] {
    var checks: [Matcher.Check] = []
    if let node = take("prefix") { checks.append(.prefix(try Self.positions(node, context))) }
    if let node = take("notPrefix") { checks.append(.notPrefix(try Self.positions(node, context))) }
    if let node = take("denyFlags") {
      let flags = try node.literalBytes(context)
      guard flags.allSatisfy({ $0.count > 1 && $0.first == UInt8(ascii: "-") }) else {
        throw node.error(.notUsable("a flag begins with \"-\" and has a name."))
      }
      checks.append(.denyFlags(flags))
    }
    if let node = take("maxLen") { checks.append(.countMax(try node.integer(0...(1 << 20)))) }
    if let node = take("all") { checks.append(.all(try node.matcher(context, depth: depth + 1))) }
    if let node = take("some") { checks.append(.some(try node.matcher(context, depth: depth + 1))) }
    return checks
  }

  /// Positions of an argument list: each a string, a list of alternatives, or a set.
  private static func positions(
    _ node: PolicyNode, _ context: ReadingContext
  ) throws(PolicyError) -> [Set<[UInt8]>] {
    var positions: [Set<[UInt8]>] = []
    for element in try node.list(countMax: 64) {
      if case .array = element.content {
        positions.append(Set(try element.literalBytes(context)))
      } else {
        let strings = try element.expandedString(context)
        guard !strings.contains(where: { $0.contains("${") }) else {
          throw element.error(.notUsable("variables are known in \"under\" and \"notUnder\" only."))
        }
        positions.append(Set(strings.map { Array($0.utf8) }))
      }
    }
    guard !positions.isEmpty else { throw node.error(.empty("the list")) }
    return positions
  }

  /// "from", "notFrom", and "each", which says what of the value they are about.
  fileprivate mutating func originChecks(
    _ context: ReadingContext
  ) throws(PolicyError) -> [Matcher.Check] {
    let each = take("each")
    let item = try each?.word(OriginMatcher.Item.self) ?? .value
    var checks: [Matcher.Check] = []
    if let node = take("from") { checks.append(.from(try node.originMatcher(item, context))) }
    if let node = take("notFrom") { checks.append(.notFrom(try node.originMatcher(item, context))) }
    if let each, checks.isEmpty {
      throw each.error(
        .notUsable("\"each\" says what \"from\" is about, and there is no \"from\" here."))
    }
    return checks
  }

  fileprivate mutating func webMatcher(
    _ context: ReadingContext
  ) throws(PolicyError) -> WebMatcher? {
    let keys = ["scheme", "host", "notHost", "port", "userinfo", "maxQueryBytes", "path"]
    guard has(anyOf: keys) else {
      for key in keys { _ = take(key) }
      return nil
    }
    var web = WebMatcher()
    if let node = take("scheme") {
      web.schemes = Set(try node.words(WebScheme.self).map(\.rawValue))
    }
    if let node = take("host") { web.hosts = try Self.hosts(node, context) }
    if let node = take("notHost") { web.notHosts = try Self.hosts(node, context, mayBeEmpty: true) }
    if let node = take("port") {
      var ports: Set<Int> = []
      for element in try node.list() { ports.insert(try element.integer(1...65_535)) }
      web.ports = ports
    }
    if let node = take("userinfo") { web.mayHaveUserinfo = try node.bool() }
    if let node = take("maxQueryBytes") { web.queryBytesMax = try node.integer(0...(1 << 20)) }
    if let node = take("path") { web.paths = try Self.paths(node, context) }
    return web
  }

  private static func paths(
    _ node: PolicyNode, _ context: ReadingContext
  ) throws(PolicyError) -> [PathPattern] {
    var paths: [PathPattern] = []
    for text in try node.expandedStrings(context) {
      guard let path = PathPattern(text) else {
        throw node.error(
          .notUsable(
            "\"\(text)\" is no path of a URL. Write \"/a/b\" for one, \"/a/*\" for all that begin "
              + "so, without \"..\", \"//\" and escaped slashes."))
      }
      paths.append(path)
    }
    return paths
  }

  private enum WebScheme: String, CaseIterable { case https, http }

  private static func hosts(
    _ node: PolicyNode, _ context: ReadingContext, mayBeEmpty: Bool = false
  ) throws(PolicyError) -> [HostPattern] {
    if mayBeEmpty, try node.list().isEmpty { return [] }
    var hosts: [HostPattern] = []
    for text in try node.expandedStrings(context) {
      let isWildcard = text.utf8.starts(with: Array("*.".utf8))
      let name = isWildcard ? String(text.dropFirst(2)) : text
      guard let canonical = IPAddress(v6: name)?.description ?? WebAddress.canonicalName(name)
      else {
        throw node.error(
          .notUsable(
            "\"\(text)\" is no host. Write a name such as docs.example.com, \"*.\" and a name for "
              + "everything below it, or an address; for any public host, notHost: []."))
      }
      hosts.append(
        HostPattern(
          name: Array(((isWildcard ? "." : "") + canonical).utf8), isWildcard: isWildcard))
    }
    return hosts
  }
}

extension Matcher {
  /// Refuses matchers whose demands no single value can meet, since each is of another type.
  fileprivate func checkTypes(at node: PolicyNode) throws(PolicyError) {
    var kinds: Set<String> = []
    for check in checks {
      switch check {
      case .anything, .oneOf, .notOneOf, .from, .notFrom: break
      case .pattern, .notPattern, .bytesMax, .under, .notUnder, .web: kinds.insert("strings")
      case .integers, .numbers: kinds.insert("numbers")
      case .prefix, .notPrefix, .denyFlags, .countMax, .all, .some: kinds.insert("lists")
      }
    }
    guard kinds.count <= 1 else {
      throw node.error(
        .notUsable(
          "no value meets all of this: some of it is for \(kinds.sorted().joined(separator: ", some for "))."
        ))
    }
  }
}
