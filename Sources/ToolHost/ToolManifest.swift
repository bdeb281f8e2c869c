// ToolManifest.swift — one tool plugin as its file describes it.

public import Base

/// A plugin: how it starts, what it offers to the model, which walls it runs behind.
///
/// Read from `Tools/NAME/manifest.json` by ``ToolManifest/init(text:path:)``, which describes the format.
public struct ToolManifest: Equatable, Sendable {
  /// Where the model reads of the tools.
  public enum Audience: String, Equatable, Sendable, CaseIterable {
    /// A namespace in the system message, as the tools that the model was trained on.
    case system
    /// Functions in the developer message; their namespace is `functions`.
    case developer
  }

  /// Whose program the plugin is.
  public enum Kind: String, Equatable, Sendable, CaseIterable {
    /// Made for this program; what it offers, its manifest says.
    case plugin
    /// A server from elsewhere that speaks MCP. Its tools are `mcp.NAME.TOOL`, and each is pinned: what
    /// the server says of it must be what was said when the manifest was written.
    case mcp
  }

  /// What the body of a call is.
  public enum Body: Equatable, Sendable {
    /// A JSON object: the arguments themselves.
    case json
    /// Any text, which becomes the argument of this name, unread.
    case raw(argument: String)
  }

  /// One tool under the name that the model knows.
  public struct Tool: Equatable, Sendable {
    /// The full name: the namespace itself ("python"), or a name in it ("container.exec").
    public var name: String
    /// Other full names that models use for it; one that ends in "*" stands for all that begin so.
    public var aliases: [String]
    public var description: String
    /// A JSON schema for the model to read; nil where it is told of no arguments.
    public var parameters: JSONValue?
    public var body: Body
    /// The plugin's own name for it.
    public var pluginTool: String
    /// What it can do to the world, in the words of policies; nil where the manifest says nothing.
    public var effects: [String]?
    /// Arguments whose texts may be the model's own words, where a policy asks who said the call.
    public var content: [String]
    /// Arguments that are identifiers of records: one counts as said where the record's name was.
    public var references: [String]
    /// The digest that the server's description of it must have, see ``ToolOffer/pin``; nil for none.
    public var pin: String?
  }

  public var name: String
  public var kind: Kind
  /// SHA-256 of the file, in hex: a changed manifest is another tool.
  public var digest: String
  /// The file it was read from.
  public var path: String
  /// One sentence for people who read `martlet tool list`.
  public var purpose: String
  public var audience: Audience
  public var namespace: String
  /// What the model is told of the whole namespace; nil for nothing.
  public var namespaceDescription: String?
  public var tools: [Tool]
  /// The program and its arguments. "{martlet}" as the first word is the running program; a first word
  /// that begins with "{folder}/" is a program beside the manifest. Others are looked up inside.
  public var command: [String]
  /// The name of the sandbox profile.
  public var profile: String
  /// How long the plugin may take from its start to its list of tools.
  public var startTimeMax: Duration
  /// How long one call may take.
  public var callTimeMax: Duration
  /// Bytes of one answer's text that the model gets to read.
  public var outputBytesMax: Int

  /// The folder of the manifest, without a trailing slash.
  public var folder: String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }
}
