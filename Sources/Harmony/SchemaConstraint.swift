// SchemaConstraint.swift — a JSON schema as a decoding constraint.

public import Base
import Synchronization
import Tokenizer

/// Lets through the JSON texts that a schema may accept: properties in any order, white space as
/// models write it, numbers and the values of an enum as JSON is usually written. A value: copy it to
/// look ahead.
///
/// Some keywords do not narrow it (`SchemaGrammarBuilder.swift` lists them), so that a text that it
/// let through is still to be checked: it lets through too much rather than too little. Every valid
/// value can be written, whole numbers of up to 308 digits, and every text can be brought to an end.
public struct SchemaConstraint: ContentConstraint {
  private let walker: TokenWalker
  private var places: [JSONPlace]

  /// Nil where the schema accepts no value that nests at most 64 levels.
  public init?(_ schema: JSONSchema, _ trie: TokenTrie) {
    guard let grammar = SchemaGrammarBuilder.grammar(of: schema) else { return nil }
    walker = TokenWalker(grammar, trie)
    places = [grammar.start]
  }

  public var allowed: AllowedTokens { .mask(walker.mask(from: places)) }

  public var mayEnd: Bool { places.contains(where: walker.grammar.mayEnd) }

  public func allows(_ token: TokenID) -> Bool { !walker.next(token, from: places).isEmpty }

  public mutating func advance(_ token: TokenID) {
    let next = walker.next(token, from: places)
    if !next.isEmpty { places = walker.unstuck(next) }
  }
}

/// A grammar and a vocabulary, walked together.
final class TokenWalker: Sendable {
  /// What tokens do in a string, from a given place in it on.
  private struct Record {
    var inside: TokenMask
    var exits: [(node: Int, label: Int)] = []
  }

  private struct RecordKey: Hashable {
    var shape: Int
    var state: TextState
  }

  /// Each takes some 25 KB with the vocabulary of gpt-oss.
  private static let recordCountMax = 256

  let grammar: SchemaGrammar
  private let trie: TokenTrie
  private let records = Mutex<[RecordKey: Record]>([:])

  init(_ grammar: SchemaGrammar, _ trie: TokenTrie) {
    self.grammar = grammar
    self.trie = trie
  }

  /// Where a token leads; nowhere if it is not allowed.
  func next(_ token: TokenID, from places: [JSONPlace]) -> [JSONPlace] {
    let tokenizer = trie.tokenizer
    guard !tokenizer.isSpecial(token), let bytes = tokenizer.bytes(of: token) else { return [] }
    var places = places
    for byte in bytes {
      places = grammar.next(byte, from: places)
      if places.isEmpty { break }
    }
    return places
  }

  /// `places`, loosened if none of them can go on or end: the schema has two demands that the grammar
  /// could not see together, and JSON it can be at least. Every byte is a token, so bytes decide.
  func unstuck(_ places: [JSONPlace]) -> [JSONPlace] {
    let canGoOn =
      places.contains(where: grammar.mayEnd)
      || (0...UInt8.max).contains { !grammar.next($0, from: places).isEmpty }
    return canGoOn ? places : grammar.loosened(places)
  }

  /// The tokens that lead anywhere.
  func mask(from places: [JSONPlace]) -> TokenMask {
    var mask = trie.emptyMask
    walk(places, below: 0, &mask)
    return mask
  }

  // MARK: Walking

  /// Adds the tokens below a node that leave a reading. Strings are walked one reading at a time,
  /// the rest for all readings at once.
  private func walk(_ places: [JSONPlace], below node: Int, _ mask: inout TokenMask) {
    guard Int(trie.ends[node]) > node + 1 else { return }
    var rest: [JSONPlace] = []
    for place in places {
      switch place.part {
      case .text(let shape, let state):
        let next = [grammar.completed(in: place.frame)]
        walk(shape, state, keys: nil, below: node, &mask) { _, _ in next }
      case .key(let state, let spelling):
        guard let (shape, keys) = grammar.keys(of: place.frame) else { continue }
        let start = Int(trie.depths[node])
        walk(shape, state, keys: keys, below: node, &mask) { exit, label in
          grammar.named(
            label, spelling + trie.spelling(of: exit).dropFirst(start).dropLast(), in: place.frame)
        }
      default: rest.append(place)
      }
    }
    guard !rest.isEmpty else { return }
    var child = node + 1
    while child < Int(trie.ends[node]) {
      let next = grammar.next(trie.bytes[child], from: rest)
      if !next.isEmpty {
        insert(child, &mask)
        walk(next, below: child, &mask)
      }
      child = Int(trie.ends[child])
    }
  }

  private func insert(_ node: Int, _ mask: inout TokenMask) {
    if trie.tokens[node] >= 0 { mask.insert(TokenID(trie.tokens[node])) }
  }

  /// Adds the tokens below a node that stay in a string, and those that go on behind it. `after`
  /// gives what is behind a node that closes it.
  private func walk(
    _ index: Int, _ state: TextState, keys: OpenKeys?, below node: Int, _ mask: inout TokenMask,
    after: (_ exit: Int, _ label: Int) -> [JSONPlace]
  ) {
    let shape = grammar.texts[index]
    func leave(_ exit: Int, _ label: Int, _ mask: inout TokenMask) {
      let next = after(exit, label)
      guard !next.isEmpty else { return }
      insert(exit, &mask)
      walk(next, below: exit, &mask)
    }
    if node == 0, shape.takesAnything, state.pending == .none {
      let room = shape.most.map { $0 - Int(state.count) } ?? .max
      let inside = trie.freeText.inside
      if room > 0 { mask.formUnion(inside[min(room, inside.count - 1)]) }
      let due = shape.least - Int(state.count)
      for exit in trie.freeText.exits where exit.count >= due && exit.count <= room {
        leave(exit.node, 0, &mask)
      }
      return
    }
    guard node == 0, keys == nil else {
      var exits: [(node: Int, label: Int)] = []
      trie.textWalk.run(shape, state, below: node, keys: keys) { node, _ in
        insert(node, &mask)
      } closed: { node, _, label in
        exits.append((node, label))
      }
      for exit in exits { leave(exit.node, exit.label, &mask) }
      return
    }
    let record = self.record(index, state)
    mask.formUnion(record.inside)
    for exit in record.exits { leave(exit.node, exit.label, &mask) }
  }

  /// What tokens do in a string; kept, since a place in a pattern often comes again.
  private func record(_ index: Int, _ state: TextState) -> Record {
    let key = RecordKey(shape: index, state: state)
    if let known = records.withLock({ $0[key] }) { return known }
    var record = Record(inside: trie.emptyMask)
    trie.textWalk.run(grammar.texts[index], state, below: 0, keys: nil) { node, _ in
      insert(node, &record.inside)
    } closed: { node, _, label in
      record.exits.append((node, label))
    }
    records.withLock { records in
      if records.count >= Self.recordCountMax { records.removeAll() }
      records[key] = record
    }
    return record
  }
}
