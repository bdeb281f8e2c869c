// PatternParser.swift — POSIX extended regular expressions as a syntax tree, bounded.
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

/// Why a pattern cannot be used.
public enum PatternProblem: Error, Equatable, Sendable, CustomStringConvertible {
  case unclosed(String)
  case unopened(String)
  case nothingToRepeat(String)
  case repeatedTwice
  case badCount
  case badRange
  case unknownClass(String)
  case unknownEscape(String)
  case groupOption
  case anchorInside(String)
  case emptyBranch
  case tooDeep(depthMax: Int)
  case tooLong(positionCountMax: Int)

  public var description: String {
    switch self {
    case .unclosed(let what): "\"\(what)\" is never closed. To mean the character, write [\(what)]."
    case .unopened(let what): "\"\(what)\" closes nothing. To mean the character, write \\\(what)."
    case .nothingToRepeat(let what):
      "\"\(what)\" has nothing to repeat before it. To mean the character, write \\\(what)."
    case .repeatedTwice: "a repetition is repeated. Put the first one in parentheses."
    case .badCount: "a count must read {m}, {m,} or {m,n} with m not above n. Correct it."
    case .badRange: "a range in brackets runs backwards or has a class at its end. Correct it."
    case .unknownClass(let name):
      "[:\(name):] is not a POSIX class. Use alpha, digit, alnum, "
        + "upper, lower, space, blank, punct, print, graph, cntrl or xdigit."
    case .unknownEscape(let what):
      "\"\\\(what)\" is not in POSIX patterns. Write a class in brackets, such as [0-9]."
    case .groupOption: "\"(?\" is not in POSIX patterns. Write a plain group."
    case .anchorInside(let what):
      "\"\(what)\" stands inside the pattern. Only a leading ^ and a trailing $ have a meaning."
    case .emptyBranch: "a branch is empty. Write (…)? for what may be missing."
    case .tooDeep(let depthMax): "groups are nested deeper than \(depthMax) levels. Flatten it."
    case .tooLong(let positionCountMax):
      "it needs more than \(positionCountMax) positions, counts multiplied out. Shorten it."
    }
  }
}

/// A set of characters, as a class in brackets or a single character writes it.
struct ScalarSet: Equatable, Sendable {
  private(set) var ranges: [ClosedRange<UInt32>] = []
  var isNegated = false

  static let all = ScalarSet(isNegated: true)

  mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }

  func contains(_ scalar: UInt32) -> Bool {
    ranges.contains { $0.contains(scalar) } != isNegated
  }
}

/// A pattern's structure; counted repetitions are multiplied out.
indirect enum PatternNode: Equatable, Sendable {
  case empty
  case character(ScalarSet)
  case sequence(PatternNode, PatternNode)
  case either(PatternNode, PatternNode)
  /// Zero or more.
  case star(PatternNode)
  case optional(PatternNode)
}

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

  private let scalars: [Unicode.Scalar]
  private var index = 0

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
    var parser = PatternParser(scalars: scalars)
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
  private typealias Piece = (node: PatternNode, positionCount: Int)

  private mutating func alternatives(
    depth: Int, isSingle: Bool = false
  ) throws(PatternProblem) -> Piece {
    guard depth <= Self.depthMax else { throw .tooDeep(depthMax: Self.depthMax) }
    var result = try branch(depth: depth)
    while peek() == "|" {
      guard !isSingle else { throw .anchorInside("^ or $ beside |") }
      index += 1
      let next = try branch(depth: depth)
      guard result.positionCount > 0, next.positionCount > 0 else { throw .emptyBranch }
      result = (
        .either(result.node, next.node),
        try Self.checked(result.positionCount + next.positionCount)
      )
    }
    return result
  }

  private mutating func branch(depth: Int) throws(PatternProblem) -> Piece {
    var result: Piece = (.empty, 0)
    while let next = peek(), next != "|", next != ")" {
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

  private static func checked(_ positionCount: Int) throws(PatternProblem) -> Int {
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
      if peek() == "?" { throw .groupOption }
      let inner = try alternatives(depth: depth + 1)
      guard peek() == ")" else { throw .unclosed("(") }
      index += 1
      guard inner.positionCount > 0 else { throw .emptyBranch }
      return inner
    case "[": return (.character(try bracket()), 1)
    case ".": return (.character(.all), 1)
    case "\\":
      guard let escaped = peek() else { throw .unclosed("\\") }
      guard ".[]()*+?{}|^$\\/-".unicodeScalars.contains(escaped) else {
        throw .unknownEscape(String(Character(escaped)))
      }
      index += 1
      return Self.single(escaped)
    case "*", "+", "?", "{": throw .nothingToRepeat(String(Character(scalar)))
    case "^", "$": throw .anchorInside(String(Character(scalar)))
    default: return Self.single(scalar)
    }
  }

  private static func single(_ scalar: Unicode.Scalar) -> Piece {
    var set = ScalarSet()
    set.insert(scalar.value...scalar.value)
    return (.character(set), 1)
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

  private func peek() -> Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }
}

// MARK: Brackets

extension PatternParser {
  /// The set that brackets write; the opening one is behind us. In brackets a backslash is itself.
  private mutating func bracket() throws(PatternProblem) -> ScalarSet {
    var set = ScalarSet()
    if peek() == "^" {
      set.isNegated = true
      index += 1
    }
    var isFirst = true
    while true {
      guard let scalar = peek() else { throw .unclosed("[") }
      if scalar == "]", !isFirst {
        index += 1
        return set
      }
      isFirst = false
      index += 1
      if scalar == "[", let sign = peek(), ":.=".unicodeScalars.contains(sign) {
        for range in try namedClass() { set.insert(range) }
        if peek() == "-", index + 1 < scalars.count, scalars[index + 1] != "]" { throw .badRange }
      } else {
        set.insert(try range(from: scalar))
      }
    }
  }

  /// The character `low`, or the range that it begins.
  private mutating func range(
    from low: Unicode.Scalar
  ) throws(PatternProblem) -> ClosedRange<UInt32> {
    guard peek() == "-", index + 1 < scalars.count, scalars[index + 1] != "]" else {
      return low.value...low.value
    }
    let high = scalars[index + 1]
    guard low.value <= high.value, high != "[" else { throw .badRange }
    index += 2
    return low.value...high.value
  }

  /// The inside of `[:name:]`; its "[" is behind us.
  private mutating func namedClass() throws(PatternProblem) -> [ClosedRange<UInt32>] {
    let sign = scalars[index]
    index += 1
    var name = ""
    while let scalar = peek(), scalar != sign, scalar != "]", name.utf8.count < 16 {
      name.unicodeScalars.append(scalar)
      index += 1
    }
    guard sign == ":", let ranges = Self.classes[name] else { throw .unknownClass(name) }
    guard index + 1 < scalars.count, scalars[index] == ":", scalars[index + 1] == "]" else {
      throw .unclosed("[:")
    }
    index += 2
    return ranges
  }

  /// The classes of the POSIX locale: ASCII alone.
  private static let classes: [String: [ClosedRange<UInt32>]] = [
    "alpha": [0x41...0x5A, 0x61...0x7A],
    "digit": [0x30...0x39],
    "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A],
    "upper": [0x41...0x5A],
    "lower": [0x61...0x7A],
    "space": [0x09...0x0D, 0x20...0x20],
    "blank": [0x09...0x09, 0x20...0x20],
    "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E],
    "print": [0x20...0x7E],
    "graph": [0x21...0x7E],
    "cntrl": [0x00...0x1F, 0x7F...0x7F],
    "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
  ]
}
