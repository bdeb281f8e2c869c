// HeaderWords.swift — a header's tokens as words, split at markers and white space.

import Base
import Tokenizer

/// A piece of a header: text between markers, or a marker.
enum HeaderPiece: Equatable, Sendable {
  case text(String)
  case channel
  case constrain
}

/// A header's words in order.
struct HeaderWords: Equatable {
  var words: [HeaderWord] = []
  /// How many channel markers there are.
  var channelCount = 0
  /// The white space after the last word.
  var trailingSpace = ""
}

/// A word of a header and where it stood.
struct HeaderWord: Equatable {
  var text: String
  /// The white space in front of it.
  var space: String
  /// How many channel markers stood before it; 0 in the part that names the author.
  var segment: Int
  /// Whether it comes first after a channel marker.
  var isInChannelSlot: Bool
  /// Whether `<|constrain|>` stood in front of it.
  var isConstrained: Bool
  /// Whether it is the rest of a word that a field was cut out of, and itself no field.
  var isText = false

  /// Whether it names a recipient.
  var isAddressed: Bool { text.hasPrefix(HeaderReader.recipientMark) }
}

extension HeaderWords {
  /// Splits `pieces`. A marker spelled out in ordinary text counts like the token, as it does in the
  /// reference, which reads headers as text.
  init(_ pieces: [HeaderPiece]) {
    var isSlot = false
    var isConstrained = false
    for piece in pieces.flatMap(Self.withSpelledMarkers) {
      guard case .text(let text) = piece else {
        if isConstrained { append("", isConstrained: true) }
        if piece == .channel { channelCount += 1 }
        isSlot = piece == .channel
        isConstrained = piece == .constrain
        trailingSpace = ""
        continue
      }
      var rest = text.unicodeScalars[...]
      while true {
        let space = String(rest.prefix { $0.properties.isWhitespace })
        rest = rest.drop { $0.properties.isWhitespace }
        guard !rest.isEmpty else {
          trailingSpace = space
          break
        }
        // The reference ends a channel's name at "<" as well.
        let isEnd = { (scalar: Unicode.Scalar) in
          scalar.properties.isWhitespace || (isSlot && scalar == "<")
        }
        let word =
          rest.first == "<"
          ? rest.prefix { !$0.properties.isWhitespace } : rest.prefix { !isEnd($0) }
        rest = rest.dropFirst(word.count)
        append(String(word), space: space, isInChannelSlot: isSlot, isConstrained: isConstrained)
        isSlot = false
        isConstrained = false
      }
    }
    if isConstrained { append("", isConstrained: true) }
  }

  private mutating func append(
    _ text: String, space: String = "", isInChannelSlot: Bool = false, isConstrained: Bool = false
  ) {
    words.append(
      HeaderWord(
        text: text, space: space, segment: channelCount, isInChannelSlot: isInChannelSlot,
        isConstrained: isConstrained))
  }

  private static func withSpelledMarkers(_ piece: HeaderPiece) -> [HeaderPiece] {
    guard case .text(let text) = piece else { return [piece] }
    var pieces: [HeaderPiece] = []
    var rest = text.utf8[...]
    while let found = firstMarker(in: rest) {
      pieces.append(.text(String(Substring(rest[..<found.range.lowerBound]))))
      pieces.append(found.piece)
      rest = rest[found.range.upperBound...]
    }
    return pieces + [.text(String(Substring(rest)))]
  }

  private static func firstMarker(
    in text: Substring.UTF8View
  ) -> (range: Range<String.Index>, piece: HeaderPiece)? {
    let channel = text.firstRange(of: "<|channel|>".utf8).map { ($0, HeaderPiece.channel) }
    let constrain = text.firstRange(of: HarmonyMessage.constrainMark.utf8)
      .map { ($0, HeaderPiece.constrain) }
    return [channel, constrain].compactMap(\.self).min { $0.0.lowerBound < $1.0.lowerBound }
  }
}
