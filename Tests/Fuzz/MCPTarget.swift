// MCPTarget.swift — damaged protocol lines into both ends of an MCP connection.

import Base
import MCP
import TestKit

/// A stream of bytes, cut into lines, goes to a client and to a server that each have calls under
/// way. Whatever it holds: what they write are whole, readable lines, and every call of the client
/// has exactly one outcome once the connection is gone.
let mcp = FuzzTarget(
  name: "mcp", corpus: mcpConversations.map { Array($0.utf8) },
  body: { bytes in
    try feedClient(bytes, knownEra: nil)
    try feedClient(bytes, knownEra: .legacy)
    try feedServer(bytes)
  })

private let mcpConversations = [
  #"""
  {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0}}
  {"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"a","inputSchema":{"type":"object"}}],"nextCursor":"n"}}
  {"jsonrpc":"2.0","id":3,"result":{"resultType":"input_required","requestState":"s"}}
  {"jsonrpc":"2.0","id":4,"result":{"content":[{"type":"text","text":"t"},{"type":"image","data":"AA==","mimeType":"image/png"}],"isError":true}}
  {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":5,"progress":0.5}}

  """#,
  #"""
  {"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"no","data":{"supported":["2025-11-25"]}}}
  {"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}
  {"jsonrpc":"2.0","id":"p","method":"ping"}
  {"jsonrpc":"2.0","id":9,"method":"sampling/createMessage","params":{"maxTokens":1}}
  {"jsonrpc":"2.0","id":3,"error":{"code":-32603,"message":"boom"}}

  """#,
  #"""
  {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2024-11-05","capabilities":{"tools":{}}}}
  {"jsonrpc":"2.0","id":2,"result":{"content":[],"structuredContent":{"a":[1,2]}}}
  {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":{}}}
  {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}

  """#,
  #"""
  {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}
  {"jsonrpc":"2.0","method":"notifications/initialized"}
  {"jsonrpc":"2.0","id":1,"method":"tools/list"}
  {"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"echo","arguments":{"a":1}}}
  {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"x"}}
  {"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}
  {"jsonrpc":"2.0","id":4,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01"}}}

  """#,
]

/// Small, so that lines over the bound occur.
private let lineBytesMax = 4_096

private func pieces(_ bytes: [UInt8]) -> [LineFramer.Piece] {
  var framer = LineFramer(lineBytesMax: lineBytesMax)
  var pieces = framer.receive(bytes)
  if let last = framer.finish() { pieces.append(last) }
  return pieces
}

private func check(sent bytes: [UInt8]) throws {
  guard bytes.last == UInt8(ascii: "\n"), !bytes.dropLast().contains(UInt8(ascii: "\n")) else {
    throw FuzzFinding(what: "what was sent is not one line")
  }
  if case .unusable = MCPMessage(line: bytes.dropLast()) {
    throw FuzzFinding(what: "what was sent is no message")
  }
}

private func feedClient(_ bytes: [UInt8], knownEra: MCPEra?) throws {
  var session = MCPClientSession(client: MCPImplementation(name: "fuzz", version: "1"))
  var outcomeCounts: [Int: Int] = [:]
  func take(_ actions: [MCPClientSession.Action]) throws {
    for action in actions {
      switch action {
      case .send(let bytes): try check(sent: bytes)
      case .completed(let call, _), .failed(let call, _): outcomeCounts[call, default: 0] += 1
      default: break
      }
    }
  }
  try take(session.handle(.started(knownEra: knownEra)))
  var callCount = 0
  for piece in pieces(bytes) {
    try take(session.handle(.received(piece)))
    callCount += 1
    try take(session.handle(.callRequested(call: callCount, tool: "a", arguments: ["a": 1])))
    try take(session.handle(.toolsRequested))
    try take(session.handle(.timedOut(request: Int64(callCount * 3))))
  }
  try take(session.handle(.peerClosed))
  guard (1...max(1, callCount)).allSatisfy({ callCount == 0 || outcomeCounts[$0] == 1 }) else {
    throw FuzzFinding(what: "a call has no outcome, or several: \(outcomeCounts)")
  }
}

private func feedServer(_ bytes: [UInt8]) throws {
  var session = MCPServerSession(
    offer: MCPOffer(
      implementation: MCPImplementation(name: "fuzz", version: "1"), tools: [MCPTool(name: "echo")])
  )
  var running: [Int] = []
  func take(_ actions: [MCPServerSession.Action]) throws {
    for action in actions {
      switch action {
      case .send(let bytes): try check(sent: bytes)
      case .run(let call, _, _): running.append(call)
      case .cancel(let call): running.removeAll { $0 == call }
      case .exit: break
      }
    }
  }
  for piece in pieces(bytes) { try take(session.handle(.received(piece))) }
  for call in running.dropFirst() {
    try take(session.handle(.finished(call: call, MCPToolResult(text: "x"))))
  }
  running = Array(running.prefix(1))
  try take(session.handle(.inputEnded))
  guard running.isEmpty else { throw FuzzFinding(what: "a call outlives the input") }
}
