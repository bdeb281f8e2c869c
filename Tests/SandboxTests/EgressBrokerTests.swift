// EgressBrokerTests.swift — connections that the host makes for a plugin: judged, pinned, bounded, cut.

import Base
import Foundation
import Sandbox
import Synchronization
import Testing

@Suite struct `The egress broker` {
  private static func echo() throws -> LoopbackServer {
    try LoopbackServer { stream in
      stream.write(Array("hello ".utf8))
      let words = stream.readAll(5)
      stream.write(words)
    }
  }

  @Test func `relays what was granted and says what it cost`() async throws {
    let server = try Self.echo()
    let gate = TestGate(port: server.port)
    let broker = try EgressBroker(gate: gate)
    let plugin = PluginEnd(broker)
    plugin.ask(7, "http://127.0.0.1/a?b", hop: 2)
    let (answer, socket) = try #require(await plugin.answer())
    #expect(
      answer
        == .granted(
          id: 7, host: "127.0.0.1", port: Int(server.port), address: IPAddress(v4: "127.0.0.1")))
    let stream = Stream(socket)
    stream.write(Array("world".utf8))
    #expect(await stream.text() == "hello world")
    #expect(gate.requests == [EgressRequest(id: 7, url: "http://127.0.0.1/a?b", hop: 2)])
    // The server's end is the end of the stream; the record comes when both are gone.
    shutdown(socket, Int32(SHUT_RDWR))
    let outcome = try #require(await gate.outcomes(1).first)
    #expect(outcome.ending == .closed)
    #expect(outcome.sentBytes == 5)
    #expect(outcome.receivedBytes == 11)
    #expect(outcome.rule == "R")
    #expect(outcome.address == IPAddress(v4: "127.0.0.1"))
  }

  @Test func `hands nothing out where the gate refuses`() async throws {
    let server = try Self.echo()
    let gate = TestGate { _ in .refused(reason: "No rule allows it.") }
    let plugin = PluginEnd(try EgressBroker(gate: gate))
    plugin.ask(1)
    let (answer, socket) = try #require(await plugin.answer())
    #expect(answer == .denied(id: 1, isRefused: true, reason: "No rule allows it."))
    #expect(socket == -1)
    #expect(server.acceptedCount == 0)
  }

  /// A name server that answers differently each time: what was judged is what is dialled.
  @Test func `asks the resolver once and dials what was judged`() async throws {
    let server = try Self.echo()
    let asked = Mutex(0)
    var settings = EgressSettings()
    settings.resolve = { _ in
      let turn = asked.withLock { count in
        count += 1
        return count
      }
      return .addresses(
        [IPAddress(v4: turn == 1 ? "127.0.0.1" : "169.254.169.254")].compactMap(\.self))
    }
    let gate = TestGate(port: server.port, host: "changing.test")
    let plugin = PluginEnd(try EgressBroker(gate: gate, settings: settings))
    let stream = try await plugin.connect()
    stream.write(Array("world".utf8))
    #expect(await stream.text() == "hello world")
    #expect(asked.withLock { $0 } == 1)
    // The second fetch is judged by the second answer.
    plugin.ask(2)
    guard case .denied(2, true, let reason) = try #require(await plugin.answer()).answer else {
      Issue.record("A link-local address was granted.")
      return
    }
    #expect(
      reason == """
        The name changing.test leads to the address 169.254.169.254, which is not one that the policy \
        opens: a public name must lead to public addresses.
        """)
    #expect(await gate.outcomes(1).contains { $0.ending == .addressRefused && $0.address == nil })
  }

  @Test(arguments: [
    ["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["127.0.0.1", "::ffff:169.254.169.254"],
    ["127.0.0.1", "64:ff9b::7f00:1"], ["2002:7f00:1::", "127.0.0.1"],
  ])
  func `dials none where one of a names addresses is not admitted`(
    addresses: [String]
  )
    async throws
  {
    let server = try Self.echo()
    var settings = EgressSettings()
    let found = addresses.compactMap { IPAddress(v4: $0) ?? IPAddress(v6: $0) }
    settings.resolve = { _ in .addresses(found) }
    let gate = TestGate(port: server.port, host: "two-faced.test")
    let plugin = PluginEnd(try EgressBroker(gate: gate, settings: settings))
    plugin.ask(1)
    guard case .denied(1, true, _) = try #require(await plugin.answer()).answer else {
      Issue.record("It was granted.")
      return
    }
    #expect(server.acceptedCount == 0)
  }

  @Test func `tries the next address where one does not answer`() async throws {
    let server = try Self.echo()
    var settings = EgressSettings()
    settings.resolve = { _ in
      .addresses([IPAddress(v6: "::1"), IPAddress(v4: "127.0.0.1")].compactMap(\.self))
    }
    let gate = TestGate(port: server.port, host: "localhost")
    let plugin = PluginEnd(try EgressBroker(gate: gate, settings: settings))
    let stream = try await plugin.connect()
    stream.write(Array("world".utf8))
    #expect(await stream.text() == "hello world")
  }

  @Test func `says what kept it from the host`() async throws {
    let closed = try Self.echo().port
    let gate = TestGate { request in
      .granted(.loopback(closed, host: request.hop == 0 ? "127.0.0.1" : "no-such-host.invalid"))
    }
    let plugin = PluginEnd(try EgressBroker(gate: gate))
    plugin.ask(1)
    guard case .denied(1, false, let reason) = try #require(await plugin.answer()).answer else {
      Issue.record("A closed port was granted.")
      return
    }
    #expect(reason == "127.0.0.1 port \(closed) could not be reached: Connection refused.")
    plugin.ask(2, hop: 1)
    guard case .denied(2, false, let other) = try #require(await plugin.answer()).answer else {
      Issue.record("A name that does not exist was granted.")
      return
    }
    #expect(other.hasPrefix("The name no-such-host.invalid could not be resolved: "))
    let endings = Set(await gate.outcomes(2).map(\.ending))
    #expect(endings == [.unreachable, .unresolved])
  }

  @Test func `cuts a connection that brings too much`() async throws {
    let server = try LoopbackServer { stream in
      while stream.write([UInt8](repeating: 7, count: 64 << 10)) {}
    }
    var settings = EgressSettings()
    settings.receivedBytesMax = 1 << 20
    let gate = TestGate(port: server.port)
    let plugin = PluginEnd(try EgressBroker(gate: gate, settings: settings))
    let stream = try await plugin.connect()
    let got = await stream.bytes()
    #expect(got.count <= 1 << 20)
    #expect(await plugin.answer()?.answer == .cut(id: 1, reason: "More than 1048576 bytes came."))
    let outcome = try #require(await gate.outcomes(1).first)
    #expect(outcome.ending == .bytesSpent)
  }

  @Test func `cuts a connection that sends too much`() async throws {
    let server = try LoopbackServer { stream in _ = stream.readAll() }
    var settings = EgressSettings()
    settings.sentBytesMax = 100_000
    let gate = TestGate(port: server.port)
    let plugin = PluginEnd(try EgressBroker(gate: gate, settings: settings))
    let stream = try await plugin.connect()
    #expect(await waiting { stream.write([UInt8](repeating: 1, count: 4 << 20)) } == false)
    #expect(
      await plugin.answer()?.answer == .cut(id: 1, reason: "More than 100000 bytes were sent."))
  }

  @Test func `cuts a connection that takes too long`() async throws {
    let server = try LoopbackServer { stream in
      for _ in 0..<100 where stream.write([1]) { usleep(50_000) }
    }
    var settings = EgressSettings()
    settings.connectionTimeMax = .seconds(1)
    let gate = TestGate(port: server.port)
    let plugin = PluginEnd(try EgressBroker(gate: gate, settings: settings))
    let start = ContinuousClock.now
    let stream = try await plugin.connect()
    let got = await stream.bytes().count
    #expect(ContinuousClock.now - start < .seconds(3))
    #expect((5...40).contains(got))
    #expect(await plugin.answer()?.answer == .cut(id: 1, reason: "It took more than 1 s."))
    #expect(await gate.outcomes(1).first?.ending == .timeSpent)
  }

  @Test func `ends what a call left open when the call ends`() async throws {
    let server = try Self.echo()
    let gate = TestGate(port: server.port)
    let broker = try EgressBroker(gate: gate)
    let plugin = PluginEnd(broker)
    let stream = try await plugin.connect()
    #expect(await stream.text(6) == "hello ")
    await broker.endCall()
    #expect(gate.outcomes.map(\.ending) == [.callEnded])
    #expect(await stream.bytes().isEmpty)
    // The next call has the channel again.
    let next = try await plugin.connect(2)
    #expect(await next.text(6) == "hello ")
  }

  @Test func `ends everything with the plugin and with itself`() async throws {
    let ended = Mutex(0)
    let server = try LoopbackServer { stream in
      _ = stream.readAll()
      ended.withLock { $0 += 1 }
    }
    let gate = TestGate(port: server.port)
    let broker = try EgressBroker(gate: gate)
    var plugin: PluginEnd? = PluginEnd(broker)
    let first = try #require(try await plugin?.connect(1))
    plugin = nil
    #expect(await first.bytes().isEmpty)
    #expect(await gate.outcomes(1).map(\.ending) == [.stopped])
    let other = try EgressBroker(gate: gate)
    let end = PluginEnd(other)
    let second = try await end.connect(2)
    other.close()
    #expect(await second.bytes().isEmpty)
    #expect(await end.answer() == nil)
    await other.whenClosed()
    #expect(gate.outcomes.count == 2)
    #expect(await Walls.eventually { ended.withLock { $0 == 2 } })
  }

  @Test(arguments: [
    "", "{}", "[]", "{\"fetch\":1}", "GET / HTTP/1.1",
    "{\"fetch\":-1,\"url\":\"http://a/\",\"method\":\"GET\",\"hop\":0,\"purpose\":\"page\"}",
    "{\"fetch\":1,\"url\":\"http://a/\",\"method\":\"GET\",\"hop\":0,\"purpose\":\"other\"}",
    String(repeating: "[", count: 10_000),
  ])
  func `believes nothing of a plugin that does not keep to the protocol`(text: String) async throws
  {
    let gate = TestGate(port: 1)
    let plugin = PluginEnd(try EgressBroker(gate: gate))
    plugin.send(Array(text.utf8))
    #expect(await plugin.answer() == nil)
    #expect(gate.requests.isEmpty)
  }

  @Test func `answers no more requests and reaches no more hosts than it may`() async throws {
    var settings = EgressSettings()
    settings.requestCountMax = 5
    settings.hostCountMax = 2
    settings.resolve = { _ in .failed("no such name") }
    let gate = TestGate { request in .granted(.loopback(1, host: "h\(request.id).test")) }
    let plugin = PluginEnd(try EgressBroker(gate: gate, settings: settings))
    var reasons: [String] = []
    for id in 1...6 {
      plugin.ask(id)
      guard case .denied(id, _, let reason)? = await plugin.answer()?.answer else { break }
      reasons.append(reason)
    }
    try #require(reasons.count == 6)
    #expect(reasons[1] == "The name h2.test could not be resolved: no such name.")
    #expect(reasons[2] == "2 different hosts were reached in this run; no more are.")
    #expect(reasons[5] == "5 requests were made in this run; no more are.")
    #expect(gate.requests.count == 5)
  }
}

@Suite struct `A proxy on the way out` {
  @Test(arguments: [
    ("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n", true, ""),
    (
      "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", false,
      "it answered 407. It wants a name and a password: see \"proxyCredentials\" of network.json."
    ),
    (
      "HTTP/1.1 403 Forbidden\r\n\r\n", false,
      "it answered 403. Ask those who run it to open the host, or see \"proxy\" and \"noProxy\" of network.json."
    ),
    (
      "SSH-2.0-x\r\n\r\n", false,
      "it does not speak HTTP. Is \"proxy\" in network.json one for HTTP, and its port right?"
    ),
  ])
  func `opens a way by CONNECT and is told of in the record`(
    reply: String, opens: Bool, why: String
  ) async throws {
    let asked = Mutex("")
    let server = try LoopbackServer { stream in
      let request = String(decoding: stream.readAll(104), as: UTF8.self)
      asked.withLock { $0 = request }
      stream.write(Array(reply.utf8) + Array("from afar".utf8))
    }
    var settings = EgressSettings()
    settings.proxy = EgressProxy(
      host: "127.0.0.1", port: Int(server.port), credentials: "user:päss",
      exceptions: ["direct.test"])
    settings.resolve = { _ in .failed("nothing is resolved here") }
    let gate = TestGate { request in
      .granted(EgressGrant(host: "example.com", port: 443, rule: "R") { _ in false })
    }
    let plugin = PluginEnd(try EgressBroker(gate: gate, settings: settings))
    plugin.ask(1)
    let (answer, socket) = try #require(await plugin.answer())
    if opens {
      #expect(answer == .granted(id: 1, host: "example.com", port: 443, address: nil))
      #expect(await Stream(socket).text() == "from afar")
    } else {
      #expect(
        answer
          == .denied(
            id: 1, isRefused: false,
            reason: "The proxy 127.0.0.1:\(server.port) gave no way to example.com: \(why)"))
    }
    #expect(
      asked.withLock { $0 } == """
        CONNECT example.com:443 HTTP/1.1\r
        Host: example.com:443\r
        Proxy-Authorization: Basic dXNlcjpww6Rzcw==\r
        \r\n
        """)
    let outcome = try #require(await gate.outcomes(1).first)
    #expect(outcome.proxy == "127.0.0.1:\(server.port)")
    #expect(outcome.address == nil)
  }

  @Test func `is not asked for what is excepted and for addresses that are not open`() async throws
  {
    let server = try LoopbackServer { stream in stream.write(Array("direct".utf8)) }
    var settings = EgressSettings()
    settings.proxy = EgressProxy(
      host: "127.0.0.1", port: 1, exceptions: ["*.corp.test", "localhost"])
    settings.resolve = { _ in .addresses([IPAddress(v4: "127.0.0.1")].compactMap(\.self)) }
    let hosts = ["wiki.corp.test", "169.254.169.254"]
    let port = server.port
    let gate = TestGate { request in .granted(.loopback(port, host: hosts[request.id])) }
    let plugin = PluginEnd(try EgressBroker(gate: gate, settings: settings))
    #expect(try await plugin.connect(0).text() == "direct")
    plugin.ask(1)
    guard case .denied(1, true, _) = try #require(await plugin.answer()).answer else {
      Issue.record("The proxy was to lead to a metadata service.")
      return
    }
    let proxy = try #require(settings.proxy)
    #expect(!proxy.carries("a.b.corp.test") && !proxy.carries("LOCALHOST"))
    #expect(proxy.carries("corp.test.evil") && proxy.carries("example.com"))
  }
}
