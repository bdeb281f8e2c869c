// CallArguments.swift — the body of a call as a JSON object, for the ways in which models miss it.
//
// Seen in practice: text or a bracket after the object, two objects, raw line breaks within
// strings, the object in an array, in a string, or in a {"name":…,"parameters":…} wrapper, plain
// text where one text is wanted, nothing at all. What cannot be read is told to the model.

import Base

/// The arguments of a call, as far as they could be read.
enum CallArguments: Equatable {
  /// The body as it is.
  case asWritten(String)
  /// JSON text made from the body; `how` says what was done, for the record.
  case repaired(String, how: String)
  /// What is wrong, for the model.
  case unreadable(String)

  init(_ body: String, for tool: ToolDeclaration) {
    guard case .json(let parameters, let soleText) = tool.body else {
      self = .asWritten(body)
      return
    }
    if body.allSatisfy(\.isWhitespace) {
      self = .repaired("{}", how: "an empty body was taken as no arguments")
      return
    }
    do {
      let value = try JSONReader.value(body, source: "arguments")
      self = Self.read(value, body, parameters: parameters, soleText: soleText)
    } catch {
      self = Self.salvage(body, error, parameters: parameters, soleText: soleText)
    }
  }

  /// A body that is JSON, but perhaps not the object itself.
  private static func read(
    _ value: JSONValue, _ body: String, parameters: [String], soleText: String?
  ) -> CallArguments {
    switch value {
    case .object(let object):
      guard let inner = unwrapped(object, parameters: parameters) else { return .asWritten(body) }
      return .repaired(JSONValue.object(inner).compactText, how: "the arguments were unwrapped")
    case .array(let elements):
      guard elements.count == 1, case .object = elements[0] else { break }
      return .repaired(elements[0].compactText, how: "the arguments were taken out of a list")
    case .string(let text):
      if let inner = try? JSONReader.value(text, source: "arguments"), case .object = inner {
        return .repaired(inner.compactText, how: "the arguments were taken out of a string")
      }
      if let soleText { return bare(text, soleText) }
    case .null, .bool, .number:
      break
    }
    return .unreadable("The arguments have to be one JSON object.")
  }

  /// The arguments inside `{"name": …, "parameters": {…}}`, where the tool has no such parameter.
  private static func unwrapped(_ object: JSONObject, parameters: [String]) -> JSONObject? {
    guard object.count <= 3, object["name"]?.stringValue != nil else { return nil }
    for key in ["parameters", "arguments"] where !parameters.contains(key) {
      switch object[key] {
      case .object(let inner)?: return inner
      case .string(let text)?:
        if let inner = try? JSONReader.value(text, source: "arguments").objectValue {
          return inner
        }
      default: continue
      }
    }
    return nil
  }

  /// A body that is not JSON.
  private static func salvage(
    _ body: String, _ error: JSONError, parameters: [String], soleText: String?
  ) -> CallArguments {
    for (candidate, how) in [
      (body, "what followed the arguments was left out"),
      (escapingControls(body), "raw control characters were escaped"),
    ] {
      var reader = JSONReader(Array(candidate.utf8), source: "arguments")
      guard let value = try? reader.readValue(), value.objectValue != nil else { continue }
      switch read(value, value.compactText, parameters: parameters, soleText: soleText) {
      case .asWritten(let text): return .repaired(text, how: how)
      case .repaired(let text, let also): return .repaired(text, how: "\(how), \(also)")
      case .unreadable: continue
      }
    }
    let opening = body.first { !$0.isWhitespace }
    if let soleText, opening != "{" { return bare(body, soleText) }
    return .unreadable("The arguments are not JSON: \(error)")
  }

  private static func bare(_ text: String, _ parameter: String) -> CallArguments {
    .repaired(
      JSONValue.object([parameter: .string(text)]).compactText,
      how: "the bare text was taken as \"\(parameter)\"")
  }

  /// The same text with control characters inside strings written as escapes.
  private static func escapingControls(_ text: String) -> String {
    var out: [UInt8] = []
    var isInString = false
    var isEscaped = false
    for byte in text.utf8 {
      if isInString, byte < 0x20, !isEscaped {
        let escape = "\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        out.append(contentsOf: escape.utf8)
        continue
      }
      if byte == UInt8(ascii: "\""), !isEscaped { isInString.toggle() }
      isEscaped = isInString && byte == UInt8(ascii: "\\") && !isEscaped
      out.append(byte)
    }
    return String(decoding: out, as: UTF8.self)
  }
}
