// SchemaNode.swift — a schema ready to check values: nodes that name each other by index.

/// One schema within a schema.
package struct SchemaNode: Sendable {
  /// Where it stands in the document.
  let pointer: String
  /// All have to hold, in this order.
  package var checks: [SchemaCheck] = []
  /// What it costs to look at a value, apart from the value: the names that are looked for.
  var stepCount = 1
}

/// One demand on a value. Most concern values of one type only and let others pass.
package enum SchemaCheck: Sendable {
  /// No value will do: the schema `false`.
  case nothing
  case types(SchemaTypes)
  /// "enum" and "const".
  case values(ValueList)

  case bound(Bound, JSONNumber)
  case multiple(of: JSONNumber)

  case charactersMin(Int)
  case charactersMax(Int)
  case pattern(SchemaPattern)

  case elements(prefix: [Int], rest: Int?)
  case elementsMin(Int)
  case elementsMax(Int)
  case elementsUnique
  case contains(Int, min: Int, max: Int?)

  case members(MemberRules)
  case membersMin(Int)
  case membersMax(Int)
  case memberNames(Int)
  case required([String])
  /// Where the first is present, the others have to be.
  case requiredBeside(String, [String])
  case schemaBeside(String, Int)

  /// "$ref", once it is resolved.
  case reference(Int)
  case all([Int])
  case any([Int])
  case one([Int])
  case not(Int)
  case condition(Int, then: Int?, else: Int?)

  package enum Bound: Sendable { case least, most, above, below }

  /// The schemas that look at the very value that this check looks at.
  var schemasInPlace: [Int] {
    switch self {
    case .reference(let index), .not(let index), .schemaBeside(_, let index): [index]
    case .all(let indices), .any(let indices), .one(let indices): indices
    case .condition(let condition, let then, let otherwise):
      [condition] + [then, otherwise].compactMap(\.self)
    case .nothing, .types, .values, .bound, .multiple, .charactersMin, .charactersMax, .pattern,
      .elements, .elementsMin, .elementsMax, .elementsUnique, .contains, .members, .membersMin,
      .membersMax, .memberNames, .required, .requiredBeside:
      []
    }
  }
}

/// The values that an "enum" or a "const" lists.
package struct ValueList: Sendable {
  /// As the schema lists them.
  package let list: [JSONValue]
  let values: Set<CanonicalJSON>
  private let shown: String
  private let types: SchemaTypes

  /// - Precondition: The values' depth is bounded; see ``JSONValue/isDeeper(than:)``.
  init(_ list: [JSONValue]) {
    self.list = list
    values = Set(list.map { CanonicalJSON($0) })
    let words = list.prefix(12).map { value in
      value.stringValue.map(Words.quoted) ?? value.compactText.clipped(to: 60)
    }
    let rest = list.count > words.count ? ["\(list.count - words.count) more"] : []
    shown = list.count == 1 ? words[0] : "one of " + Words.list(words + rest, joinedBy: "and")
    types = list.reduce(into: []) { $0.insert(SchemaTypes(of: $1)) }
  }

  /// What to say of a value that is not in the list.
  func clause(for value: JSONValue) -> String {
    if values.isEmpty { return "no value is allowed here" }
    guard types.contains(SchemaTypes(of: value)) else {
      return "\(shown) is expected, and this is \(Words.kind(of: value))"
    }
    return "\(shown) is expected, and this is \(values.count == 1 ? "not" : "none of them")"
  }
}

/// "properties", "patternProperties" and "additionalProperties".
package struct MemberRules: Sendable {
  package var named: [ByteKey: Int] = [:]
  package var patterns: [(pattern: SchemaPattern, schema: Int)] = []
  /// For members that no name and no pattern covers.
  package var others: Int?
  /// Set where `others` is `false`: what may be there instead, in words.
  var refusal: String?
}

/// Types of JSON values, as "type" names them.
package struct SchemaTypes: OptionSet, Sendable {
  package var rawValue: UInt8

  package static let null = SchemaTypes(rawValue: 1)
  package static let boolean = SchemaTypes(rawValue: 2)
  package static let integer = SchemaTypes(rawValue: 4)
  package static let number = SchemaTypes(rawValue: 8)
  package static let string = SchemaTypes(rawValue: 16)
  package static let array = SchemaTypes(rawValue: 32)
  package static let object = SchemaTypes(rawValue: 64)

  private static let words: [(name: String, type: SchemaTypes, phrase: String)] = [
    ("string", .string, "a string"), ("number", .number, "a number"),
    ("integer", .integer, "an integer"), ("boolean", .boolean, "a boolean"),
    ("array", .array, "an array"), ("object", .object, "an object"), ("null", .null, "null"),
  ]

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The type of this name; nil where there is none.
  init?(name: String) {
    guard let word = Self.words.first(where: { $0.name == name }) else { return nil }
    self = word.type
  }

  /// The type of `value`; every number's is `number`.
  init(of value: JSONValue) {
    switch value {
    case .null: self = .null
    case .bool: self = .boolean
    case .number: self = .number
    case .string: self = .string
    case .array: self = .array
    case .object: self = .object
    }
  }

  /// "a string or null".
  var phrase: String {
    Words.list(Self.words.filter { contains($0.type) }.map(\.phrase), joinedBy: "or")
  }

  func accept(_ value: JSONValue) -> Bool {
    switch value {
    case .null: contains(.null)
    case .bool: contains(.boolean)
    case .number(let number): contains(.number) || contains(.integer) && number.isWhole
    case .string: contains(.string)
    case .array: contains(.array)
    case .object: contains(.object)
    }
  }
}

/// How sentences about JSON are put together.
enum Words {
  /// "a", "a or b", "a, b or c".
  static func list(_ words: [String], joinedBy joint: String) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(joint) " + last
  }

  /// The first of many, so that a sentence stays one.
  static func excerpt(_ words: [String], joinedBy joint: String, countMax: Int = 12) -> String {
    guard words.count > countMax else { return list(words, joinedBy: joint) }
    return words.prefix(countMax).joined(separator: ", ")
      + " \(joint) \(words.count - countMax) more"
  }

  /// `text` as JSON writes it, cut after 60 characters.
  static func quoted(_ text: String) -> String {
    JSONValue.string(text.clipped(to: 60)).compactText
  }

  /// "1 member", "2 members".
  static func count(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }

  /// "a string", "null".
  static func kind(of value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
