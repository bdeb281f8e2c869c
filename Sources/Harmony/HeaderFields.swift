// HeaderFields.swift — recipient and content type, out of the words that author and channel left.

extension HeaderReader {
  /// More unknown words than this are prose: no name and no type in them is meant as one.
  private static let unknownWordsMax = 1

  /// All fields of a closed header; what is left over then is no header.
  mutating func takeFields() {
    takeConstrainedTypes()
    let precedingCount = takeRecipients()
    dropRepetitions()
    if let tools {
      takePlainWords(tools, after: precedingCount)
    } else {
      takePlainWordsAsReference(after: precedingCount)
    }
    for word in words { leave(word.text, space: word.space) }
  }

  private mutating func takeConstrainedTypes() {
    words.removeAll { word in
      guard word.isConstrained, !word.isAddressed else { return false }
      guard message.contentType == nil else { return word.text == message.contentTypeWord }
      message.contentType = HarmonyMessage.constrainMark + word.text
      return true
    }
  }

  /// Takes the words that begin with "to=". Returns how many other words precede the recipient.
  private mutating func takeRecipients() -> Int {
    var others: [HeaderWord] = []
    var precedingCount = 0
    var addressesAssistant = false
    var rest = words[...]
    while var word = rest.popFirst() {
      guard word.isAddressed else {
        others.append(word)
        continue
      }
      if word.text == Self.recipientMark, !followsReference, let next = rest.first,
        !next.isConstrained
      {
        word.text += next.text
        rest.removeFirst()
        repairs.insert(.gluedWords)
      }
      let name = String(word.text.dropFirst(Self.recipientMark.count))
      if isAssistant(name) {
        addressesAssistant = true
      } else if message.recipient == nil {
        if take(recipient: name) { precedingCount = others.count } else { others.append(word) }
      } else if name != message.recipient {
        others.append(word)
      }
    }
    words = others
    if addressesAssistant { takeAssistantAsRecipient() }
    return precedingCount
  }

  /// The assistant does not write to itself; models say so by accident.
  private func isAssistant(_ name: String) -> Bool {
    message.role == .assistant && name == HarmonyRole.assistant.rawValue
  }

  /// Only the reference, and only without a second channel, lets the assistant address itself.
  private mutating func takeAssistantAsRecipient() {
    if followsReference, message.recipient == nil {
      message.recipient = HarmonyRole.assistant.rawValue
    } else {
      repairs.insert(.ignoredRecipient)
    }
  }

  /// Makes `name` the recipient. Returns false where it cannot be one: in a final message that
  /// addresses no known tool.
  private mutating func take(recipient name: String) -> Bool {
    guard !name.isEmpty || followsReference else {
      repairs.insert(.ignoredRecipient)
      return true
    }
    guard let tools else {
      message.recipient = name
      return true
    }
    guard let match = tools.resolve(name) else {
      guard message.channel != .final else {
        repairs.insert(.ignoredRecipient)
        return false
      }
      message.recipient = name
      return true
    }
    take(match, for: name)
    return true
  }

  private mutating func take(_ match: ToolNames.Match, for name: String) {
    message.recipient = match.name
    if !match.suffixes.isEmpty {
      repairs.insert(.gluedWords)
    } else if match.name != name {
      repairs.insert(.correctedName)
    }
    if message.channel == nil {
      message.channel = match.suffixes.compactMap(ChannelGuess.exact).first
    }
    for suffix in match.suffixes where Self.typeWords.contains(suffix) {
      if message.contentTypeWord == nil {
        message.contentType = (message.contentType ?? "") + suffix
      } else if message.contentTypeWord != suffix {
        leave(suffix, space: "")
      }
    }
  }

  /// Words that say again what author and channel say already.
  private mutating func dropRepetitions() {
    guard !followsReference else { return }
    let count = words.count
    words = words.filter { !isAssistant($0.text) && ChannelGuess.exact($0.text) == nil }
    if words.count < count { repairs.insert(.repeatedChannel) }
  }

  // MARK: Words without a mark

  /// As the reference has it: a lone word is a recipient, a word behind a recipient is a content type.
  /// Unlike there, a content type is never a recipient.
  private mutating func takePlainWordsAsReference(after precedingCount: Int) {
    guard words.count <= 2 else { return }
    let areFields = words.allSatisfy { !$0.isText && !$0.isAddressed }
    if areFields, message.recipient == nil, message.contentType == nil, words.count == 2,
      !Self.typeWords.contains(words[0].text)
    {
      message.contentType = words.removeLast().text
    }
    takeType(Self.typeWords)
    guard areFields, words.count == 1 else { return }
    if message.recipient == nil {
      message.recipient = words.removeFirst().text
      repairs.insert(.bareRecipient)
    } else if message.contentType == nil, precedingCount == 0 {
      message.contentType = words.removeFirst().text
    }
  }

  /// A word is the tool that it names, else a content type if it is known for one or stands where one
  /// belongs.
  private mutating func takePlainWords(_ tools: ToolNames, after precedingCount: Int) {
    let unknown = words.count {
      tools.exact($0.text) == nil && !Self.looseTypeWords.contains($0.text)
    }
    guard unknown <= Self.unknownWordsMax else { return }
    // A final message is a call only if it says so by "to=".
    if message.recipient == nil, message.channel != .final {
      for (index, word) in words.enumerated() where !word.isAddressed && !word.isText {
        guard let match = tools.resolve(word.text) else { continue }
        take(match, for: word.text)
        repairs.insert(.bareRecipient)
        words.remove(at: index)
        break
      }
    }
    takeType(Self.looseTypeWords)
    words.removeAll { $0.text == message.recipient }
    if words.count == 1, !words[0].isAddressed, !words[0].isText, message.recipient != nil,
      message.contentType == nil, precedingCount == 0, !repairs.contains(.bareRecipient)
    {
      message.contentType = words.removeFirst().text
    }
  }

  /// Takes the first of `types`, if there is no content type yet; drops words that repeat it.
  private mutating func takeType(_ types: Set<String>) {
    if message.contentType == nil, let index = words.firstIndex(where: { types.contains($0.text) })
    {
      message.contentType = words.remove(at: index).text
    }
    words.removeAll { $0.text == message.contentTypeWord }
  }

  // MARK: Headers without an end

  /// The fields that a header begins with; everything from the first other word on is content.
  mutating func takeLeadingFields() {
    while let word = words.first, takeLeading(word) {}
    for word in words { leave(word.text, space: word.space) }
    if !leftover.isEmpty { leftover += trailingSpace }
  }

  /// Takes the first word, or its beginning. Returns whether the next word may be a field as well.
  private mutating func takeLeading(_ word: HeaderWord) -> Bool {
    if word.isAddressed {
      let name = String(word.text.dropFirst(Self.recipientMark.count).prefix { Self.isInNames($0) })
      guard message.recipient == nil, !name.isEmpty else { return false }
      if isAssistant(name) {
        repairs.insert(.ignoredRecipient)
      } else {
        guard take(recipient: name) else { return false }
      }
      return cut(Self.recipientMark.count + name.count)
    }
    if word.isConstrained || message.recipient != nil, message.contentType == nil {
      let type = String(word.text.prefix { $0.isASCII && $0.isLetter })
      guard word.isConstrained || Self.typeWords.contains(type) else { return false }
      // A body may follow without a break: "jsonprint(1)".
      let known = Self.looseTypeWords.first { type.hasPrefix($0) } ?? type
      message.contentType = (word.isConstrained ? HarmonyMessage.constrainMark : "") + known
      return cut(known.count)
    }
    if word.isInChannelSlot, message.recipient == nil, let name = tools?.exact(word.text) {
      take(ToolNames.Match(name: name), for: word.text)
      repairs.insert(.bareRecipient)
      return cut(word.text.count)
    }
    return false
  }

  /// Removes the first characters of the first word. Returns whether that was all of it.
  private mutating func cut(_ count: Int) -> Bool {
    words[0].text.removeFirst(count)
    words[0].space = ""
    words[0].isConstrained = false
    guard words[0].text.isEmpty else { return false }
    words.removeFirst()
    return true
  }

  private static func isInNames(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber)
      || "._-/:".contains(character) || !character.isASCII && character.isLetter
  }
}
