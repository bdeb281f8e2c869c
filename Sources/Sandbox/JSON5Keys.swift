// JSON5Keys.swift — finds a key that an object has twice, which Foundation's decoder passes over.
//
// The decoder keeps the first of two equal keys and says nothing, so a file could say one thing to a
// reader and another to the program. This looks at strings, comments and brackets only; whether the
// text is JSON5 at all is for the decoder to say, so it never fails: a text that it cannot follow
// has no duplicates.

/// A key that occurs twice in one object.
struct DuplicateKey: Equatable {
  var key: String
  /// 1-based.
  var line: Int
}

/// The first duplicate key in a JSON5 text, nil where there is none.
func duplicateKey(in text: [UInt8]) -> DuplicateKey? {
  var scanner = JSON5KeyScanner(text: text)
  return scanner.scan()
}

private struct JSON5KeyScanner {
  let text: [UInt8]
  var index = 0
  var line = 1
  /// The keys of each open object, nil for an open array.
  var open: [Set<[UInt8]>?] = []
  /// Whether a word or string here would be a key.
  var wantsKey = false

  init(text: [UInt8]) { self.text = text }

  mutating func scan() -> DuplicateKey? {
    while index < text.count {
      let byte = text[index]
      switch byte {
      case UInt8(ascii: "{"):
        open.append([])
        wantsKey = true
      case UInt8(ascii: "["):
        open.append(nil)
        wantsKey = false
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        _ = open.popLast()
        wantsKey = false
      case UInt8(ascii: ","): wantsKey = open.last.map { $0 != nil } ?? false
      case UInt8(ascii: "/"): skipComment()
      case UInt8(ascii: "\n"): line += 1
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        if let found = take(string(until: byte)) { return found }
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: ":"): break
      default:
        if let found = take(word()) { return found }
      }
      index += 1
    }
    return nil
  }

  /// Notes a key; the index is on its last byte.
  private mutating func take(_ key: [UInt8]) -> DuplicateKey? {
    guard wantsKey, let last = open.indices.last, var keys = open[last] else { return nil }
    wantsKey = false
    guard keys.insert(key).inserted else {
      return DuplicateKey(key: String(decoding: key, as: UTF8.self), line: line)
    }
    open[last] = keys
    return nil
  }

  private mutating func string(until quote: UInt8) -> [UInt8] {
    var bytes: [UInt8] = []
    index += 1
    while index < text.count, text[index] != quote {
      if text[index] == UInt8(ascii: "\\") {
        bytes.append(text[index])
        index += 1
      }
      if index < text.count {
        if text[index] == UInt8(ascii: "\n") { line += 1 }
        bytes.append(text[index])
      }
      index += 1
    }
    return bytes
  }

  private mutating func word() -> [UInt8] {
    let ends = Array("{}[],:\"'/ \t\r\n".utf8)
    var bytes: [UInt8] = []
    while index < text.count, !ends.contains(text[index]) {
      bytes.append(text[index])
      index += 1
    }
    index -= 1
    return bytes
  }

  private mutating func skipComment() {
    guard index + 1 < text.count else { return }
    if text[index + 1] == UInt8(ascii: "/") {
      while index + 1 < text.count, text[index + 1] != UInt8(ascii: "\n") { index += 1 }
    } else if text[index + 1] == UInt8(ascii: "*") {
      index += 2
      while index + 1 < text.count {
        if text[index] == UInt8(ascii: "*"), text[index + 1] == UInt8(ascii: "/") { break }
        if text[index] == UInt8(ascii: "\n") { line += 1 }
        index += 1
      }
      index += 1
    }
  }
}
