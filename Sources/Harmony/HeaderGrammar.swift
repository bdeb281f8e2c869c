// HeaderGrammar.swift — Harmony as a decoding constraint: what may be sampled next.
//
// gpt-oss emits, and the grammar admits, from `<|start|>assistant` on:
//   analysis and commentary without a recipient   … <|end|>, then <|start|>assistant and a header
//   a message to a tool                           … <|call|>, and sampling is over
//   a final message                               … <|return|>, and sampling is over
// Inside content every token but the special ones is allowed, or what a constraint allows. Which
// tools can be called may change between messages; what cannot be called now cannot be sampled.

public import Base
import Tokenizer

/// The state of sampling one turn. A value: copy it to look ahead.
public struct HeaderGrammar: Sendable {
  private enum State {
    case header(Int)
    case content(ContentRule)
    case done
  }

  private let vocabulary: HarmonyVocabulary
  private var rules: HeaderRules
  private var automaton: HeaderAutomaton
  /// Waits for the header that is being sampled to end.
  private var nextAutomaton: HeaderAutomaton?
  private var state = State.header(HeaderAutomaton.head)
  /// Every id that is no text: special tokens, and rows without a token.
  private let notText: Set<TokenID>
  private let notTextMask: TokenMask
  /// `notText` without the one token that ends the message, by that token.
  private var notContent: [TokenID: Set<TokenID>] = [:]

  /// Begins behind `<|start|>assistant`. `rowCount` is the number of logits that the model has: ids
  /// from the vocabulary's size on are never allowed. Fails where the rules allow no header, or name
  /// something that no header can.
  public init(
    _ vocabulary: HarmonyVocabulary, rules: HeaderRules, rowCount: Int = 0
  ) throws(HarmonyError) {
    self.vocabulary = vocabulary
    self.rules = rules
    automaton = try HeaderAutomaton(vocabulary, rules)
    var notText = vocabulary.tokens.reserved
    notText.formUnion(vocabulary.tokenizer.specials.values)
    let size = vocabulary.tokenizer.vocabularySize
    for row in size..<max(size, rowCount) { notText.insert(TokenID(Int32(clamping: row))) }
    self.notText = notText
    var mask = TokenMask(rowCount: max(size, rowCount))
    for token in notText { mask.insert(token) }
    notTextMask = mask
    let tokens = vocabulary.tokens
    for terminator in [tokens.end, tokens.call, tokens.return] {
      notContent[terminator] = notText.subtracting([terminator])
    }
  }

  /// Whether the turn is over; nothing may be sampled any more.
  public var isDone: Bool {
    if case .done = state { true } else { false }
  }

  /// Replaces the tools that may be called. A header that is being sampled already is still finished
  /// by the old rules, so a caller that withdraws a tool judges the call all the same.
  public mutating func setTools(_ tools: [CallableTool]) throws(HarmonyError) {
    var newRules = rules
    newRules.tools = tools
    nextAutomaton = try HeaderAutomaton(vocabulary, newRules)
    rules = newRules
    settle()
  }

  /// What may be sampled next: never nothing before the turn is over.
  public func allowed() -> AllowedTokens {
    switch state {
    case .header(let node): .only(automaton.tokens(from: node))
    case .content(let rule): allowed(by: rule)
    case .done: .only([])
    }
  }

  /// Takes the sampled token. Returns false, changing nothing, where it was not allowed.
  public mutating func advance(_ token: TokenID) -> Bool {
    switch state {
    case .header(let node):
      guard let next = automaton.next(token, from: node) else { return false }
      state = automaton.content(at: next).map(State.content) ?? .header(next)
      settle()
    case .content(var rule):
      guard vocabulary.tokenizer.hasToken(token), allows(token, by: rule) else { return false }
      if token == rule.terminator {
        let isOver = token != vocabulary.tokens.end
        state = isOver ? .done : .header(HeaderAutomaton.between)
      } else {
        rule.constraint?.advance(token)
        state = .content(rule)
      }
    case .done: return false
    }
    return true
  }

  /// Puts the next automaton in place as soon as no header depends on the old one.
  private mutating func settle() {
    if case .header(let node) = state, node >= automaton.commonCount { return }
    guard let nextAutomaton else { return }
    automaton = nextAutomaton
    self.nextAutomaton = nil
  }

  /// As ``allowed(by:)`` says, without finding all that is allowed.
  private func allows(_ token: TokenID, by rule: ContentRule) -> Bool {
    if token == rule.terminator { return rule.constraint?.mayEnd ?? true }
    return !notText.contains(token) && rule.constraint?.allows(token) ?? true
  }

  private func allowed(by rule: ContentRule) -> AllowedTokens {
    let mayEnd = rule.constraint?.mayEnd ?? true
    let forbidden = mayEnd ? notContent[rule.terminator] ?? notText : notText
    switch rule.constraint?.allowed {
    case nil: return .allExcept(forbidden)
    case .allExcept(let tokens):
      return .allExcept(forbidden.union(tokens.subtracting([rule.terminator])))
    case .only(let tokens):
      let text = tokens.subtracting(notText)
      return .only(mayEnd ? text.union([rule.terminator]) : text)
    case .mask(var mask):
      mask.subtract(notTextMask)
      if mayEnd { mask.insert(rule.terminator) }
      return .mask(mask)
    }
  }
}
