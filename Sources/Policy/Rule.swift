// Rule.swift — one rule, and why it does or does not match.

import Base

/// What a policy says about an effect, from weakest to strictest.
public enum Verdict: String, CaseIterable, Comparable, Sendable {
  case allow, ask, deny

  private var severity: Int {
    switch self {
    case .allow: 0
    case .ask: 1
    case .deny: 2
    }
  }

  public static func < (left: Verdict, right: Verdict) -> Bool { left.severity < right.severity }
}

struct Rule: Equatable, Sendable {
  struct NamedMatcher: Equatable, Sendable {
    let name: String
    let nameBytes: [UInt8]
    let matcher: Matcher

    init(name: String, matcher: Matcher) {
      self.name = name
      nameBytes = Array(name.utf8)
      self.matcher = matcher
    }
  }

  enum Arguments: Equatable, Sendable {
    /// Whatever they are, as long as they are an object.
    case any
    case named([NamedMatcher])
  }

  let id: String
  let verdict: Verdict
  let tools: [NamePattern]
  /// Tools of these names are none of the rule's.
  var otherTools: [NamePattern] = []
  let arguments: Arguments
  /// On whose account; nil for anyone's.
  let actors: Set<Effect.Actor>?
  /// What else has to hold.
  var condition = RuleCondition()
  /// The tool's manifest digest that the rule was written for.
  let manifestDigest: String?
  let sandboxProfile: String?
  let budget: String?
  let reason: String?

  /// Why the rule does not match, the first condition that fails; nil where it matches.
  func mismatch(_ subject: Subject) -> Mismatch? {
    guard isFor(subject) else { return .tool }
    if let actors, !actors.contains(subject.actor) { return .actor(actors) }
    if let manifestDigest, manifestDigest != subject.manifestDigest { return .manifest }
    if let mismatch = argumentMismatch(subject) { return mismatch }
    return condition.failure(subject).map(Mismatch.condition)
  }

  /// Whether the rule is for the tool.
  func isFor(_ subject: Subject) -> Bool {
    tools.contains { $0.matches(anyOf: subject.names) }
      && !otherTools.contains { $0.matches(anyOf: subject.names) }
  }

  private func argumentMismatch(_ subject: Subject) -> Mismatch? {
    let polarity: Polarity = verdict == .deny ? .denying : .granting
    let reading = Reading(polarity, context: subject.context)
    switch arguments {
    case .any: return polarity == .granting && subject.arguments == nil ? .noObject : nil
    case .named(let matchers):
      if subject.arguments == nil, polarity == .granting || !matchers.isEmpty { return .noObject }
      for matcher in matchers {
        guard let argument = subject.argument(matcher.nameBytes) else {
          if matcher.matcher.isOptional { continue }
          return .missing(matcher.name)
        }
        if let check = matcher.matcher.failure(on: argument.value, reading) {
          return .refused(matcher.name, check)
        }
      }
      guard polarity == .granting,
        let extra = subject.firstArgument(notIn: matchers.map(\.nameBytes))
      else { return nil }
      return .extra(String(decoding: extra.name.prefix(80), as: UTF8.self))
    }
  }

  /// The first condition of a rule that an effect does not meet.
  enum Mismatch: Equatable, Sendable {
    case tool
    case actor(Set<Effect.Actor>)
    case manifest
    case noObject
    case missing(String)
    case refused(String, Matcher.Check)
    case extra(String)
    /// What of the rule's other conditions fails.
    case condition(String)
  }
}

extension Rule.Mismatch: CustomStringConvertible {
  /// A sentence without its full stop.
  var description: String {
    switch self {
    case .tool: "it is for other tools"
    case .actor(let actors):
      "it is for what is asked by: \(actors.map(\.rawValue).sorted().joined(separator: ", "))"
    case .manifest: "it is pinned to another manifest of the tool"
    case .noObject: "the arguments are no object"
    case .missing(let name): "the argument \"\(name)\" is missing"
    case .refused(let name, let check): "the argument \"\(name)\" \(check)"
    case .extra(let name): "it does not account for the argument \"\(name)\""
    case .condition(let failure): "it \(failure)"
    }
  }
}

extension OriginMatcher {
  /// What a value fails to be that none of the origins said, or that all of it was said.
  fileprivate func mismatch(isFrom: Bool) -> String {
    let names = "from: \(origins.sorted().joined(separator: ", "))"
    guard each != .value else { return isFrom ? "does not come \(names)" : "comes \(names)" }
    return isFrom
      ? "names no \(each.rawValue), or one that does not come \(names)"
      : "names only what comes \(names), each \(each.rawValue) of it"
  }
}

extension Matcher.Check: CustomStringConvertible {
  /// What the argument fails to be: "is not under /srv/work".
  var description: String {
    switch self {
    case .anything: "is not anything"
    case .oneOf(let literals): "is none of \(Self.show(literals))"
    case .notOneOf(let literals): "is one of \(Self.show(literals)), or of another type"
    case .pattern(let pattern): "does not match \(pattern.text)"
    case .notPattern(let pattern): "matches \(pattern.text), or is no string"
    case .bytesMax(let bytesMax): "is no string of at most \(bytesMax) bytes"
    case .under(let folders): "is no absolute path under \(Self.show(folders))"
    case .notUnder(let folders): "is no absolute path outside \(Self.show(folders))"
    case .web: "is no URL that the rule accepts"
    case .integers(let range): Self.show(range)
    case .numbers(let range): Self.show(range)
    case .prefix(let positions): "is no argument list that begins with \(Self.show(positions))"
    case .notPrefix(let positions):
      "is no argument list that begins otherwise than \(Self.show(positions))"
    case .denyFlags(let flags): "has one of the flags \(Self.show(flags)), or is no argument list"
    case .countMax(let countMax): "is no list of at most \(countMax) elements"
    case .from(let matcher): matcher.mismatch(isFrom: true)
    case .notFrom(let matcher): matcher.mismatch(isFrom: false)
    case .all(let matcher):
      "has an element that the rule refuses: one of them \(Self.first(matcher))"
    case .some(let matcher):
      "has no element that the rule means: each of them \(Self.first(matcher))"
    }
  }

  private static func first(_ matcher: Matcher) -> String {
    matcher.checks.map(\.description).joined(separator: ", or ")
  }

  private static func show(_ range: ClosedRange<Int64>) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (.min, let high): "is no whole number up to \(high)"
    case (let low, .max): "is no whole number from \(low) up"
    case (let low, let high): "is no whole number from \(low) to \(high)"
    }
  }

  private static func show(_ range: ClosedRange<Double>) -> String {
    let most = Double.greatestFiniteMagnitude
    return switch (range.lowerBound, range.upperBound) {
    case (-most, let high): "is no number of at most \(short(high))"
    case (let low, most): "is no number of at least \(short(low))"
    case (let low, let high): "is no number from \(short(low)) to \(short(high))"
    }
  }

  /// "50" for 50.0; nobody writes bounds that need more than that.
  private static func short(_ number: Double) -> String {
    Int64(exactly: number).map(String.init) ?? String(number)
  }

  private static func show(_ literals: Set<Literal>) -> String {
    abridged(
      literals.map { literal in
        switch literal {
        case .text(let bytes): String(decoding: bytes, as: UTF8.self)
        case .integer(let value): String(value)
        case .bool(let value): String(value)
        }
      }.sorted())
  }

  private static func show(_ folders: [CanonicalPath]) -> String {
    abridged(folders.map { String(decoding: $0.bytes, as: UTF8.self) })
  }

  private static func show(_ texts: [[UInt8]]) -> String {
    abridged(texts.map { String(decoding: $0, as: UTF8.self) })
  }

  private static func show(_ positions: [Set<[UInt8]>]) -> String {
    positions.map { alternatives in
      abridged(alternatives.map { String(decoding: $0, as: UTF8.self) }.sorted(), joint: "|")
    }.joined(separator: " ")
  }

  private static func abridged(_ words: [String], joint: String = ", ") -> String {
    let shown = words.prefix(6).joined(separator: joint)
    return words.count > 6 ? shown + joint + "…" : shown
  }
}
