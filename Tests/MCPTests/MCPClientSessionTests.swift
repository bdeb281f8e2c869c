// MCPClientSessionTests.swift — calls and lists on an open connection, and every odd answer.

import Base
import MCP
import Testing

@Suite struct `A client session` {
  @Test func `wraps modern requests in their envelope`() {
    var session = MCPClientSession.openModern()
    #expect(
      session.event(.callRequested(call: 7, tool: "add", arguments: ["a": 1])) == [
        #"> {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"progressToken":2},"name":"add","arguments":{"a":1}}}"#,
        "await 2 call(7)",
      ])
    #expect(
      session.line(
        #"{"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","content":[{"type":"text","text":"3"}],"structuredContent":3}}"#
      ) == ["call 7 ok: 3"])
  }

  @Test func `sends legacy requests bare`() {
    var session = MCPClientSession.openLegacy()
    #expect(
      session.event(.toolsRequested)
        == [#"> {"jsonrpc":"2.0","id":2,"method":"tools/list"}"#, "await 2 tools"])
    #expect(
      session.event(.callRequested(call: 1, tool: "add", arguments: nil)) == [
        #"> {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"add","_meta":{"progressToken":3}}}"#,
        "await 3 call(1)",
      ])
    #expect(
      session.line(
        #"{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"bad"}],"isError":true}}"#
      ) == ["call 1 error: bad"])
  }

  @Test func `takes answers in any order`() {
    var session = MCPClientSession.openModern()
    for call in 1...3 {
      _ = session.event(.callRequested(call: call, tool: "x", arguments: nil))
    }
    #expect(session.line(result(3, "b")) == ["call 2 ok: b"])
    #expect(session.line(result(2, "a")) == ["call 1 ok: a"])
    #expect(session.line(result(4, "c")) == ["call 3 ok: c"])
  }

  @Test func `tells invented, second and late answers apart, and survives them`() {
    var session = MCPClientSession.openModern()
    _ = session.event(.callRequested(call: 1, tool: "x", arguments: nil))
    _ = session.event(.callRequested(call: 2, tool: "x", arguments: nil))
    _ = session.event(.callRequested(call: 3, tool: "x", arguments: nil))
    #expect(
      session.line(result(99, "?"))
        == ["ignored: The server answered the request 99, which was never made."])
    #expect(
      session.line(#"{"jsonrpc":"2.0","id":"2","result":{}}"#)
        == ["ignored: The server answered the request \"2\", which was never made."])
    #expect(session.line(result(2, "a")) == ["call 1 ok: a"])
    #expect(
      session.line(result(2, "b")) == ["ignored: The server answered the request 2 twice."])
    #expect(
      session.event(.cancelRequested(call: 2, reason: "enough")) == [
        #"> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3,"reason":"enough"}}"#,
        "call 2 failed: The call was cancelled.",
      ])
    #expect(
      session.line(result(3, "b"))
        == ["ignored: The server answered the request 3 after it was given up."])
    #expect(
      session.event(.timedOut(request: 4)) == [
        #"> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4,"reason":"no answer in time"}}"#,
        "call 3 failed: The server did not answer \"tools/call\" in time.",
      ])
    #expect(session.event(.timedOut(request: 4)) == [])
    #expect(session.event(.cancelRequested(call: 3, reason: nil)) == [])
  }

  @Test(arguments: [
    (
      #"{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"Unknown tool: x"}}"#,
      "call 1 failed: The server answered with error -32602: Unknown tool: x"
    ),
    (
      #"{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}}"#,
      "call 1 failed: The server answered with error -32700: Parse error"
    ),
    (
      #"{"jsonrpc":"2.0","id":2,"result":{}}"#,
      """
      call 1 failed: The server's result for "tools/call" cannot be used: it lacks the list \
      "content".
      """
    ),
    (
      #"{"jsonrpc":"2.0","id":2,"result":{"content":[],"isError":"no"}}"#,
      """
      call 1 failed: The server's result for "tools/call" cannot be used: "isError" is neither \
      true nor false.
      """
    ),
    (
      #"{"jsonrpc":"2.0","id":2,"result":{"resultType":"task","content":[]}}"#,
      """
      call 1 failed: The server's result for "tools/call" cannot be used: it is of the unknown \
      type "task".
      """
    ),
    (
      #"{"jsonrpc":"2.0","id":2,"result":[]}"#,
      "call 1 failed: The peer sent a malformed message: \"result\" is no object."
    ),
    (
      #"{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"a"#,
      """
      call 1 failed: The peer sent a line that is not JSON: message, line 1, column 70: the text \
      ends where the end of a string should be. The file is probably incomplete.
      """
    ),
    (
      #"{"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","inputRequests":{"k":{"method":"roots/list"}}}}"#,
      """
      call 1 failed: The server wants input that this client does not offer (roots/list); the \
      call was given up.
      """
    ),
    (
      #"{"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required"}}"#,
      """
      call 1 failed: The server's result for "tools/call" cannot be used: it wants input, but \
      names neither an input nor a state.
      """
    ),
  ])
  func `fails a call with the reason of its answer`(answer: String, outcome: String) {
    var session = MCPClientSession.openModern()
    _ = session.event(.callRequested(call: 1, tool: "x", arguments: nil))
    #expect(session.line(answer) == [outcome])
  }

  @Test func `asks again with the state it was handed, under a new id, a bounded number of times`()
  {
    var session = MCPClientSession.openModern()
    var actions = session.handle(.callRequested(call: 1, tool: "x", arguments: ["a": "b"]))
    let state = "s \\u0000 \\\" é"
    for round in 0..<MCPClientSession.roundCountMax {
      actions = session.handle(
        .received(
          piece(
            #"{"jsonrpc":"2.0","id":\#(round + 2),"result":{"resultType":"input_required","requestState":"\#(state)"}}"#
          )))
      guard case .send(let bytes) = actions[0],
        case .request(let id, _, let params) = MCPMessage(line: bytes.dropLast())
      else {
        Issue.record("round \(round): \(actions)")
        return
      }
      #expect(id == .integer(Int64(round + 3)))
      #expect(params?["requestState"] == .string("s \u{0} \" é"))
      #expect(params?["arguments"] == ["a": "b"])
      #expect(params?["inputResponses"] == nil)
    }
    let last = session.line(
      #"{"jsonrpc":"2.0","id":10,"result":{"resultType":"input_required","requestState":"s"}}"#)
    #expect(
      last == ["call 1 failed: The server asked for the same call again more than 8 times."])
  }

  @Test func `puts pages of tools together and leaves out what cannot be used`() {
    var session = MCPClientSession.openLegacy()
    _ = session.event(.toolsRequested)
    #expect(
      session.line(
        #"{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"a","inputSchema":{"type":"object"}},{"name":"b c","inputSchema":{"type":"object"}},{"name":"d","inputSchema":{"type":"string"}}],"nextCursor":"2"}}"#
      ) == [
        #"ignored: The tool "b c" is left out: its name is not 1 to 128 printable characters."#,
        #"ignored: The tool "d" is left out: its "inputSchema" is not of type "object"."#,
        #"> {"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"cursor":"2"}}"#,
        "await 3 tools",
      ])
    #expect(
      session.line(
        #"{"jsonrpc":"2.0","id":3,"result":{"tools":[{"name":"a","inputSchema":{}},{"name":"e","inputSchema":{}},7],"nextCursor":null}}"#
      ) == [
        #"ignored: The tool "a" is left out: another tool has the same name."#,
        #"ignored: The tool "" is left out: its name is not 1 to 128 printable characters."#,
        "tools a,e",
      ])
  }

  @Test func `stops reading a list that has no end`() {
    var session = MCPClientSession.openLegacy()
    var actions = session.handle(.toolsRequested)
    var pageCount = 0
    while case .expectAnswer(let request, _) = actions.last, pageCount < 1_000 {
      pageCount += 1
      actions = session.handle(
        .received(
          piece(#"{"jsonrpc":"2.0","id":\#(request),"result":{"tools":[],"nextCursor":"x"}}"#)))
    }
    #expect(pageCount == 100)
    #expect(actions.trace == ["tools failed: The server's list of tools has more than 100 pages."])
  }

  @Test func `fails a list that is too long, useless, refused or late`() {
    var session = MCPClientSession.openLegacy()
    func next(_ result: String) -> [String] {
      _ = session.event(.toolsRequested)
      defer { id += 1 }
      return session.line(#"{"jsonrpc":"2.0","id":\#(id),\#(result)}"#)
    }
    var id = 2
    let many = Array(repeating: "{}", count: 4_097).joined(separator: ",")
    #expect(
      next(#""result":{"tools":[\#(many)]}"#)
        == ["tools failed: The server offers more than 4096 tools."])
    #expect(
      next(#""result":{}"#) == [
        """
        tools failed: The server's result for "tools/list" cannot be used: it is incomplete, or \
        lacks the list "tools".
        """
      ])
    #expect(
      next(#""error":{"code":-32603,"message":"boom"}"#)
        == ["tools failed: The server answered with error -32603: boom"])
    _ = session.event(.toolsRequested)
    #expect(
      session.event(.timedOut(request: 5)).last
        == "tools failed: The server did not answer \"tools/list\" in time.")
  }

  @Test func `asks no list of a server without tools`() {
    var session = MCPClientSession.named()
    _ = session.event(.started(knownEra: .legacy))
    _ = session.line(
      #"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{}}}"#)
    #expect(session.event(.toolsRequested) == ["tools "])
  }

  @Test func `answers what a legacy server asks while its own call is under way`() {
    var session = MCPClientSession.openLegacy()
    _ = session.event(.callRequested(call: 1, tool: "x", arguments: nil))
    #expect(
      session.line(#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#)
        == [#"> {"jsonrpc":"2.0","id":2,"result":{}}"#])
    for method in ["sampling/createMessage", "roots/list", "elicitation/create"] {
      #expect(
        session.line(#"{"jsonrpc":"2.0","id":2,"method":"\#(method)","params":{}}"#) == [
          #"ignored: The server sent the request "\#(method)", which this client does not offer."#,
          #"> {"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"This client does not offer \"\#(method)\"."}}"#,
        ])
    }
    #expect(session.line(result(2, "done")) == ["call 1 ok: done"])
  }

  @Test func `writes no answer to a modern server, which must not ask`() {
    var session = MCPClientSession.openModern()
    #expect(session.line(#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#) == [])
    #expect(
      session.line(#"{"jsonrpc":"2.0","id":2,"method":"roots/list"}"#) == [
        "ignored: The server sent the request \"roots/list\", which this client does not offer."
      ])
  }

  @Test func `passes on progress, logs and changes of the list`() {
    var session = MCPClientSession.openLegacy()
    _ = session.event(.callRequested(call: 9, tool: "x", arguments: nil))
    func notify(_ method: String, _ params: String) -> [String] {
      session.line(
        #"{"jsonrpc":"2.0","method":"notifications/\#(method)","params":\#(params)}"#)
    }
    #expect(
      notify("progress", #"{"progressToken":2,"progress":1,"message":"half"}"#)
        == ["call 9 goes on: half"])
    #expect(notify("progress", #"{"progressToken":3,"progress":1}"#) == [])
    #expect(notify("progress", #"{"progressToken":"2","progress":1}"#) == [])
    #expect(notify("message", #"{"level":"warning","data":"hot"}"#) == ["log warning: hot"])
    #expect(notify("message", #"{"data":{"a":1}}"#) == [#"log info: {"a":1}"#])
    #expect(notify("tools/list_changed", "{}") == ["tools changed"])
    #expect(notify("unheard/of", "{}") == [])
  }

  @Test func `survives stray prints but not a flood of them`() {
    var session = MCPClientSession.openLegacy()
    _ = session.event(.callRequested(call: 1, tool: "x", arguments: nil))
    #expect(session.line("[]").first == "ignored: \(MCPError.batch)")
    for _ in 1..<MCPClientSession.noiseLineCountMax { _ = session.handle(.received(piece("x"))) }
    #expect(
      session.line("x").suffix(2) == [
        "call 1 failed: The server sent more than 10000 useless lines between two answers.",
        "close: The server sent more than 10000 useless lines between two answers.",
      ])
    #expect(session.line(result(2, "late")) == [])
  }

  @Test func `counts stray lines anew after each answer`() {
    var session = MCPClientSession.openLegacy()
    for call in 1...3 {
      _ = session.event(.callRequested(call: call, tool: "x", arguments: nil))
      for _ in 0..<MCPClientSession.noiseLineCountMax { _ = session.handle(.received(piece("x"))) }
      #expect(session.line(result(call + 1, "ok")) == ["call \(call) ok: ok"])
    }
  }

  @Test func `ends with a line that is too long, and fails what is under way, in order`() {
    var session = MCPClientSession.openLegacy()
    for call in [5, 3, 4] {
      _ = session.event(.callRequested(call: call, tool: "x", arguments: nil))
    }
    _ = session.event(.toolsRequested)
    let reason = "The peer sent a line of more than 16 bytes; it was dropped."
    #expect(
      session.handle(.received(.tooLong(bytesMax: 16))).trace == [
        "call 5 failed: \(reason)", "call 3 failed: \(reason)", "call 4 failed: \(reason)",
        "tools failed: \(reason)", "close: \(reason)",
      ])
  }

  @Test func `fails what is under way when the server dies mid-line`() {
    var session = MCPClientSession.openLegacy()
    _ = session.event(.callRequested(call: 1, tool: "x", arguments: nil))
    #expect(
      session.handle(.received(.unterminated(byteCount: 3))).trace
        == ["ignored: The peer closed the stream inside a line, after 3 bytes of it."])
    #expect(
      session.event(.peerClosed) == [
        "call 1 failed: The server closed the connection before it answered.",
        "close: The server closed the connection before it answered.",
      ])
  }

  @Test func `holds a bounded number of requests, each call once`() {
    var session = MCPClientSession.openLegacy()
    for call in 1...256 {
      _ = session.handle(.callRequested(call: call, tool: "x", arguments: nil))
    }
    let sentence = "More than 256 requests are waiting for this server; try again later."
    #expect(
      session.event(.callRequested(call: 257, tool: "x", arguments: nil))
        == ["call 257 failed: \(sentence)"])
    #expect(session.event(.toolsRequested) == ["tools failed: \(sentence)"])
    #expect(
      session.event(.callRequested(call: 1, tool: "x", arguments: nil))
        == ["ignored: The call 1 is already under way."])
  }

  private func result(_ id: Int, _ text: String) -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"result":{"content":[{"type":"text","text":"\#(text)"}]}}"#
  }
}

@Suite struct `A tool result` {
  @Test func `is read as its texts, with notes in place of what is not text`() {
    var session = MCPClientSession.openLegacy()
    _ = session.event(.callRequested(call: 1, tool: "x", arguments: nil))
    let blocks = [
      #"{"type":"text","text":"one"}"#,
      #"{"type":"image","data":"AAECAw==","mimeType":"image/png"}"#,
      #"{"type":"audio","data":"AAEC","mimeType":"audio/wav"}"#,
      #"{"type":"resource_link","uri":"file:///a","name":"a","description":"A file."}"#,
      #"{"type":"resource","resource":{"uri":"file:///b","text":"two"}}"#,
      #"{"type":"resource","resource":{"uri":"file:///c","blob":"AA==","mimeType":"x/y"}}"#,
      #"{"type":"hologram"}"#, #"{"type":"text"}"#, "7",
    ].joined(separator: ",")
    #expect(
      session.line(#"{"jsonrpc":"2.0","id":2,"result":{"content":[\#(blocks)]}}"#) == [
        """
        call 1 ok: one
        [image, image/png, 4 bytes, not shown]
        [audio, audio/wav, 3 bytes, not shown]
        [resource a: file:///a] A file.
        [resource file:///b]
        two
        [resource file:///c, x/y, 1 bytes, not shown]
        [content of the unknown type "hologram", not shown]
        [content of the unknown type "text", not shown]
        [content of the unknown type "", not shown]
        """
      ])
  }

  @Test(arguments: [
    (#""content":[],"structuredContent":{"b":1,"a":[2]}"#, #"{"b":1,"a":[2]}"#),
    (#""content":[{"type":"text","text":"t"}],"structuredContent":{"a":1}"#, "t"),
    (#""content":[],"structuredContent":null"#, ""),
  ])
  func `shows the structured part where no text repeats it`(members: String, text: String) {
    var session = MCPClientSession.openLegacy()
    _ = session.event(.callRequested(call: 1, tool: "x", arguments: nil))
    #expect(
      session.line(#"{"jsonrpc":"2.0","id":2,"result":{\#(members)}}"#) == ["call 1 ok: \(text)"])
  }
}
