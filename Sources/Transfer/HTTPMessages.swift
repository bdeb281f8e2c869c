// HTTPMessages.swift — what is asked and what is answered.

import CCurl
import Glibc

/// Header fields in the order they came; names do not tell upper from lower case.
public struct HTTPHeaders: Equatable, Sendable {
  public private(set) var fields: [(name: String, value: String)] = []

  public init() {}

  public mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

  public mutating func remove(_ name: String) {
    fields.removeAll { Self.equal($0.name, name) }
  }

  /// The first value of `name`. Setting replaces all of them.
  public subscript(name: String) -> String? {
    get { fields.first { Self.equal($0.name, name) }?.value }
    set {
      remove(name)
      if let newValue { add(name, newValue) }
    }
  }

  /// Every value of `name`.
  public func all(_ name: String) -> [String] {
    fields.filter { Self.equal($0.name, name) }.map(\.value)
  }

  public static func == (left: Self, right: Self) -> Bool {
    left.fields.elementsEqual(right.fields) { $0 == $1 }
  }

  private static func equal(_ left: String, _ right: String) -> Bool {
    left.utf8.elementsEqual(right.utf8) || left.lowercased() == right.lowercased()
  }
}

/// One request.
public struct HTTPRequest: Sendable {
  public enum Method: Equatable, Sendable {
    case get, head
    case post([UInt8])
  }

  /// Which redirects are followed. A request with a body follows none: the caller sees the answer.
  public enum Redirects: Equatable, Sendable {
    case all
    /// A redirect to another origin is handed to the caller, who may need what stands beside it.
    case withinOrigin
    case none
  }

  public var url: WebURL
  public var method: Method
  /// `Authorization` and `Cookie` stay with the origin of ``url``: once a redirect leads elsewhere they
  /// are left out for good.
  public var headers = HTTPHeaders()
  public var redirects = Redirects.all
  /// More is an error, and nothing beyond it is kept.
  public var bodyBytesMax = 16 << 20
  public var connectSecondsMax = 10
  /// A server that sends nothing for so long has gone. There is no limit on the whole.
  public var silenceSecondsMax = 30

  public init(_ url: WebURL, method: Method = .get) {
    self.url = url
    self.method = method
  }
}

/// The beginning of an answer.
public struct HTTPHead: Equatable, Sendable {
  public var status: Int
  public var headers: HTTPHeaders
  /// Whose answer it is, after redirects.
  public var url: WebURL

  public init(status: Int, headers: HTTPHeaders, url: WebURL) {
    self.status = status
    self.headers = headers
    self.url = url
  }

  public var isSuccess: Bool { (200..<300).contains(status) }

  public var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }

  /// Where a redirect leads; nil where there is none, or one that cannot be followed.
  public var redirectTarget: WebURL? {
    isRedirect ? headers["Location"].flatMap { url.resolving($0) } : nil
  }

  /// How many seconds the server asks to wait, from now on, at most a day: `Retry-After` as a number or
  /// as a date (RFC 9110, 10.2.3). Nil where it says nothing that can be read.
  public var retryAfterSeconds: Int? {
    guard let text = headers["Retry-After"] else { return nil }
    let seconds = Int(text) ?? CurlDate.seconds(text).map { max(0, $0 - time(nil)) }
    return seconds.flatMap { (0...86_400).contains($0) ? $0 : nil }
  }

  /// The header `Content-Length`, if it is a number.
  public var contentLength: Int? { headers["Content-Length"].flatMap { Int($0) } }
}

/// A whole answer.
public struct HTTPResponse: Equatable, Sendable {
  public var head: HTTPHead
  public var body: [UInt8]

  public init(head: HTTPHead, body: [UInt8]) {
    self.head = head
    self.body = body
  }
}

private enum CurlDate {
  /// Seconds since 1970 of a date in one of HTTP's three forms.
  static func seconds(_ text: String) -> Int? {
    let date = curl_getdate(text, nil)
    return date < 0 ? nil : Int(date)
  }
}
