// ToolManifest+Reading.swift — a manifest's file, checked key by key.
//
// Format 1, JSON. Every key is required unless it says otherwise; an unknown one is an error.
//
//     "manifest": 1,
//     "name": "container",                the name of the file's folder
//     "purpose": "One sentence.",
//     "audience": "system" | "developer",
//     "namespace": {
//       "name": "container",              "functions" where the audience is "developer"
//       "description": "…" },             optional
//     "tools": [{
//       "name": "exec",                   within the namespace; "" is the namespace itself
//       "aliases": ["…"],                 optional: other full names, "x*" for all that begin with x
//       "description": "…",               optional
//       "parameters": { … },              optional: a JSON schema
//       "rawBody": "code",                optional: the body is text and becomes this argument;
//                                         without it, the body is a JSON object of arguments
//       "calls": "exec" }],               the tool's name in the plugin
//     "command": ["{martlet}", "tool", "serve", "container"],
//     "sandbox": "container",             a profile: Sandboxes/NAME.json5
//     "effects": ["read"],                optional: what its tools can do: read write exec send cloud
//     "limits": { "startSeconds": 10, "callSeconds": 600, "outputKiB": 128 }
//
// A tool may have "effects" of its own; "content": ["body"], the arguments whose texts may be the model's own
// words where a policy asks who said the call; and "references": ["event_id"], those that are identifiers of
// records, which count as said where the record's name was. A server from elsewhere has `"kind": "mcp"` and neither audience
// nor namespace; its tools, which `martlet tool pin` writes, have no alias and no raw body, but
//
//     "pin": "sha256:…"                   of what the server says of the tool: see ToolOffer

import Base
import Digests

extension ToolManifest {
  /// Far above any real manifest; bounds the reader's work.
  static let byteCountMax = 256 << 10
  static let toolCountMax = 64

  /// Reads a manifest.
  ///
  /// - Parameters:
  ///   - text: The file's bytes.
  ///   - path: Where they came from, for messages; its folder's name must be the manifest's.
  /// - Throws: ``ToolHostError/manifest(path:key:problem:)`` or ``ToolHostError/notJSON(_:)``.
  public init(text: [UInt8], path: String) throws(ToolHostError) {
    guard text.count <= Self.byteCountMax else {
      throw .manifest(
        path: path, key: "", problem: "the file has more than \(Self.byteCountMax) bytes.")
    }
    let json: JSONValue
    do throws(JSONError) { json = try JSONReader.value(text, source: path) } catch {
      throw .notJSON(error)
    }
    var fields = try ManifestFields(json, path: path, key: "")
    guard try fields.value("manifest").intValue == 1 else {
      throw fields.problem("manifest", "must be 1, the only format that this version reads.")
    }
    self.path = path
    digest = SHA256.digest(of: text).hex
    name = try fields.word("name")
    purpose = try fields.string("purpose")
    let kind =
      fields.optionalValue("kind") == nil ? .plugin : try fields.choice("kind", of: Kind.self)
    self.kind = kind
    let namespace: String
    if kind == .mcp {
      namespace = "mcp.\(name)"
      audience = .system
      namespaceDescription = nil
    } else {
      audience = try fields.choice("audience", of: Audience.self)
      var namespaceFields = try fields.object("namespace")
      namespace = try namespaceFields.word("name")
      namespaceDescription = try namespaceFields.optionalString("description")
      try namespaceFields.expectNothingElse()
    }
    self.namespace = namespace
    let effects = try fields.effects()
    tools = try fields.objects("tools", countMax: Self.toolCountMax) {
      fields throws(ToolHostError) in
      try Tool(&fields, namespace: namespace, kind: kind, effects: effects)
    }
    command = try fields.strings("command")
    profile = try fields.word("sandbox")
    var limits = try fields.object("limits")
    startTimeMax = .seconds(try limits.integer("startSeconds", in: 1...600))
    callTimeMax = .seconds(try limits.integer("callSeconds", in: 1...86_400))
    outputBytesMax = try limits.integer("outputKiB", in: 1...8192) << 10
    try limits.expectNothingElse()
    try fields.expectNothingElse()
    try check(fields)
  }

  /// What concerns several keys at once.
  private func check(_ fields: ManifestFields) throws(ToolHostError) {
    let folderName = folder.split(separator: "/").last.map(String.init)
    guard name == folderName else {
      throw fields.problem(
        "name", "must be the name of the manifest's folder, \"\(folderName ?? "")\".")
    }
    guard !tools.isEmpty || kind == .mcp else {
      throw fields.problem("tools", "is empty. List at least one tool.")
    }
    guard command.first?.isEmpty == false else {
      throw fields.problem("command", "is empty. Name the program first.")
    }
    guard kind == .mcp || (audience == .developer) == (namespace == "functions") else {
      throw fields.problem(
        "namespace.name",
        "is \"functions\" for the audience \"developer\", and for no other.")
    }
  }
}

extension ToolManifest.Tool {
  fileprivate init(
    _ fields: inout ManifestFields, namespace: String, kind: ToolManifest.Kind, effects: [String]?
  ) throws(ToolHostError) {
    let local = try fields.string("name")
    if kind == .mcp || !local.isEmpty { _ = try fields.word("name") }
    name = local.isEmpty ? namespace : "\(namespace).\(local)"
    aliases = kind == .mcp ? [] : try fields.optionalStrings("aliases") ?? []
    description = try fields.optionalString("description") ?? ""
    parameters = fields.optionalValue("parameters")
    if parameters != nil, parameters?.objectValue == nil {
      throw fields.problem("parameters", "must be a JSON schema: an object.")
    }
    body =
      kind == .mcp
      ? .json : try fields.optionalString("rawBody").map { .raw(argument: $0) } ?? .json
    pluginTool = try fields.string("calls")
    self.effects = try fields.effects() ?? effects
    content = try fields.optionalStrings("content") ?? []
    references = try fields.optionalStrings("references") ?? []
    pin = kind == .mcp ? try fields.pin() : nil
    try fields.expectNothingElse()
  }
}

extension ManifestFields {
  fileprivate mutating func effects() throws(ToolHostError) -> [String]? {
    let known = ["read", "write", "exec", "send", "cloud"]
    let effects = try optionalStrings("effects")
    if let other = effects?.first(where: { !known.contains($0) }) {
      throw problem(
        "effects", "has \"\(other.prefix(80))\"; there are: \(known.joined(separator: ", ")).")
    }
    return effects
  }

  /// The hex digits of a pin.
  fileprivate mutating func pin() throws(ToolHostError) -> String {
    let text = try string("pin")
    guard text.hasPrefix("sha256:"), let digest = Digest(hex: String(text.dropFirst(7))),
      digest.hex == text.dropFirst(7)
    else {
      throw problem(
        "pin", "must be \"sha256:\" and 64 lower-case hex digits. See: martlet tool pin --help")
    }
    return digest.hex
  }
}
