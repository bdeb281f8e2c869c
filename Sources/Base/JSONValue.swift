// JSONValue.swift — a JSON document as a value. Objects keep the order of their keys.

/// A JSON value. Objects are ordered, since a JSON schema's property order is the order that the
/// model was trained to read.
public enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

/// A JSON number, whole where the text was whole.
public enum JSONNumber: Equatable, Sendable {
  case integer(Int64)
  /// Above `Int64.max`.
  case unsigned(UInt64)
  /// Written with a fraction or an exponent, or too large for 64 bits.
  case double(Double)

  public var doubleValue: Double {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .double(let value): value
    }
  }
}

/// A text as its bytes: `String` itself compares by canonical equivalence.
package struct ByteKey: Hashable, Sendable {
  package let text: String

  package init(text: String) { self.text = text }

  package static func == (left: ByteKey, right: ByteKey) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }
}

/// The members of a JSON object in the order they were written; keys are unique.
///
/// Keys are compared byte by byte: two spellings that only look alike are two keys.
public struct JSONObject: Equatable, Sendable {
  public private(set) var keys: [String]
  private var values: [ByteKey: JSONValue]

  public init() {
    keys = []
    values = [:]
  }

  public var count: Int { keys.count }

  public var isEmpty: Bool { keys.isEmpty }

  /// Reads, replaces in place, appends, or (with nil) removes a member.
  public subscript(key: String) -> JSONValue? {
    get { values[ByteKey(text: key)] }
    set {
      guard let newValue else {
        guard values.removeValue(forKey: ByteKey(text: key)) != nil else { return }
        keys.removeAll { ByteKey(text: $0) == ByteKey(text: key) }
        return
      }
      if values.updateValue(newValue, forKey: ByteKey(text: key)) == nil { keys.append(key) }
    }
  }

  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.values == right.values
  }
}

extension JSONObject: Sequence {
  public func makeIterator() -> AnyIterator<(key: String, value: JSONValue)> {
    var index = 0
    return AnyIterator {
      guard index < keys.count, let value = values[ByteKey(text: keys[index])] else { return nil }
      defer { index += 1 }
      return (keys[index], value)
    }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self.init()
    for (key, value) in elements { self[key] = value }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }

  public init(integerLiteral value: Int64) { self = .number(.integer(value)) }

  public init(booleanLiteral value: Bool) { self = .bool(value) }

  public init(floatLiteral value: Double) { self = .number(.double(value)) }

  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (key, value) in elements { object[key] = value }
    self = .object(object)
  }

  public init(nilLiteral: ()) { self = .null }
}

extension JSONValue {
  /// The member `key` of an object; nil for anything else.
  public subscript(key: String) -> JSONValue? {
    guard case .object(let object) = self else { return nil }
    return object[key]
  }

  public var stringValue: String? {
    guard case .string(let value) = self else { return nil }
    return value
  }

  public var boolValue: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  public var arrayValue: [JSONValue]? {
    guard case .array(let value) = self else { return nil }
    return value
  }

  public var objectValue: JSONObject? {
    guard case .object(let value) = self else { return nil }
    return value
  }

  public var doubleValue: Double? {
    guard case .number(let value) = self else { return nil }
    return value.doubleValue
  }

  /// A whole number that fits `Int`, also when written like `4.0`.
  public var intValue: Int? {
    guard case .number(let number) = self else { return nil }
    switch number {
    case .integer(let value): return Int(exactly: value)
    case .unsigned: return nil
    case .double(let value): return Int(exactly: value)
    }
  }

  public var isNull: Bool { self == .null }
}
