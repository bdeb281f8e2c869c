// Exchange.swift — one request and its answer, as libcurl's callbacks see it.

import CCurl
import Glibc

/// One request under way. Made by the caller, then touched by the loop's thread alone.
final class Exchange {
  let request: HTTPRequest
  private let receiver: any HTTPReceiver
  /// Told exactly once.
  private let onEnd: (Result<HTTPHead, TransferError>) -> Void
  private(set) var handle: UnsafeMutableRawPointer?
  private var headerList: UnsafeMutablePointer<curl_slist>?

  private var head: HTTPHead
  /// HOST:PORT of a proxy that was chosen for this exchange; nil where libcurl finds one by itself.
  private var proxyName: String?
  private var headerBytes = 0
  private var bodyBytes = 0
  private enum Phase {
    case head
    /// The receiver takes it.
    case body
    /// Of a redirect: read to its end, so that the connection can serve again.
    case redirect
    /// Nobody wants it.
    case unwanted
  }
  private var phase = Phase.head
  private var ownError: TransferError?

  /// All headers of one answer together.
  private static let headerBytesMax = 256 << 10
  private static let redirectBytesMax = 64 << 10

  init(
    _ request: HTTPRequest, _ receiver: any HTTPReceiver,
    onEnd: @escaping (Result<HTTPHead, TransferError>) -> Void
  ) {
    self.request = request
    self.receiver = receiver
    self.onEnd = onEnd
    head = HTTPHead(status: 0, headers: HTTPHeaders(), url: request.url)
  }

  /// Makes the handle.
  func open(
    _ certificates: CertificatePlaces, _ proxy: ProxyChoice
  ) throws(TransferError) -> UnsafeMutableRawPointer {
    for (name, value) in request.headers.fields {
      guard (name + value).utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), !name.contains(":") else {
        throw .unusableHeader(name: name)
      }
      headerList = curl_slist_append(headerList, "\(name): \(value)")
    }
    guard let handle = curl_easy_init() else {
      throw .failed(request.url.origin, reason: "libcurl has no memory")
    }
    self.handle = handle
    var code = ccurl_only_http(handle)
    func set(_ option: CURLoption, _ value: Int) {
      if code == CURLE_OK { code = ccurl_set_number(handle, option, value) }
    }
    func set(_ option: CURLoption, _ text: String) {
      if code == CURLE_OK { code = ccurl_set_text(handle, option, text) }
    }
    set(CURLOPT_URL, request.url.text)
    // What was read as a path is sent as that path.
    set(CURLOPT_PATH_AS_IS, 1)
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    // One connection for each transfer under way, so that ranges of a file arrive side by side.
    set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
    set(CURLOPT_CONNECTTIMEOUT, request.connectSecondsMax)
    set(CURLOPT_LOW_SPEED_LIMIT, 1)
    set(CURLOPT_LOW_SPEED_TIME, request.silenceSecondsMax)
    set(CURLOPT_BUFFERSIZE, 256 << 10)
    if let file = certificates.file { set(CURLOPT_CAINFO, file) }
    if let folder = certificates.folder { set(CURLOPT_CAPATH, folder) }
    switch proxy {
    case .environment: break
    case .none: set(CURLOPT_PROXY, "")
    case .server(let host, let port, let credentials, let exceptions):
      set(CURLOPT_PROXY, "http://\(host.contains(":") ? "[\(host)]" : host):\(port)")
      // "*." is how others write what libcurl writes with a dot.
      let direct = exceptions.map { $0.hasPrefix("*.") ? String($0.dropFirst()) : $0 }
      set(CURLOPT_NOPROXY, direct.joined(separator: ","))
      if let credentials { set(CURLOPT_PROXYUSERPWD, credentials) }
      proxyName = "\(host):\(port)"
    }
    switch request.method {
    case .get: set(CURLOPT_HTTPGET, 1)
    case .head: set(CURLOPT_NOBODY, 1)
    case .post(let body):
      headerList = curl_slist_append(headerList, "Expect:")
      set(CURLOPT_POST, 1)
      if code == CURLE_OK {
        code = body.withUnsafeBytes { bytes in
          withUnsafePointer(to: UInt8(0)) { nothing in
            ccurl_set_body(handle, bytes.baseAddress ?? UnsafeRawPointer(nothing), bytes.count)
          }
        }
      }
    }
    if code == CURLE_OK { code = ccurl_set_headers(handle, headerList) }
    if code == CURLE_OK {
      let context = Unmanaged.passUnretained(self).toOpaque()
      code = ccurl_set_takers(
        handle,
        { bytes, size, count, context in
          Exchange.of(context).takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
        },
        { bytes, size, count, context in
          Exchange.of(context).takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }, context)
    }
    guard code == CURLE_OK else {
      throw .failed(request.url.origin, reason: String(cString: curl_easy_strerror(code)))
    }
    return handle
  }

  /// Frees the handle and tells how it ended.
  func end(_ result: Result<HTTPHead, TransferError>) {
    if let handle { curl_easy_cleanup(handle) }
    handle = nil
    curl_slist_free_all(headerList)
    headerList = nil
    onEnd(result)
  }

  /// What libcurl's `code` means here.
  func result(_ code: CURLcode) -> Result<HTTPHead, TransferError> {
    if let ownError { return .failure(ownError) }
    if phase == .unwanted { return .success(head) }
    guard code != CURLE_OK else {
      guard phase == .body || phase == .redirect else {
        return .failure(.brokenOff(request.url.origin, reason: "there was no answer"))
      }
      return .success(head)
    }
    return .failure(error(code))
  }

  private func error(_ code: CURLcode) -> TransferError {
    let origin = request.url.origin
    if let handle, case let status = Int(ccurl_connect_status(handle)), status >= 300 {
      return .proxyRefused(origin, proxy: proxy(of: handle), status: status)
    }
    guard code == CURLE_OPERATION_TIMEDOUT else { return .libcurl(code, origin) }
    let isConnected = handle.map { ccurl_connect_seconds($0) > 0 } ?? false
    return isConnected
      ? .silent(origin, seconds: request.silenceSecondsMax)
      : .connectTimedOut(origin, seconds: request.connectSecondsMax)
  }

  /// Whom the connection was made to, where it was made to a proxy.
  private func proxy(of handle: UnsafeMutableRawPointer) -> String {
    if let proxyName { return proxyName }
    guard let address = ccurl_peer(handle) else { return "in use" }
    let host = String(cString: address)
    return "\(host.contains(":") ? "[\(host)]" : host):\(ccurl_peer_port(handle))"
  }

  // MARK: - libcurl's callbacks

  private static func of(_ context: UnsafeMutableRawPointer?) -> Exchange {
    guard let context else { preconditionFailure("libcurl lost the context of a transfer.") }
    return Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
  }

  /// The exchange of a handle that is done.
  static func of(handle: UnsafeMutableRawPointer) -> Exchange { of(ccurl_context(handle)) }

  private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
    headerBytes += bytes.count
    guard headerBytes <= Self.headerBytesMax else {
      ownError = .tooLarge(request.url.origin, bytesMax: Self.headerBytesMax)
      return 0
    }
    // Trailers say nothing that anybody here reads.
    guard phase == .head else { return bytes.count }
    switch HeaderLine(bytes) {
    case .status(let status):
      // Answers such as "100 Continue" come before the real one.
      head.headers = HTTPHeaders()
      head.status = status
    case .field(let name, let value): head.headers.add(name, value)
    case .end where head.status >= 200: return beginBody() ? bytes.count : 0
    case .end, .other: break
    }
    return bytes.count
  }

  private func beginBody() -> Bool {
    // No server but a proxy says so; for http there is no CONNECT that could fail.
    if head.status == 407, let handle {
      ownError = .proxyRefused(request.url.origin, proxy: proxy(of: handle), status: 407)
      return false
    }
    // What stands in it is for browsers.
    if head.isRedirect {
      phase = .redirect
      return true
    }
    phase = receiver.begin(head) ? .body : .unwanted
    return phase == .body
  }

  private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
    bodyBytes += bytes.count
    if phase == .redirect {
      if bodyBytes <= Self.redirectBytesMax { return bytes.count }
      phase = .unwanted
    }
    guard phase == .body else { return 0 }
    guard bodyBytes <= request.bodyBytesMax else {
      ownError = .tooLarge(request.url.origin, bytesMax: request.bodyBytesMax)
      return 0
    }
    guard receiver.take(bytes) else {
      phase = .unwanted
      return 0
    }
    return bytes.count
  }
}
