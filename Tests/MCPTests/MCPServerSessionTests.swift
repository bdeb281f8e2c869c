// MCPServerSessionTests.swift — the plugin's side: both eras, every refusal, cancellation, the end.

import Base
import MCP
import Testing

private func request(
  _ id: String, _ method: String, _ members: String = "",
  meta: String =
    #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#
) -> String {
  let more = members.isEmpty ? "" : ",\(members)"
  return #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{"_meta":\#(meta)\#(more)}}"#
}

private func legacy(_ id: String, _ method: String, _ members: String = "") -> String {
  #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{\#(members)}}"#
}

private let stamp =
  #""resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"2"}}"#
private let toolList =
  #""tools":[{"name":"add","description":"Adds.","inputSchema":{"type":"object","additionalProperties":false}},{"name":"sub","inputSchema":{"type":"object","additionalProperties":false}}]"#

@Suite struct `A server session` {
  @Test func `serves a modern client without a handshake`() {
    var session = MCPServerSession.named()
    #expect(
      session.line(request("1", "server/discover")) == [
        #"> {"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"instructions":"Add.","ttlMs":0,"cacheScope":"private",\#(stamp)}}"#
      ])
    #expect(
      session.line(request("\"2\"", "tools/list")) == [
        #"> {"jsonrpc":"2.0","id":"2","result":{\#(toolList),"ttlMs":0,"cacheScope":"private",\#(stamp)}}"#
      ])
    #expect(
      session.line(request("3", "tools/call", #""name":"add","arguments":{"a":1}"#))
        == [#"run 1 add {"a":1}"#])
    #expect(
      session.event(.finished(call: 1, MCPToolResult(text: "3"))) == [
        #"> {"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"3"}],"isError":false,\#(stamp)}}"#
      ])
    #expect(session.event(.finished(call: 1, MCPToolResult(text: "4"))) == [])
  }

  @Test func `serves a legacy client after its handshake`() {
    var session = MCPServerSession.named()
    #expect(
      session.line(legacy("0", "initialize", #""protocolVersion":"2025-06-18","capabilities":{}"#))
        == [
          #"> {"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"2"},"instructions":"Add."}}"#
        ])
    #expect(session.line(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#) == [])
    #expect(
      session.line(#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
        == [#"> {"jsonrpc":"2.0","id":1,"result":{\#(toolList)}}"#])
    #expect(session.line(legacy("2", "tools/call", #""name":"sub""#)) == ["run 1 sub {}"])
    let result = MCPToolResult(content: [], structured: 7, isError: true)
    #expect(
      session.event(.finished(call: 1, result)) == [
        #"> {"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"7"}],"isError":true}}"#
      ])
  }

  @Test(arguments: [
    ("2024-11-05", "2024-11-05"), ("2025-03-26", "2025-11-25"), ("2025-11-25", "2025-11-25"),
    ("2026-07-28", "2025-11-25"), ("1999-01-01", "2025-11-25"),
  ])
  func `settles on the revision asked for, or on its newest`(asked: String, settled: String) {
    var session = MCPServerSession.named()
    let answer = session.line(legacy("1", "initialize", #""protocolVersion":"\#(asked)""#))
    #expect(answer.first?.contains(#""protocolVersion":"\#(settled)""#) == true)
  }

  @Test(arguments: [
    (legacy("1", "ping"), #"> {"jsonrpc":"2.0","id":1,"result":{}}"#),
    (
      legacy("1", "initialize"),
      refusal("1", -32602, #"\"protocolVersion\" is missing, or is no text."#)
    ),
    (
      legacy("1", "tools/list"),
      refusal(
        "1", -32602,
        #"\"tools/list\" needs \"io.modelcontextprotocol/protocolVersion\" in \"_meta\", or an \"initialize\" before it."#
      )
    ),
    (
      request("1", "tools/list", meta: #"{"io.modelcontextprotocol/protocolVersion":7}"#),
      refusal(
        "1", -32602, #"\"io.modelcontextprotocol/protocolVersion\" in \"_meta\" is no text."#)
    ),
    (
      request(
        "1", "tools/list", meta: #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#),
      refusal(
        "1", -32602,
        #"\"io.modelcontextprotocol/clientCapabilities\" is missing in \"_meta\", or is no object."#
      )
    ),
    (
      request(
        "1", "tools/list", meta: #"{"io.modelcontextprotocol/protocolVersion":"1900-01-01"}"#),
      #"> {"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"Unsupported protocol version","data":{"supported":["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"],"requested":"1900-01-01"}}}"#
    ),
    (request("1", "ping"), refusal("1", -32601, #"There is no method \"ping\" here."#)),
    (request("1", "initialize"), refusal("1", -32601, #"There is no method \"initialize\" here."#)),
    (
      request("1", "tools/list", #""cursor":"x""#),
      refusal("1", -32602, "The cursor is none that this server gave out.")
    ),
    (
      request("1", "tools/call"), refusal("1", -32602, #"\"name\" is missing, or is no text."#)
    ),
    (
      request("1", "tools/call", #""name":"mul""#), refusal("1", -32602, "Unknown tool: mul")
    ),
    (
      request("1", "tools/call", #""name":"add","arguments":[1]"#),
      refusal("1", -32602, #"\"arguments\" is no object."#)
    ),
    (
      #"{"jsonrpc":"2.0","id":5,"method":"ping","params":[]}"#,
      refusal("5", -32600, #"The peer sent a malformed message: \"params\" is no object."#)
    ),
    (
      #"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
      refusal(
        nil, -32600,
        #"The peer sent an \"id\" that is neither a whole number nor a string of at most 256 bytes."#
      )
    ),
    (
      "[]",
      refusal(nil, -32600, "The peer sent a batch (a JSON array); MCP messages come one a line.")
    ),
    (
      "{",
      refusal(
        nil, -32700,
        #"The peer sent a line that is not JSON: message, line 1, column 2: the text ends where \",\" or \"}\" should be. The file is probably incomplete."#
      )
    ),
  ])
  func `answers what it cannot serve with the right code`(line: String, answer: String) {
    var session = MCPServerSession.named()
    #expect(session.line(line) == [answer])
  }

  @Test(arguments: [
    #"{"jsonrpc":"2.0","method":"notifications/whatever"}"#,
    #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}}"#,
    #"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
    #"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    #"{"jsonrpc":"2.0","id":1,"result":[]}"#,
    #"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}"#,
  ])
  func `says nothing to what wants no answer`(line: String) {
    var session = MCPServerSession.named()
    #expect(session.line(line) == [])
  }

  @Test func `drops the answer to a cancelled call`() {
    var session = MCPServerSession.named()
    _ = session.line(request("\"a\"", "tools/call", #""name":"add""#))
    let cancel =
      #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}}"#
    #expect(session.line(cancel) == ["cancel 1"])
    #expect(session.line(cancel) == [])
    #expect(session.event(.finished(call: 1, MCPToolResult(text: "x"))) == [])
    #expect(session.line(request("\"a\"", "tools/call", #""name":"add""#)) == ["run 2 add {}"])
  }

  @Test func `takes an id once at a time, and calls up to its bound`() {
    var session = MCPServerSession.named()
    _ = session.line(request("1", "tools/call", #""name":"add""#))
    #expect(
      session.line(request("1", "tools/call", #""name":"add""#))
        == [refusal("1", -32600, "The id 1 belongs to a call under way.")])
    for id in 2...64 { _ = session.line(request("\(id)", "tools/call", #""name":"add""#)) }
    #expect(
      session.line(request("65", "tools/call", #""name":"add""#))
        == [refusal("65", -32603, "64 calls are under way; try again later.")])
  }

  @Test func `serves both eras on one connection`() {
    var session = MCPServerSession.named()
    _ = session.line(request("1", "tools/list"))
    _ = session.line(legacy("2", "initialize", #""protocolVersion":"2025-11-25""#))
    #expect(session.line(legacy("3", "tools/call", #""name":"add""#)) == ["run 1 add {}"])
    #expect(session.line(request("4", "tools/call", #""name":"add""#)) == ["run 2 add {}"])
    #expect(
      session.line(legacy("5", "initialize", #""protocolVersion":"2025-11-25""#))
        == [refusal("5", -32600, "The session has been initialized already.")])
  }

  @Test func `refuses a line that is too long and goes on`() {
    var session = MCPServerSession.named()
    #expect(
      session.handle(.received(.tooLong(bytesMax: 9))).trace
        == [refusal(nil, -32600, "A line may have 9 bytes at most.")])
    #expect(session.line(legacy("1", "ping")).count == 1)
  }

  @Test func `gives up its calls and exits when its input ends`() {
    var session = MCPServerSession.named()
    for id in 1...3 { _ = session.line(request("\(id)", "tools/call", #""name":"add""#)) }
    _ = session.event(.finished(call: 2, MCPToolResult(text: "x")))
    #expect(session.handle(.received(.unterminated(byteCount: 4))) == [])
    #expect(session.event(.inputEnded) == ["cancel 1", "cancel 3", "exit"])
    #expect(session.event(.finished(call: 1, MCPToolResult(text: "x"))) == [])
    #expect(session.line(legacy("1", "ping")) == [])
  }
}

private func refusal(_ id: String?, _ code: Int, _ message: String) -> String {
  let idMember = id.map { #""id":\#($0),"# } ?? ""
  return #"> {"jsonrpc":"2.0",\#(idMember)"error":{"code":\#(code),"message":"\#(message)"}}"#
}
