// Traces.swift — sessions driven by hand: lines in, actions out as readable lines.

import Base
import MCP

func piece(_ text: String) -> LineFramer.Piece { .line(Array(text.utf8)) }

extension MCPClientSession {
  static func named() -> MCPClientSession {
    MCPClientSession(client: MCPImplementation(name: "t", version: "1"))
  }

  /// Opened on a modern server with tools; the probe was request 1.
  static func openModern() -> MCPClientSession {
    var session = named()
    _ = session.handle(.started(knownEra: nil))
    _ = session.line(
      #"{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}}"#
    )
    return session
  }

  /// Opened on a legacy server with tools; the handshake was request 1.
  static func openLegacy() -> MCPClientSession {
    var session = named()
    _ = session.handle(.started(knownEra: .legacy))
    _ = session.line(
      #"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"2"}}}"#
    )
    return session
  }

  mutating func line(_ text: String) -> [String] { handle(.received(piece(text))).trace }

  mutating func event(_ event: Event) -> [String] { handle(event).trace }
}

extension [MCPClientSession.Action] {
  /// One line an action: the wire text of what is sent, short words for the rest.
  var trace: [String] {
    map { action in
      switch action {
      case .send(let bytes): "> " + String(decoding: bytes.dropLast(), as: UTF8.self)
      case .expectAnswer(let request, let subject): "await \(request) \(subject)"
      case .opened(let facts): "open \(facts.version.rawValue)"
      case .toolsListed(let tools): "tools \(tools.map(\.name).joined(separator: ","))"
      case .toolsFailed(let error): "tools failed: \(error)"
      case .toolsChanged: "tools changed"
      case .completed(let call, let result):
        "call \(call) \(result.isError ? "error" : "ok"): \(result.text)"
      case .failed(let call, let error): "call \(call) failed: \(error)"
      case .progressed(let call, let message): "call \(call) goes on: \(message ?? "")"
      case .logged(let level, let text): "log \(level): \(text)"
      case .ignored(let error): "ignored: \(error)"
      case .close(let error): "close: \(error)"
      }
    }
  }
}

extension MCPServerSession {
  static func named() -> MCPServerSession {
    MCPServerSession(
      offer: MCPOffer(
        implementation: MCPImplementation(name: "s", version: "2"), instructions: "Add.",
        tools: [MCPTool(name: "add", description: "Adds."), MCPTool(name: "sub")]))
  }

  mutating func line(_ text: String) -> [String] { handle(.received(piece(text))).trace }

  mutating func event(_ event: Event) -> [String] { handle(event).trace }
}

extension [MCPServerSession.Action] {
  var trace: [String] {
    map { action in
      switch action {
      case .send(let bytes): "> " + String(decoding: bytes.dropLast(), as: UTF8.self)
      case .run(let call, let tool, let arguments):
        "run \(call) \(tool) \(JSONValue.object(arguments).compactText)"
      case .cancel(let call): "cancel \(call)"
      case .exit: "exit"
      }
    }
  }
}
