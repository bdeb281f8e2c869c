// ToolNamespace.swift — tools as the model reads them: namespaces of named functions.

public import Base

/// One function: a name, what it does, and what it takes.
public struct ToolDescription: Equatable, Sendable {
  /// Without the namespace.
  public var name: String
  /// Prints as comment lines; empty prints none.
  public var description: String
  /// A JSON schema; nil for a function without arguments. Property order is what the model sees.
  public var parameters: JSONValue?

  public init(name: String, description: String, parameters: JSONValue? = nil) {
    self.name = name
    self.description = description
    self.parameters = parameters
  }
}

/// Tools under one name, such as `functions` or `browser`.
public struct ToolNamespace: Equatable, Sendable {
  public var name: String
  /// Prints as comment lines; as plain text where there are no tools.
  public var description: String?
  public var tools: [ToolDescription]

  public init(name: String, description: String? = nil, tools: [ToolDescription]) {
    self.name = name
    self.description = description
    self.tools = tools
  }

  /// The namespace of developer functions, whose calls go to the commentary channel.
  public static let functionsName = "functions"

  /// The namespace of developer functions.
  public static func functions(_ tools: [ToolDescription]) -> Self {
    Self(name: functionsName, tools: tools)
  }

  /// Of two namespaces with one name the later wins.
  static func byName(_ namespaces: [Self]) -> [String: Self] {
    Dictionary(namespaces.map { ($0.name, $0) }) { _, later in later }
  }

  /// By the bytes of the keys, as the reference's ordered map has them.
  static func sorted(_ tools: [String: Self]) -> [Self] {
    tools.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value)
  }
}
