// MemoryCommands.swift — what is remembered across runs, as its owner reads and adds to it.

import Base
import Runtime
import Store

extension Command {
  static let memoryAdd = Command(
    name: "memory add",
    summary: "Remember a text for later runs.",
    synopsis: "TEXT|- [--global] [--workspace DIR] [--json]",
    details: """
      With "-" the text is read from standard input. Runs in the same workspace can find it, runs
      elsewhere only with --global. What you add yourself has the origin and the trust label "user".
      """,
    options: [
      Option(name: "--global", help: "for runs in every workspace"), .workspace,
      Option(name: "--json", help: "the saved memory as one JSON object"),
    ],
    positionalCount: 1...1,
    examples: [
      Example(
        command: "./martlet memory add 'Tests run with: make check'",
        meaning: "remembered for runs in this folder")
    ]
  ) { arguments in
    var scope = MemoryScope.global
    if !arguments.has("--global") {
      scope = .workspace(try arguments.workspace())
    } else if arguments["--workspace"] != nil {
      throw CommandError.usage("Give either --global or --workspace.")
    }
    let text = try withoutSecrets(
      try Input.text(arguments.positional[0], bytesMax: Memories.textBytesMax))
    try permitSaving(text, in: scope)
    let memory = try Stores.telling { () throws(StoreError) in
      try Memories(path: Places.ofThisProcess().memoriesPath).save(
        NewMemory(text: text, origin: "user", trust: "user", scope: scope, created: .now()))
    }
    if arguments.has("--json") {
      Output.jsonLine(memory.json)
    } else {
      Output.line("Saved as memory \(memory.id), \(memory.scope.phrase).")
    }
    return .success
  }

  /// A model will read it in later runs, and the file is no place for keys.
  private static func withoutSecrets(_ text: String) throws(CommandError) -> String {
    let secrets: RecordedSecrets
    do throws(RunError) { secrets = try RecordedSecrets(.ofThisProcess()) } catch {
      throw .usage(error.description)
    }
    let (kept, count) = secrets.redacted(text)
    if count > 0 {
      Progress.line(
        "martlet: \(count) secret\(count == 1 ? "" : "s") left out; see Docs/SECRETS.md")
    }
    return kept
  }

  /// What is remembered will be read by a model: the policy has a say in it.
  private static func permitSaving(_ text: String, in scope: MemoryScope) throws(CommandError) {
    var workspace = ".".resolvingLinks ?? "/"
    if case .workspace(let path) = scope { workspace = path }
    let effects = UserEffects(
      policy: try Permission.engine(nil, workspace: workspace), approver: TerminalApprover(),
      places: .ofThisProcess())
    let name = scope == .global ? "global" : "workspace"
    try Permission.need("Saving a memory") { () async throws(CancellationError) in
      try await effects.judgeSave(of: text, scope: name)
    }
  }

  static let memorySearch = Command(
    name: "memory search",
    summary: "Find memories by their words.",
    synopsis: "QUERY… [--limit N] [--workspace DIR] [--all] [--json]",
    details: """
      The query is words, in no special language: no character in it has a meaning of its own. The best
      match comes first. Searched are the workspace's memories and the global ones.
      """,
    options: [
      Option(name: "--limit", value: "N", help: "at most so many; default: 10"), .workspace,
      .allMemories, .memoryLines,
    ],
    positionalCount: 1...256,
    examples: [
      Example(
        command: "./martlet memory search how do tests run", meaning: "the ten best, the best first"
      )
    ]
  ) { arguments in
    let limit = try arguments.integer("--limit", in: 1...100_000) ?? 10
    let scopes = try arguments.scopes()
    let query = arguments.positional.joined(separator: " ")
    let found = try Stores.savedMemories().map { memories throws(CommandError) in
      try Stores.telling { () throws(StoreError) in
        try memories.search(query, scopes: scopes, limit: limit)
      }
    }
    show(found ?? [], arguments, none: "No memory matches.")
    return .success
  }

  static let memoryList = Command(
    name: "memory list",
    summary: "Show what is remembered, the newest first.",
    synopsis: "[--limit N] [--workspace DIR] [--all] [--json]",
    details: "Shown are the workspace's memories and the global ones.",
    options: [
      Option(name: "--limit", value: "N", help: "at most so many; default: 100"), .workspace,
      .allMemories, .memoryLines,
    ],
    examples: [
      Example(command: "./martlet memory list --limit 5", meaning: "the five that came last")
    ]
  ) { arguments in
    let limit = try arguments.integer("--limit", in: 1...1_000_000) ?? 100
    let scopes = try arguments.scopes()
    let listed = try Stores.savedMemories().map { memories throws(CommandError) in
      try Stores.telling { () throws(StoreError) in
        guard let scopes else { return try memories.list(limit: limit) }
        var all: [Memory] = []
        for scope in scopes { all += try memories.list(scope: scope, limit: limit) }
        return Array(all.sorted { $0.id > $1.id }.prefix(limit))
      }
    }
    show(listed ?? [], arguments, none: "Nothing is remembered here.")
    return .success
  }

  /// Prints memories; says `none` on stderr where there are none.
  private static func show(_ memories: [Memory], _ arguments: Arguments, none: String) {
    if arguments.has("--json") { return memories.forEach { Output.jsonLine($0.json) } }
    if memories.isEmpty { Progress.line(none) }
    for memory in memories {
      var facts = ["\(memory.id)", memory.created.shortText, memory.scope.phrase]
      facts.append("by \(memory.origin)" + (memory.session.map { " in session \($0)" } ?? ""))
      if memory.trust != memory.origin { facts.append("trusted as \(memory.trust)") }
      Output.line(facts.joined(separator: "  ").plain)
      Output.line(memory.text.indented(by: 4).joined(separator: "\n"))
    }
  }
}

extension Command.Option {
  fileprivate static let allMemories = Self(name: "--all", help: "of every workspace")
  fileprivate static let memoryLines = Self(name: "--json", help: "one JSON object a line")
}

extension Arguments {
  /// The scopes of a search; nil for all of them.
  fileprivate func scopes() throws(CommandError) -> [MemoryScope]? {
    guard has("--all") else { return [.workspace(try workspace()), .global] }
    guard self["--workspace"] == nil else {
      throw .usage("Give either --all or --workspace.")
    }
    return nil
  }
}

extension MemoryScope {
  fileprivate var phrase: String {
    switch self {
    case .global: "for every workspace"
    case .workspace(let path): "for \(path)"
    }
  }
}

extension Memory {
  fileprivate var json: JSONValue {
    var object: JSONObject = ["id": .number(.integer(id)), "text": .string(text)]
    switch scope {
    case .global: object["scope"] = "global"
    case .workspace(let path):
      object["scope"] = "workspace"
      object["workspace"] = .string(path)
    }
    object["origin"] = .string(origin)
    object["session"] = session.map(JSONValue.string)
    object["trust"] = .string(trust)
    object["time"] = .string(created.isoText)
    return .object(object)
  }
}
