// HeaderReader.swift — a header's words to a message's fields, whatever the words are.
//
// Well-formed headers name the author, then in any order a recipient (" to=NAME") and a channel
// (`<|channel|>` NAME), then a content type. What models get wrong, and what is made of it, follows
// the failures recorded for gpt-oss: a tool's name in the channel's place, two channels, words stuck
// together, prose instead of `<|message|>`. No word is lost: it becomes a field, repeats one, or is
// left over for the content.

/// What a header says.
struct HeaderReading: Equatable {
  /// Without content.
  var message: HarmonyMessage
  /// Words that are no part of a header.
  var leftover: String
  var repairs: Set<HarmonyRepair>
}

struct HeaderReader {
  /// Stands before a recipient's name.
  static let recipientMark = "to="
  /// Content types that are never a recipient.
  static let typeWords: Set = ["json", "code"]
  /// Content types, unless a tool has that name.
  static let looseTypeWords: Set = ["json", "code", "python", "text"]

  /// Nil: read names as the reference does.
  let tools: ToolNames?
  /// Whether `<|message|>` closed the header. If not, its end is content.
  let isClosed: Bool
  let channelCount: Int
  let trailingSpace: String
  /// Those that no field has taken yet.
  var words: [HeaderWord]
  var message = HarmonyMessage(role: .assistant, content: [])
  var leftover = ""
  var repairs: Set<HarmonyRepair> = []

  /// Reads a header. `role` is the author, where the prompt named it already.
  static func read(
    _ pieces: [HeaderPiece], role: HarmonyRole?, tools: ToolNames?, isClosed: Bool
  ) -> HeaderReading {
    var reader = Self(HeaderWords(pieces), tools: tools, isClosed: isClosed)
    reader.takeRole(given: role)
    reader.takeChannel()
    if role != nil { reader.dropRole() }
    if isClosed { reader.takeFields() } else { reader.takeLeadingFields() }
    return HeaderReading(
      message: reader.message, leftover: reader.leftover, repairs: reader.repairs)
  }

  private init(_ header: HeaderWords, tools: ToolNames?, isClosed: Bool) {
    self.tools = tools
    self.isClosed = isClosed
    channelCount = header.channelCount
    trailingSpace = header.trailingSpace
    words = header.words
  }

  /// Whether the header is read as the reference reads it. That makes mistakes with more than one
  /// channel, and has no answer to an author that is none.
  var followsReference: Bool {
    tools == nil && channelCount <= 1 && repairs.isDisjoint(with: [.unknownRole, .gluedWords])
  }

  // MARK: Author

  private mutating func takeRole(given: HarmonyRole?) {
    message.role = given ?? .assistant
    guard let first = words.first, first.segment == 0, !first.isConstrained else {
      if given == nil { repairs.insert(.unknownRole) }
      return
    }
    let word = first.text
    if given == nil ? HarmonyRole(rawValue: word) != nil : word == given?.rawValue {
      message.role = HarmonyRole(rawValue: word) ?? .assistant
      if given == nil, message.role == .tool { message.name = word }
      words.removeFirst()
    } else if message.role == .assistant, let rest = restAfterAssistant(word) {
      words[0].text = rest
      repairs.insert(.gluedWords)
    } else if given == nil {
      takeAuthor(word)
    }
  }

  /// What is stuck to "assistant" in `word`, where it is a header's word.
  private func restAfterAssistant(_ word: String) -> String? {
    let assistant = HarmonyRole.assistant.rawValue
    guard word.utf8.count > assistant.utf8.count, word.hasPrefix(assistant) else { return nil }
    let rest = String(word.dropFirst(assistant.count))
    return isHeaderWord(rest) ? rest : nil
  }

  private func isHeaderWord(_ word: String) -> Bool {
    word.hasPrefix(Self.recipientMark) || ChannelGuess.exact(word) != nil
      || Self.typeWords.contains(word) || tools?.exact(word) != nil
  }

  /// An author that is none of the five roles: a tool, if anything speaks for it.
  private mutating func takeAuthor(_ word: String) {
    for role in HarmonyRole.allCases where word.hasPrefix(role.rawValue + ":") {
      message.role = role
      message.name = String(word.dropFirst(role.rawValue.count + 1))
      words.removeFirst()
      return
    }
    guard !isHeaderWord(word) || tools?.exact(word) != nil else {
      repairs.insert(.unknownRole)
      return
    }
    let hasMore = words.dropFirst().contains { !$0.isInChannelSlot }
    if isClosed && (hasMore || word.contains(".")) || tools?.exact(word) != nil {
      message.role = .tool
      message.name = word
      words.removeFirst()
      return
    }
    repairs.insert(.unknownRole)
    guard isClosed else { return }
    let word = words.removeFirst()
    leave(word.text, space: word.space)
  }

  /// Keeps `text` for the content.
  mutating func leave(_ text: String, space: String) {
    guard !text.isEmpty else { return }
    if !leftover.isEmpty { leftover += space }
    leftover += text
    if isClosed { repairs.insert(.strayText) }
  }

  /// The reference overlooks the author's name also where it stands behind the channel.
  private mutating func dropRole() {
    guard let first = words.first, first.segment > 0, !first.isConstrained,
      first.text == message.role.rawValue
    else { return }
    words.removeFirst()
  }

  // MARK: Channel

  private mutating func takeChannel() {
    if channelCount > 1 { repairs.insert(.repeatedChannel) }
    let slots = words.indices.filter { words[$0].isInChannelSlot }
    let named = slots.last { ChannelGuess.exact(words[$0].text) != nil }
    let guessed = slots.last { ChannelGuess(words[$0].text) != nil }
    let inAuthorPart = isClosed ? words.firstIndex { isMisplacedChannel($0) } : nil
    if let chosen = named ?? guessed ?? inAuthorPart, let guess = ChannelGuess(words[chosen].text) {
      message.channel = guess.channel
      take(guess, at: chosen)
    } else if channelCount > 0 {
      takeUnknownChannel(slots)
    }
    words = words.filter {
      ChannelGuess.exact($0.text) == nil || !$0.isInChannelSlot && !isMisplacedChannel($0)
    }
  }

  /// A channel's name in the part that names the author.
  private func isMisplacedChannel(_ word: HeaderWord) -> Bool {
    isClosed && !(followsReference && channelCount == 1) && word.segment == 0
      && !word.isConstrained && ChannelGuess.exact(word.text) != nil
  }

  private mutating func take(_ guess: ChannelGuess, at index: Int) {
    if words[index].text != guess.channel.rawValue || !words[index].isInChannelSlot {
      repairs.insert(guess.after.isEmpty ? .guessedChannel : .gluedWords)
    }
    var rests: [HeaderWord] = []
    for rest in [guess.before, guess.after] where !rest.isEmpty {
      var word = words[index]
      word.text = rest
      word.space = ""
      word.isInChannelSlot = false
      word.isText = !isKnownWord(rest)
      rests.append(word)
    }
    words.replaceSubrange(index...index, with: rests)
  }

  /// Whether `word`, stuck to another one, is a field of its own.
  private func isKnownWord(_ word: String) -> Bool {
    isHeaderWord(word) || Self.looseTypeWords.contains(word)
      || word == HarmonyRole.assistant.rawValue || tools?.resolve(word) != nil
  }

  /// No marker is followed by a channel. A single unknown name stays, as in the reference, unless the
  /// tools are known, among which it may be; then nobody but the model should read the message.
  private mutating func takeUnknownChannel(_ slots: [Int]) {
    repairs.insert(.guessedChannel)
    if isClosed, tools == nil, channelCount == 1, let slot = slots.first {
      message.channel = HarmonyChannel(rawValue: words.remove(at: slot).text)
    } else {
      message.channel = .analysis
    }
  }
}
