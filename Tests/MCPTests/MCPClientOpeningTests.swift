// MCPClientOpeningTests.swift — which era a server is of, found out as the specification says.

import Base
import MCP
import Testing

private let probe =
  #"> {"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"}}}}"#

private func handshake(id: Int, version: String = "2025-11-25") -> [String] {
  [
    #"> {"jsonrpc":"2.0","id":\#(id),"method":"initialize","params":{"protocolVersion":"\#(version)","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#,
    "await \(id) opening",
  ]
}

private let initialized = #"> {"jsonrpc":"2.0","method":"notifications/initialized"}"#

private func error(_ id: Int, _ code: Int, data: String = "null") -> String {
  #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":\#(code),"message":"no","data":\#(data)}}"#
}

@Suite struct `A client that opens a connection` {
  @Test func `probes first and stays modern with a modern server`() {
    var session = MCPClientSession.named()
    #expect(session.event(.started(knownEra: nil)) == [probe, "await 1 opening"])
    let answer =
      #"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","supportedVersions":["2030-01-01","2026-07-28"],"capabilities":{"tools":{}},"instructions":"Hi.","ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"2"}}}}"#
    #expect(session.line(answer) == ["open 2026-07-28"])
    #expect(session.server?.implementation == MCPImplementation(name: "s", version: "2"))
    #expect(session.server?.instructions == "Hi.")
  }

  @Test(arguments: [
    error(1, -32601), error(1, -32602), error(1, -1), error(1, -32022),
    error(1, -32022, data: #"{"supported":"2026-07-28"}"#),
    error(1, -32022, data: #"{"supported":["2030-01-01","2025-11-25"]}"#),
    #"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}}"#,
    #"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    #"{"jsonrpc":"2.0","id":1,"result":[]}"#,
    #"{"jsonrpc":"2.0","id":1,"result":{"resultType":"odd","supportedVersions":["2026-07-28"]}}"#,
    #"{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2025-11-25","2024-11-05"]}}"#,
    #"{"jsonrpc":"2.0","id":1,"result":{"supp"#,
  ])
  func `shakes hands after any other answer to the probe`(answer: String) {
    var session = MCPClientSession.named()
    _ = session.event(.started(knownEra: nil))
    #expect(session.line(answer) == handshake(id: 2))
    let result =
      #"{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2024-11-05","capabilities":{}}}"#
    #expect(session.line(result) == [initialized, "open 2024-11-05"])
  }

  @Test func `shakes hands with an older revision where a server names no newer one`() {
    var session = MCPClientSession.named()
    _ = session.event(.started(knownEra: nil))
    #expect(
      session.line(error(1, -32022, data: #"{"supported":["2024-11-05"]}"#))
        == handshake(id: 2, version: "2024-11-05"))
  }

  @Test(arguments: [
    #"{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2030-01-01"]}}"#,
    error(1, -32022, data: #"{"supported":["2030-01-01"],"requested":"2026-07-28"}"#),
  ])
  func `closes where there is no common revision`(answer: String) {
    var session = MCPClientSession.named()
    _ = session.event(.started(knownEra: nil))
    #expect(
      session.line(answer) == [
        """
        close: The server speaks none of this client's protocol versions, only 2030-01-01. \
        Update one of the two.
        """
      ])
    #expect(
      session.event(.callRequested(call: 1, tool: "x", arguments: nil)) == [
        "call 1 failed: The session with the server is not open, so nothing was asked of it."
      ])
  }

  @Test func `shakes hands after silence, and drops the answer that comes late`() {
    var session = MCPClientSession.named()
    _ = session.event(.started(knownEra: nil))
    #expect(session.event(.timedOut(request: 1)) == handshake(id: 2))
    #expect(
      session.line(#"{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"]}}"#)
        == ["ignored: The server answered the request 1 after it was given up."])
    #expect(
      session.line(
        #"{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-06-18","capabilities":{}}}"#)
        == [initialized, "open 2025-06-18"])
  }

  @Test func `probes once more where a slow starter turned modern in the meantime`() {
    var session = MCPClientSession.named()
    _ = session.event(.started(knownEra: nil))
    _ = session.event(.timedOut(request: 1))
    let refusal = error(2, -32022, data: #"{"supported":["2026-07-28"]}"#)
    #expect(session.line(refusal).last == "await 3 opening")
    #expect(
      session.line(#"{"jsonrpc":"2.0","id":3,"result":{"supportedVersions":["2026-07-28"]}}"#)
        == ["open 2026-07-28"])
  }

  @Test func `does not swing between the eras for ever`() {
    var session = MCPClientSession.named()
    var actions = session.handle(.started(knownEra: nil))
    for id in 1...8 {
      guard case .expectAnswer = actions.last else { break }
      actions = session.handle(
        .received(piece(error(id, -32022, data: #"{"supported":["2025-11-25"]}"#))))
    }
    #expect(actions == [.close(.noCommonVersion(["2025-11-25"]))])
  }

  @Test func `shakes hands at once with a server that is known to be legacy`() {
    var session = MCPClientSession.named()
    #expect(session.event(.started(knownEra: .legacy)) == handshake(id: 1))
    let refusal = error(
      1, -32602, data: #"{"supported":["2024-11-05"],"requested":"2025-11-25"}"#)
    #expect(session.line(refusal) == handshake(id: 2, version: "2024-11-05"))
  }

  @Test(arguments: [
    (
      #"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"1999-01-01"}}"#,
      """
      close: The server speaks none of this client's protocol versions, only 1999-01-01. \
      Update one of the two.
      """
    ),
    (
      #"{"jsonrpc":"2.0","id":1,"result":{}}"#,
      "close: The server's result for \"initialize\" cannot be used: it lacks \"protocolVersion\"."
    ),
    (error(1, -32603), "close: The server answered with error -32603: no"),
  ])
  func `closes when the handshake fails`(answer: String, sentence: String) {
    var session = MCPClientSession.named()
    _ = session.event(.started(knownEra: .legacy))
    #expect(session.line(answer) == [sentence])
  }

  @Test func `closes when the handshake is not answered, or the server is gone`() {
    var session = MCPClientSession.named()
    _ = session.event(.started(knownEra: .legacy))
    var other = session
    #expect(
      session.event(.timedOut(request: 1))
        == ["close: The server did not answer \"initialize\" in time."])
    #expect(
      other.event(.peerClosed)
        == ["close: The server closed the connection before it answered."])
    #expect(other.event(.peerClosed) == [])
  }

  @Test func `answers a ping while it opens`() {
    var session = MCPClientSession.named()
    _ = session.event(.started(knownEra: .legacy))
    #expect(
      session.line(#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#)
        == [#"> {"jsonrpc":"2.0","id":"p","result":{}}"#])
  }
}
