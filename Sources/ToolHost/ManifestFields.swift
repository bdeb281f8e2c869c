// ManifestFields.swift — the members of one JSON object, each asked for once, none left over.

import Base

/// Reads members by name; every fault names the file, the key and what should be there.
struct ManifestFields {
  private let object: JSONObject
  private let path: String
  /// Where the object lies in the file: "" at the top, "tools[0]." further down.
  private let prefix: String
  private var known: Set<String> = []

  init(_ json: JSONValue, path: String, key: String) throws(ToolHostError) {
    guard let object = json.objectValue else {
      throw .manifest(path: path, key: key, problem: "must be an object: { … }.")
    }
    self.object = object
    self.path = path
    prefix = key.isEmpty ? "" : key + "."
  }

  func problem(_ key: String, _ problem: String) -> ToolHostError {
    .manifest(path: path, key: prefix + key, problem: problem)
  }

  mutating func optionalValue(_ key: String) -> JSONValue? {
    known.insert(key)
    return object[key]
  }

  mutating func value(_ key: String) throws(ToolHostError) -> JSONValue {
    guard let value = optionalValue(key) else { throw problem(key, "is missing. Add it.") }
    return value
  }

  mutating func string(_ key: String) throws(ToolHostError) -> String {
    guard let text = try value(key).stringValue else { throw problem(key, "must be a string.") }
    return text
  }

  mutating func optionalString(_ key: String) throws(ToolHostError) -> String? {
    optionalValue(key) == nil ? nil : try string(key)
  }

  /// A name: ASCII letters, digits, "_" and "-", 1 to 64 of them.
  mutating func word(_ key: String) throws(ToolHostError) -> String {
    let text = try string(key)
    let isWord = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard isWord, (1...64).contains(text.utf8.count) else {
      throw problem(key, "must be 1 to 64 letters, digits, \"_\" or \"-\".")
    }
    return text
  }

  mutating func choice<Value: RawRepresentable & CaseIterable>(
    _ key: String, of type: Value.Type
  ) throws(ToolHostError) -> Value where Value.RawValue == String {
    let text = try string(key)
    guard let value = Value(rawValue: text) else {
      let all = Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
      throw problem(key, "must be \(all).")
    }
    return value
  }

  mutating func integer(
    _ key: String, in range: ClosedRange<Int>
  ) throws(ToolHostError) -> Int {
    guard let number = try value(key).intValue, range.contains(number) else {
      throw problem(
        key, "must be a whole number from \(range.lowerBound) to \(range.upperBound).")
    }
    return number
  }

  mutating func strings(_ key: String) throws(ToolHostError) -> [String] {
    let elements = try value(key).arrayValue
    let texts = elements?.compactMap(\.stringValue)
    guard let texts, texts.count == elements?.count else {
      throw problem(key, "must be a list of strings.")
    }
    return texts
  }

  mutating func optionalStrings(_ key: String) throws(ToolHostError) -> [String]? {
    optionalValue(key) == nil ? nil : try strings(key)
  }

  mutating func object(_ key: String) throws(ToolHostError) -> ManifestFields {
    try ManifestFields(try value(key), path: path, key: prefix + key)
  }

  /// Reads a list of objects, each by `read`.
  mutating func objects<Element>(
    _ key: String, countMax: Int, _ read: (inout ManifestFields) throws(ToolHostError) -> Element
  ) throws(ToolHostError) -> [Element] {
    guard let elements = try value(key).arrayValue, elements.count <= countMax else {
      throw problem(key, "must be a list of at most \(countMax) objects.")
    }
    var result: [Element] = []
    for (index, element) in elements.enumerated() {
      var fields = try ManifestFields(element, path: path, key: "\(prefix)\(key)[\(index)]")
      result.append(try read(&fields))
    }
    return result
  }

  func expectNothingElse() throws(ToolHostError) {
    guard let other = object.keys.first(where: { !known.contains($0) }) else { return }
    throw problem(
      String(other.prefix(80)), "is no key of a manifest. Remove it, or correct its spelling.")
  }
}
