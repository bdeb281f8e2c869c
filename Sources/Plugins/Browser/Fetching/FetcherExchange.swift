// FetcherExchange.swift — how the browser has the host's fetcher make a request, and how that one answers.
//
// One stream, one request, one answer: each a line of JSON and then as many bytes as its "body" says.
//
//     {"headers":[["Accept","text/html"]],"cookies":[],"body":0}
//     {"status":200,"headers":[["Content-Type","text/html"]],"cookies":[],"truncated":false,"body":1234}
//     {"failure":"example.com sent nothing for 10 s."}
//
// URL and method do not come from the browser: the fetcher has them from the host. Cookies stay with the browser,
// since a fetcher lives for one request: it gets those of the host, and says which there are afterwards.

import Base
import Glibc
import Sandbox
import Transfer

/// The browser's side.
enum FetcherExchange {
  /// `socket` is closed here, whatever happens.
  static func perform(
    _ request: HTTPRequest, over socket: Int32, _ cookies: [Cookie]
  ) throws(FetchFailure) -> ExchangeAnswer {
    defer { close(socket) }
    var stream = FetcherStream(reading: socket, writing: socket)
    var body: [UInt8] = []
    if case .post(let bytes) = request.method { body = bytes }
    let message: JSONValue = [
      "headers": Self.json(request.headers), "cookies": Self.json(cookies),
      "body": .number(.integer(Int64(body.count))),
    ]
    guard stream.send(message, body), let (answer, text) = stream.receive() else {
      throw FetchFailure(message: "The host's fetcher ended without an answer.")
    }
    if let failure = answer["failure"]?.stringValue { throw FetchFailure(message: failure) }
    guard let status = answer["status"]?.intValue,
      let headers = Self.headers(answer["headers"]), let cookies = Self.cookies(answer["cookies"])
    else { throw FetchFailure(message: "The host's fetcher answered with what is no answer.") }
    return ExchangeAnswer(
      head: HTTPHead(status: status, headers: headers, url: request.url), body: text,
      isTruncated: answer["truncated"]?.boolValue ?? false, cookies: cookies)
  }

  static func json(_ cookies: [Cookie]) -> JSONValue { .array(cookies.map { .string($0.line) }) }

  static func cookies(_ json: JSONValue?) -> [Cookie]? {
    guard let list = json?.arrayValue else { return nil }
    var cookies: [Cookie] = []
    for element in list {
      guard let cookie = element.stringValue.flatMap({ Cookie(line: $0) }) else { return nil }
      cookies.append(cookie)
    }
    return cookies
  }

  static func json(_ headers: HTTPHeaders) -> JSONValue {
    .array(headers.fields.map { [.string($0.name), .string($0.value)] })
  }

  static func headers(_ json: JSONValue?) -> HTTPHeaders? {
    guard let list = json?.arrayValue else { return nil }
    var headers = HTTPHeaders()
    for element in list {
      guard let pair = element.arrayValue, pair.count == 2, let name = pair[0].stringValue,
        let value = pair[1].stringValue
      else { return nil }
      headers.add(name, value)
    }
    return headers
  }
}

/// The fetcher: one request for the plugin at standard input and output, by the URL and the method of the
/// host, over the connection that the host made.
struct FetcherProcess {
  /// What a plugin may add. `Host` and the like would reach another page than the one that was judged.
  static let headerNames: Set<String> = [
    "accept", "accept-language", "authorization", "content-type", "if-modified-since",
    "if-none-match", "user-agent", "x-api-key", "x-subscription-token",
  ]

  private let url: WebURL
  private let method: String
  private let connection: Int32

  /// As the host started this process; nil where it was started by somebody else.
  static func ofThisProcess() -> FetcherProcess? {
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    guard let url = variable(EgressFetcher.urlVariable).flatMap({ WebURL($0) }),
      let method = variable(EgressFetcher.methodVariable),
      let connection = variable(EgressBroker.variable).flatMap({ Int32($0) }),
      fcntl(connection, F_GETFD) >= 0
    else { return nil }
    return FetcherProcess(url: url, method: method, connection: connection)
  }

  func serve() {
    var stream = FetcherStream(reading: STDIN_FILENO, writing: STDOUT_FILENO)
    do throws(FetchFailure) {
      let answer = try answer(&stream)
      let message: JSONValue = [
        "status": .number(.integer(Int64(answer.head.status))),
        "headers": FetcherExchange.json(answer.head.headers),
        "cookies": FetcherExchange.json(answer.cookies),
        "truncated": .bool(answer.isTruncated),
        "body": .number(.integer(Int64(answer.body.count))),
      ]
      _ = stream.send(message, answer.body)
    } catch {
      _ = stream.send(["failure": .string(error.message), "body": 0], [])
    }
  }

  private func answer(_ stream: inout FetcherStream) throws(FetchFailure) -> ExchangeAnswer {
    guard let (message, body) = stream.receive(),
      let headers = FetcherExchange.headers(message["headers"]),
      let cookies = FetcherExchange.cookies(message["cookies"])
    else { throw FetchFailure(message: "The plugin sent the host's fetcher what is no request.") }
    if let other = headers.fields.first(where: { !Self.headerNames.contains($0.name.lowercased()) })
    {
      throw FetchFailure(
        message: "The host's fetcher does not send the header \(other.name.prefix(40)).")
    }
    let ownMethod: HTTPRequest.Method
    switch method {
    case "GET": ownMethod = .get
    case "HEAD": ownMethod = .head
    case "POST": ownMethod = .post(body)
    default: throw FetchFailure(message: "The host's fetcher knows no method \(method.prefix(40)).")
    }
    var request = HTTPRequest(url, method: ownMethod)
    request.headers = headers
    do throws(TransferError) {
      return try SocketExchange.perform(
        request, over: connection, certificates: BrokeredFetcher.Settings.ofThisProcess().places,
        cookies: cookies.filter { $0.belongs(to: url.origin.host) })
    } catch {
      throw FetchFailure(message: error.description)
    }
  }
}

/// Messages of the two on a stream.
private struct FetcherStream {
  /// The headers of an answer have 64 KiB at most, its cookies twice that, and JSON may escape each of their bytes.
  private static let lineBytesMax = 1 << 20
  private static let bodyBytesMax = 32 << 20

  private let reading: Int32
  private let writing: Int32
  private var rest: [UInt8] = []

  init(reading: Int32, writing: Int32) {
    self.reading = reading
    self.writing = writing
  }

  func send(_ message: JSONValue, _ body: [UInt8]) -> Bool {
    write(Array((message.compactText + "\n").utf8)) && write(body)
  }

  private func write(_ bytes: [UInt8]) -> Bool {
    var start = 0
    while start < bytes.count {
      let count = bytes.withUnsafeBytes { bytes in
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
        return Glibc.send(writing, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      start += count
    }
    return true
  }

  /// The next message with its body; nil where the stream ends before, or there is none in it.
  mutating func receive() -> (JSONValue, [UInt8])? {
    while !rest.contains(0x0A) {
      guard rest.count <= Self.lineBytesMax, read() else { return nil }
    }
    let end = rest.firstIndex(of: 0x0A) ?? 0
    guard end <= Self.lineBytesMax,
      let message = try? JSONReader.value(Array(rest[..<end]), source: "the fetcher")
    else { return nil }
    let count = message["body"]?.intValue ?? 0
    guard (0...Self.bodyBytesMax).contains(count) else { return nil }
    rest.removeSubrange(...end)
    while rest.count < count {
      guard read() else { return nil }
    }
    defer { rest.removeSubrange(..<count) }
    return (message, Array(rest[..<count]))
  }

  private mutating func read() -> Bool {
    var result = 0
    let more = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
      repeat {
        result = Glibc.read(reading, buffer.baseAddress, buffer.count)
      } while result < 0
        && errno == EINTR
      count = max(result, 0)
    }
    rest += more
    return result > 0
  }
}
