// LineWrapper.swift — page text to lines of at most 80 columns, white space kept.
//
// The lines are those that gpt-oss was trained to read, and citations count them. A line is cut after
// white space, after a hyphen between letters, before and after a dash of two hyphens or more, and, where
// a word alone is longer than a line, within it. Columns are Unicode scalars. Tabs become spaces first.
// (Behaviour: Python's textwrap with its defaults and all white space kept.)

/// Cuts text into lines.
package struct LineWrapper {
  static let columnCountMax = 80
  private static let tabColumns = 8

  /// All lines one after the other, without line feeds.
  package private(set) var bytes: [UInt8] = []
  /// Where each line ends in ``bytes``.
  package private(set) var ends: [Int] = []

  /// The lines of `text`, UTF-8.
  package init(_ text: [UInt8]) {
    bytes.reserveCapacity(text.count)
    ends.reserveCapacity(text.count / 40 + 1)
    text.withUnsafeBufferPointer { text in
      let hasTabs = text.place(of: 0x09) < text.count
      var start = 0
      while true {
        let end = text.place(of: 0x0A, from: start)
        let line = UnsafeBufferPointer(rebasing: text[start..<end])
        if hasTabs, line.contains(0x09) {
          Self.expandTabs(line).withUnsafeBufferPointer { wrap($0) }
        } else {
          wrap(line)
        }
        guard end < text.count else { break }
        start = end + 1
      }
    }
  }

  /// Takes up one line, and notes where it is cut: nothing of it is left out.
  private mutating func wrap(_ line: UnsafeBufferPointer<UInt8>) {
    let base = bytes.count
    bytes.append(contentsOf: line)
    if line.count <= Self.columnCountMax || Self.scalarCount(line) <= Self.columnCountMax {
      ends.append(bytes.count)
      return
    }
    let chunks = WrapChunks(line)
    var columns = 0
    var start = 0
    while start < line.count {
      var (end, count) = chunks.next(start)
      if columns + count <= Self.columnCountMax {
        columns += count
        start = end
        continue
      }
      // What is longer than a line fills the rest of this one first.
      if count <= Self.columnCountMax, columns > 0 {
        ends.append(base + start)
        columns = 0
      }
      while columns + count > Self.columnCountMax {
        let cut = Self.cut(line, start..<end, room: Self.columnCountMax - columns)
        start = cut.end
        count -= cut.columns
        columns = 0
        ends.append(base + start)
      }
      columns += count
      start = end
    }
    if columns > 0 { ends.append(bytes.count) }
  }

  /// Where a word that is too long is cut: after its last hyphen that fits, if something other than
  /// hyphens stands before it, else where the room ends.
  private static func cut(
    _ line: UnsafeBufferPointer<UInt8>, _ chunk: Range<Int>, room: Int
  ) -> (end: Int, columns: Int) {
    guard room > 0 else { return (chunk.lowerBound, 0) }
    var end = chunk.lowerBound
    var columns = 0
    var hasOther = false
    var hyphen: (end: Int, columns: Int)?
    while columns < room, end < chunk.upperBound {
      let (scalar, length) = TextEscapes.decode(line, end)
      end += length
      columns += 1
      if scalar != 0x2D {
        hasOther = true
      } else if hasOther {
        hyphen = (end, columns)
      }
    }
    return hyphen ?? (end, columns)
  }

  static func scalarCount(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var count = 0
    for byte in bytes where byte & 0xC0 != 0x80 { count += 1 }
    return count
  }

  private static func expandTabs(_ line: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var columns = 0
    for byte in line {
      if byte == 0x09 {
        let count = tabColumns - columns % tabColumns
        result.append(contentsOf: repeatElement(0x20, count: count))
        columns += count
      } else {
        result.append(byte)
        if byte & 0xC0 != 0x80 { columns += 1 }
      }
    }
    return result
  }
}

/// The pieces of a line between which it may be cut.
private struct WrapChunks {
  private let line: UnsafeBufferPointer<UInt8>

  init(_ line: UnsafeBufferPointer<UInt8>) { self.line = line }

  /// Where the piece that begins at `start` ends, and how many Unicode scalars it has.
  @inline(__always)
  func next(_ start: Int) -> (end: Int, columns: Int) {
    var end = start
    if isSpace(start) {
      while isSpace(end) { end += 1 }
      return (end, end - start)
    }
    if line[start] == 0x2D, let dash = dashEnd(start) { return (dash, dash - start) }
    // The first character belongs to the word, whatever it is.
    if line[start] < 0x80 { end += 1 }
    while end < line.count {
      let byte = line[end]
      // Letters and digits of ASCII; below them are white space, marks and the hyphen.
      if byte > 0x2D, byte < 0x80 {
        end += 1
      } else if byte >= 0x80 {
        end = wordEnd(end)
        return (end, LineWrapper.scalarCount(UnsafeBufferPointer(rebasing: line[start..<end])))
      } else {
        if byte == 0x2D {
          if isHyphen(end) {
            end += 1
            break
          }
          if dashEnd(end) != nil { break }
        }
        if isSpace(end) { break }
        end += 1
      }
    }
    return (end, end - start)
  }

  /// Where the word goes on to from `start`, which is not ASCII.
  private func wordEnd(_ start: Int) -> Int {
    var end = start
    while end < line.count {
      let byte = line[end]
      if byte == 0x2D {
        if isHyphen(end) { return end + 1 }
        if dashEnd(end) != nil { return end }
      }
      if isSpace(end) { return end }
      end += byte < 0x80 ? 1 : TextEscapes.decode(line, end).length
    }
    return end
  }

  private func isSpace(_ index: Int) -> Bool {
    guard index < line.count else { return false }
    let byte = line[index]
    return byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
  }

  /// Whether the hyphen at `index` joins two parts of a word, so that a line may end with it.
  private func isHyphen(_ index: Int) -> Bool {
    let before = scalar(before: index)
    guard let (last, lastStart) = before, let (earlier, earlierStart) = scalar(before: lastStart)
    else { return false }
    let followsLetters = TextEscapes.isLetter(last) && TextEscapes.isLetter(earlier)
    let followsShortPart =
      earlier == 0x2D && TextEscapes.isLetter(last)
      && (scalar(before: earlierStart).map { TextEscapes.isLetter($0.scalar) } ?? false)
    guard followsLetters || followsShortPart else { return false }
    guard let (first, firstLength) = scalar(at: index + 1), TextEscapes.isLetter(first) else {
      return false
    }
    guard var next = scalar(at: index + 1 + firstLength) else { return false }
    if next.scalar == 0x2D {
      guard let later = scalar(at: index + 2 + firstLength) else { return false }
      next = later
    }
    return TextEscapes.isLetter(next.scalar)
  }

  /// The end of a dash at `index`: two hyphens or more between words.
  private func dashEnd(_ index: Int) -> Int? {
    guard line[index] == 0x2D, index + 1 < line.count, line[index + 1] == 0x2D,
      let (before, _) = scalar(before: index), Self.isWordOrMark(before)
    else { return nil }
    var end = index
    while end < line.count, line[end] == 0x2D { end += 1 }
    guard let (after, _) = scalar(at: end), TextEscapes.isWord(after) else { return nil }
    return end
  }

  private static func isWordOrMark(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x21, 0x22, 0x27, 0x26, 0x2E, 0x2C, 0x3F: true
    default: TextEscapes.isWord(scalar)
    }
  }

  private func scalar(at index: Int) -> (scalar: UInt32, length: Int)? {
    index < line.count ? TextEscapes.decode(line, index) : nil
  }

  private func scalar(before index: Int) -> (scalar: UInt32, start: Int)? {
    guard index > 0 else { return nil }
    var start = index - 1
    while start > 0, line[start] & 0xC0 == 0x80 { start -= 1 }
    return (TextEscapes.decode(line, start).scalar, start)
  }
}
