// AnswerReader.swift — from the bytes of an HTTP answer to a whole answer, or to why there is none.

import Base

/// Reads one HTTP answer as it arrives; a value that waits for nothing, for any transport.
///
/// Call ``begin(status:header:unixTime:)`` once, ``take(_:)`` for each piece of the body, ``end()``
/// once at its end. As soon as ``isComplete``, the rest of the body need not be waited for.
public struct AnswerReader: Sendable {
  private enum Form { case unknown, events, whole, refusal }

  private enum Decoder {
    case chat(ChatDecoder)
    case responses(ResponsesDecoder)
    case completions(CompletionDecoder)
  }

  private var decoder: Decoder
  private var form = Form.unknown
  private var parser = EventStreamParser()
  private var body: [UInt8] = []
  private var byteCount = 0
  private var contentType = ""
  private var status = 0
  private var hint = RetryHint()

  /// Of an answer altogether.
  public static let bytesMax = 64 << 20
  private static let refusalBytesMax = 64 << 10

  public init(_ interface: ProviderInterface) {
    decoder =
      switch interface {
      case .chat: .chat(ChatDecoder())
      case .responses: .responses(ResponsesDecoder())
      case .completions: .completions(CompletionDecoder())
      }
  }

  /// Whether everything was said that belongs to the answer.
  public var isComplete: Bool {
    switch decoder {
    case .chat(let decoder): decoder.isComplete
    case .responses(let decoder): decoder.isComplete
    case .completions(let decoder): decoder.isComplete
    }
  }

  /// The head of the answer.
  ///
  /// - Parameters:
  ///   - status: The status code.
  ///   - header: The first value of a header, whatever the case of its name.
  ///   - unixTime: Now, in seconds, for a `Retry-After` that is a date.
  /// - Throws: What is neither JSON nor an event stream.
  public mutating func begin(
    status: Int, header: (String) -> String?, unixTime: Int64
  ) throws(ProviderError) {
    self.status = status
    guard (200..<300).contains(status) else {
      form = .refusal
      hint = RetryHint(header, unixTime: unixTime)
      return
    }
    contentType = header("Content-Type") ?? ""
    let type =
      contentType.split(separator: ";").first.map { $0.lowercased().filter { $0 != " " } } ?? ""
    switch type {
    case "text/event-stream": form = .events
    case "application/json": form = .whole
    // Nothing, or what servers say that do not care: the first byte tells.
    case "", "text/plain", "application/octet-stream": form = .unknown
    default: throw .wrongContentType(String(contentType.prefix(80)))
    }
  }

  /// More of the body.
  public mutating func take(
    _ bytes: some Collection<UInt8>
  ) throws(ProviderError) -> [ProviderDelta] {
    byteCount += bytes.count
    guard byteCount <= Self.bytesMax else { throw .tooLarge(bytesMax: Self.bytesMax) }
    switch form {
    case .refusal:
      // The beginning says it all.
      body += bytes.prefix(Self.refusalBytesMax - body.count)
      return []
    case .whole:
      body += bytes
      return []
    case .events: return try handle(try parser.take(bytes))
    case .unknown:
      body += bytes
      let isMark = body.starts(with: [0xEF, 0xBB, 0xBF])
      guard let first = body.dropFirst(isMark ? 3 : 0).first(where: { $0 > 0x20 }) else {
        return []
      }
      switch first {
      case UInt8(ascii: "{"): form = .whole
      case UInt8(ascii: "d"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "r"),
        UInt8(ascii: ":"):
        form = .events
        let held = body
        body = []
        return try handle(try parser.take(held))
      default: throw .wrongContentType(String(contentType.prefix(80)))
      }
      return []
    }
  }

  /// The body has ended.
  ///
  /// - Throws: A refusal, or what is missing of the answer.
  public mutating func end() throws(ProviderError) -> ProviderAnswer {
    switch form {
    case .refusal:
      throw .refusal(
        status: status, body: body, isComplete: byteCount <= Self.refusalBytesMax, hint: hint)
    case .unknown: throw .truncated(missing: "everything")
    case .whole:
      let isMark = body.starts(with: [0xEF, 0xBB, 0xBF])
      let json = try Wire.object(Array(body.dropFirst(isMark ? 3 : 0)), of: "the body")
      switch decoder {
      case .chat(var decoder): return try decoder.whole(json)
      case .responses: return try ResponsesDecoder.whole(json)
      case .completions(var decoder): return try decoder.whole(json)
      }
    case .events:
      if let event = parser.finish() { _ = try handle([event]) }
      switch decoder {
      case .chat(let decoder): return try decoder.answer()
      case .responses(let decoder): return try decoder.answer()
      case .completions(let decoder): return try decoder.answer()
      }
    }
  }

  private mutating func handle(
    _ all: [ServerSentEvent]
  ) throws(ProviderError) -> [ProviderDelta] {
    // An event without data keeps the connection alive, and says nothing.
    let events = all.filter { !$0.data.isEmpty }
    var deltas: [ProviderDelta] = []
    switch decoder {
    case .chat(var chat):
      for event in events { deltas += try chat.handle(event) }
      decoder = .chat(chat)
    case .responses(var responses):
      for event in events { deltas += try responses.handle(event) }
      decoder = .responses(responses)
    case .completions(var completions):
      for event in events { deltas += try completions.handle(event) }
      decoder = .completions(completions)
    }
    return deltas
  }
}
