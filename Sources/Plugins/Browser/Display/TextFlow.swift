// TextFlow.swift — pieces of text to a running text: spaces merged, blocks apart, quotes and lists marked.
//
// White space is decided late: how many line ends go before a piece, and whether a space does, is known
// only when the piece comes. Blank lines never come in twos, no line ends in spaces.

/// The text of a page while it is being put together.
struct TextFlow {
  /// UTF-8. Lines end with line feeds.
  private(set) var bytes: [UInt8] = []

  /// Line ends to write before the next piece: 0, 1, or 2 for a blank line.
  private var lineEnds = 0
  private var hasSpace = false
  /// What the next piece begins with: a bullet, a heading's marks, an opening quotation mark.
  private var prefix: [UInt8] = []
  /// Whether an element began or ended since the last piece.
  private var crossedTag = false
  private(set) var lastScalar: UInt32 = 0
  /// How many quotes the line being written is in, and the next one will be.
  private var writtenQuoteDepth = 0
  private var quoteDepth = 0
  /// Spaces and tabs of preformatted text, written when something follows on their line.
  private var heldSpaces: [UInt8] = []
  /// Columns by which preformatted text is indented; nil outside it.
  private var preIndent: Int?

  /// Quotes beyond these are not marked.
  private static let quoteDepthMax = 16

  // MARK: - Breaks

  /// The next piece begins a line.
  mutating func breakLine() {
    guard prefix.isEmpty else { return }
    lineEnds = max(lineEnds, 1)
    crossedTag = true
  }

  /// The next piece begins a line after a blank one.
  mutating func breakParagraph() {
    guard prefix.isEmpty else { return }
    lineEnds = 2
    crossedTag = true
  }

  /// One more line end, as `br` has it.
  mutating func addLineEnd() {
    guard prefix.isEmpty else { return }
    lineEnds = min(lineEnds + 1, 2)
  }

  mutating func addSpace() { hasSpace = true }

  /// An element began or ended: words on both sides are two words.
  mutating func crossTag() { crossedTag = true }

  /// What comes next belongs to the word before it.
  mutating func joinNext() { crossedTag = false }

  /// What the next piece begins with.
  mutating func addPrefix(_ text: String) { prefix.append(contentsOf: text.utf8) }

  /// Forgets a prefix that nothing came after.
  mutating func dropPrefix() { prefix.removeAll() }

  mutating func beginQuote() {
    breakParagraph()
    quoteDepth += 1
  }

  mutating func endQuote() {
    quoteDepth = max(0, quoteDepth - 1)
    breakParagraph()
  }

  mutating func beginPre(indent: Int) {
    breakParagraph()
    preIndent = indent
    heldSpaces = []
  }

  mutating func endPre() {
    preIndent = nil
    heldSpaces = []
    breakParagraph()
  }

  var isInPre: Bool { preIndent != nil }

  // MARK: - Text

  /// Adds text of the page.
  mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
    var index = 0
    while index < text.count {
      let (scalar, length) = TextEscapes.decode(text, index)
      switch TextEscapes.fate(scalar) {
      case .kept:
        let (end, last) = Self.runEnd(text, index + length, last: scalar)
        write(UnsafeBufferPointer(rebasing: text[index..<end]), first: scalar)
        lastScalar = last
        index = end
        continue
      case .dropped: break
      case .space: addWhiteSpace(scalar)
      case .replaced(let other):
        var bytes: [UInt8] = []
        TextEscapes.append(other, to: &bytes)
        bytes.withUnsafeBufferPointer { write($0, first: scalar) }
        lastScalar = scalar
      }
      index += length
    }
  }

  /// How far from `start` the text goes in as it is, and the last scalar of that: what is kept, and single spaces
  /// in between.
  private static func runEnd(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, last: UInt32
  ) -> (end: Int, last: UInt32) {
    var end = start
    var last = last
    var index = start
    while index < text.count {
      let byte = text[index]
      if byte > 0x20, byte < 0x7F {
        index += 1
        end = index
      } else if byte == 0x20, end == index {
        // Whether it is one of several is seen at the next.
        index += 1
      } else if byte >= 0x80 {
        let (scalar, length) = TextEscapes.decode(text, index)
        guard TextEscapes.fate(scalar) == .kept else { break }
        index += length
        end = index
        last = scalar
      } else {
        break
      }
    }
    return (end, end > start && text[end - 1] < 0x80 ? UInt32(text[end - 1]) : last)
  }

  private mutating func addWhiteSpace(_ scalar: UInt32) {
    guard preIndent != nil else {
      hasSpace = true
      return
    }
    if scalar == 0x0A {
      lineEnds = min(lineEnds + 1, 2)
      heldSpaces.removeAll(keepingCapacity: true)
    } else {
      heldSpaces.append(scalar == 0x09 ? 0x09 : 0x20)
    }
  }

  /// Adds a mark of the display, such as a link, as it is.
  mutating func addMark(_ text: [UInt8], first: UInt32, last: UInt32) {
    text.withUnsafeBufferPointer { write($0, first: first) }
    lastScalar = last
  }

  /// Ends what began with the prefix `mark`: with the same mark right after what is there, or with nothing where
  /// nothing came. `last`: What the next word is to see before itself; nil for the mark.
  mutating func closeMark(_ mark: String, last: UInt32? = nil) {
    if !prefix.isEmpty {
      if prefix.suffix(mark.utf8.count).elementsEqual(mark.utf8) {
        prefix.removeLast(mark.utf8.count)
      }
    } else if !bytes.isEmpty {
      bytes.append(contentsOf: mark.utf8)
      lastScalar = last ?? bytes.last.map { UInt32($0) } ?? 0
    }
  }

  private mutating func write(_ piece: UnsafeBufferPointer<UInt8>, first: UInt32) {
    if lineEnds > 0 || bytes.isEmpty {
      endLines()
    } else if hasSpace, preIndent == nil {
      bytes.append(0x20)
    } else if crossedTag, preIndent == nil, prefix.isEmpty || prefix.last != 0x20,
      TextEscapes.isWord(lastScalar), TextEscapes.isWord(first)
    {
      bytes.append(0x20)
    }
    if preIndent != nil, !heldSpaces.isEmpty {
      bytes.append(contentsOf: heldSpaces)
      heldSpaces.removeAll(keepingCapacity: true)
    }
    hasSpace = false
    crossedTag = false
    if !prefix.isEmpty {
      bytes.append(contentsOf: prefix)
      prefix.removeAll(keepingCapacity: true)
    }
    bytes.append(contentsOf: piece)
  }

  /// Writes the line ends that are due, and what the new line begins with.
  private mutating func endLines() {
    let depth = min(quoteDepth, Self.quoteDepthMax)
    if !bytes.isEmpty {
      for _ in 1..<max(lineEnds, 1) {
        bytes.append(0x0A)
        let shared = min(depth, writtenQuoteDepth)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: ">"), count: shared))
      }
      bytes.append(0x0A)
    }
    lineEnds = 0
    hasSpace = false
    writtenQuoteDepth = depth
    if depth > 0 {
      bytes.append(contentsOf: repeatElement(UInt8(ascii: ">"), count: depth))
      bytes.append(0x20)
    }
    if let preIndent, prefix.isEmpty {
      bytes.append(contentsOf: repeatElement(0x20, count: preIndent))
    }
  }

  // MARK: - Marks around what was written

  /// A place in the text, to come back to.
  struct Mark {
    fileprivate var count: Int
    fileprivate var lineEnds: Int
  }

  var mark: Mark { Mark(count: bytes.count, lineEnds: lineEnds) }

  /// Puts `opening` and "}" around what was written since `mark`, if that is plain text on one line.
  mutating func enclose(since mark: Mark, opening: String, countMax: Int) {
    var start = mark.count
    guard bytes.count > start, bytes.count - start <= countMax else { return }
    while start < bytes.count, bytes[start] == 0x20 { start += 1 }
    let piece = bytes[start...]
    // Links and images stay outside: "【", and "[Image".
    guard !piece.isEmpty, !piece.contains(0x0A), !piece.contains(UInt8(ascii: "[")),
      !piece.contains(where: { $0 == 0xE3 })
    else { return }
    bytes.insert(contentsOf: opening.utf8, at: start)
    bytes.append(UInt8(ascii: "}"))
    lastScalar = 0x7D
    crossedTag = false
  }

  /// Whether there is text at all, and how many bytes.
  var isEmpty: Bool { bytes.isEmpty }
}
