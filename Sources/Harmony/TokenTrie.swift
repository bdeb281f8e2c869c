// TokenTrie.swift — a vocabulary's tokens by their bytes, to walk all of them together with a grammar.

import Base
public import Tokenizer

/// The ordinary tokens of a vocabulary as a tree of bytes. Made once for a vocabulary, in some tenths
/// of a second, and shared.
public final class TokenTrie: Sendable {
  /// Nodes in preorder: a node's first child is the next one, and `ends` is behind its last
  /// descendant. The first is the root, without a byte.
  let bytes: [UInt8]
  let ends: [Int32]
  let depths: [UInt16]
  /// The token that is spelled from the root to here, or -1.
  let tokens: [Int32]
  let tokenizer: Tokenizer
  /// What a string without any rule takes, from its inside on.
  let freeText: FreeText

  public init(_ tokenizer: Tokenizer) {
    var builder = Builder()
    builder.add(tokenizer)
    self.tokenizer = tokenizer
    bytes = builder.bytes
    ends = builder.ends
    depths = builder.depths
    tokens = builder.tokens
    freeText = FreeText(
      TextWalk(bytes: builder.bytes, ends: builder.ends, depths: builder.depths),
      tokens: builder.tokens, rowCount: tokenizer.vocabularySize)
  }

  /// An empty mask of this vocabulary.
  var emptyMask: TokenMask { TokenMask(rowCount: tokenizer.vocabularySize) }

  var textWalk: TextWalk { TextWalk(bytes: bytes, ends: ends, depths: depths) }

  /// The bytes from the root to a node.
  func spelling(of node: Int) -> [UInt8] {
    // The last of a path is always a token.
    guard let token = tokens[node...].first(where: { $0 >= 0 }) else { return [] }
    return Array((tokenizer.bytes(of: TokenID(token)) ?? []).prefix(Int(depths[node])))
  }

  private struct Builder {
    var bytes: [UInt8] = [0]
    var ends: [Int32] = [1]
    var depths: [UInt16] = [0]
    var tokens: [Int32] = [-1]

    mutating func add(_ tokenizer: Tokenizer) {
      let ids = Self.sorted(tokenizer)
      var path: [Int] = [0]
      var last: [UInt8] = []
      for id in ids {
        let spelling = tokenizer.bytes(of: id) ?? []
        var common = 0
        while common < min(last.count, spelling.count), last[common] == spelling[common] {
          common += 1
        }
        close(&path, to: common)
        for byte in spelling[common...] {
          path.append(bytes.count)
          bytes.append(byte)
          ends.append(0)
          depths.append(UInt16(clamping: path.count - 1))
          tokens.append(-1)
        }
        if let node = path.last { tokens[node] = id.rawValue }
        last = spelling
      }
      close(&path, to: 0)
      ends[0] = Int32(bytes.count)
    }

    private mutating func close(_ path: inout [Int], to depth: Int) {
      while path.count > depth + 1 { ends[path.removeLast()] = Int32(bytes.count) }
    }

    /// Ordinary tokens by their bytes. Almost all differ within the first eight, which fit a word.
    private static func sorted(_ tokenizer: Tokenizer) -> [TokenID] {
      var keyed: [(key: UInt64, id: TokenID)] = []
      var spelling: [UInt8] = []
      for row in 0..<Int32(clamping: tokenizer.vocabularySize) {
        let id = TokenID(row)
        spelling.removeAll(keepingCapacity: true)
        guard !tokenizer.isSpecial(id), tokenizer.appendBytes(of: id, to: &spelling) else {
          continue
        }
        var key: UInt64 = 0
        for index in 0..<8 {
          key = key << 8 | UInt64(index < spelling.count ? spelling[index] : 0)
        }
        keyed.append((key, id))
      }
      return keyed.sorted { left, right in
        guard left.key == right.key else { return left.key < right.key }
        let (one, other) = (tokenizer.bytes(of: left.id) ?? [], tokenizer.bytes(of: right.id) ?? [])
        return one.lexicographicallyPrecedes(other)
      }.map(\.id)
    }
  }
}

/// What tokens do inside a string without any rule, by how many characters they write.
struct FreeText: Sendable {
  /// A node at which the string is closed, and the characters before.
  struct Exit: Sendable {
    var node: Int
    var count: Int
  }

  /// By room, in characters: the tokens that stay inside and begin no more characters than that.
  let inside: [TokenMask]
  let exits: [Exit]

  fileprivate init(_ walk: TextWalk, tokens: [Int32], rowCount: Int) {
    var byCount: [[Int32]] = []
    var exits: [Exit] = []
    // Only a shape with an upper bound counts.
    let shape = TextShape(automaton: .anything, most: .max)
    walk.run(shape, TextState(), below: 0, keys: nil) { node, state in
      let count = state.begunCount
      while byCount.count <= count { byCount.append([]) }
      if tokens[node] >= 0 { byCount[count].append(tokens[node]) }
    } closed: { node, state, _ in
      exits.append(Exit(node: node, count: state.begunCount))
    }
    var mask = TokenMask(rowCount: rowCount)
    inside = byCount.map { tokens in
      for token in tokens { mask.insert(TokenID(token)) }
      return mask
    }
    self.exits = exits
  }
}
