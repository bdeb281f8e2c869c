// LineFramer.swift — bytes in, lines out, never more than one bounded line in memory.
//
// Framing on standard streams, the same in every MCP revision: one message is one line of UTF-8
// JSON, ended by a line feed; no message contains a raw line feed. The specification sets no limit.

/// Cuts a byte stream into lines. A carriage return before the line feed is dropped, blank lines
/// are skipped, and a line over the bound is reported once and thrown away while it arrives.
public struct LineFramer: Sendable {
  /// What the stream turned out to hold.
  public enum Piece: Equatable, Sendable {
    /// A line without its ending; never empty.
    case line([UInt8])
    /// A line passed the bound. Whatever else it holds is dropped.
    case tooLong(bytesMax: Int)
    /// The stream ended inside a line of so many bytes.
    case unterminated(byteCount: Int)
  }

  /// Images travel as base64 text within a line; 16 MiB leaves room for one of 12 MiB.
  public static let lineBytesMaxDefault = 16 << 20

  /// The longest line, its ending not counted.
  public let lineBytesMax: Int
  private var partial: [UInt8] = []
  private var isDropping = false

  public init(lineBytesMax: Int = lineBytesMaxDefault) { self.lineBytesMax = max(1, lineBytesMax) }

  /// Takes the next bytes of the stream and returns what they complete, in order.
  public mutating func receive(_ bytes: [UInt8]) -> [Piece] {
    var pieces: [Piece] = []
    var start = 0
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      take(bytes[start..<end], into: &pieces)
      endLine(into: &pieces)
      start = end + 1
    }
    take(bytes[start...], into: &pieces)
    return pieces
  }

  /// Says that the stream has ended; nil if it ended between two lines.
  public mutating func finish() -> Piece? {
    defer {
      partial = []
      isDropping = false
    }
    return partial.isEmpty ? nil : .unterminated(byteCount: partial.count)
  }

  private mutating func take(_ bytes: ArraySlice<UInt8>, into pieces: inout [Piece]) {
    guard !isDropping else { return }
    // One byte of grace, for the carriage return that does not count.
    guard partial.count + bytes.count <= lineBytesMax + 1 else { return drop(into: &pieces) }
    partial.append(contentsOf: bytes)
  }

  private mutating func endLine(into pieces: inout [Piece]) {
    if isDropping {
      isDropping = false
      return
    }
    if partial.last == UInt8(ascii: "\r") { partial.removeLast() }
    guard partial.count <= lineBytesMax else {
      drop(into: &pieces)
      isDropping = false
      return
    }
    if !partial.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) {
      pieces.append(.line(partial))
    }
    partial = []
  }

  private mutating func drop(into pieces: inout [Piece]) {
    pieces.append(.tooLong(bytesMax: lineBytesMax))
    partial = []
    isDropping = true
  }
}
