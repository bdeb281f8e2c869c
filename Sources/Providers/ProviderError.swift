// ProviderError.swift — why a server gave no answer that can be used.

import Base

/// What a server's refusal says about trying again.
public struct RetryHint: Equatable, Sendable {
  /// `Retry-After` or `retry-after-ms`, in seconds; nil where there is none that can be read.
  public var seconds: Double?
  /// `x-should-retry`, where the server sends it.
  public var isWanted: Bool?

  public init(seconds: Double? = nil, isWanted: Bool? = nil) {
    self.seconds = seconds
    self.isWanted = isWanted
  }
}

/// Errors hold no header and nothing of the request: neither keys nor the conversation.
public enum ProviderError: Error, Equatable, Sendable {
  /// An answer with another status than 2xx. The message is the server's, cut short.
  case refused(status: Int, code: String?, message: String, RetryHint)
  /// An error that the server reported after it had begun to answer.
  case brokenOff(code: String?, message: String)
  /// The stream or the body ended before the answer did.
  case truncated(missing: String)
  /// Something that is not what the interface prescribes.
  case malformed(String)
  /// Pieces that cannot have been sent in this order.
  case outOfOrder(String)
  case wrongContentType(String)
  case tooLarge(bytesMax: Int)

  /// Whether the same request may well succeed a little later.
  public var isTransient: Bool {
    switch self {
    case .refused(let status, let code, _, let hint):
      if let isWanted = hint.isWanted { return isWanted }
      return (status == 408 || status == 409 || status == 429 || status >= 500)
        && code != "insufficient_quota"
    case .brokenOff, .truncated, .malformed, .outOfOrder, .wrongContentType: return true
    case .tooLarge: return false
    }
  }

  /// Whether the prompt has more tokens than the model can read.
  public var isContextOverflow: Bool {
    guard case .refused(let status, let code, let message, _) = self, status == 400 || status == 413
    else { return false }
    if code == "context_length_exceeded" || code == "exceed_context_size_error" { return true }
    let words = message.lowercased()
    return words.contains("maximum context length") || words.contains("context size")
      || words.contains("context length")
  }
}

extension ProviderError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .refused(let status, let code, let message, _):
      Self.said("It answered with status \(status)", code, message) + Self.advice(status)
    case .brokenOff(let code, let message): Self.said("It broke its answer off", code, message)
    case .truncated(let missing): "Its answer ended too early: \(missing) is missing."
    case .malformed(let what): "Its answer is not what the interface prescribes: \(what)."
    case .outOfOrder(let what): "The parts of its answer came in an impossible order: \(what)."
    case .wrongContentType(let type):
      "It answered with \"\(type)\", which is neither JSON nor an event stream. Does the address end in /v1?"
    case .tooLarge(let bytesMax):
      "Its answer is larger than the \(bytesMax) bytes that are allowed here."
    }
  }

  private static func said(_ what: String, _ code: String?, _ message: String) -> String {
    let code = code.map { " (\($0))" } ?? ""
    guard !message.isEmpty else { return "\(what)\(code)." }
    let end = message.last.map { ".!?".contains($0) } == true ? "" : "."
    return "\(what)\(code): \(message)\(end)"
  }

  private static func advice(_ status: Int) -> String {
    switch status {
    case 401, 403: " Is the key right? See Docs/SERVERS.md."
    case 404: " Is the address right, and the model's name?"
    default: ""
    }
  }
}

extension ProviderError {
  private static let messageCharactersMax = 400

  /// Reads the body of a refusal: OpenAI's form, and what others send in its place.
  static func refusal(
    status: Int, body: [UInt8], isComplete: Bool, hint: RetryHint
  ) -> ProviderError {
    guard isComplete, let json = try? JSONReader.value(body, source: "an error") else {
      let text = String(decoding: body.prefix(messageCharactersMax * 4), as: UTF8.self)
      // Pages for people say nothing that fits into a sentence.
      let isPage = text.contains("<")
      return .refused(status: status, code: nil, message: isPage ? "" : cut(text), hint)
    }
    let (code, message) = words(of: json)
    return .refused(status: status, code: code, message: message, hint)
  }

  /// Code and message of an error as JSON: `{"error": {…}}`, `{"error": "…"}`, `{"message": …}`,
  /// `{"detail": …}`.
  static func words(of json: JSONValue) -> (code: String?, message: String) {
    let error = json["error"].flatMap { $0.isNull ? nil : $0 } ?? json
    if let text = error.stringValue { return (nil, cut(text)) }
    let code = error["code"] ?? json["code"] ?? error["type"]
    let codeText =
      code?.stringValue ?? code?.intValue.map(String.init)
      ?? error["type"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    let message =
      error["message"]?.stringValue ?? error["detail"]?.stringValue
      ?? error["detail"].map(\.compactText) ?? ""
    return (codeText.map { cut($0) }, cut(message))
  }

  private static func cut(_ text: String) -> String {
    let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count <= messageCharactersMax
      ? line : line.prefix(messageCharactersMax) + "…"
  }
}
