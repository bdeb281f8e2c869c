// ChannelGuess.swift — which channel a word in the channel's place means.

/// A channel found in a word, and what else the word holds.
struct ChannelGuess: Equatable {
  var channel: HarmonyChannel
  /// In front of the channel's name, such as a dash.
  var before = ""
  /// Stuck to the channel's name, such as "json" or "...".
  var after = ""

  /// The fewest characters by which a channel's name is recognised if the rest is missing.
  private static let stemCountMin = 4
  /// What a name is known to have stuck to it.
  private static let gluedWords: Set<String> = [
    "json", "code", "python", "text", HarmonyRole.assistant.rawValue, "analysis", "commentary",
    "final",
  ]

  /// The channel's very name, nothing else.
  static func exact(_ word: String) -> HarmonyChannel? {
    HarmonyChannel.all.first { $0.rawValue == word }
  }

  /// The channel that `word` names, misspells by case, cuts short, or starts with.
  init?(_ word: String) {
    let before = word.prefix { !$0.isLetter }
    let name = word.dropFirst(before.count)
    let lowercase = name.lowercased()
    self.before = String(before)
    if let channel = Self.exact(lowercase) {
      self.channel = channel
      return
    }
    if lowercase.count >= Self.stemCountMin,
      let channel = HarmonyChannel.all.first(where: { $0.rawValue.hasPrefix(lowercase) })
    {
      self.channel = channel
      return
    }
    guard let channel = HarmonyChannel.all.first(where: { lowercase.hasPrefix($0.rawValue) })
    else { return nil }
    let after = String(name.dropFirst(channel.rawValue.count))
    guard channel != .final || Self.endsWord(after) else { return nil }
    self.channel = channel
    self.after = after
  }

  /// Whether a word can end where `after` begins: "finally" is another word than "final".
  private static func endsWord(_ after: String) -> Bool {
    if gluedWords.contains(after) || after.hasPrefix(HeaderReader.recipientMark) { return true }
    return after.unicodeScalars.first.map { !("a"..."z").contains($0) } ?? true
  }
}
