// CloudAsker.swift — one judged request to the provider, tried again where that makes sense.

import Base
import Glibc
import MCP
import Providers
import Sandbox
import Transfer

/// Asks the provider. Calls wait for each other.
struct CloudAsker {
  static let tool = MCPTool(
    name: "ask", description: "Posts one request to the configured provider.",
    inputSchema: [
      "type": "object",
      "properties": [
        "endpoint": ["type": "string"], "interface": ["type": "string"],
        "payload": ["type": "string"], "silenceSeconds": ["type": "integer"],
        "totalSeconds": ["type": "integer"], "attempts": ["type": "integer"],
        "waitSeconds": ["type": "integer"],
      ],
      "required": ["endpoint", "interface", "payload"],
    ])

  /// Of an answer, decoded; no model writes so much.
  private static let answerBytesMax = 16 << 20

  /// Nil for a provider that wants none.
  let key: String?
  private var channel = BrokerChannel.ofThisProcess()

  init(key: String?) { self.key = key }

  /// What the host wants asked.
  private struct Question {
    var url: WebURL
    var interface: ProviderInterface
    var payload: [UInt8]
    var limits = ExchangeLimits()
    var retries = RetryPolicy()

    init?(_ arguments: JSONObject) {
      guard let url = arguments["endpoint"]?.stringValue.flatMap({ WebURL($0) }),
        let interface = arguments["interface"]?.stringValue.flatMap({
          ProviderInterface(rawValue: $0)
        }), interface != .completions, let payload = arguments["payload"]?.stringValue
      else { return nil }
      self.url = url
      self.interface = interface
      self.payload = Array(payload.utf8)
      limits.bodyBytesMax = answerBytesMax
      limits.bodyBytesMaxByType = [:]
      // Words come slowly, and thoughts in silence; a byte a second is enough.
      limits.rateMin = 1
      limits.silenceSecondsMax = arguments["silenceSeconds"]?.intValue ?? 120
      limits.secondsMax = arguments["totalSeconds"]?.intValue ?? 900
      let waiting = Double(arguments["waitSeconds"]?.intValue ?? 120)
      retries = RetryPolicy(
        attemptCountMax: arguments["attempts"]?.intValue ?? 4, waitSecondsMax: waiting,
        hintSecondsMax: waiting)
    }
  }

  /// Why one attempt gave no answer.
  private struct Failure: Error {
    var message: String
    var isTransient: Bool
    var hint = RetryHint()
    var status: Int?
  }

  /// Answers one call.
  mutating func call(_ arguments: JSONObject) -> MCPToolResult {
    guard let question = Question(arguments) else {
      return MCPToolResult(text: "The request is none that the host would send.", isError: true)
    }
    var attempts = question.retries.attempts(seed: UInt64.random(in: 0...(.max)))
    while true {
      do throws(Failure) {
        let answer = try ask(question)
        return told(answer, attempts: attempts.count + 1)
      } catch {
        guard let seconds = attempts.failed(isTransient: error.isTransient, hint: error.hint) else {
          return failed(error, attempts: attempts.count)
        }
        Self.sleep(seconds)
      }
    }
  }

  private mutating func ask(_ question: Question) throws(Failure) -> ProviderAnswer {
    guard channel != nil else {
      throw Failure(message: "This plugin was given no way out.", isTransient: false)
    }
    let connection: BrokerChannel.Connection
    do throws(BrokerChannel.Refusal) {
      guard
        let made = try channel?.connect(
          question.url.text, method: "POST", hop: 0, purpose: .service)
      else { throw BrokerChannel.Refusal(message: "There is no way out.", isRefused: true) }
      connection = made
    } catch {
      throw Failure(message: error.message, isTransient: !error.isRefused)
    }
    var reader = AnswerReader(question.interface)
    var hasBegun = false
    var problem: ProviderError?
    let head: HTTPHead
    do throws(TransferError) {
      head = try SocketExchange.perform(
        request(question), over: connection.socket, limits: question.limits,
        certificates: certificates
      ) { head, bytes in
        do throws(ProviderError) {
          if !hasBegun {
            hasBegun = true
            try Self.begin(&reader, head)
          }
          _ = try reader.take(bytes)
          return !reader.isComplete
        } catch {
          problem = error
          return false
        }
      }.head
    } catch {
      let cut = channel?.cutReason(of: connection.id)
      throw Failure(
        message: cut.map { "The host cut the connection: \($0)" } ?? error.description,
        isTransient: cut == nil && error.isTransient)
    }
    do throws(ProviderError) {
      if let problem { throw problem }
      if !hasBegun { try Self.begin(&reader, head) }
      return try reader.end()
    } catch {
      var failure = Failure(
        message: error.description, isTransient: error.isTransient, status: head.status)
      if case .refused(_, _, _, let hint) = error { failure.hint = hint }
      throw failure
    }
  }

  private static func begin(
    _ reader: inout AnswerReader, _ head: HTTPHead
  ) throws(ProviderError) {
    try reader.begin(
      status: head.status, header: { head.headers[$0] }, unixTime: Int64(time(nil)))
  }

  private func request(_ question: Question) -> HTTPRequest {
    var request = HTTPRequest(question.url, method: .post(question.payload))
    request.headers["User-Agent"] = "martlet/1"
    request.headers["Content-Type"] = "application/json"
    request.headers["Accept"] = "text/event-stream, application/json"
    if let key { request.headers["Authorization"] = "Bearer \(key)" }
    return request
  }

  private var certificates: CertificatePlaces {
    let path = BrokerChannel.authoritiesPath
    return CertificatePlaces(
      file: access(path, R_OK) == 0 ? path : nil, folder: "/etc/ssl/certs")
  }

  private static func sleep(_ seconds: Double) {
    var wanted = timespec(
      tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
    var left = timespec()
    while nanosleep(&wanted, &left) != 0, errno == EINTR { wanted = left }
  }

  // MARK: - What is told

  private func told(_ answer: ProviderAnswer, attempts: Int) -> MCPToolResult {
    var text = scrubbed(answer.text)
    switch answer.ending {
    case .filtered where text.isEmpty:
      return failed(
        Failure(message: "The provider withheld its answer.", isTransient: false),
        attempts: attempts)
    case .length where text.isEmpty:
      return failed(
        Failure(
          message: "The model used up its tokens without an answer. Raise \"maxTokens\".",
          isTransient: false), attempts: attempts)
    case .filtered, .length: text += "\n[The answer ends here: \(answer.ending.rawValue).]"
    case .stop, .calls: break
    }
    guard text.contains(where: { !$0.isWhitespace }) else {
      return failed(
        Failure(message: "The model answered nothing.", isTransient: false), attempts: attempts)
    }
    var structured: JSONObject = [
      "attempts": .number(.integer(Int64(attempts))), "ending": .string(answer.ending.rawValue),
    ]
    structured["model"] = answer.model.map { .string(scrubbed(String($0.prefix(200)))) }
    structured["id"] = answer.id.map { .string(scrubbed(String($0.prefix(200)))) }
    structured["usage"] = answer.usage.map { usage in
      func whole(_ value: Int) -> JSONValue { .number(.integer(Int64(value))) }
      return [
        "input_tokens": whole(usage.inputTokens), "cached_tokens": whole(usage.cachedTokens),
        "output_tokens": whole(usage.outputTokens),
        "reasoning_tokens": whole(usage.reasoningTokens),
      ]
    }
    return MCPToolResult(content: [.text(text)], structured: .object(structured))
  }

  private func failed(_ failure: Failure, attempts: Int) -> MCPToolResult {
    let count = attempts > 1 ? " (\(attempts) attempts)" : ""
    var structured: JSONObject = ["attempts": .number(.integer(Int64(attempts)))]
    structured["http_status"] = failure.status.map { .number(.integer(Int64($0))) }
    return MCPToolResult(
      content: [.text(scrubbed(failure.message) + count)], structured: .object(structured),
      isError: true)
  }

  /// A provider may repeat the key that it does not like; nobody gets to read it.
  private func scrubbed(_ text: String) -> String {
    guard let key, !key.isEmpty, text.utf8.count >= key.utf8.count else { return text }
    let (bytes, needle) = (Array(text.utf8), Array(key.utf8))
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == needle[0], bytes[index...].starts(with: needle) {
        result += Array("[key]".utf8)
        index += needle.count
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
