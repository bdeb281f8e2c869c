// EventStream.swift — server-sent events, taken apart as they arrive.
//
// Format (WHATWG HTML, 9.2.6): UTF-8; a byte order mark at the start is ignored; lines end in LF, CR or
// CRLF; "field: value", one space after the colon belongs to nobody; lines that begin with a colon are
// comments; the values of several `data` lines are joined by LF; an empty line ends the event. Beyond
// it: an event that the end of the stream cuts off is handed out, so that its reader can say what is
// missing.

/// One event.
public struct ServerSentEvent: Equatable, Sendable {
  /// Empty where the event has no name.
  public var name: String
  public var data: [UInt8]

  public init(name: String = "", data: [UInt8]) {
    self.name = name
    self.data = data
  }
}

extension ServerSentEvent {
  /// What Chat and Completions end with; some servers put white space behind it.
  var isEndMark: Bool {
    data.starts(with: "[DONE]".utf8) && data.dropFirst(6).allSatisfy { $0 <= 0x20 }
  }
}

/// Splits a stream into events; a value that waits for nothing.
public struct EventStreamParser: Sendable {
  /// Of one event, its name and line under way included; no answer in one piece comes near it.
  public static let eventBytesMax = 16 << 20

  private var line: [UInt8] = []
  private var name = ""
  private var data: [UInt8]?
  private var byteCount = 0
  private var isAtStart = true
  private var endedInCR = false

  public init() {}

  /// The events that end within `bytes`.
  public mutating func take(
    _ bytes: some Collection<UInt8>
  ) throws(ProviderError) -> [ServerSentEvent] {
    var events: [ServerSentEvent] = []
    var rest = ArraySlice(bytes)
    while let first = rest.first {
      if endedInCR, first == UInt8(ascii: "\n") { rest = rest.dropFirst() }
      endedInCR = false
      let end = rest.firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
      let piece = rest[..<(end ?? rest.endIndex)]
      byteCount += piece.count
      guard byteCount <= Self.eventBytesMax else { throw .tooLarge(bytesMax: Self.eventBytesMax) }
      line += piece
      guard let end else { break }
      endedInCR = rest[end] == UInt8(ascii: "\r")
      if let event = endLine() { events.append(event) }
      rest = rest[(end + 1)...]
    }
    return events
  }

  /// What the end of the stream cut off; nil where it ended between events.
  public mutating func finish() -> ServerSentEvent? {
    if !line.isEmpty { _ = endLine() }
    return endEvent()
  }

  private mutating func endLine() -> ServerSentEvent? {
    defer { line.removeAll(keepingCapacity: true) }
    if isAtStart, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
    isAtStart = false
    guard !line.isEmpty else { return endEvent() }
    let colon = line.firstIndex(of: UInt8(ascii: ":"))
    let field = line[..<(colon ?? line.endIndex)]
    var value = colon.map { line[($0 + 1)...] } ?? []
    if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
    if field.elementsEqual("data".utf8) {
      if data != nil { data?.append(UInt8(ascii: "\n")) }
      data = (data ?? []) + value
    } else if field.elementsEqual("event".utf8) {
      name = String(decoding: value, as: UTF8.self)
    }
    return nil
  }

  private mutating func endEvent() -> ServerSentEvent? {
    defer {
      name = ""
      data = nil
      byteCount = 0
    }
    return data.map { ServerSentEvent(name: name, data: $0) }
  }
}
