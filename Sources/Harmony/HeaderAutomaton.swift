// HeaderAutomaton.swift — all headers that the rules allow, as one automaton over bytes and markers.
//
//   between ─<|start|>─▶ author ─"assistant"─▶ head
//   head ─<|channel|>─▶ ─CHANNEL [" to=" NAME]─▶ ─[type]─<|message|>─▶ content
//   head ─" to=" NAME─▶ ─<|channel|>─▶ ─CHANNEL─▶ ─[type]─<|message|>─▶ content
//   type: " " TYPE, " " <|constrain|> TYPE, or <|constrain|> TYPE
//
// Text is spelled in bytes, so that every tokenisation of a name is known, whichever the model prefers.

import Base
import Tokenizer

/// What the content of a message may be, once its header is complete.
struct ContentRule: Sendable {
  var terminator: TokenID
  /// Nil: anything.
  var constraint: (any ContentConstraint)?
}

struct HeaderAutomaton: Sendable {
  /// No token that spells a name is longer, or else its parts do.
  private static let tokenBytesMax = 32

  /// After a message; at the author of the next; behind the author, where the first header begins.
  static let between = 0
  static let author = 1
  static let head = 2

  private struct Node {
    var bytes: [(byte: UInt8, next: Int)] = []
    var markers: [(token: TokenID, next: Int)] = []
    /// Set where content begins.
    var content: ContentRule?
  }

  private let vocabulary: HarmonyVocabulary
  private var nodes = [Node(), Node(), Node()]
  /// Nodes below this number are alike in all automata.
  private(set) var commonCount = 0

  init(_ vocabulary: HarmonyVocabulary, _ rules: HeaderRules) throws(HarmonyError) {
    self.vocabulary = vocabulary
    guard !rules.channels.isEmpty || rules.tools.contains(where: { !$0.channels.isEmpty }) else {
      throw .noChannel
    }
    let tokens = vocabulary.tokens
    mark(tokens.start, from: Self.between, to: Self.author)
    spell(HarmonyRole.assistant.rawValue, from: Self.author, to: Self.head)
    commonCount = nodes.count
    let slot = newNode()
    mark(tokens.channel, from: Self.head, to: slot)
    try Self.check(rules)
    for channel in rules.channels {
      let isFinal = channel == .final
      let rule = ContentRule(
        terminator: isFinal ? tokens.return : tokens.end, constraint: isFinal ? rules.answer : nil)
      closeHeader(
        spell(channel.rawValue, from: slot), types: isFinal ? rules.answerTypes : [], rule)
    }
    for tool in rules.tools { add(tool, slot: slot) }
  }

  // MARK: Building

  private mutating func add(_ tool: CallableTool, slot: Int) {
    guard !tool.channels.isEmpty else { return }
    let address = " " + HeaderReader.recipientMark + tool.name
    let rule = ContentRule(
      terminator: vocabulary.tokens.call, constraint: tool.arguments)
    let named = spell(address, from: Self.head)
    let ownSlot = mark(vocabulary.tokens.channel, from: named)
    for channel in tool.channels {
      closeHeader(
        spell(channel.rawValue + address, from: slot), types: tool.contentTypes, rule)
      closeHeader(spell(channel.rawValue, from: ownSlot), types: tool.contentTypes, rule)
    }
  }

  /// An optional content type, then `<|message|>`.
  private mutating func closeHeader(_ node: Int, types: [String], _ rule: ContentRule) {
    let content = mark(vocabulary.tokens.message, from: node)
    nodes[content].content = rule
    for type in types {
      mark(vocabulary.tokens.message, from: spell(" " + type, from: node), to: content)
      for space in ["", " "] {
        let constrained = mark(vocabulary.tokens.constrain, from: spell(space, from: node))
        mark(vocabulary.tokens.message, from: spell(type, from: constrained), to: content)
      }
    }
  }

  private mutating func newNode() -> Int {
    nodes.append(Node())
    return nodes.count - 1
  }

  /// The node that `text` leads to; made where there is none. Its last byte leads to `end` if given.
  @discardableResult
  private mutating func spell(_ text: String, from start: Int, to end: Int? = nil) -> Int {
    var node = start
    for (index, byte) in text.utf8.enumerated() {
      if let edge = nodes[node].bytes.first(where: { $0.byte == byte }) {
        node = edge.next
        continue
      }
      let isLast = index == text.utf8.count - 1
      let next = isLast ? end ?? newNode() : newNode()
      nodes[node].bytes.append((byte, next))
      node = next
    }
    return node
  }

  /// The node that a marker leads to; made, or `end`, where there is none.
  @discardableResult
  private mutating func mark(_ token: TokenID, from start: Int, to end: Int? = nil) -> Int {
    if let edge = nodes[start].markers.first(where: { $0.token == token }) { return edge.next }
    let next = end ?? newNode()
    nodes[start].markers.append((token, next))
    return next
  }

  /// Refuses words that a header cannot hold as one word, or that could be spelled in parts of
  /// characters.
  private static func check(_ rules: HeaderRules) throws(HarmonyError) {
    for channel in rules.channels + rules.tools.flatMap(\.channels)
    where !HarmonyChannel.all.contains(channel) {
      throw .unusableHeaderWord(word: channel.rawValue, reason: "it is not a channel")
    }
    for tool in rules.tools where tool.name == HarmonyRole.assistant.rawValue {
      throw .unusableHeaderWord(word: tool.name, reason: "it is the name of a role")
    }
    for word in rules.tools.flatMap({ [$0.name] + $0.contentTypes }) + rules.answerTypes {
      if word.isEmpty {
        throw .unusableHeaderWord(word: word, reason: "it is empty")
      }
      if !word.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "<") }) {
        throw .unusableHeaderWord(word: word, reason: "only visible ASCII without \"<\" can")
      }
    }
  }

  // MARK: Walking

  /// What the content is allowed to be, if it begins at `node`.
  func content(at node: Int) -> ContentRule? { nodes[node].content }

  /// The node that a token leads to; nil where the rules do not allow it.
  func next(_ token: TokenID, from start: Int) -> Int? {
    if let edge = nodes[start].markers.first(where: { $0.token == token }) { return edge.next }
    guard !vocabulary.tokenizer.isSpecial(token), let bytes = vocabulary.tokenizer.bytes(of: token)
    else { return nil }
    var node = start
    for byte in bytes {
      guard let edge = nodes[node].bytes.first(where: { $0.byte == byte }) else { return nil }
      node = edge.next
    }
    return bytes.isEmpty ? nil : node
  }

  /// All tokens that lead anywhere from `start`.
  func tokens(from start: Int) -> Set<TokenID> {
    var found = Set(nodes[start].markers.map(\.token))
    var open: [(node: Int, text: String)] = [(start, "")]
    while let (node, text) = open.popLast() {
      for edge in nodes[node].bytes {
        let longer = text + String(UnicodeScalar(edge.byte))
        let ids = vocabulary.tokenizer.encode(longer)
        if ids.count == 1 { found.insert(ids[0]) }
        if longer.utf8.count < Self.tokenBytesMax { open.append((edge.next, longer)) }
      }
    }
    return found
  }
}
