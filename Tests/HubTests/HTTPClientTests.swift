// HTTPClientTests.swift — the HTTP client against a server that does what servers do.

import Base
import Foundation
import TestKit
import Testing
import Transfer

@Suite struct `The HTTP client` {
  private let standIn: HubStandIn
  private let client = HTTPClient()

  init() throws {
    standIn = try HubStandIn([
      "org/tiny/config.json": Array("{}".utf8),
      "org/tiny/large.bin": [UInt8](repeating: 7, count: 3_000_000),
    ])
  }

  private func request(_ text: String) throws -> HTTPRequest {
    var request = HTTPRequest(try #require(WebURL(text)))
    request.connectSecondsMax = 2
    request.silenceSecondsMax = 1
    return request
  }

  private func failure(_ request: HTTPRequest) async -> TransferError? {
    do throws(TransferError) {
      _ = try await client.send(request)
      return nil
    } catch {
      return error
    }
  }

  private func large() async throws -> HTTPRequest {
    let info = try await client.send(
      request(standIn.endpoint + "/api/models/org/tiny/revision/main"))
    let commit = try JSONReader.value(info.body, source: "")["sha"]?.stringValue ?? ""
    return try request("\(standIn.endpoint)/org/tiny/resolve/\(commit)/large.bin")
  }

  @Test func `follows redirects and leaves secrets behind`() async throws {
    var request = try await large()
    request.headers["Authorization"] = "Bearer s"
    request.headers["Cookie"] = "c"
    let response = try await client.send(request)
    #expect(response.head.status == 200)
    #expect(response.body == [UInt8](repeating: 7, count: 3_000_000))
    #expect(response.head.url.origin.port == standIn.cdnPort)
    let tokens = try standIn.log().requests.suffix(2).map { $0["token"]?.stringValue }
    #expect(tokens == ["Bearer s", nil])
  }

  @Test func `hands over a redirect to elsewhere where it is told to`() async throws {
    var request = try await large()
    request.redirects = .withinOrigin
    let head = try await client.send(request).head
    #expect(head.status == 302)
    #expect(head.headers["x-linked-size"] == "3000000")
    #expect(head.redirectTarget?.origin.port == standIn.cdnPort)
  }

  @Test func `streams what arrives`() async throws {
    var sum = 0
    var head: HTTPHead?
    for try await piece in client.stream(try await large()) {
      switch piece {
      case .head(let begin): head = begin
      case .bytes(let bytes): sum += bytes.count
      }
    }
    #expect(head?.status == 200)
    #expect(sum == 3_000_000)
  }

  @Test func `does not take more than it may`() async throws {
    var request = try await large()
    request.bodyBytesMax = 1_000_000
    guard case .tooLarge(_, 1_000_000) = await failure(request) else {
      Issue.record("More than the bound was taken.")
      return
    }
  }

  @Test func `ends at once when it is cancelled`() async throws {
    try standIn.misbehave(["rate": 100_000])
    let request = try await large()
    let client = client
    let work = Task { () async -> TransferError? in
      do throws(TransferError) {
        _ = try await client.send(request)
        return nil
      } catch {
        return error
      }
    }
    try await Task.sleep(for: .milliseconds(300))
    let start = ContinuousClock.now
    work.cancel()
    #expect(await work.value == .cancelled)
    // All of it would take half a minute.
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  @Test func `gives each way of failing its own error`() async throws {
    #expect(
      await failure(try request("http://127.0.0.1:1/"))?.description
        == "http://127.0.0.1:1 could not be reached: the connection was refused, or there is no way to it."
    )
    #expect(
      await failure(try request("http://no-such-host.invalid/"))?.description
        == "The name no-such-host.invalid could not be resolved. Is this machine online?")
    guard case .insecure = await failure(try request("https://127.0.0.1:\(standIn.hubPort)/"))
    else {
      Issue.record("A plain port passed for a secure one.")
      return
    }
    try standIn.misbehave(["stall": 1])
    #expect(
      await failure(try await large())?.description
        == "http://127.0.0.1:\(standIn.cdnPort) sent nothing for 1 s.")
    try standIn.misbehave(["short": 1])
    guard case .brokenOff = await failure(try await large()) else {
      Issue.record("Half an answer passed for a whole one.")
      return
    }
    try standIn.misbehave(["loop": true])
    #expect(
      await failure(try request(standIn.endpoint + "/x"))?.description
        == "\(standIn.endpoint) redirects for the 11. time; that is no answer.")
    var request = try request(standIn.endpoint)
    request.headers["X-Name"] = "a\r\nAuthorization: b"
    #expect(await failure(request) == .unusableHeader(name: "X-Name"))
  }
}

@Suite struct `An address of the web` {
  @Test(arguments: [
    ("http://Host/a?b#c", "http://host/a"), ("https://h:443/", "https://h/"),
    ("https://h:8443/x", "https://h:8443/x"), ("http://[::1]:80/", "http://[::1]/"),
  ])
  func `is read as it will be fetched`(text: String, shown: String) throws {
    #expect(WebURL(text)?.description == shown)
  }

  @Test(arguments: [
    "", "host/x", "ftp://h/", "file:///etc/passwd", "http://", "http://u:p@h/", "http://h/ x",
    "http://h:99999/", "http://h/\n", "javascript:1",
  ])
  func `is nothing else`(text: String) {
    #expect(WebURL(text) == nil)
  }

  @Test func `resolves what a redirect says`() throws {
    let base = try #require(WebURL("https://h/a/b?x"))
    #expect(base.resolving("/c")?.text == "https://h/c")
    #expect(base.resolving("c?d")?.text == "https://h/a/c?d")
    #expect(base.resolving("//g/c")?.origin.description == "https://g")
    #expect(base.resolving("http://g/")?.origin.scheme == "http")
    #expect(base.resolving("ftp://g/") == nil)
  }
}
