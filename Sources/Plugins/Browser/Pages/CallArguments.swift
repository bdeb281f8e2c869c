// CallArguments.swift — the arguments of a call, each asked for by name and kind.

import Base

struct CallArguments {
  enum LinkOrAddress {
    /// -1 for none.
    case number(Int)
    case address(String)
  }

  private let object: JSONObject

  init(_ object: JSONObject) { self.object = object }

  func text(_ name: String) throws(UsageError) -> String {
    guard let text = try optionalText(name) else { throw wrong(name, "is missing") }
    return text
  }

  func optionalText(_ name: String) throws(UsageError) -> String? {
    switch object[name] {
    case nil, .null?: return nil
    case .string(let text)?: return text
    // A model that looks for a year may write it as a number.
    case .number?: return object[name]?.compactText
    default: throw wrong(name, "should be a string")
    }
  }

  func integer(_ name: String) throws(UsageError) -> Int? {
    switch object[name] {
    case nil, .null?: return nil
    case .string(let text)?:
      guard let number = Int(text) else { throw wrong(name, "should be an integer") }
      return number
    case let value?:
      guard let number = value.intValue else { throw wrong(name, "should be an integer") }
      return number
    }
  }

  func flag(_ name: String) throws(UsageError) -> Bool {
    switch object[name] {
    case nil, .null?: return false
    case .bool(let value)?: return value
    default: throw wrong(name, "should be true or false")
    }
  }

  /// The argument `id`: a link's number, or an address.
  func linkOrAddress() throws(UsageError) -> LinkOrAddress {
    switch object["id"] {
    case nil, .null?: return .number(-1)
    case .string(let text)?:
      // The number of a link stays one between quotation marks.
      if let number = Int(text), text.utf8.count <= 9 { return .number(number) }
      return .address(text)
    case let value?:
      guard let number = value.intValue else {
        throw wrong("id", "should be an integer or a string")
      }
      return .number(number)
    }
  }

  private func wrong(_ name: String, _ problem: String) -> UsageError {
    UsageError(sentence: "Invalid function arguments: `\(name)` \(problem).")
  }
}
