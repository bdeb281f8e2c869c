// LeasePattern.swift — which calls a lease answers for: one tool, and some arguments.
//
// Written as the "args" of a rule ("any", or an object of matchers in JSON5), or as "=" and JSON for
// exactly these arguments.

import Base

/// The calls that a lease stands for. A lease is an answer given in advance: it settles an ask and
/// nothing else.
public struct LeasePattern: Equatable, Sendable {
  private enum Arguments: Equatable, Sendable {
    case exactly(String)
    case matching(Rule)
  }

  public let tool: String
  /// As it was written, to be kept and shown.
  public let text: String
  private let arguments: Arguments

  /// Reads a pattern.
  ///
  /// - Parameters:
  ///   - tool: A full name; leases know no wildcards.
  ///   - text: As the head of this file says.
  ///   - variables: For paths in matchers.
  /// - Throws: ``PolicyError`` that names the place in `text`.
  public init(
    tool: String, arguments text: String, variables: PolicyVariables
  ) throws(PolicyError) {
    let source = "the lease"
    guard !tool.isEmpty, tool.utf8.allSatisfy({ (0x21..<0x7F).contains($0) && $0 != 0x2A }) else {
      throw PolicyError(
        source: source,
        problem: .notUsable("a lease is for one tool. Write its full name, without \"*\"."))
    }
    self.tool = tool
    self.text = text
    if text.utf8.first == UInt8(ascii: "=") {
      let json = String(text.dropFirst())
      guard let value = try? JSONReader.value(json, source: source), case .object = value else {
        throw PolicyError(
          source: source, problem: .notUsable("after \"=\" there should be a JSON object."))
      }
      arguments = .exactly(value.sorted.compactText)
      return
    }
    // "any" may come without its quotes.
    let written = text == "any" ? "'any'" : text
    let node = try PolicyNode.read(SourceText(name: source, bytes: Array(written.utf8)))
    arguments = .matching(try node.leaseRule(tool, ReadingContext(variables: variables)))
  }

  /// The pattern of exactly this effect.
  public static func exactly(_ effect: Effect) -> String {
    "=" + effect.arguments.sorted.compactText
  }

  /// Whether the lease stands for `effect`. What the policy makes of it is another question.
  public func covers(_ effect: Effect, _ state: PolicyState) -> Bool {
    let subject = Subject(effect, context: state.context, records: state.records)
    guard subject.flaw == nil, subject.names.contains(where: { $0.elementsEqual(tool.utf8) })
    else { return false }
    switch arguments {
    case .exactly(let json):
      return effect.arguments.sorted.compactText.utf8.elementsEqual(json.utf8)
    case .matching(let rule): return rule.mismatch(subject) == nil
    }
  }
}

extension PolicyNode {
  fileprivate func leaseRule(
    _ tool: String, _ context: ReadingContext
  ) throws(PolicyError) -> Rule {
    Rule(
      id: "lease", verdict: .ask, tools: [try namePattern(tool)],
      arguments: try argumentMatchers(context), actors: nil, manifestDigest: nil,
      sandboxProfile: nil, budget: nil, reason: nil)
  }
}
