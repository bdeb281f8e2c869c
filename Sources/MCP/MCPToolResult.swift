// MCPToolResult.swift — what a tool answers, and how the model gets to read it.

public import Base

/// One block of a tool's answer.
public enum MCPContent: Equatable, Sendable {
  case text(String)
  /// An image or a sound. The bytes are left out: gpt-oss reads text alone.
  case media(type: String, mimeType: String, byteCount: Int)
  case link(uri: String, name: String, description: String?)
  case resourceText(uri: String, text: String)
  case resourceBytes(uri: String, mimeType: String, byteCount: Int)
  /// A kind of block that this revision does not know, or one that lacks what its kind needs.
  case unknown(type: String)
}

/// A tool's answer. `isError` is the tool's own report; the protocol's errors are `MCPError`.
public struct MCPToolResult: Equatable, Sendable {
  public var content: [MCPContent]
  public var structured: JSONValue?
  public var isError: Bool

  public init(content: [MCPContent], structured: JSONValue? = nil, isError: Bool = false) {
    self.content = content
    self.structured = structured
    self.isError = isError
  }

  /// An answer of one text.
  public init(text: String, isError: Bool = false) {
    self.init(content: text.isEmpty ? [] : [.text(text)], isError: isError)
  }

  /// The answer as the model reads it: the texts in their order, a short note in place of what is
  /// not text, and the structured part where a server did not repeat it as text.
  public var text: String {
    var parts = content.map(\.text)
    let hasText = content.contains { if case .text = $0 { true } else { false } }
    if let structured, !hasText { parts.append(structured.compactText) }
    return parts.joined(separator: "\n")
  }
}

extension MCPContent {
  /// The block as text.
  public var text: String {
    switch self {
    case .text(let text): text
    case .media(let type, let mimeType, let byteCount):
      "[\(type), \(mimeType), \(byteCount) bytes, not shown]"
    case .link(let uri, let name, let description):
      "[resource \(name): \(uri)]" + (description.map { " \($0)" } ?? "")
    case .resourceText(let uri, let text): "[resource \(uri)]\n\(text)"
    case .resourceBytes(let uri, let mimeType, let byteCount):
      "[resource \(uri), \(mimeType), \(byteCount) bytes, not shown]"
    case .unknown(let type): "[content of the unknown type \"\(type)\", not shown]"
    }
  }

  init(_ json: JSONValue) {
    let type = json["type"]?.stringValue ?? ""
    self = Self.read(type, json) ?? .unknown(type: clipped(type))
  }

  private static func read(_ type: String, _ json: JSONValue) -> MCPContent? {
    switch type {
    case "text": return json["text"]?.stringValue.map(MCPContent.text)
    case "image", "audio":
      guard let data = json["data"]?.stringValue else { return nil }
      let mimeType = json["mimeType"]?.stringValue ?? "unknown kind"
      return .media(type: type, mimeType: mimeType, byteCount: byteCount(base64: data))
    case "resource_link":
      guard let uri = json["uri"]?.stringValue else { return nil }
      return .link(
        uri: uri, name: json["title"]?.stringValue ?? json["name"]?.stringValue ?? "link",
        description: json["description"]?.stringValue)
    case "resource":
      guard let resource = json["resource"], let uri = resource["uri"]?.stringValue else {
        return nil
      }
      if let text = resource["text"]?.stringValue { return .resourceText(uri: uri, text: text) }
      guard let blob = resource["blob"]?.stringValue else { return nil }
      let mimeType = resource["mimeType"]?.stringValue ?? "unknown kind"
      return .resourceBytes(uri: uri, mimeType: mimeType, byteCount: byteCount(base64: blob))
    default: return nil
    }
  }

  /// RFC 4648: four characters carry three bytes, less the padding.
  private static func byteCount(base64: String) -> Int {
    let padding = base64.utf8.suffix(2).count { $0 == UInt8(ascii: "=") }
    return max(0, base64.utf8.count * 3 / 4 - padding)
  }
}

extension MCPToolResult {
  /// Reads the result of `tools/call`; throws a problem in words.
  init(_ result: JSONObject) throws(MCPError) {
    func invalid(_ problem: String) -> MCPError {
      .invalidResult(method: Wire.toolsCall, problem: problem)
    }
    guard let content = result["content"]?.arrayValue else {
      throw invalid("it lacks the list \"content\"")
    }
    let isError: Bool
    switch result["isError"] {
    case nil, .null?: isError = false
    case .bool(let value)?: isError = value
    default: throw invalid("\"isError\" is neither true nor false")
    }
    // Some encoders write every member; a null then stands for none.
    var structured = result["structuredContent"]
    if structured?.isNull == true { structured = .none }
    self.init(content: content.map { MCPContent($0) }, structured: structured, isError: isError)
  }
}
