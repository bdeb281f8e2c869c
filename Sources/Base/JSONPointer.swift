// JSONPointer.swift — places in a JSON document: RFC 6901.

/// A place in a JSON document, step by step from its root.
struct JSONPointer: Equatable, Sendable {
  enum Step: Equatable, Sendable {
    case key(String)
    case index(Int)
  }

  var steps: [Step] = []

  /// The pointer's text, "/items/2/price"; each key is cut after `keyCharactersMax` characters.
  func text(keyCharactersMax: Int = .max) -> String {
    steps.reduce(into: "") { text, step in
      switch step {
      case .key(let key):
        text += "/" + Self.escaped(key.clipped(to: keyCharactersMax))
      case .index(let index): text += "/\(index)"
      }
    }
  }

  /// `key` as a pointer writes it: "~" as "~0", "/" as "~1".
  static func escaped(_ key: String) -> String {
    var text = String.UnicodeScalarView()
    for scalar in key.unicodeScalars {
      switch scalar {
      case "~": text.append(contentsOf: "~0".unicodeScalars)
      case "/": text.append(contentsOf: "~1".unicodeScalars)
      default: text.append(scalar)
      }
    }
    return String(text)
  }

  /// The keys of a pointer in a URI fragment, percent escapes and all; nil where it is malformed.
  static func keys(ofFragment fragment: Substring) -> [String]? {
    var bytes: [UInt8] = []
    var rest = fragment.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(value)
      rest.removeFirst(2)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    if text.isEmpty { return [] }
    guard text.utf8.first == UInt8(ascii: "/") else { return nil }
    return text.utf8.dropFirst().split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false
    )
    .map { unescaped($0) }
  }

  private static func unescaped(_ key: Substring.UTF8View) -> String {
    var bytes: [UInt8] = []
    var rest = key[...]
    while let byte = rest.popFirst() {
      switch (byte, rest.first) {
      case (UInt8(ascii: "~"), UInt8(ascii: "0")):
        bytes.append(UInt8(ascii: "~"))
        rest.removeFirst()
      case (UInt8(ascii: "~"), UInt8(ascii: "1")):
        bytes.append(UInt8(ascii: "/"))
        rest.removeFirst()
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension JSONValue {
  /// The value at these keys; a number counts an array's elements from 0.
  func value(at keys: [String]) -> JSONValue? {
    var value = self
    for key in keys {
      switch value {
      case .object(let object):
        guard let next = object[key] else { return nil }
        value = next
      case .array(let elements):
        // As RFC 6901 writes it: no sign, no leading zero.
        guard let index = Int(key), String(index) == key, elements.indices.contains(index) else {
          return nil
        }
        value = elements[index]
      case .null, .bool, .number, .string: return nil
      }
    }
    return value
  }
}

extension String {
  /// The text, or its first `charactersMax` Unicode scalars and "…".
  func clipped(to charactersMax: Int) -> String {
    guard utf8.count > charactersMax else { return self }
    let scalars = unicodeScalars.prefix(charactersMax)
    return scalars.endIndex == unicodeScalars.endIndex ? self : String(scalars) + "…"
  }
}
