// JSONWriter.swift — JSON values as text: compact, in key order, or pretty.

extension JSONValue {
  /// Compact JSON on one line: no spaces, keys in their order, only what RFC 8259 requires escaped.
  /// A number that JSON cannot write (infinity, NaN) becomes null.
  public var compactText: String {
    var out: [UInt8] = []
    write(into: &out, indent: nil, level: 0)
    return String(decoding: out, as: UTF8.self)
  }

  /// Indented JSON, two spaces a level, for people.
  public var prettyText: String {
    var out: [UInt8] = []
    write(into: &out, indent: 2, level: 0)
    return String(decoding: out, as: UTF8.self)
  }

  private func write(into out: inout [UInt8], indent: Int?, level: Int) {
    switch self {
    case .null: out.append(contentsOf: "null".utf8)
    case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
    case .number(let number): out.append(contentsOf: number.text.utf8)
    case .string(let text): Self.write(text, into: &out)
    case .array(let elements):
      Self.writeList(elements, brackets: ("[", "]"), into: &out, indent: indent, level: level) {
        $1.write(into: &$0, indent: indent, level: level + 1)
      }
    case .object(let object):
      Self.writeList(
        Array(object), brackets: ("{", "}"), into: &out, indent: indent, level: level
      ) { out, member in
        Self.write(member.key, into: &out)
        out.append(contentsOf: (indent == nil ? ":" : ": ").utf8)
        member.value.write(into: &out, indent: indent, level: level + 1)
      }
    }
  }

  private static func writeList<Element>(
    _ elements: [Element], brackets: (String, String), into out: inout [UInt8], indent: Int?,
    level: Int, writeElement: (inout [UInt8], Element) -> Void
  ) {
    func breakLine(_ level: Int) {
      guard let indent, !elements.isEmpty else { return }
      out.append(UInt8(ascii: "\n"))
      out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * level))
    }
    out.append(contentsOf: brackets.0.utf8)
    for (index, element) in elements.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      breakLine(level + 1)
      writeElement(&out, element)
    }
    breakLine(level)
    out.append(contentsOf: brackets.1.utf8)
  }

  private static func write(_ text: String, into out: inout [UInt8]) {
    let hex = Array("0123456789abcdef".utf8)
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): out.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\\"): out.append(contentsOf: "\\\\".utf8)
      case 0x08: out.append(contentsOf: "\\b".utf8)
      case 0x0C: out.append(contentsOf: "\\f".utf8)
      case 0x0A: out.append(contentsOf: "\\n".utf8)
      case 0x0D: out.append(contentsOf: "\\r".utf8)
      case 0x09: out.append(contentsOf: "\\t".utf8)
      case 0x00..<0x20:
        out.append(contentsOf: "\\u00".utf8)
        out.append(hex[Int(byte >> 4)])
        out.append(hex[Int(byte & 15)])
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}

extension JSONNumber {
  /// The number as JSON text, the shortest that reads back the same; whole doubles keep their ".0".
  public var text: String {
    switch self {
    case .integer(let value): String(value)
    case .unsigned(let value): String(value)
    case .double(let value): value.isFinite ? "\(value)" : "null"
    }
  }
}
