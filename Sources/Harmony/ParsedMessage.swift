// ParsedMessage.swift — what the parser hands out: messages, how they ended, what had to be repaired.

/// How a message ended.
public enum HarmonyTerminator: String, Sendable {
  /// `<|end|>`: another message follows.
  case end
  /// `<|call|>`: a tool is to be run.
  case call
  /// `<|return|>`: the turn is over.
  case `return`
  /// `<|endoftext|>`: not part of the format, but models emit it.
  case endOfText
}

/// What was not in order about a message as it was sampled, and was put right.
public enum HarmonyRepair: String, CaseIterable, Sendable {
  /// The message began without `<|start|>`.
  case missingStart
  /// The header was not closed by `<|message|>`.
  case missingMessage
  /// The next message began before this one had ended.
  case missingEnd
  /// The role was missing or not one of the five.
  case unknownRole
  /// More than one channel marker; one of them was chosen.
  case repeatedChannel
  /// The channel was guessed from a word that is none.
  case guessedChannel
  /// Words that were stuck together were separated.
  case gluedWords
  /// A tool was named without "to=".
  case bareRecipient
  /// A tool's name was misspelled.
  case correctedName
  /// The assistant addressed the assistant, or a final message addressed no known tool.
  case ignoredRecipient
  /// Words that belong to no field were kept as content.
  case strayText
  /// A special token without a meaning in a header was left out.
  case strayToken
  /// An id that the vocabulary does not have: left out of a header, U+FFFD in content.
  case unknownToken
}

/// A message as it was sampled.
public struct ParsedMessage: Equatable, Sendable {
  /// With one text item as its content.
  public var message: HarmonyMessage
  /// Nil where the stream was cut off, or the next message began without one.
  public var terminator: HarmonyTerminator?
  /// Its tokens' places in the stream, header and terminator included. History should repeat these
  /// tokens rather than render the fields again.
  public var tokenRange: Range<Int>
  public var repairs: Set<HarmonyRepair>

  public init(
    message: HarmonyMessage, terminator: HarmonyTerminator?, tokenRange: Range<Int>,
    repairs: Set<HarmonyRepair>
  ) {
    self.message = message
    self.terminator = terminator
    self.tokenRange = tokenRange
    self.repairs = repairs
  }

  /// Whether the message needed no repair and was not cut off.
  public var isWellFormed: Bool { terminator != nil && repairs.isEmpty }
}

/// What becomes known while tokens arrive.
public enum HarmonyEvent: Equatable, Sendable {
  /// A header is complete. The message has no content yet. Fields are not told before, since a
  /// malformed header can take them back until it ends.
  case messageBegan(HarmonyMessage)
  /// More content of the message that began last; never half a character.
  case content(String)
  /// The message that began last, whole.
  case messageEnded(ParsedMessage)
}
