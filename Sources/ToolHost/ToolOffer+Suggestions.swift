// ToolOffer+Suggestions.swift — what a manifest could say of a tool from elsewhere, if its hints and names are to
// be believed. A person reads it before it counts; no decision looks at names or hints.

import Base

extension ToolOffer {
  /// What the tool could be said to do: to read, where a hint says so, or no hint says otherwise and its name
  /// does; else to write and to send, and to execute where its name says that too. What takes an address, or
  /// reaches beyond the server, sends as well: the address can carry anything.
  public var suggestedEffects: [String] {
    let words = Self.words(name)
    let isReading = hints?["readOnlyHint"]?.boolValue ?? Self.saysReading(words)
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
    return argumentNames.filter {
      Self.words($0).last.map(["id", "uid", "uuid"].contains) ?? false
    }
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

  /// "get_order", and neither "get_or_create" nor "check_in".
  private static func saysReading(_ words: [String]) -> Bool {
    guard let verb = words.first, readings.contains(verb),
      Set(words).isDisjoint(with: ["and", "or", "then"])
    else { return false }
    return words.count < 2 || !["in", "off", "out"].contains(words[1])
  }

  private static let readings: Set<String> = [
    "check", "count", "describe", "fetch", "find", "get", "list", "look", "lookup", "read",
    "search",
    "show", "view",
  ]

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
    "domain", "host", "hostname", "href", "http", "https", "internet", "link", "online", "uri",
    "url",
    "web", "webpage", "website",
  ]

  private static let contents: Set<String> = [
    "body", "comment", "content", "description", "message", "note", "notes", "reason", "subject",
    "summary", "text", "title",
  ]
}
