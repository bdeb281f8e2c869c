// CanonicalJSON.swift — JSON values as JSON Schema compares them: 1 is 1.0, order of keys is nothing.

/// A JSON value as bytes that two values share exactly if JSON Schema calls them equal.
struct CanonicalJSON: Hashable, Sendable {
  private(set) var bytes: [UInt8] = []

  /// - Precondition: The value's depth is bounded; see ``JSONValue/isDeeper(than:)``.
  init(_ value: JSONValue) { write(value) }

  private mutating func write(_ value: JSONValue) {
    switch value {
    case .null: bytes.append(UInt8(ascii: "n"))
    case .bool(let value): bytes.append(UInt8(ascii: value ? "t" : "f"))
    case .number(let number):
      bytes += number.exactText.utf8
      bytes.append(UInt8(ascii: ";"))
    case .string(let text): write(text)
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for element in elements { write(element) }
      bytes.append(UInt8(ascii: "]"))
    case .object(let object):
      bytes.append(UInt8(ascii: "{"))
      let members = object.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      for (key, value) in members {
        write(key)
        write(value)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  /// With its length before it, so that no text can pass for two.
  private mutating func write(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    bytes += String(text.utf8.count).utf8
    bytes.append(UInt8(ascii: ":"))
    bytes += text.utf8
  }
}

extension JSONValue {
  /// Whether arrays and objects are nested deeper than `depthMax`; looks no further than that.
  func isDeeper(than depthMax: Int) -> Bool {
    switch self {
    case .null, .bool, .number, .string: false
    case .array(let elements):
      depthMax == 0 || elements.contains { $0.isDeeper(than: depthMax - 1) }
    case .object(let object):
      depthMax == 0 || object.contains { $0.value.isDeeper(than: depthMax - 1) }
    }
  }
}

extension JSONValue {
  /// The value with the keys of every object in the order of their bytes: equal values, equal texts.
  ///
  /// - Precondition: The value's depth is bounded, as everything that a `JSONReader` gave is.
  public var sorted: JSONValue {
    switch self {
    case .null, .bool, .number, .string: return self
    case .array(let elements): return .array(elements.map(\.sorted))
    case .object(let object):
      var result = JSONObject()
      for key in object.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
        result[key] = object[key]?.sorted
      }
      return .object(result)
    }
  }
}
