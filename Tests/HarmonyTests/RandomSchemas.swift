// RandomSchemas.swift — seeded schemas, values that they accept, and texts of those values.

import Base

/// A schema, and how to make values that it accepts.
struct RandomSchema {
  var json: JSONValue
  var value: (inout SplitMix64) -> JSONValue

  /// Of everything that the grammar narrows.
  init(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let part = Self.part(depth: 3, &random)
    guard case .object(var root) = part.json else {
      self = part
      return
    }
    root["$defs"] = ["tree": Self.tree]
    self = RandomSchema(.object(root), part.value)
  }

  private init(_ json: JSONValue, _ value: @escaping (inout SplitMix64) -> JSONValue) {
    self.json = json
    self.value = value
  }

  /// All keys that it names in schemas.
  static let names = [
    "id", "name", "na\"me", "größe", "n", "idea", "x y", "left", "others", "tag", "extra",
  ]

  private static let tree: JSONValue = [
    "type": "object", "required": ["name"], "additionalProperties": false,
    "properties": [
      "name": ["type": "string", "maxLength": 6],
      "left": ["$ref": "#/$defs/tree"],
      "others": ["type": "array", "items": ["$ref": "#/$defs/tree"], "maxItems": 2],
    ],
  ]

  private static let patterns: [(String, @Sendable (inout SplitMix64) -> String)] = [
    ("^[a-z]{2,5}$", { random in letters(from: 2, through: 5, &random) }),
    (
      "^\\d{4}-\\d{2}$",
      { random in
        "\(Int.random(in: 1000...9999, using: &random))-\(Int.random(in: 10...99, using: &random))"
      }
    ),
    ("x+y", { random in letters(from: 0, through: 4, &random) + "xxy é" }),
    ("^(ä|🚀)*z$", { random in ["z", "äz", "🚀äz", "ää🚀z"].randomElement(using: &random) ?? "z" }),
  ]

  private static func letters(
    from least: Int, through most: Int, _ random: inout SplitMix64
  ) -> String {
    String(
      (0..<Int.random(in: least...most, using: &random)).map { _ in
        Character(UnicodeScalar(UInt8.random(in: 97...122, using: &random)))
      })
  }

  private static func text(from least: Int, through most: Int, _ random: inout SplitMix64) -> String
  {
    let pieces = ["a", "B", " ", "é", "漢", "🚀", "\"", "\\", "\n", "/", "\u{1}", "0", "}", ",", ":"]
    var text = ""
    for _ in 0..<Int.random(in: least...most, using: &random) {
      text.unicodeScalars += (pieces.randomElement(using: &random) ?? "").unicodeScalars
    }
    return text
  }

  private static func number(_ random: inout SplitMix64) -> JSONValue {
    switch Int.random(in: 0..<5, using: &random) {
    case 0: .number(.integer(Int64.random(in: -20...20, using: &random)))
    case 1: .number(.integer(Int64(bitPattern: random.next())))
    case 2: .number(.double(random.nextUnit() * 1e6 - 5e5))
    case 3: .number(.double(random.nextUnit() * 1e-12))
    default: .number(.double(Double(Int.random(in: -99...99, using: &random)) * 1e280))
    }
  }

  private static func part(depth: Int, _ random: inout SplitMix64) -> RandomSchema {
    let kind = Int.random(in: 0..<(depth > 0 ? 18 : 9), using: &random)
    switch kind {
    case 0: return RandomSchema(["type": "string"]) { .string(text(from: 0, through: 8, &$0)) }
    case 1:
      let least = Int.random(in: 0...3, using: &random)
      let most = least + Int.random(in: 0...4, using: &random)
      let schema: JSONValue = [
        "type": "string", "minLength": .number(.integer(Int64(least))),
        "maxLength": .number(.integer(Int64(most))),
      ]
      return RandomSchema(schema) { .string(text(from: least, through: most, &$0)) }
    case 2, 3:
      let (pattern, make) = patterns[Int.random(in: 0..<patterns.count, using: &random)]
      return RandomSchema(["type": "string", "pattern": .string(pattern)]) { .string(make(&$0)) }
    case 4:
      let values: [JSONValue] = [
        "red", "green", "grün", "a\"b", 1, 2.5, nil, true, [1, "x"], ["k": [true]], "",
      ].shuffled(using: &random).dropLast(7)
      return RandomSchema(["enum": .array(values)]) { values.randomElement(using: &$0) ?? nil }
    case 5:
      return RandomSchema(["type": "integer"]) {
        .number(.integer(Int64.random(in: -1_000_000...1_000_000, using: &$0)))
      }
    case 6: return RandomSchema(["type": "number"]) { number(&$0) }
    case 7:
      return RandomSchema(["type": ["boolean", "null"]]) { [true, false, nil][Int($0.next() % 3)] }
    case 8:
      return RandomSchema(["type": "integer", "minimum": 0, "maximum": 999]) {
        .number(.integer(Int64.random(in: 0...999, using: &$0)))
      }
    case 9: return RandomSchema(["$ref": "#/$defs/tree"]) { tree(depth: 2, &$0) }
    case 10, 11: return array(depth: depth, &random)
    case 12:
      let options = (0..<3).map { _ in part(depth: depth - 1, &random) }
      return RandomSchema(["anyOf": .array(options.map(\.json))]) {
        options[Int($0.next() % 3)].value(&$0)
      }
    case 13:
      let options = ["a", "b"].map { tag in
        object(depth: depth - 1, isOpen: false, tag: tag, &random)
      }
      return RandomSchema(["oneOf": .array(options.map(\.json))]) {
        options[Int($0.next() % 2)].value(&$0)
      }
    case 14:
      let inner = object(depth: depth - 1, isOpen: true, &random)
      let more: JSONValue = ["required": ["extra"], "properties": ["extra": ["type": "boolean"]]]
      return RandomSchema(["allOf": [inner.json, more]]) { random in
        guard case .object(var object) = inner.value(&random) else { return nil }
        object["extra"] = true
        return .object(object)
      }
    default: return object(depth: depth, isOpen: kind == 15, &random)
    }
  }

  private static func tree(depth: Int, _ random: inout SplitMix64) -> JSONValue {
    var object: JSONObject = ["name": .string(text(from: 0, through: 6, &random))]
    guard depth > 0 else { return .object(object) }
    if random.next() % 2 == 0 { object["left"] = tree(depth: depth - 1, &random) }
    if random.next() % 2 == 0 { object["others"] = [tree(depth: depth - 1, &random)] }
    return .object(object)
  }

  private static func array(depth: Int, _ random: inout SplitMix64) -> RandomSchema {
    let item = part(depth: depth - 1, &random)
    let prefix = (0..<Int.random(in: 0...2, using: &random)).map { _ in
      part(depth: depth - 1, &random)
    }
    let least = Int.random(in: 0...3, using: &random)
    let most = least + Int.random(in: 0...2, using: &random)
    var schema: JSONObject = [
      "type": "array", "items": item.json, "minItems": .number(.integer(Int64(least))),
      "maxItems": .number(.integer(Int64(most))),
    ]
    if !prefix.isEmpty { schema["prefixItems"] = .array(prefix.map(\.json)) }
    return RandomSchema(.object(schema)) { random in
      .array(
        (0..<Int.random(in: least...most, using: &random)).map { index in
          (index < prefix.count ? prefix[index] : item).value(&random)
        })
    }
  }

  private static func object(
    depth: Int, isOpen: Bool, tag: String? = nil, _ random: inout SplitMix64
  ) -> RandomSchema {
    let names = names.dropLast(4).shuffled(using: &random)
      .prefix(Int.random(in: 0...4, using: &random))
    var members = names.map { name in
      (name: name, schema: part(depth: depth - 1, &random), isRequired: random.next() % 2 == 0)
    }
    if let tag {
      members.append(("tag", RandomSchema(["const": .string(tag)]) { _ in .string(tag) }, true))
    }
    let other = part(depth: 0, &random)
    var properties = JSONObject()
    for member in members { properties[member.name] = member.schema.json }
    var schema: JSONObject = [
      "type": "object", "properties": .object(properties),
      "required": .array(members.filter(\.isRequired).map { .string($0.name) }),
    ]
    if !isOpen { schema["additionalProperties"] = random.next() % 2 == 0 ? false : other.json }
    let takesOthers = schema["additionalProperties"] != false
    return RandomSchema(.object(schema)) { [schema] random in
      var object = JSONObject()
      for member in members.shuffled(using: &random)
      where member.isRequired || random.next() % 2 == 0 {
        object[member.name] = member.schema.value(&random)
      }
      if takesOthers, random.next() % 2 == 0 {
        object["id2"] = schema["additionalProperties"] == nil ? [[], "x"] : other.value(&random)
      }
      return .object(object)
    }
  }
}

/// Texts of one value, as different models write them.
struct JSONSpelling {
  var random: SplitMix64

  func text(_ value: JSONValue) -> String {
    var copy = self
    let style = Int.random(in: 0..<4, using: &copy.random)
    if style == 0 { return value.compactText }
    if style == 1 { return value.prettyText }
    return copy.loose(value, level: 0)
  }

  private mutating func gap(_ level: Int) -> String {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: " "
    case 1: "\n" + String(repeating: " ", count: 2 * level)
    case 2: "\r\n" + String(repeating: "\t", count: level)
    case 3: "  "
    default: ""
    }
  }

  private mutating func loose(_ value: JSONValue, level: Int) -> String {
    gap(level) + bare(value, level: level) + (level > 0 ? gap(level) : "")
  }

  private mutating func bare(_ value: JSONValue, level: Int) -> String {
    switch value {
    case .string(let string): return quoted(string)
    case .array(let elements):
      let inner = elements.map { loose($0, level: level + 1) }
      return "[" + (inner.isEmpty ? gap(level) : inner.joined(separator: ",")) + "]"
    case .object(let object):
      let inner = object.map { key, value in
        gap(level + 1) + quoted(key) + ["", " ", "\t"][Int(random.next() % 3)] + ":"
          + ["", " ", "  "][Int(random.next() % 3)] + bare(value, level: level + 1)
          + gap(level)
      }
      return "{" + (inner.isEmpty ? gap(level) : inner.joined(separator: ",")) + "}"
    default: return value.compactText
    }
  }

  /// Some characters escaped that need not be.
  private mutating func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      let plain = JSONValue.string(String(Character(scalar))).compactText.dropFirst().dropLast()
      if random.next() % 4 > 0 {
        result += plain
      } else {
        for unit in String(Character(scalar)).utf16 {
          let digits = String(unit, radix: 16, uppercase: random.next() % 2 == 0)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      }
    }
    return result + "\""
  }
}
