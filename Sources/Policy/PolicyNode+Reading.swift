// PolicyNode+Reading.swift — typed, bounded reads of a policy's values; no key goes unread.

extension PolicyNode {
  /// Strings longer than this have no place in a policy.
  static let stringBytesMax = 4_096
  static let listCountMax = 4_096

  private func wrongType(_ wanted: String) -> PolicyError {
    let found =
      switch content {
      case .null: "null"
      case .bool: "true or false"
      case .integer: "a whole number"
      case .decimal: "a number with a fraction"
      case .string: "a string"
      case .array: "a list"
      case .object: "an object"
      }
    return error(.wrongType(wanted: wanted, found: found))
  }

  func bool() throws(PolicyError) -> Bool {
    guard case .bool(let value) = content else { throw wrongType("true or false") }
    return value
  }

  func integer(_ range: ClosedRange<Int>) throws(PolicyError) -> Int {
    guard case .integer(let value) = content else { throw wrongType("a whole number") }
    guard range.contains(value) else {
      throw error(.outOfRange(value, lowest: range.lowerBound, highest: range.upperBound))
    }
    return value
  }

  /// A number with or without a fraction, from 0 to `highest`.
  func decimal(upTo highest: Int) throws(PolicyError) -> Double {
    let value: Double
    switch content {
    case .integer(let whole): value = Double(whole)
    case .decimal(let fraction): value = fraction
    default: throw wrongType("a number")
    }
    guard value >= 0, value <= Double(highest) else {
      throw error(.notUsable("the number is out of range. Write one from 0 to \(highest)."))
    }
    return value
  }

  /// A number with or without a fraction.
  func number() throws(PolicyError) -> Double {
    switch content {
    case .integer(let whole): return Double(whole)
    case .decimal(let fraction): return fraction
    default: throw wrongType("a number")
    }
  }

  func string() throws(PolicyError) -> String {
    guard case .string(let value) = content else { throw wrongType("a string") }
    guard value.utf8.count <= Self.stringBytesMax else {
      throw error(.tooMany(what: "bytes in a string", countMax: Self.stringBytesMax))
    }
    return value
  }

  /// A string that is not empty.
  func text() throws(PolicyError) -> String {
    let value = try string()
    guard !value.isEmpty else { throw error(.empty("the string")) }
    return value
  }

  /// A name that may appear in decisions and logs as it is.
  func identifier() throws(PolicyError) -> String { try identifier(try string()) }

  /// `value`, the node's key or string, where it is a name.
  func identifier(_ value: String) throws(PolicyError) -> String {
    let isPlain = value.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard isPlain, (1...64).contains(value.utf8.count) else {
      throw error(.notAnIdentifier(String(value.prefix(80))))
    }
    return value
  }

  func list(countMax: Int = listCountMax) throws(PolicyError) -> [PolicyNode] {
    guard case .array(let elements) = content else { throw wrongType("a list") }
    guard elements.count <= countMax else {
      throw error(.tooMany(what: "elements in a list", countMax: countMax))
    }
    return elements
  }

  func strings() throws(PolicyError) -> [String] {
    var strings: [String] = []
    for element in try list() { strings.append(try element.text()) }
    return strings
  }

  func identifiers() throws(PolicyError) -> [String] {
    var names: [String] = []
    for element in try list() { names.append(try element.identifier()) }
    return names
  }

  func members() throws(PolicyError) -> [Member] {
    guard case .object(let members) = content else { throw wrongType("an object") }
    return members
  }

  /// One of the words that `Word` knows.
  func word<Word: RawRepresentable & CaseIterable>(
    _ type: Word.Type = Word.self
  )
    throws(PolicyError) -> Word where Word.RawValue == String
  {
    let value = try string()
    // By bytes: `Word(rawValue:)` would take a canonically equivalent spelling for the word.
    guard let word = Word.allCases.first(where: { $0.rawValue.utf8.elementsEqual(value.utf8) })
    else {
      throw error(
        .notOneOf(String(value.prefix(80)), known: Word.allCases.map(\.rawValue)))
    }
    return word
  }

  func words<Word: RawRepresentable & CaseIterable & Hashable>(
    _ type: Word.Type = Word.self
  )
    throws(PolicyError) -> Set<Word> where Word.RawValue == String
  {
    var words: Set<Word> = []
    for element in try list() { words.insert(try element.word(type)) }
    return words
  }
}

/// The members of an object, each to be taken once; what nobody takes is an error.
struct Fields {
  let node: PolicyNode
  private let members: [PolicyNode.Member]
  private var known: [String] = []

  init(_ node: PolicyNode) throws(PolicyError) {
    self.node = node
    members = try node.members()
  }

  mutating func take(_ key: String) -> PolicyNode? {
    known.append(key)
    return members.first { $0.key == key }?.node
  }

  mutating func need(_ key: String) throws(PolicyError) -> PolicyNode {
    guard let value = take(key) else { throw node.error(.missingKey(key)) }
    return value
  }

  /// Whether any of `keys` is there; they still have to be taken.
  func has(anyOf keys: [String]) -> Bool { members.contains { keys.contains($0.key) } }

  /// Fails where a member was not asked for.
  func finish() throws(PolicyError) {
    for member in members where !known.contains(member.key) {
      throw node.source.error(
        .unknownKey(member.key, known: known), at: member.keyOffset, keyPath: member.node.keyPath)
    }
  }
}
