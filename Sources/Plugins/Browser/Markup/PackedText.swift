// PackedText.swift — long runs of text, taken out of a page before it is parsed and put back afterwards.
//
// libgumbo takes each character of text through its tokenizer and its tree builder as a token of its own, which is most
// of what parsing a page costs. What stands in a run of plain text means nothing to either, so two characters that
// number it go in its place. Where the tokenizer would be is followed as far as that takes (HTML standard, 13.2.5);
// where a page makes that doubtful, the rest of it is left as it is.
//
// A number is two characters of the private use area, U+E000 to U+EFFF, 12 bits in each. A page that has one of
// these itself, or a reference to one, is left as it is.

struct PackedText {
  /// What the parser gets.
  private(set) var bytes: [UInt8] = []
  /// The runs by number, where they stand in the page.
  private var runs: [Range<Int>] = []

  /// Shorter runs stay.
  private static let runBytesMin = 24
  private static let lead: UInt8 = 0xEE
  private static let numberBytes = 6
  private static let runCountMax = 1 << 24

  /// Nil where there is nothing to take out.
  ///
  /// `page`: UTF-8 without errors.
  init?(_ page: UnsafeBufferPointer<UInt8>) {
    guard page.place(of: Self.lead) == page.count, !Self.hasOddReference(page) else { return nil }
    var packer = TextPacker(page, runBytesMin: Self.runBytesMin)
    packer.findRuns()
    runs = packer.runs
    guard !runs.isEmpty, runs.count < Self.runCountMax else { return nil }
    bytes.reserveCapacity(page.count)
    var copied = 0
    for (number, run) in runs.enumerated() {
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: page[copied..<run.lowerBound]))
      append(number)
      copied = run.upperBound
    }
    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: page[copied...]))
  }

  private mutating func append(_ number: Int) {
    for shift in [12, 0] {
      let half = number >> shift
      bytes.append(Self.lead)
      bytes.append(0x80 | UInt8(truncatingIfNeeded: half >> 6 & 0x3F))
      bytes.append(0x80 | UInt8(truncatingIfNeeded: half & 0x3F))
    }
  }

  /// Whether a page has a reference to a character that could be part of a number, "&#xE001;", or to none that there
  /// is: after such a one the parser loses a character.
  private static func hasOddReference(_ page: UnsafeBufferPointer<UInt8>) -> Bool {
    var index = page.place(of: UInt8(ascii: "&"))
    while index + 1 < page.count {
      if page[index + 1] == UInt8(ascii: "#") {
        let isHex = index + 2 < page.count && page[index + 2] | 0x20 == UInt8(ascii: "x")
        var value = 0
        var next = index + (isHex ? 3 : 2)
        while next < page.count, let digit = digit(page[next]), isHex || digit < 10 {
          value = min(value * (isHex ? 16 : 10) + digit, 1 << 24)
          next += 1
        }
        if (0xE000...0xEFFF).contains(value) || value > 0x10FFFF { return true }
      }
      index = page.place(of: UInt8(ascii: "&"), from: index + 1)
    }
    return false
  }

  private static func digit(_ byte: UInt8) -> Int? {
    switch byte {
    case 0x30...0x39: Int(byte) - 0x30
    case 0x41...0x46: Int(byte) - 0x41 + 10
    case 0x61...0x66: Int(byte) - 0x61 + 10
    default: nil
    }
  }

  /// Whether there may be numbers in a piece of parsed text.
  static func mayHaveNumbers(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    text.place(of: lead) < text.count
  }

  /// Parsed text with the runs of `page` put back, into `result`.
  func unpack(
    _ text: UnsafeBufferPointer<UInt8>, of page: UnsafeBufferPointer<UInt8>,
    into result: inout [UInt8]
  ) {
    var index = 0
    while index < text.count {
      let place = text.place(of: Self.lead, from: index)
      result.append(contentsOf: UnsafeBufferPointer(rebasing: text[index..<place]))
      index = place
      guard index < text.count else { return }
      if let number = Self.number(text, index), runs.indices.contains(number) {
        result.append(contentsOf: UnsafeBufferPointer(rebasing: page[runs[number]]))
      }
      index += Self.numberBytes
    }
  }

  private static func number(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int? {
    guard index + numberBytes <= text.count, text[index + 3] == lead else { return nil }
    var number = 0
    for offset in [1, 2, 4, 5] { number = number << 6 | Int(text[index + offset] & 0x3F) }
    return number
  }
}

/// Finds the runs of a page.
private struct TextPacker {
  private let page: UnsafeBufferPointer<UInt8>
  private let runBytesMin: Int
  private(set) var runs: [Range<Int>] = []
  /// Unclosed `svg` and `math`, and whether a `select` is open: what is text in other elements is markup in these.
  private var foreignDepth = 0
  private var isInSelect = false

  init(_ page: UnsafeBufferPointer<UInt8>, runBytesMin: Int) {
    self.page = page
    self.runBytesMin = runBytesMin
  }

  mutating func findRuns() {
    var index = 0
    while index < page.count {
      let tag = page.place(of: UInt8(ascii: "<"), from: index)
      addRuns(index..<tag)
      guard let next = pass(tag) else { return }
      index = next
    }
  }

  // MARK: - Text

  /// Adds the runs of text in `range`, which begin and end with no white space.
  private mutating func addRuns(_ range: Range<Int>) {
    var index = range.lowerBound
    while index < range.upperBound {
      var next = index
      var end = index
      while next < range.upperBound, isPlain(next) {
        let isSpace = page[next] <= 0x20
        next += 1
        if !isSpace {
          end = next
        } else if end == index {
          // White space before a run stays.
          (index, end) = (next, next)
        }
      }
      // What ends a comment must not be parted from what stands before it.
      if end - index >= runBytesMin, end == page.count || page[end] != UInt8(ascii: ">") {
        runs.append(index..<end)
      }
      index = next
      guard index < range.upperBound else { return }
      if page[index] == UInt8(ascii: "&") {
        index = passReference(index, range.upperBound)
      } else {
        index += 1
        while index < range.upperBound, page[index] & 0xC0 == 0x80 { index += 1 }
      }
    }
  }

  /// Whether the byte at `index` goes through the parser as it is, whatever it is. (It changes controls and
  /// noncharacters, and carriage returns.)
  @inline(__always)
  private func isPlain(_ index: Int) -> Bool {
    let byte = page[index]
    if byte < 0x80 {
      switch byte {
      case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), 0x7F: return false
      default: return byte >= 0x20 || byte == 0x0A || byte == 0x09
      }
    }
    if byte == 0xC2 { return index + 1 < page.count && page[index + 1] >= 0xA0 }
    return byte < 0xEE
  }

  /// Where the name of a character reference at `start` ends: it means something.
  private func passReference(_ start: Int, _ end: Int) -> Int {
    var index = start + 1
    while index < end,
      isLetter(page[index]) || (0x30...0x39).contains(page[index])
        || page[index] == UInt8(ascii: "#")
    {
      index += 1
    }
    return index < end && page[index] == UInt8(ascii: ";") ? index + 1 : index
  }

  // MARK: - Markup

  /// Where text goes on after the "<" at `start`; nil where that is doubtful, or there is none.
  private mutating func pass(_ start: Int) -> Int? {
    guard start + 1 < page.count else { return nil }
    switch page[start + 1] {
    case UInt8(ascii: "!"):
      return starts("--", start + 2) ? commentEnd(start + 4) : after(">", start + 2)
    case UInt8(ascii: "?"): return after(">", start + 2)
    case UInt8(ascii: "/"):
      guard start + 2 < page.count else { return nil }
      return isLetter(page[start + 2]) ? passTag(start + 2, isEnd: true) : after(">", start + 2)
    case let byte where isLetter(byte): return passTag(start + 1, isEnd: false)
    default: return start + 1
    }
  }

  private func after(_ mark: Unicode.Scalar, _ start: Int) -> Int? {
    let place = page.place(of: UInt8(ascii: mark), from: start)
    return place < page.count ? place + 1 : nil
  }

  private func starts(_ text: StaticString, _ index: Int) -> Bool {
    guard index + text.utf8CodeUnitCount <= page.count else { return false }
    for offset in 0..<text.utf8CodeUnitCount {
      let byte = page[index + offset]
      let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
      if lower != text.utf8Start[offset] { return false }
    }
    return true
  }

  private func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

  private func commentEnd(_ start: Int) -> Int? {
    if starts(">", start) { return start + 1 }
    if starts("->", start) { return start + 2 }
    var index = start
    while let end = after("-", index) {
      if starts("->", end) { return end + 2 }
      if starts("-!>", end) { return end + 3 }
      index = end
    }
    return nil
  }

  /// Where a tag ends whose name begins at `start`, with the text that the element has instead of markup.
  private mutating func passTag(_ start: Int, isEnd: Bool) -> Int? {
    var index = start
    while index < page.count, !endsName(page[index]) { index += 1 }
    let name = start..<index
    guard let (end, isClosed) = attributesEnd(index) else { return nil }
    if isName(name, "svg") || isName(name, "math") {
      foreignDepth = isEnd ? max(0, foreignDepth - 1) : foreignDepth + (isClosed ? 0 : 1)
    } else if isName(name, "select") {
      isInSelect = !isEnd && !isInSelect
    } else if isName(name, "frameset") || isName(name, "plaintext") {
      return nil
    }
    guard !isEnd else { return end }
    for raw: StaticString in Self.rawNames where isName(name, raw) {
      let isScript = isName(name, "script")
      guard foreignDepth == 0, isScript || !isInSelect else { return nil }
      return rawEnd(raw, end, isScript: isScript)
    }
    return end
  }

  private static let rawNames: [StaticString] = [
    "script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes",
  ]

  private func isName(_ range: Range<Int>, _ name: StaticString) -> Bool {
    range.count == name.utf8CodeUnitCount && starts(name, range.lowerBound)
  }

  private func endsName(_ byte: UInt8) -> Bool {
    isSpace(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ">")
  }

  private func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0C || byte == 0x0D
  }

  /// Behind the ">" of a tag, and whether it is "/>"; nil where there is none.
  private func attributesEnd(_ start: Int) -> (end: Int, isClosed: Bool)? {
    var index = start
    while index < page.count {
      let byte = page[index]
      if byte == UInt8(ascii: ">") { return (index + 1, false) }
      if starts("/>", index) { return (index + 2, true) }
      index += 1
      if isSpace(byte) || byte == UInt8(ascii: "/") { continue }
      while index < page.count, !endsName(page[index]), page[index] != UInt8(ascii: "=") {
        index += 1
      }
      while index < page.count, isSpace(page[index]) { index += 1 }
      guard index < page.count, page[index] == UInt8(ascii: "=") else { continue }
      index += 1
      while index < page.count, isSpace(page[index]) { index += 1 }
      guard index < page.count else { return nil }
      switch page[index] {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        index = page.place(of: page[index], from: index + 1) + 1
      default:
        while index < page.count, !isSpace(page[index]), page[index] != UInt8(ascii: ">") {
          index += 1
        }
      }
    }
    return nil
  }

  /// Where the end tag of an element without markup stands. A script may hold another script in a comment: there
  /// nothing is certain any more.
  private func rawEnd(_ name: StaticString, _ start: Int, isScript: Bool) -> Int? {
    var index = start
    while true {
      index = page.place(of: UInt8(ascii: "<"), from: index)
      guard index < page.count else { return nil }
      if isScript, starts("<!--", index) { return nil }
      let end = index + 2 + name.utf8CodeUnitCount
      if starts("</", index), starts(name, index + 2), end < page.count, endsName(page[end]) {
        return index
      }
      index += 1
    }
  }
}
