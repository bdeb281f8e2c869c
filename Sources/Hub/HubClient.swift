// HubClient.swift — asks a hub: which commit, which files, where a file's bytes are.
//
// The protocol (source: huggingface_hub 2.4, hf_api.py and file_download.py):
//
//     GET  /api/models/ORG/NAME/revision/REVISION          {"sha": COMMIT, …}
//     GET  /api/models/ORG/NAME/tree/COMMIT?recursive=true [{type, path, size, oid, lfs?: {oid}}, …],
//                                                          more pages by Link: <…>; rel="next"
//     HEAD /ORG/NAME/resolve/COMMIT/PATH                   200 with ETag, or a redirect to a signed link
//                                                          with X-Linked-Etag and X-Linked-Size
//
// The token goes to the endpoint's origin alone. A signed link is asked without one.

import Base
import Digests
import Transfer

/// Where a file's bytes can be had for a while.
struct FileSource: Sendable {
  var url: WebURL
  /// Whether the endpoint itself serves it; then the token may go along.
  var isEndpoint: Bool
}

struct HubClient: Sendable {
  let settings: HubSettings
  private let http: HTTPClient

  private static let pageCountMax = 100
  private static let fileCountMax = 100_000
  private static let pageBytesMax = 64 << 20

  init(_ settings: HubSettings) {
    self.settings = settings
    http = settings.client()
  }

  // MARK: - Questions

  /// The commit that `revision` stands for now.
  func commit(
    of repository: RepositoryName, revision: String
  ) async throws(HubError) -> String {
    let path = "/api/models/\(repository)/revision/\(Self.encoded(revision, keepsSlash: false))"
    // Who cannot be reached at all is not asked five times.
    let response = try await persisting(isFirst: true) { () async throws(HubError) in
      try await answer(to: request(path), about: repository, revision: revision)
    }
    let json = try Self.json(response)
    guard let commit = json["sha"]?.stringValue, HubCache.isCommit(commit) else {
      throw .answerUnusable(response.head.url.origin, "it names no commit")
    }
    return commit
  }

  /// Every file at `commit`.
  func files(of repository: RepositoryName, at commit: String) async throws(HubError) -> [HubFile] {
    var files: [HubFile] = []
    var next: HTTPRequest? = request(
      "/api/models/\(repository)/tree/\(commit)?recursive=true&expand=false")
    var pageCount = 0
    while let page = next {
      pageCount += 1
      guard pageCount <= Self.pageCountMax, files.count <= Self.fileCountMax else {
        throw .tooLarge(repository)
      }
      let response = try await persisting { () async throws(HubError) in
        try await answer(to: page, about: repository, revision: commit)
      }
      files += try Self.files(response, repository)
      next = try Self.nextPage(after: response).map { request(to: $0) }
    }
    return files
  }

  /// Where the bytes of `file` are, checked against what the listing says of it.
  func source(
    of file: HubFile, in repository: RepositoryName, at commit: String
  ) async throws(HubError) -> FileSource {
    var request = request("/\(repository)/resolve/\(commit)/\(Self.encoded(file.path))")
    request.method = .head
    request.redirects = .withinOrigin
    request.headers["Accept-Encoding"] = "identity"
    request.connectSecondsMax = 10
    let asked = request
    let head = try await persisting { () async throws(HubError) in
      let response = try await send(asked)
      guard response.head.isSuccess || response.head.isRedirect else {
        throw failure(response, about: repository, revision: commit, file: file.path)
      }
      return response.head
    }
    let origin = head.url.origin
    guard let found = head.headers["X-Repo-Commit"] else {
      throw .notAHub(origin, lacking: "X-Repo-Commit")
    }
    guard found == commit else { throw .changed(file: file.path, listed: commit, found: found) }
    guard let tag = head.headers["X-Linked-Etag"] ?? head.headers["ETag"] else {
      throw .notAHub(origin, lacking: "ETag")
    }
    let name = Self.unquoted(tag)
    guard name == file.content.description else {
      throw .changed(
        file: file.path, listed: file.content.description, found: Self.shown(name))
    }
    let size =
      head.headers["X-Linked-Size"].flatMap { Int($0) }
      ?? (head.isRedirect ? nil : head.contentLength)
    if let size, size != file.byteCount {
      throw .changed(file: file.path, listed: "\(file.byteCount) bytes", found: "\(size) bytes")
    }
    guard head.isRedirect else {
      return FileSource(url: head.url, isEndpoint: head.url.origin == settings.endpoint.origin)
    }
    guard let target = head.redirectTarget else { throw .transfer(.redirectUnusable(origin)) }
    guard origin.scheme == "http" || target.origin.scheme == "https" else {
      throw .transfer(.redirectInsecure(origin, to: target.origin))
    }
    return FileSource(url: target, isEndpoint: target.origin == settings.endpoint.origin)
  }

  /// The request for a range of a file's bytes.
  func request(for source: FileSource, range: Range<Int>?) -> HTTPRequest {
    var request = HTTPRequest(source.url)
    request.headers["Accept-Encoding"] = "identity"
    request.headers["User-Agent"] = Self.userAgent
    if let range {
      request.headers["Range"] = "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
    }
    if source.isEndpoint { addToken(to: &request) }
    request.bodyBytesMax = .max
    return request
  }

  // MARK: - Requests

  private static let userAgent = "martlet"

  /// `path` is appended to the endpoint.
  private func request(_ path: String) -> HTTPRequest {
    var endpoint = settings.endpoint.text
    while endpoint.hasSuffix("/") { endpoint.removeLast() }
    guard let url = WebURL(endpoint + path) else {
      preconditionFailure("A path of the hub's API is no URL: \(path)")
    }
    return request(to: url)
  }

  private func request(to url: WebURL) -> HTTPRequest {
    var request = HTTPRequest(url)
    request.headers["User-Agent"] = Self.userAgent
    request.bodyBytesMax = Self.pageBytesMax
    if url.origin == settings.endpoint.origin { addToken(to: &request) }
    return request
  }

  private func addToken(to request: inout HTTPRequest) {
    if let token = settings.token { request.headers["Authorization"] = "Bearer \(token)" }
  }

  private func send(_ request: HTTPRequest) async throws(HubError) -> HTTPResponse {
    do throws(TransferError) { return try await http.send(request) } catch {
      throw error == .cancelled ? .cancelled : .transfer(error)
    }
  }

  private func answer(
    to request: HTTPRequest, about repository: RepositoryName, revision: String
  ) async throws(HubError) -> HTTPResponse {
    let response = try await send(request)
    guard response.head.isSuccess else {
      throw failure(response, about: repository, revision: revision)
    }
    return response
  }

  /// Repeats `body` while there is hope, with growing pauses.
  func persisting<Value>(
    isFirst: Bool = false, _ body: () async throws(HubError) -> Value
  ) async throws(HubError) -> Value {
    var failures = 0
    while true {
      do throws(HubError) { return try await body() } catch {
        failures += 1
        guard error.isTransient, !(isFirst && error.isUnreachable) else { throw error }
        try await pause(after: error, failures: failures)
      }
    }
  }

  /// Waits before the next attempt, or throws `error` where there is none.
  func pause(after error: HubError, failures: Int) async throws(HubError) {
    guard failures <= settings.retries.countMax else { throw error }
    var delay = settings.retries.delay(afterFailures: failures)
    if case .rateLimited(_, let seconds?) = error {
      delay = .seconds(seconds + 1)
      guard delay <= settings.retries.patienceMax else { throw error }
    }
    do { try await Task.sleep(for: delay) } catch { throw .cancelled }
  }

  // MARK: - Refusals

  /// What an answer that is no success means.
  func failure(
    _ response: HTTPResponse, about repository: RepositoryName, revision: String,
    file: String? = nil
  ) -> HubError {
    let head = response.head
    let origin = head.url.origin
    let message = Self.message(response)
    let hasToken = settings.token != nil && origin == settings.endpoint.origin
    switch (head.status, head.headers["X-Error-Code"]) {
    case (_, "RepoNotFound"): return .repositoryNotFound(repository, hasToken: hasToken)
    case (_, "RevisionNotFound"): return .revisionNotFound(repository, revision)
    case (_, "EntryNotFound"): return .fileNotFound(repository, file ?? "", known: [])
    case (_, "GatedRepo"): return .gated(repository, hasToken: hasToken)
    case (401, _):
      // A hub does not say whether a repository that one may not see is there.
      return hasToken
        ? .unauthorized(origin, hasToken: true) : .repositoryNotFound(repository, hasToken: false)
    case (403, _): return .forbidden(origin, message: message)
    case (404, _):
      return file.map { .fileNotFound(repository, $0, known: []) }
        ?? .repositoryNotFound(repository, hasToken: hasToken)
    case (429, _): return .rateLimited(origin, seconds: Self.secondsToWait(head))
    case (408, _), (500..., _):
      return .serverFailed(origin, status: head.status, message: message)
    default: return .statusUnexpected(origin, status: head.status, message: message)
    }
  }

  /// `RateLimit: "api";r=0;t=55`, or `Retry-After: 55`.
  static func secondsToWait(_ head: HTTPHead) -> Int? {
    if let limit = head.headers["RateLimit"],
      let match = limit.firstMatch(of: /(?:^|[;,\s])t=(\d{1,6})/)
    {
      return Int(match.1)
    }
    guard let seconds = head.headers["Retry-After"].flatMap({ Int($0) }), seconds >= 0,
      seconds < 1_000_000
    else { return nil }
    return seconds
  }

  private static let messageLengthMax = 200

  /// The server's own words, cut and free of control characters.
  private static func message(_ response: HTTPResponse) -> String {
    if let message = response.head.headers["X-Error-Message"] { return shown(message) }
    if let json = try? JSONReader.value(response.body, source: ""),
      let error = json["error"]?.stringValue
    {
      return shown(error)
    }
    let isText = response.head.headers["Content-Type"]?.hasPrefix("text/plain") ?? false
    return isText ? shown(String(decoding: response.body.prefix(1000), as: UTF8.self)) : ""
  }

  static func shown(_ text: String) -> String {
    let scalars = text.unicodeScalars.prefix(messageLengthMax).map { scalar in
      scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) ? " " : Character(scalar)
    }
    return String(scalars)
  }

  // MARK: - Answers

  private static let limits = JSONReader.Limits(depthMax: 16, valueCountMax: 2_000_000)

  private static func json(_ response: HTTPResponse) throws(HubError) -> JSONValue {
    do throws(JSONError) {
      return try JSONReader.value(response.body, source: response.head.url.path, limits: limits)
    } catch {
      throw .answerUnusable(response.head.url.origin, "it is not JSON")
    }
  }

  private static func files(
    _ response: HTTPResponse, _ repository: RepositoryName
  ) throws(HubError) -> [HubFile] {
    guard let entries = try json(response).arrayValue else {
      throw .answerUnusable(response.head.url.origin, "the listing is no list")
    }
    var files: [HubFile] = []
    for entry in entries where entry["type"]?.stringValue == "file" {
      guard let path = entry["path"]?.stringValue,
        let size = (entry["lfs"]?["size"] ?? entry["size"])?.intValue, size >= 0,
        let content = content(entry)
      else { throw .answerUnusable(response.head.url.origin, "a listed file lacks a member") }
      guard HubFile.isSafe(path) else { throw .pathHostile(repository, shown(path)) }
      guard size <= HubFile.bytesMax else { throw .tooLarge(repository) }
      files.append(HubFile(path: path, byteCount: size, content: content))
    }
    return files
  }

  private static func content(_ entry: JSONValue) -> ContentName? {
    if let lfs = entry["lfs"], !lfs.isNull {
      return lfs["oid"]?.stringValue.flatMap { Digest(hex: $0) }.map { .sha256($0) }
    }
    guard let name = entry["oid"]?.stringValue, HubCache.isCommit(name) else { return nil }
    return .git(name)
  }

  /// The page that a `Link` header names. A hub lists its own files.
  private static func nextPage(after response: HTTPResponse) throws(HubError) -> WebURL? {
    for link in response.head.headers.all("Link") {
      guard let match = link.firstMatch(of: /<([^<>]*)>\s*;\s*rel="next"/) else { continue }
      guard let url = response.head.url.resolving(String(match.1)),
        url.origin == response.head.url.origin
      else { throw .answerUnusable(response.head.url.origin, "its listing goes on elsewhere") }
      return url
    }
    return nil
  }

  /// An entity tag without its marks.
  private static func unquoted(_ tag: String) -> String {
    var tag = tag[...]
    if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
    if tag.count > 1, tag.hasPrefix("\""), tag.hasSuffix("\"") { tag = tag.dropFirst().dropLast() }
    return String(tag)
  }

  /// Percent-encodes everything but unreserved characters. (Source: RFC 3986 2.3.)
  static func encoded(_ text: String, keepsSlash: Bool = true) -> String {
    let hex = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        bytes.append(byte)
      case UInt8(ascii: "/") where keepsSlash: bytes.append(byte)
      default: bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
