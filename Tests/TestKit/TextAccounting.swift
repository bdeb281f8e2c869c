// TextAccounting.swift — whether a parser lost text: a check that knows nothing of how it parses.

/// The account of one parsed stream.
public struct TextAccounting {
  /// What may stand between contents, in lower case, as bytes.
  private var words: Set<[UInt8]> = []
  /// What must be there, in this order, as bytes.
  private var contents: [[UInt8]] = []

  /// - Parameter words: What headers consist of besides the fields' values.
  public init(words: [String]) {
    for word in words { allow(word) }
  }

  /// Lets `word` stand between contents.
  public mutating func allow(_ word: String) {
    let bytes = Self.lowercased(Self.bytes(word))
    if !bytes.isEmpty { words.insert(bytes) }
  }

  /// Expects `content` next.
  public mutating func expect(_ content: String) {
    let bytes = Self.bytes(content)
    if !bytes.isEmpty { contents.append(bytes) }
  }

  /// Whether `text` is made of the contents, whole and in order, and allowed words in between, and
  /// nothing else. White space and U+FFFD do not count.
  public func accounts(for text: String) -> Bool {
    let text = Self.bytes(text)
    let lowercase = Self.lowercased(text)
    // For each place, how far the contents may have got.
    var reached: [Int: Set<Progress>] = [0: [Progress(content: 0, offset: 0)]]
    for place in 0..<text.count {
      guard let here = reached.removeValue(forKey: place) else { continue }
      for progress in here {
        if progress.content < contents.count,
          contents[progress.content][progress.offset] == text[place]
        {
          reached[place + 1, default: []].insert(next(progress))
        }
        for word in words where lowercase[place...].starts(with: word) {
          reached[place + word.count, default: []].insert(progress)
        }
      }
    }
    return reached[text.count]?.contains(Progress(content: contents.count, offset: 0)) == true
  }

  private struct Progress: Hashable {
    var content: Int
    var offset: Int
  }

  private func next(_ progress: Progress) -> Progress {
    progress.offset + 1 < contents[progress.content].count
      ? Progress(content: progress.content, offset: progress.offset + 1)
      : Progress(content: progress.content + 1, offset: 0)
  }

  private static func bytes(_ text: String) -> [UInt8] {
    text.unicodeScalars.filter { !$0.properties.isWhitespace && $0 != "\u{FFFD}" }
      .flatMap { Array(String($0).utf8) }
  }

  private static func lowercased(_ bytes: [UInt8]) -> [UInt8] {
    bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  }
}
