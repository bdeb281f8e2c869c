// SocketExchange.swift — one HTTP exchange over a connection that somebody else made.
//
// For processes that have no network of their own: TLS, HTTP and decoding happen here, what the bytes
// go through was judged and connected elsewhere. Nothing resolves, connects or follows. The answer is
// a stranger's: every size and time is bounded, decoded bytes above all, since libcurl's own limits
// stop neither a body without a length nor one that unfolds.

import CCurl
import Glibc

/// What an answer may use up.
public struct ExchangeLimits: Equatable, Sendable {
  /// All headers together, those of interim answers included.
  public var headerBytesMax = 64 << 10
  /// Decoded.
  public var bodyBytesMax = 8 << 20
  /// Decoded, by the beginning of the `Content-Type`, where that allows another size.
  public var bodyBytesMaxByType: [String: Int] = ["application/pdf": 32 << 20]
  /// Decoded bytes for each that came, once `ratioFreeBytes` are decoded.
  public var ratioMax = 200
  public var ratioFreeBytes = 1 << 20
  public var secondsMax = 30
  /// A server that is slower than `rateMin` bytes a second for so long is given up.
  public var silenceSecondsMax = 10
  public var rateMin = 100

  public init() {}
}

/// An answer, as far as it was taken.
public struct ExchangeAnswer: Equatable, Sendable {
  public var head: HTTPHead
  /// Decoded.
  public var body: [UInt8]
  /// Whether the body was longer than what is kept here.
  public var isTruncated: Bool
  /// The cookies of the request's host after the exchange, where it was made with cookies.
  public var cookies: [Cookie]

  public init(head: HTTPHead, body: [UInt8], isTruncated: Bool, cookies: [Cookie] = []) {
    self.head = head
    self.body = body
    self.isTruncated = isTruncated
    self.cookies = cookies
  }
}

/// Performs one request over one connected socket. Waits; one thread.
public final class SocketExchange {
  /// Takes a piece of the decoded body as it arrives; says whether the rest is wanted.
  public typealias BodyTaker = (HTTPHead, UnsafeRawBufferPointer) -> Bool

  private let request: HTTPRequest
  private let limits: ExchangeLimits
  private var head: HTTPHead
  private var body: [UInt8] = []
  private var headerBytes = 0
  private var bodyBytesMax: Int
  private var bodyBytes = 0
  private let taker: BodyTaker?
  private var isTruncated = false
  private var hasBody = false
  private var ownError: TransferError?
  private var handle: UnsafeMutableRawPointer?

  private init(_ request: HTTPRequest, _ limits: ExchangeLimits, _ taker: BodyTaker?) {
    self.request = request
    self.limits = limits
    self.taker = taker
    bodyBytesMax = limits.bodyBytesMax
    head = HTTPHead(status: 0, headers: HTTPHeaders(), url: request.url)
  }

  /// Sends `request` over `socket` and takes the answer.
  ///
  /// - Parameters:
  ///   - request: Its redirects are never followed here.
  ///   - socket: Connected to the request's origin. It is closed here, whatever happens.
  ///   - limits: What the answer may use up.
  ///   - certificates: Authorities beside the system's.
  ///   - cookies: Those of the request's host, of which libcurl sends the ones that are for its URL; nil for
  ///     an exchange in which there are no cookies at all.
  ///   - taker: Gets the body piece by piece, for answers that are read while they are written; then
  ///     nothing of it is kept here.
  /// - Returns: The answer, whatever its status.
  /// - Throws: ``TransferError``: why there is no answer. A body of a kind that makes sense in part is
  ///   cut at its bound; the rest of a larger one of another kind is an error.
  public static func perform(
    _ request: HTTPRequest, over socket: Int32, limits: ExchangeLimits = ExchangeLimits(),
    certificates: CertificatePlaces = CertificatePlaces(), cookies: [Cookie]? = nil,
    taker: BodyTaker? = nil
  ) throws(TransferError) -> ExchangeAnswer {
    let exchange = SocketExchange(request, limits, taker)
    return try exchange.perform(socket, certificates, cookies)
  }

  private func perform(
    _ socket: Int32, _ certificates: CertificatePlaces, _ cookies: [Cookie]?
  ) throws(TransferError) -> ExchangeAnswer {
    let held = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    held.initialize(to: socket)
    defer {
      if held.pointee >= 0 { close(held.pointee) }
      held.deallocate()
    }
    _ = isCurlSetUp
    guard let handle = curl_easy_init() else {
      throw .failed(request.url.origin, reason: "libcurl has no memory")
    }
    var lists = CurlLists()
    defer {
      curl_easy_cleanup(handle)
      lists.free()
    }
    self.handle = handle
    let code = try setUp(handle, held, certificates, cookies, &lists)
    guard code == CURLE_OK else {
      throw .failed(request.url.origin, reason: String(cString: curl_easy_strerror(code)))
    }
    let begin = ContinuousClock.now
    let result = curl_easy_perform(handle)
    if let ownError { throw ownError }
    guard result == CURLE_OK || isTruncated else { throw error(result, after: .now - begin) }
    guard head.status > 0 else {
      throw .brokenOff(request.url.origin, reason: "there was no answer")
    }
    return ExchangeAnswer(
      head: head, body: body, isTruncated: isTruncated,
      cookies: cookies == nil ? [] : Self.cookies(of: handle))
  }

  /// What libcurl holds after the exchange: nothing but what was handed in and what this answer set.
  private static func cookies(of handle: UnsafeMutableRawPointer) -> [Cookie] {
    let list = ccurl_cookies(handle)
    defer { curl_slist_free_all(list) }
    var cookies: [Cookie] = []
    var next = list
    while let entry = next {
      if let cookie = entry.pointee.data.flatMap({ Cookie(line: String(cString: $0)) }) {
        cookies.append(cookie)
      }
      next = entry.pointee.next
    }
    return cookies
  }

  private func setUp(
    _ handle: UnsafeMutableRawPointer, _ held: UnsafeMutablePointer<Int32>,
    _ certificates: CertificatePlaces, _ cookies: [Cookie]?, _ lists: inout CurlLists
  ) throws(TransferError) -> CURLcode {
    var code = ccurl_only_http(handle)
    func set(_ option: CURLoption, _ value: Int) {
      if code == CURLE_OK { code = ccurl_set_number(handle, option, value) }
    }
    func set(_ option: CURLoption, _ text: String) {
      if code == CURLE_OK { code = ccurl_set_text(handle, option, text) }
    }
    set(CURLOPT_URL, request.url.text)
    set(CURLOPT_PATH_AS_IS, 1)
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_FOLLOWLOCATION, 0)
    // The environment's proxies were for a process with a network.
    set(CURLOPT_PROXY, "")
    set(CURLOPT_NOPROXY, "*")
    set(CURLOPT_FRESH_CONNECT, 1)
    set(CURLOPT_FORBID_REUSE, 1)
    set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
    set(CURLOPT_HTTP09_ALLOWED, 0)
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    // Every coding that this libcurl knows; what a server names unasked it would decode anyway.
    set(CURLOPT_ACCEPT_ENCODING, "")
    set(CURLOPT_TIMEOUT_MS, limits.secondsMax * 1000)
    set(CURLOPT_LOW_SPEED_LIMIT, limits.rateMin)
    set(CURLOPT_LOW_SPEED_TIME, limits.silenceSecondsMax)
    if let file = certificates.file { set(CURLOPT_CAINFO, file) }
    if let folder = certificates.folder { set(CURLOPT_CAPATH, folder) }
    switch request.method {
    case .get: set(CURLOPT_HTTPGET, 1)
    case .head: set(CURLOPT_NOBODY, 1)
    case .post(let body):
      lists.addHeader("Expect:")
      set(CURLOPT_POST, 1)
      if code == CURLE_OK {
        code = body.withUnsafeBytes { bytes in
          withUnsafePointer(to: UInt8(0)) { nothing in
            ccurl_set_body(handle, bytes.baseAddress ?? UnsafeRawPointer(nothing), bytes.count)
          }
        }
      }
    }
    for (name, value) in request.headers.fields {
      guard (name + value).utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), !name.contains(":") else {
        throw .unusableHeader(name: name)
      }
      lists.addHeader("\(name): \(value)")
    }
    // Where it is connected to is not ours to know; what matters is that nothing is looked up.
    let origin = request.url.origin
    if !origin.host.hasPrefix("[") { lists.addAddress("\(origin.host):\(origin.port):192.0.2.1") }
    if code == CURLE_OK { code = ccurl_set_addresses(handle, lists.addresses) }
    if code == CURLE_OK { code = ccurl_set_headers(handle, lists.headers) }
    if code == CURLE_OK { code = ccurl_use_socket(handle, held) }
    if let cookies {
      // In memory: no file has this name.
      set(CURLOPT_COOKIEFILE, "")
      for cookie in cookies { set(CURLOPT_COOKIELIST, cookie.line) }
    }
    if code == CURLE_OK {
      let context = Unmanaged.passUnretained(self).toOpaque()
      code = ccurl_set_takers(
        handle,
        { bytes, size, count, context in
          SocketExchange.of(context).takeHeader(
            UnsafeRawBufferPointer(start: bytes, count: size * count))
        },
        { bytes, size, count, context in
          SocketExchange.of(context).takeBody(
            UnsafeRawBufferPointer(start: bytes, count: size * count))
        }, context)
    }
    return code
  }

  private func error(_ code: CURLcode, after time: Duration) -> TransferError {
    let origin = request.url.origin
    // libcurl's own bound on one line of the head.
    if !hasBody, code == CURLE_OUT_OF_MEMORY || code.rawValue == 100 {
      return .headersTooLarge(origin, bytesMax: limits.headerBytesMax)
    }
    guard code == CURLE_OPERATION_TIMEDOUT else { return .libcurl(code, origin) }
    return time >= .milliseconds(limits.secondsMax * 1000 - 50)
      ? .tookTooLong(origin, seconds: limits.secondsMax)
      : .silent(origin, seconds: limits.silenceSecondsMax)
  }

  // MARK: - libcurl's callbacks

  private static func of(_ context: UnsafeMutableRawPointer?) -> SocketExchange {
    guard let context else { preconditionFailure("libcurl lost the context of a transfer.") }
    return Unmanaged<SocketExchange>.fromOpaque(context).takeUnretainedValue()
  }

  private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
    headerBytes += bytes.count
    guard headerBytes <= limits.headerBytesMax else {
      ownError = .headersTooLarge(request.url.origin, bytesMax: limits.headerBytesMax)
      return 0
    }
    // Trailers say nothing that anybody here reads.
    guard !hasBody else { return bytes.count }
    switch HeaderLine(bytes) {
    case .status(let status):
      head.headers = HTTPHeaders()
      head.status = status
    case .field(let name, let value): head.headers.add(name, value)
    case .end where head.status >= 200: return beginBody() ? bytes.count : 0
    case .end, .other: break
    }
    return bytes.count
  }

  private func beginBody() -> Bool {
    hasBody = true
    let codings = head.headers.all("Content-Encoding").flatMap { $0.split(separator: ",") }
      .filter { $0.drop { $0 == " " }.lowercased() != "identity" }
    guard codings.count <= 1 else {
      ownError = .codedTwice(request.url.origin)
      return false
    }
    let type = head.headers["Content-Type"]?.lowercased() ?? ""
    for (prefix, bytesMax) in limits.bodyBytesMaxByType where type.hasPrefix(prefix) {
      bodyBytesMax = bytesMax
    }
    return true
  }

  private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
    let sum = bodyBytes + bytes.count
    if sum > limits.ratioFreeBytes, let handle {
      // One buffer of a chunked body is not counted yet.
      let received = Int(ccurl_received(handle)) + Int(CURL_MAX_WRITE_SIZE)
      guard sum / limits.ratioMax <= received else {
        ownError = .expandsTooMuch(request.url.origin, ratioMax: limits.ratioMax)
        return 0
      }
    }
    guard sum <= bodyBytesMax else {
      guard bodyBytesMax == limits.bodyBytesMax, taker == nil else {
        ownError = .tooLarge(request.url.origin, bytesMax: bodyBytesMax)
        return 0
      }
      body.append(contentsOf: bytes.prefix(bodyBytesMax - bodyBytes))
      isTruncated = true
      return 0
    }
    bodyBytes = sum
    guard let taker else {
      body.append(contentsOf: bytes)
      return bytes.count
    }
    guard taker(head, bytes) else {
      isTruncated = true
      return 0
    }
    return bytes.count
  }
}

/// Lists that libcurl reads while the transfer goes on.
private struct CurlLists {
  private(set) var headers: UnsafeMutablePointer<curl_slist>?
  private(set) var addresses: UnsafeMutablePointer<curl_slist>?

  mutating func addHeader(_ line: String) { headers = curl_slist_append(headers, line) }

  mutating func addAddress(_ entry: String) { addresses = curl_slist_append(addresses, entry) }

  func free() {
    curl_slist_free_all(headers)
    curl_slist_free_all(addresses)
  }
}
