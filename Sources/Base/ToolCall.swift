// ToolCall.swift — what the model asked for, and what it is told.

/// One call of a tool, as the model proposed it.
public struct ToolCall: Equatable, Sendable {
  /// Unique within its run: the position of the call, counted from 1.
  public var id: Int
  /// The full name with its namespace: "python", "container.exec", "functions.apply_patch".
  public var tool: String
  /// The body of the call, verbatim: JSON text for most tools, code for `python`.
  public var body: String

  public init(id: Int, tool: String, body: String) {
    self.id = id
    self.tool = tool
    self.body = body
  }
}

/// What came of a call, as the model reads it.
public struct ToolResult: Equatable, Sendable {
  public enum Status: String, Equatable, Sendable {
    /// The tool ran and answered.
    case succeeded
    /// The tool ran and reported an error of its own; the text says which.
    case failed
    /// The policy, or a person it asked, said no; nothing ran.
    case refused
    /// The tool never answered: it hung, died or broke its protocol.
    case broken
  }

  public var status: Status
  /// What the model reads.
  public var text: String
  /// What the tool said for programs, such as the files that a patch changed; never for the model.
  public var structured: JSONValue?

  public init(status: Status, text: String, structured: JSONValue? = nil) {
    self.status = status
    self.text = text
    self.structured = structured
  }
}
