// PatternParser.swift — regular expressions as a syntax tree, bounded: what both syntaxes share.
//
// Grammar (IEEE Std 1003.1, chapter 9.4, less what is refused):
//
//     pattern   = branch { "|" branch }
//     branch    = { piece }
//     piece     = atom [ "*" | "+" | "?" | "{m}" | "{m,}" | "{m,n}" ]
//     atom      = "(" pattern ")" | "[" ["^"] items "]" | "." | character | "\" special
//
// A character is one Unicode scalar, never a grapheme. Refused, each with a sentence: anchors
// inside a pattern, back-references, "(?", "\d" and its kin, lazy and possessive quantifiers,
// collating symbols, and whatever would need more than `positionCountMax` positions.
//
// That is POSIX, for policies. `PatternParser+ECMAScript.swift` says how patterns in JSON Schemas
// differ.

struct PatternParser {
  /// Simulation costs at most this many steps a character.
  static let positionCountMax = 256
  static let depthMax = 16

  /// What a pattern says, anchors apart.
  struct Parsed: Equatable {
    var node: PatternNode
    var isAnchoredAtStart = false
    var isAnchoredAtEnd = false
  }

  /// What brackets, escapes and a full stop mean.
  enum Syntax { case posix, ecmaScript }

  let syntax: Syntax
  let scalars: [Unicode.Scalar]
  var index = 0

  init(_ scalars: [Unicode.Scalar], syntax: Syntax) {
    self.syntax = syntax
    self.scalars = scalars
  }

  /// Reads `text` in POSIX syntax.
  static func parse(_ text: String) throws(PatternProblem) -> Parsed {
    var scalars = Array(text.unicodeScalars)
    var parsed = Parsed(node: .empty)
    if scalars.first == "^" {
      parsed.isAnchoredAtStart = true
      scalars.removeFirst()
    }
    if scalars.last == "$", !isEscaped(scalars.count - 1, in: scalars) {
      parsed.isAnchoredAtEnd = true
      scalars.removeLast()
    }
    var parser = PatternParser(scalars, syntax: .posix)
    // An anchor binds to its branch alone, so beside "|" it would not mean what it seems to.
    let isAnchored = parsed.isAnchoredAtStart || parsed.isAnchoredAtEnd
    (parsed.node, _) = try parser.alternatives(depth: 0, isSingle: isAnchored)
    guard parser.index == parser.scalars.count else { throw .unopened(")") }
    return parsed
  }

  private static func isEscaped(_ position: Int, in scalars: [Unicode.Scalar]) -> Bool {
    scalars[..<position].reversed().prefix { $0 == "\\" }.count % 2 == 1
  }

  /// A part of the tree and the number of its positions.
  typealias Piece = (node: PatternNode, positionCount: Int)

  private mutating func alternatives(
    depth: Int, isSingle: Bool = false
  ) throws(PatternProblem) -> Piece {
    guard depth <= Self.depthMax else { throw .tooDeep(depthMax: Self.depthMax) }
    var result = try branch(depth: depth)
    var mayBeEmpty = result.positionCount == 0
    var branchCount = 1
    while skip("|") {
      guard !isSingle else { throw .anchorInside("^ or $ beside |") }
      let next = try branch(depth: depth)
      branchCount += 1
      mayBeEmpty = mayBeEmpty || next.positionCount == 0
      guard !mayBeEmpty || syntax == .ecmaScript else { throw .emptyBranch }
      if next.positionCount == 0 { continue }
      result = (
        result.positionCount == 0 ? next.node : .either(result.node, next.node),
        try Self.checked(result.positionCount + next.positionCount)
      )
    }
    if mayBeEmpty, branchCount > 1, result.positionCount > 0 {
      result.node = .optional(result.node)
    }
    return result
  }

  mutating func branch(depth: Int) throws(PatternProblem) -> Piece {
    var result: Piece = (.empty, 0)
    while let next = peek(), next != "|", next != ")" {
      // There each branch has its own anchor, which the caller takes.
      if next == "$", syntax == .ecmaScript, depth == 0 { break }
      let piece = try self.piece(depth: depth)
      result.node = result.positionCount == 0 ? piece.node : .sequence(result.node, piece.node)
      result.positionCount = try Self.checked(result.positionCount + piece.positionCount)
    }
    return result
  }

  private mutating func piece(depth: Int) throws(PatternProblem) -> Piece {
    let atom = try self.atom(depth: depth)
    guard let sign = peek(), "*+?{".unicodeScalars.contains(sign) else { return atom }
    index += 1
    let piece: Piece
    switch sign {
    case "*": piece = (.star(atom.node), atom.positionCount)
    case "?": piece = (.optional(atom.node), atom.positionCount)
    case "+": piece = try Self.repeated(atom, from: 1, to: nil)
    default:
      let (low, high) = try counts()
      piece = try Self.repeated(atom, from: low, to: high)
    }
    // Lazy or not, a text matches or does not.
    if syntax == .ecmaScript { skip("?") }
    if let next = peek(), "*+?{".unicodeScalars.contains(next) { throw .repeatedTwice }
    return piece
  }

  /// `atom` multiplied out: `low` times, then optionally up to `high` times, or without end.
  private static func repeated(
    _ atom: Piece, from low: Int, to high: Int?
  ) throws(PatternProblem) -> Piece {
    guard atom.positionCount > 0 else { throw .emptyBranch }
    let copies = high ?? low + 1
    guard copies > 0 else { throw .badCount }
    // Both factors are at most a few hundred, so the product cannot overflow.
    let positionCount = try checked(atom.positionCount * copies)
    var node: PatternNode?
    if let high {
      for _ in low..<high {
        node = .optional(node.map { .sequence(atom.node, $0) } ?? atom.node)
      }
    } else {
      node = .star(atom.node)
    }
    for _ in 0..<low { node = node.map { .sequence(atom.node, $0) } ?? atom.node }
    return (node ?? .empty, positionCount)
  }

  static func checked(_ positionCount: Int) throws(PatternProblem) -> Int {
    guard positionCount <= positionCountMax else {
      throw .tooLong(positionCountMax: positionCountMax)
    }
    return positionCount
  }

  // MARK: Atoms

  private mutating func atom(depth: Int) throws(PatternProblem) -> Piece {
    let scalar = scalars[index]
    index += 1
    switch scalar {
    case "(":
      try groupOption()
      let inner = try alternatives(depth: depth + 1)
      guard skip(")") else { throw .unclosed("(") }
      guard inner.positionCount > 0 else { throw .emptyBranch }
      return inner
    case "[":
      return (.character(syntax == .posix ? try posixBracket() : try ecmaScriptBracket()), 1)
    case ".": return (.character(syntax == .posix ? .all : Self.anyButLineEnds), 1)
    case "\\": return (.character(syntax == .posix ? try posixEscape() : try ecmaScriptEscape()), 1)
    case "*", "+", "?", "{": throw .nothingToRepeat(String(Character(scalar)))
    case "^", "$": throw .anchorInside(String(Character(scalar)))
    default: return (.character(ScalarSet(scalar)), 1)
    }
  }

  /// The inside of `{m}`, `{m,}` or `{m,n}`; the brace is behind us.
  private mutating func counts() throws(PatternProblem) -> (low: Int, high: Int?) {
    let low = try count()
    guard peek() == "," else {
      try closeBrace()
      return (low, low)
    }
    index += 1
    if peek() == "}" {
      index += 1
      return (low, nil)
    }
    let high = try count()
    try closeBrace()
    guard low <= high, high > 0 else { throw .badCount }
    return (low, high)
  }

  private mutating func count() throws(PatternProblem) -> Int {
    var value: Int?
    while let scalar = peek(), ("0"..."9").contains(scalar) {
      let next = (value ?? 0) * 10 + Int(scalar.value - 0x30)
      guard next <= Self.positionCountMax else {
        throw .tooLong(positionCountMax: Self.positionCountMax)
      }
      value = next
      index += 1
    }
    guard let value else { throw .badCount }
    return value
  }

  private mutating func closeBrace() throws(PatternProblem) {
    guard peek() == "}" else { throw .badCount }
    index += 1
  }

  func peek() -> Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

  @discardableResult
  mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
    guard peek() == scalar else { return false }
    index += 1
    return true
  }
}
