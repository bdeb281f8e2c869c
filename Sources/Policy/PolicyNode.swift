// PolicyNode.swift — a policy as a tree of values that know where they were written.
//
// Two readers have to agree before anything is believed: the scanner says what is where, and
// Foundation's JSON5 decoder says what the values are. Where they differ the file is refused.

public import Base
import FoundationEssentials

/// One value of a policy file.
struct PolicyNode: Sendable {
  struct Member: Sendable {
    let key: String
    let keyOffset: Int
    let node: PolicyNode
  }

  enum Content: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case decimal(Double)
    case string(String)
    case array([PolicyNode])
    case object([Member])
  }

  let source: SourceText
  let offset: Int
  /// "rules[3].effect"; empty for the file itself.
  let keyPath: String
  let content: Content

  /// Reads `text` as one JSON5 value.
  static func read(_ text: SourceText) throws(PolicyError) -> PolicyNode {
    let places = try JSON5Scanner.scan(text)
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    let values: DecodedValue
    do { values = try decoder.decode(DecodedValue.self, from: Data(text.bytes)) } catch {
      throw text.error(.readersDisagree("only one of two readers can read it"), at: nil)
    }
    return try PolicyNode(places, values, in: text, keyPath: "")
  }

  private init(
    _ place: SourceNode, _ value: DecodedValue, in text: SourceText, keyPath: String
  ) throws(PolicyError) {
    source = text
    self.keyPath = keyPath
    offset = place.offset
    switch (place.content, value) {
    case (.null, .null): content = .null
    case (.bool, .bool(let value)): content = .bool(value)
    case (.string, .string(let value)): content = .string(value)
    case (.number(isWhole: true), .integer(let value)): content = .integer(value)
    case (.number(isWhole: false), .decimal(let value)): content = .decimal(value)
    // Foundation takes 2.0 for a whole number; here it stays what was written.
    case (.number(isWhole: false), .integer(let value)): content = .decimal(Double(value))
    case (.array(let places), .array(let values)) where places.count == values.count:
      var elements: [PolicyNode] = []
      elements.reserveCapacity(places.count)
      for (index, (place, value)) in zip(places, values).enumerated() {
        elements.append(
          try PolicyNode(place, value, in: text, keyPath: "\(keyPath)[\(index)]"))
      }
      content = .array(elements)
    case (.object(let places), .object(let values)) where places.count == values.count:
      var members: [Member] = []
      members.reserveCapacity(places.count)
      for place in places {
        let path = keyPath.isEmpty ? place.key : "\(keyPath).\(place.key)"
        guard let value = values[place.key] else {
          throw text.error(
            .readersDisagree("the key \"\(place.key)\""), at: place.keyOffset, keyPath: path)
        }
        members.append(
          Member(
            key: place.key, keyOffset: place.keyOffset,
            node: try PolicyNode(place.node, value, in: text, keyPath: path)))
      }
      content = .object(members)
    default:
      throw text.error(
        .readersDisagree("a value of another kind"), at: place.offset, keyPath: keyPath)
    }
  }

  func error(_ problem: PolicyError.Problem) -> PolicyError {
    source.error(problem, at: offset, keyPath: keyPath)
  }

  /// The value without its places, for the arguments of inline tests.
  var jsonValue: JSONValue {
    switch content {
    case .null: return .null
    case .bool(let value): return .bool(value)
    case .integer(let value): return .number(.integer(Int64(value)))
    case .decimal(let value): return .number(.double(value))
    case .string(let value): return .string(value)
    case .array(let elements): return .array(elements.map(\.jsonValue))
    case .object(let members):
      var object = JSONObject()
      for member in members { object[member.key] = member.node.jsonValue }
      return .object(object)
    }
  }
}

/// What Foundation's decoder makes of any JSON5 value. Strings first: most values are strings.
private enum DecodedValue: Decodable {
  case null
  case bool(Bool)
  case integer(Int)
  case decimal(Double)
  case string(String)
  case array([DecodedValue])
  case object([String: DecodedValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([DecodedValue].self) {
      self = .array(value)
    } else if let value = try? container.decode([String: DecodedValue].self) {
      self = .object(value)
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .decimal(value)
    } else if container.decodeNil() {
      self = .null
    } else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a value of no known kind")
    }
  }
}

extension PolicySource {
  /// The file's values without their places, for a JSON Schema or another program to look at.
  ///
  /// - Throws: ``PolicyError`` for what is no JSON5 that policies may use.
  public func json() throws(PolicyError) -> JSONValue {
    try PolicyNode.read(SourceText(name: name, bytes: bytes)).jsonValue
  }
}
