// SchemaGrammar.swift — what a schema lets JSON texts be, as a decoding constraint needs to know it.

import Base

/// The texts of a schema's values. Rules name each other by index, so they can be recursive.
///
/// It may let more through than the schema does, never less; `SchemaGrammarBuilder.swift` lists what
/// it does not narrow.
struct SchemaGrammar: Sendable {
  /// One way to write a value.
  struct Choice: Sendable {
    enum Kind: Sendable {
      /// By index, in `texts`, `words`, `arrays` and `objects`.
      case text(Int)
      case word(Int)
      case array(Int)
      case object(Int)
      case number(NumberShape)
    }

    var kind: Kind
    /// Values within values that it takes at least, itself included.
    var levels = 1
  }

  struct Rule: Sendable {
    var choices: [Choice] = []
    /// Of the flattest choice.
    var levels = 1
  }

  /// Levels of values that the reader of answers and arguments accepts.
  static let levelsMax = JSONReader.Limits().depthMax

  /// Any value: rule 0, and the first of each kind.
  static let free = 0

  var rules: [Rule] = []
  var texts: [TextShape] = []
  var words: [WordShape] = []
  var arrays: [ArrayShape] = []
  var objects: [ObjectShape] = []
  /// Where a value begins.
  var root = 0
}

/// Words that are written in one way only: `true`, or the numbers of an enum.
struct WordShape: Sendable {
  struct Node: Sendable {
    var next: [(byte: UInt8, node: Int)] = []
    var isEnd = false
  }

  private(set) var nodes = [Node()]

  init(_ words: [String]) {
    for word in words {
      var node = 0
      for byte in word.utf8 {
        if let edge = nodes[node].next.first(where: { $0.byte == byte }) {
          node = edge.node
        } else {
          nodes[node].next.append((byte, nodes.count))
          node = nodes.count
          nodes.append(Node())
        }
      }
      nodes[node].isEnd = true
    }
  }

  func next(_ byte: UInt8, from node: Int) -> Int? {
    nodes[node].next.first { $0.byte == byte }?.node
  }
}

/// Elements by rule.
struct ArrayShape: Sendable {
  var prefix: [Int] = []
  var rest = SchemaGrammar.free
  var least = 0
  var most: Int?

  /// The element's rule; nil where there may be none.
  func rule(at index: Int) -> Int? {
    if let most, index >= most { return nil }
    return index < prefix.count ? prefix[index] : rest
  }

  /// `count`, or what makes no difference to it.
  func normalized(_ count: Int) -> Int {
    most == nil ? min(count, max(prefix.count, least)) : count
  }
}

/// Members by rule.
struct ObjectShape: Sendable {
  /// Ascending by bytes.
  var names: [String] = []
  /// By name.
  var rules: [Int] = []
  /// For other keys; nil where there may be none.
  var others: Int?
  var required = KeySet()
  /// In `texts`: the keys, each labelled with its place in `names`, any other with their count.
  var keys = SchemaGrammar.free
  /// Keys that may not be written at all.
  var closed = KeySet()
  /// As ``OpenKeys/spans``; empty where others may be written too.
  var spans: [Range<Int>] = []
  /// The most that any member takes at least.
  var levels = 1
}

/// A set of keys, as bits.
struct KeySet: Hashable, Sendable {
  private var first: UInt64 = 0
  private var more: [UInt64] = []

  func contains(_ key: Int) -> Bool {
    if key < 64 { return first >> UInt64(key) & 1 == 1 }
    let index = key >> 6 - 1
    return index < more.count && more[index] >> UInt64(key & 63) & 1 == 1
  }

  mutating func insert(_ key: Int) {
    guard key >= 64 else {
      first |= 1 << UInt64(key)
      return
    }
    let index = key >> 6 - 1
    if index >= more.count { more += Array(repeating: 0, count: index + 1 - more.count) }
    more[index] |= 1 << UInt64(key & 63)
  }

  func containsAll(of other: KeySet) -> Bool {
    guard other.first & ~first == 0 else { return false }
    return other.more.indices.allSatisfy { index in
      other.more[index] & ~(index < more.count ? more[index] : 0) == 0
    }
  }

  func containsAll(of keys: Range<Int>) -> Bool { keys.allSatisfy(contains) }
}
