// HTTPClient.swift — one HTTP client over libcurl: async outside, a thread of its own inside.
//
// Proxies come from the environment, as libcurl reads it (https_proxy, no_proxy, …). Private
// authorities: CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR. Redirects are followed here and not by
// libcurl, so that one place decides what a second origin may see.

import Glibc
import Synchronization

/// Takes an answer piece by piece, on the client's thread: it must not wait for anything slow.
public protocol HTTPReceiver: AnyObject, Sendable {
  /// The final answer begins. Returns whether its body is wanted; if not, the transfer ends here.
  func begin(_ head: HTTPHead) -> Bool

  /// More of the body. Returns whether the rest is wanted.
  func take(_ bytes: UnsafeRawBufferPointer) -> Bool
}

/// Where trusted certificates lie, where it is not the system's place.
public struct CertificatePlaces: Equatable, Sendable {
  public var file: String?
  public var folder: String?

  public init(file: String? = nil, folder: String? = nil) {
    self.file = file
    self.folder = folder
  }

  /// As libraries and tools agree to read it.
  public static func ofThisProcess() -> CertificatePlaces {
    func value(_ name: String) -> String? {
      guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else { return nil }
      return text
    }
    return CertificatePlaces(
      file: value("CURL_CA_BUNDLE") ?? value("SSL_CERT_FILE"), folder: value("SSL_CERT_DIR"))
  }
}

/// How servers are reached.
public enum ProxyChoice: Equatable, Sendable {
  /// As libcurl reads the environment: https_proxy, http_proxy, no_proxy.
  case environment
  /// Whatever the environment says.
  case none
  /// By CONNECT for https. Credentials are "USER:PASSWORD"; hosts in `exceptions` are reached directly.
  case server(host: String, port: Int, credentials: String?, exceptions: [String])
}

/// Sends requests; each client has one thread and keeps its connections for the next request.
public final class HTTPClient: Sendable {
  private let loop: TransferLoop

  static let redirectCountMax = 10

  /// - Parameters:
  ///   - certificates: Of private authorities.
  ///   - proxy: The way to servers.
  public init(
    certificates: CertificatePlaces = .ofThisProcess(), proxy: ProxyChoice = .environment
  ) {
    loop = TransferLoop(certificates: certificates, proxy: proxy)
  }

  deinit { loop.stop() }

  /// Sends `request` and collects the whole answer, whatever its status.
  public func send(_ request: HTTPRequest) async throws(TransferError) -> HTTPResponse {
    let collector = Collector()
    let head = try await send(request, to: collector)
    return HTTPResponse(head: head, body: collector.bytes)
  }

  /// Sends `request` and hands the answer to `receiver` while it arrives.
  ///
  /// - Returns: The head of the answer; its body was received to the end, or as far as the receiver
  ///   wanted it.
  public func send(
    _ request: HTTPRequest, to receiver: any HTTPReceiver
  ) async throws(TransferError) -> HTTPHead {
    var request = request
    var countLeft = Self.redirectCountMax
    while true {
      let head = try await loop.perform(request, receiver)
      guard head.isRedirect, let target = try Self.next(after: head, of: request) else {
        return head
      }
      guard countLeft > 0 else {
        throw .redirectsTooMany(head.url.origin, countMax: Self.redirectCountMax)
      }
      countLeft -= 1
      if target.origin != request.url.origin {
        request.headers.remove("Authorization")
        request.headers.remove("Cookie")
      }
      request.url = target
    }
  }

  /// Sends `request` and returns the head and the body as it arrives, for answers that are read while
  /// they are written. What the reader has not taken yet waits in memory, up to the request's bound.
  public func stream(
    _ request: HTTPRequest
  ) -> AsyncThrowingStream<StreamedPiece, any Error> {
    AsyncThrowingStream { continuation in
      let receiver = Streamer(continuation)
      let task = Task {
        do throws(TransferError) {
          let head = try await self.send(request, to: receiver)
          receiver.endIfUnbegun(head)
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  /// Where to go on; nil where the redirect is the caller's to see.
  static func next(
    after head: HTTPHead, of request: HTTPRequest
  ) throws(TransferError) -> WebURL? {
    guard request.follows(head) else { return nil }
    guard let target = head.redirectTarget else { throw .redirectUnusable(head.url.origin) }
    if request.redirects == .withinOrigin, target.origin != head.url.origin { return nil }
    guard head.url.origin.scheme == "http" || target.origin.scheme == "https" else {
      throw .redirectInsecure(head.url.origin, to: target.origin)
    }
    return target
  }
}

/// A piece of an answer that is read while it arrives.
public enum StreamedPiece: Equatable, Sendable {
  case head(HTTPHead)
  case bytes([UInt8])
}

extension HTTPRequest {
  /// Whether `head` is a redirect that this request may follow.
  func follows(_ head: HTTPHead) -> Bool {
    if case .post = method { return false }
    return head.isRedirect && redirects != .none
  }
}

/// Keeps everything.
private final class Collector: HTTPReceiver {
  private let body = Mutex<[UInt8]>([])

  var bytes: [UInt8] { body.withLock { $0 } }

  func begin(_ head: HTTPHead) -> Bool { true }

  func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    body.withLock { $0.append(contentsOf: bytes) }
    return true
  }
}

/// Hands everything on.
private final class Streamer: HTTPReceiver {
  private let continuation: AsyncThrowingStream<StreamedPiece, any Error>.Continuation
  private let hasBegun = Mutex(false)

  init(_ continuation: AsyncThrowingStream<StreamedPiece, any Error>.Continuation) {
    self.continuation = continuation
  }

  func begin(_ head: HTTPHead) -> Bool {
    hasBegun.withLock { $0 = true }
    continuation.yield(.head(head))
    return true
  }

  func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    continuation.yield(.bytes(Array(bytes)))
    return true
  }

  /// A redirect that is not followed never began.
  func endIfUnbegun(_ head: HTTPHead) {
    if !hasBegun.withLock({ $0 }) { continuation.yield(.head(head)) }
  }
}
