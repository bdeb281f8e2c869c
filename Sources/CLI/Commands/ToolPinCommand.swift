// ToolPinCommand.swift — look at what a server from elsewhere offers, and pin that.

import Base
import Glibc
import Policy
import Runtime
import ToolHost

extension Command {
  static let toolPin = Command(
    name: "tool pin",
    summary: "Start a server from elsewhere in its sandbox and pin what it says of its tools.",
    synopsis: "NAME --tools DIR [--suggest] [--write]",
    details: """
      DIR/NAME/manifest.json says "kind": "mcp", how the server starts, and its sandbox. Its tools may be
      an empty list. What is printed is the same manifest with the server's tools, each with the words
      that a model will read and their digest. Read them: they are instructions to the model. A tool
      whose words change later is not called until it is pinned anew. The policy judges the start as the
      tool "server.start".

      With --suggest, a tool that has none yet gets "effects": ["read"] where the server calls it read-only,
      or says nothing and its name begins with "get", "list" and the like, and other effects else; "content":
      the arguments with names such as "body" or "description", which may then be the model's own words
      where a policy asks who said the call; and "references": those with names such as "event_id", which
      count as said where the record's name was. A server can say anything of itself: read the manifest
      before you use it.
      """,
    options: [
      Option(name: "--tools", value: "DIR", help: "the folder of manifests"),
      Option(
        name: "--suggest", help: "add effects, content and references, as hints and names suggest"),
      Option(name: "--write", help: "replace the manifest instead of printing it"),
      Option(name: "--policy", value: "NAME|FILE", help: "a shipped policy, or a file"),
      .workspace,
    ],
    positionalCount: 1...1,
    examples: [
      Example(
        command: "./martlet tool pin files --tools mytools", meaning: "prints the manifest, pinned")
    ]
  ) { arguments in
    let pinning = try ToolPinning(arguments)
    let text = try pinning.manifest(
      with: pinning.offers(), isSuggesting: arguments.has("--suggest"))
    guard arguments.has("--write") else {
      Output.line(text)
      return .success
    }
    try pinning.replace(text)
    Progress.line("martlet: \(pinning.path) is pinned")
    return .success
  }
}

/// One pinning: which manifest, under which policy.
private struct ToolPinning {
  let path: String
  private let name: String
  private let manifest: ToolManifest
  private let host: ToolHost
  private let engine: PolicyEngine

  init(_ arguments: Arguments) throws(CommandError) {
    name = arguments.positional[0]
    let folder = try arguments.required("--tools")
    let places = Places.ofThisProcess()
    let workspace = try arguments.workspace()
    let catalog: ToolCatalog
    do throws(ToolHostError) { catalog = try ToolCatalog(folders: [folder]) } catch {
      throw .usage(error.description)
    }
    let name = name
    guard let manifest = catalog.manifests.first(where: { $0.name == name }) else {
      throw .usage("There is no \(folder)/\(name)/manifest.json.")
    }
    guard manifest.kind == .mcp else {
      throw .usage("\(manifest.path) is no manifest of \"kind\": \"mcp\": its tools have no pins.")
    }
    self.manifest = manifest
    path = manifest.path
    host = ToolHost(
      catalog: catalog,
      places: ToolHost.Places(
        profileFolders: places.profileFolders, folders: ["workspace": workspace]))
    engine = try Permission.engine(arguments["--policy"], workspace: workspace)
  }

  /// What the server says, where the policy lets it be started.
  func offers() throws(CommandError) -> [ToolOffer] {
    let effects = UserEffects(
      policy: engine, approver: TerminalApprover(), places: .ofThisProcess())
    let (manifest, host, name) = (manifest, host, name)
    try Permission.need("Starting \(name)") { () async throws(CancellationError) in
      try await effects.judgeStart(of: manifest)
    }
    let result = waiting { () async -> Result<[ToolOffer], CommandError> in
      do throws(ToolHostError) {
        switch try await host.offers(of: name) {
        case .success(let offers): return .success(offers)
        case .failure(let silence):
          return .failure(
            CommandError(
              exitCode: .toolFailure, sentence: "The server \(name) \(silence.reason).".plain))
        }
      } catch {
        return .failure(
          CommandError(exitCode: ExitCode(rawValue: error.exitStatus), sentence: error.description))
      }
    }
    switch result {
    case .success(let offers): return offers
    case .failure(let error): throw error
    }
  }

  /// The manifest's text with these tools in place of its own.
  func manifest(
    with offers: [ToolOffer], isSuggesting: Bool
  ) throws(CommandError) -> String {
    let bytes: [UInt8]
    do throws(FileReadError) { bytes = try wholeFile(path, bytesMax: 1 << 20) } catch {
      throw .usage("\(path) cannot be read: \(error.reason).")
    }
    guard let json = try? JSONReader.value(bytes, source: path), case .object(var object) = json
    else { throw .usage("\(path) is no JSON object.") }
    let known = Dictionary(
      manifest.tools.map { ($0.pluginTool, $0) }, uniquingKeysWith: { first, _ in first })
    object["tools"] = .array(
      offers.map { offer in
        let old = known[offer.name]
        if old?.pin != offer.pin {
          Progress.line("martlet: \(old == nil ? "new" : "changed"): \(offer.name.plain)")
        }
        var tool: JSONObject = [
          "name": .string(old.map { Self.local($0.name) } ?? Self.word(offer.name)),
          "description": .string(offer.description ?? ""), "parameters": offer.parameters,
        ]
        let effects = old.flatMap { Self.ownEffects($0, object) }
        let content = old?.content ?? []
        tool["effects"] = Self.list(effects ?? (isSuggesting ? offer.suggestedEffects : nil))
        tool["content"] = Self.list(
          content.isEmpty && isSuggesting ? offer.suggestedContent : content)
        let references = old?.references ?? []
        tool["references"] = Self.list(
          references.isEmpty && isSuggesting ? offer.suggestedReferences : references)
        tool["calls"] = .string(offer.name)
        tool["pin"] = .string("sha256:\(offer.pin)")
        return .object(tool)
      })
    for tool in manifest.tools where !offers.contains(where: { $0.name == tool.pluginTool }) {
      Progress.line("martlet: gone: \(tool.pluginTool.plain)")
    }
    return JSONValue.object(object).compactText
  }

  /// The effects that the tool has for itself; nil where it has those of the whole manifest.
  private static func ownEffects(
    _ tool: ToolManifest.Tool, _ manifest: JSONObject
  ) -> [String]? {
    let written = manifest["tools"]?.arrayValue?.first {
      $0["calls"]?.stringValue == tool.pluginTool
    }
    return written?["effects"] == nil ? nil : tool.effects
  }

  private static func list(_ words: [String]?) -> JSONValue? {
    guard let words, !words.isEmpty else { return nil }
    return .array(words.map { .string($0) })
  }

  /// Writes beside the manifest and puts that in its place, so that it is always whole.
  func replace(_ text: String) throws(CommandError) {
    let draft = "\(path).new"
    let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard file >= 0 else { throw failure(draft) }
    let bytes = Array("\(text)\n".utf8)
    let isWritten = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == bytes.count
    close(file)
    guard isWritten, rename(draft, path) == 0 else {
      let error = failure(path)
      unlink(draft)
      throw error
    }
  }

  private func failure(_ path: String) -> CommandError {
    .usage("\(path) cannot be written: \(String(cString: strerror(errno))).")
  }

  private static func local(_ name: String) -> String {
    String(name.split(separator: ".", maxSplits: 2).last ?? "")
  }

  /// A name that a manifest may have for a tool that the server calls `name`.
  private static func word(_ name: String) -> String {
    String(
      name.unicodeScalars.prefix(64).map { scalar in
        let isPlain =
          scalar.isASCII && scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || scalar == "_" || scalar == "-"
        return isPlain ? Character(scalar) : "_"
      })
  }
}
