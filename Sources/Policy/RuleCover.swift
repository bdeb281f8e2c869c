// RuleCover.swift — whether one rule matches everything that another one matches.
//
// For lint: it says yes only where that can be read off the two rules, so that a rule which is called
// unreachable is. Patterns are compared as texts.

import Base

extension Rule {
  /// Whether every effect that `other` matches is matched by this rule too.
  func covers(_ other: Rule) -> Bool {
    guard other.tools.allSatisfy({ tool in tools.contains { $0.covers(tool) } }) else {
      return false
    }
    guard
      otherTools.allSatisfy({ excluded in
        other.otherTools.contains { $0.covers(excluded) }
          || !other.tools.contains { $0.overlaps(excluded) }
      })
    else { return false }
    if let actors {
      guard let others = other.actors, others.isSubset(of: actors) else { return false }
    }
    if let manifestDigest, manifestDigest != other.manifestDigest { return false }
    return condition.covers(other.condition) && coversArguments(of: other)
  }

  private func coversArguments(of other: Rule) -> Bool {
    switch (arguments, other.arguments) {
    case (.any, _):
      // A rule that denies also matches arguments that are no object; one that grants does not.
      return verdict == .deny || other.verdict != .deny || !other.matchesNoObject
    case (.named(let own), .any): return verdict == .deny && own.isEmpty
    case (.named(let own), .named(let others)):
      for matcher in own {
        guard let narrower = others.first(where: { $0.nameBytes == matcher.nameBytes }) else {
          // The other rule says nothing of it: a rule that grants then refuses it, which is as good as
          // absent; one that denies lets it be anything.
          guard matcher.matcher.isOptional, other.verdict != .deny else { return false }
          continue
        }
        guard matcher.matcher.isOptional || !narrower.matcher.isOptional,
          matcher.matcher.covers(narrower.matcher, sameReading: verdict == other.verdict)
        else { return false }
      }
      guard verdict != .deny else { return true }
      // A rule that grants accounts for every argument.
      return other.verdict != .deny
        && others.allSatisfy { other in own.contains { $0.nameBytes == other.nameBytes } }
    }
  }

  private var matchesNoObject: Bool {
    guard case .named(let matchers) = arguments else { return verdict == .deny }
    return verdict == .deny && matchers.isEmpty
  }
}

extension NamePattern {
  /// Whether every name that `other` matches is matched by this pattern too.
  func covers(_ other: NamePattern) -> Bool {
    let own = text.utf8.last == UInt8(ascii: "*") ? Array(text.utf8.dropLast()) : nil
    guard let own else { return text.utf8.elementsEqual(other.text.utf8) }
    return Array(other.text.utf8).starts(with: own)
  }

  /// Whether some name could match both.
  func overlaps(_ other: NamePattern) -> Bool {
    let left = text.utf8.last == UInt8(ascii: "*") ? text.utf8.dropLast() : text.utf8[...]
    let right =
      other.text.utf8.last == UInt8(ascii: "*") ? other.text.utf8.dropLast() : other.text.utf8[...]
    let isOpen = left.count < text.utf8.count
    let isOtherOpen = right.count < other.text.utf8.count
    if isOpen, right.starts(with: left) { return true }
    if isOtherOpen, left.starts(with: right) { return true }
    return left.elementsEqual(right)
  }
}

extension Matcher {
  /// Whether each demand here is met wherever all demands of `other` are met.
  func covers(_ other: Matcher, sameReading: Bool) -> Bool {
    checks.allSatisfy { check in
      other.checks.contains { check.isMet(wherever: $0, sameReading: sameReading) }
    }
  }
}

extension Matcher.Check {
  fileprivate func isMet(wherever other: Matcher.Check, sameReading: Bool) -> Bool {
    switch (self, other) {
    case (.anything, _): return true
    case (.oneOf(let own), .oneOf(let others)): return others.isSubset(of: own)
    case (.notOneOf(let own), .oneOf(let others)): return own.isDisjoint(with: others)
    case (.notOneOf(let own), .notOneOf(let others)): return own.isSubset(of: others)
    case (.pattern(let own), .pattern(let others)): return own == others
    case (.notPattern(let own), .notPattern(let others)): return own == others
    case (.bytesMax(let own), .bytesMax(let others)): return others <= own
    case (.bytesMax(let own), .oneOf(let others)):
      return others.allSatisfy { literal in
        guard case .text(let bytes) = literal else { return false }
        return bytes.count <= own
      }
    case (.under(let own), .under(let others)):
      return others.allSatisfy { folder in own.contains { folder.isUnder($0) } }
    case (.under(let own), .oneOf(let others)):
      return others.allSatisfy { literal in
        guard case .text(let bytes) = literal, let path = CanonicalPath(bytes) else { return false }
        return own.contains { path.isUnder($0) }
      }
    case (.notUnder(let own), .notUnder(let others)):
      return own.allSatisfy { folder in others.contains { folder.isUnder($0) } }
    case (.integers(let own), .integers(let others)):
      return own.lowerBound <= others.lowerBound && others.upperBound <= own.upperBound
    case (.numbers(let own), .numbers(let others)):
      return own.lowerBound <= others.lowerBound && others.upperBound <= own.upperBound
    case (.numbers(let own), .integers(let others)):
      return own.lowerBound <= Double(others.lowerBound)
        && Double(others.upperBound) <= own.upperBound
    case (.prefix(let own), .prefix(let others)):
      return own.count <= others.count && zip(own, others).allSatisfy { $1.isSubset(of: $0) }
    case (.denyFlags(let own), .denyFlags(let others)): return Set(own).isSubset(of: Set(others))
    case (.countMax(let own), .countMax(let others)): return others <= own
    case (.all(let own), .all(let others)): return own.covers(others, sameReading: sameReading)
    case (.some(let own), .some(let others)): return own.covers(others, sameReading: sameReading)
    case (.web(let own), .web(let others)): return own.covers(others, sameReading: sameReading)
    case (.from(let own), .from(let others)):
      return own.each == others.each && others.origins.isSubset(of: own.origins)
        && own.policyTexts == others.policyTexts
    case (.notFrom(let own), .notFrom(let others)):
      return own.each == others.each && own.origins.isSubset(of: others.origins)
        && own.policyTexts == others.policyTexts
    default: return false
    }
  }
}

extension WebMatcher {
  fileprivate func covers(_ other: WebMatcher, sameReading: Bool) -> Bool {
    // What is special is granted by its name alone, so a grant covers less than it seems to.
    guard sameReading || notHosts == nil || hosts != nil else { return false }
    if let schemes {
      guard let others = other.schemes, others.isSubset(of: schemes) else { return false }
    }
    if let ports {
      guard let others = other.ports, others.isSubset(of: ports) else { return false }
    }
    if let queryBytesMax {
      guard let others = other.queryBytesMax, others <= queryBytesMax else { return false }
    }
    if let paths {
      // What is read in two ways, a rule that denies matches and one that grants does not.
      guard sameReading, let others = other.paths,
        others.allSatisfy({ path in paths.contains { $0.covers(path) } })
      else { return false }
    }
    if let hosts {
      guard let others = other.hosts,
        others.allSatisfy({ host in hosts.contains { $0.covers(host) } })
      else { return false }
    }
    if let notHosts, !notHosts.isEmpty {
      guard let others = other.notHosts,
        notHosts.allSatisfy({ host in others.contains { $0.covers(host) } })
      else { return false }
    }
    return mayHaveUserinfo == other.mayHaveUserinfo || mayHaveUserinfo == true
  }
}

extension HostPattern {
  fileprivate func covers(_ other: HostPattern) -> Bool {
    guard isWildcard else { return self == other }
    return other.name.count >= name.count + (other.isWildcard ? 0 : 1)
      && other.name.suffix(name.count) == name[...]
  }
}
