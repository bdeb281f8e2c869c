// ToolOffer+Suggestions.swift — what a manifest could say of a tool from elsewhere, if its hints and names are to
// be believed. A person reads it before it counts; no decision looks at names or hints.

import Base

extension ToolOffer {
  /// What the tool could be said to do: to read, where a hint says so, or no hint says otherwise and its name
  /// does; else to write and to send, and to execute where its name says that too. What takes an address, or
  /// reaches beyond the server, sends as well: the address can carry anything.
  public var suggestedEffects: [String] {
    let words = Self.words(name)
    let isReading =
      hints?["readOnlyHint"]?.boolValue
      ?? (words.first.map(Self.readings.contains) ?? false
        && Set(words).isDisjoint(with: Self.doings.union(Self.removals)))
    guard isReading else {
      let runs = !Set(words).isDisjoint(with: Self.executions)
      return ["write", "send"] + (runs ? ["exec"] : [])
    }
    let reachesOut =
      hints?["openWorldHint"]?.boolValue == true || !Set(words).isDisjoint(with: Self.places)
      || argumentNames.contains { Self.words($0).last.map(Self.places.contains) ?? false }
    return ["read"] + (reachesOut ? ["send"] : [])
  }

  /// Arguments whose names say that they are texts for people, or when something that has a beginning
  /// ends, in the schema's order: what a manifest could call "content".
  public var suggestedContent: [String] {
    argumentNames.filter { name in
      let words = Self.words(name)
      return words.last.map(Self.contents.contains) ?? false
        || !Set(words).isDisjoint(with: ["end", "until", "duration"])
    }
  }

  /// Arguments whose names say that they are identifiers ("event_id"), in the schema's order: what a manifest
  /// could call "references". None for a tool whose name or hint says that it takes something away: what a
  /// task names is seldom what it wants gone.
  public var suggestedReferences: [String] {
    guard hints?["destructiveHint"]?.boolValue != true,
      Set(Self.words(name)).isDisjoint(with: Self.removals)
    else { return [] }
    return argumentNames.filter { Self.words($0).last.map(["id", "uid", "uuid"].contains) ?? false }
  }

  // MARK: Words

  private var argumentNames: [String] { parameters["properties"]?.objectValue?.keys ?? [] }

  /// "get", "user", "id" of "getUserId" and of "get_user.id", lower case.
  private static func words(_ name: String) -> [String] {
    var spaced = ""
    var last: Character?
    for character in name {
      if character.isUppercase, last?.isLowercase == true { spaced += " " }
      spaced.append(character)
      last = character
    }
    return spaced.split { !$0.isLetter }.map { $0.lowercased() }
  }

  private static let readings: Set<String> = [
    "check", "count", "describe", "fetch", "find", "get", "list", "look", "lookup", "query", "read",
    "search", "show", "view",
  ]

  private static let doings: Set<String> = [
    "add", "append", "apply", "book", "buy", "change", "create", "edit", "email", "forward", "import",
    "insert", "install", "invite", "mail", "merge", "modify", "move", "notify", "order", "patch", "pay",
    "post", "publish", "push", "put", "rename", "reply", "reserve", "save", "schedule", "send", "set",
    "share", "store", "submit", "transfer", "update", "upload", "write",
  ].union(executions)

  private static let executions: Set<String> = [
    "build", "command", "deploy", "eval", "exec", "execute", "run", "script", "shell", "trigger",
  ]

  private static let removals: Set<String> = [
    "archive", "ban", "block", "cancel", "clear", "close", "delete", "destroy", "disable", "drop",
    "erase", "kick", "leave", "purge", "remove", "reset", "revoke", "terminate", "trash", "unshare",
    "wipe",
  ]

  /// Where an address leads.
  private static let places: Set<String> = [
    "domain", "host", "hostname", "href", "http", "https", "internet", "link", "online", "uri", "url",
    "web", "webpage", "website",
  ]

  private static let contents: Set<String> = [
    "body", "comment", "content", "description", "message", "note", "notes", "reason", "subject",
    "summary", "text", "title",
  ]
}
