// Console.swift — the three standard streams: lines in, lines out, progress and errors aside.

import Base
import Glibc

/// Standard output: only answers. A reader that went away ends the program as the shell expects
/// (SIGPIPE).
enum Output {
  static func write(_ text: String) { writeAll(text, to: STDOUT_FILENO) }

  static func line(_ text: String) { write(text + "\n") }

  /// One compact JSON value on a line of its own.
  static func jsonLine(_ value: JSONValue) { line(value.compactText) }
}

/// Standard error: progress and errors.
enum Progress {
  static func line(_ text: String) { write(text + "\n") }

  static func write(_ text: String) { writeAll(text, to: STDERR_FILENO) }

  /// Rewrites the current line at a terminal; says nothing elsewhere, so that logs stay short.
  static func update(_ text: String) {
    guard isTerminal else { return }
    writeAll("\r\u{1B}[2K" + text, to: STDERR_FILENO)
  }

  static func endUpdates() { update("") }

  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}

/// Writes every byte, whatever the kernel takes at a time; gives up quietly when no one can read.
private func writeAll(_ text: String, to descriptor: Int32) {
  var text = text
  text.withUTF8 { bytes in
    var bytes = UnsafeRawBufferPointer(bytes)
    while !bytes.isEmpty {
      let count = write(descriptor, bytes.baseAddress, bytes.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      bytes = UnsafeRawBufferPointer(rebasing: bytes[count...])
    }
  }
}

/// Standard input as lines of JSON.
enum Input {
  /// No line that a command takes comes near this.
  static let lineBytesMax = 256 << 20

  /// Calls `body` with each line's value, in order, until input ends. Empty lines are skipped.
  static func forEachJSONLine(
    _ body: (_ value: JSONValue, _ lineNumber: Int) throws -> Void
  ) throws {
    var lines = LineReader()
    while let bytes = try lines.next() {
      guard bytes.contains(where: { $0 > 0x20 }) else { continue }
      do {
        let value = try JSONReader.value(bytes, source: "standard input")
        try body(value, lines.lineNumber)
      } catch let error as JSONError {
        var error = error
        error.line = lines.lineNumber
        throw CommandError.usage(error.description)
      }
    }
  }
}

/// Splits standard input at newlines.
private struct LineReader {
  /// 1-based, of the line that `next` returned last.
  private(set) var lineNumber = 0
  private var pending: [UInt8] = []
  private var isAtEnd = false
  private static let chunkBytes = 1 << 16

  /// The next line without its newline, or nil at the end of input.
  mutating func next() throws(CommandError) -> [UInt8]? {
    var searched = 0
    while true {
      if let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        lineNumber += 1
        defer { pending.removeSubrange(...end) }
        return Array(pending[..<end])
      }
      searched = pending.count
      guard searched <= Input.lineBytesMax else {
        throw .usage(
          "Line \(lineNumber + 1) of standard input is longer than \(Input.lineBytesMax) bytes.")
      }
      guard !isAtEnd else {
        guard !pending.isEmpty else { return nil }
        lineNumber += 1
        defer { pending = [] }
        return pending
      }
      try fill()
    }
  }

  private mutating func fill() throws(CommandError) {
    var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
    var count: Int
    repeat { count = read(STDIN_FILENO, &chunk, chunk.count) } while count < 0 && errno == EINTR
    guard count >= 0 else {
      throw .usage("Standard input cannot be read: \(String(cString: strerror(errno))).")
    }
    isAtEnd = count == 0
    pending += chunk[..<count]
  }
}

extension JSONValue {
  /// The member `key` as token ids; the error names the line and what the member must be.
  func tokenIDs(_ key: String, lineNumber: Int) throws(CommandError) -> [TokenID] {
    guard let elements = self[key]?.arrayValue else {
      throw .usage("Line \(lineNumber) needs \"\(key)\": a list of token ids.")
    }
    var ids: [TokenID] = []
    ids.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      guard let whole = element.intValue, let raw = Int32(exactly: whole) else {
        throw .usage(
          "Line \(lineNumber), \"\(key)\"[\(index)]: \(element.compactText) is not a token id.")
      }
      ids.append(TokenID(raw))
    }
    return ids
  }

  init(_ ids: some Sequence<TokenID>) {
    self = .array(ids.map { .number(.integer(Int64($0.rawValue))) })
  }
}
