// RuleCondition.swift — what a rule demands besides tool and arguments: what the tool can do, what has been
// read before, and that the call as a whole was said by somebody who may say it.
//
//     can: ['send']          the tool can do at least one of these
//     canOnly: ['read']      and it can do nothing else; an unknown tool can do everything
//     after: ['untrusted']   text with all of these labels has been read
//     from, notFrom          every argument was said by one of these origins, or not every one

import Base

/// The conditions of one rule; all have to hold.
struct RuleCondition: Equatable, Sendable {
  var can: Set<Effect.Kind>?
  var canOnly: Set<Effect.Kind>?
  var after: Set<String> = []
  var from: OriginMatcher?
  var notFrom: OriginMatcher?

  /// What fails of it, as the end of a sentence that begins with "it"; nil where all holds.
  func failure(_ subject: Subject) -> String? {
    if let can, can.isDisjoint(with: subject.kinds) {
      return "is for tools that can \(Self.list(can, "or"))"
    }
    if let canOnly, !subject.kinds.isSubset(of: canOnly) {
      return "is for tools that can do nothing but \(Self.list(canOnly, "and"))"
    }
    if !after.isSubset(of: subject.labels) {
      return "is for when what has been read is \(after.sorted().joined(separator: ", "))"
    }
    if let from, !subject.isSaid(by: from) {
      return "is for calls of which every argument comes \(from.shown)"
    }
    if let notFrom, subject.isSaid(by: notFrom) {
      return "is for calls of which not every argument comes \(notFrom.shown)"
    }
    return nil
  }

  /// Whether this holds wherever `other` holds, as far as can be read off the two.
  func covers(_ other: RuleCondition) -> Bool {
    if let can {
      guard let others = other.can, others.isSubset(of: can) else { return false }
    }
    if let canOnly {
      guard let others = other.canOnly, others.isSubset(of: canOnly) else { return false }
    }
    guard after.isSubset(of: other.after) else { return false }
    if let from { guard other.from == from else { return false } }
    if let notFrom { guard other.notFrom == notFrom else { return false } }
    return true
  }

  /// The origins that the conditions look at.
  var origins: Set<String> { (from?.origins ?? []).union(notFrom?.origins ?? []) }

  private static func list(_ kinds: Set<Effect.Kind>, _ joint: String) -> String {
    kinds.map(\.rawValue).sorted().joined(separator: " \(joint) ")
  }
}

extension OriginMatcher {
  fileprivate var shown: String { "from: \(origins.sorted().joined(separator: ", "))" }
}

// MARK: A call as a whole

extension Subject {
  /// A text that is said has to be at least so long, unless others of the call are: "13" stands in many
  /// a task that is not about it.
  private static let tellingBytesMin = 4

  /// Whether every argument was said by one of the origins.
  ///
  /// Texts and numbers at any depth count, and truth values and null do not: they say nothing by
  /// themselves. At least one text has to be telling: four bytes or more, and not of digits alone. What the
  /// tool's manifest calls content may be the model's own words; then only the hosts and the recipients
  /// that are named in it have to have been said. What it calls a reference may also be the identifier of
  /// a record that was named: see ``NamedRecord``. Not both at once: the record may be a stranger's, who
  /// would read the words.
  func isSaid(by matcher: OriginMatcher) -> Bool {
    guard case .object(let object) = sentArguments else { return false }
    let spans = matcher.texts(in: context)
    guard !spans.isEmpty else { return false }
    var scalars: [JSONValue] = []
    var content: [String] = []
    var references: [JSONValue] = []
    for (key, value) in object {
      if contentArguments.contains(key) {
        value.forEachString { content.append($0) }
      } else if referenceArguments.contains(key) {
        value.forEachScalar { references.append($0) }
      } else {
        value.forEachScalar { scalars.append($0) }
      }
    }
    let named =
      content.allSatisfy(\.isEmpty) ? references.filter { standsForNamed($0, spans) } : []
    scalars += references.filter { !named.contains($0) }
    guard !named.isEmpty || scalars.contains(where: Self.isTelling) else { return false }
    return scalars.allSatisfy { scalar in
      switch scalar {
      case .string(let text): spans.contains { Occurrence.isSaidInParts(text, in: $0) }
      case .number: spans.contains { Occurrence.isNumberSaid(scalar.doubleValue, in: $0) }
      case .null, .bool, .array, .object: true
      }
    } && content.allSatisfy { matcher.namesNobodyElse($0, spans) }
  }

  private static func isTelling(_ scalar: JSONValue) -> Bool {
    guard case .string(let text) = scalar else { return false }
    return text.utf8.count >= tellingBytesMin && !text.utf8.allSatisfy { $0 < 0x3A }
  }
}

extension OriginMatcher {
  /// The texts that count: of the spans of these origins, and of the policy's own sets.
  func texts(in context: [ContextSpan]) -> [String] {
    policyTexts + context.filter { !$0.origins.isDisjoint(with: origins) }.map(\.text)
  }

  /// Whether each host and each recipient that `text` names was named by `spans` too.
  fileprivate func namesNobodyElse(_ text: String, _ spans: [String]) -> Bool {
    [Item.host, .recipient].allSatisfy { item in
      let named = ContextItems(of: text, item, variables, isWholeValue: true)
      guard named.isReadable else { return false }
      var open = named.items
      for span in spans where !open.isEmpty {
        open.subtract(ContextItems(of: span, item, variables, isWholeValue: false).items)
      }
      return open.isEmpty
    }
  }
}

extension Occurrence {
  /// Whether `text` says `value`, or says each word of it where all of them are dates, times or numbers.
  static func isSaidInParts(_ value: String, in text: String) -> Bool {
    if isSaid(value, in: text) { return true }
    let words = value.split { $0.isWhitespace || $0 == "T" }
    return words.count > 1
      && words.allSatisfy { word in
        word.utf8.allSatisfy { (0x30...0x39).contains($0) || "-:./".utf8.contains($0) }
          && isSaid(String(word), in: text)
      }
  }

  /// Whether `text` has the number in it, in digits: "98.7" for 98.70, "$2,200" for 2200.
  static func isNumberSaid(_ number: Double?, in text: String) -> Bool {
    guard let number, number.isFinite else { return false }
    let words = text.utf8.split { byte in
      byte <= 0x20 || byte >= 0x80 || "\"'`<>(){}[]|;$".utf8.contains(byte)
    }
    return words.contains { word in
      var digits = word.filter { $0 != UInt8(ascii: ",") }
      while let last = digits.last, ".:!?%".utf8.contains(last) { digits.removeLast() }
      return Double(String(decoding: digits, as: UTF8.self)) == number
    }
  }
}

extension JSONValue {
  /// Every text, number, truth value and null in the value.
  fileprivate func forEachScalar(_ body: (JSONValue) -> Void) {
    switch self {
    case .null, .bool, .number, .string: body(self)
    case .array(let elements): for element in elements { element.forEachScalar(body) }
    case .object(let object):
      for (key, value) in object {
        // A key can carry words as well as a value can.
        body(.string(key))
        value.forEachScalar(body)
      }
    }
  }
}
