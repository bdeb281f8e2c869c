// MCPMessageTests.swift — one line to one message and back, and every way not to be one.

import Base
import MCP
import Testing

@Suite struct `An MCP message` {
  @Test(arguments: [
    #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
    #"{"jsonrpc":"2.0","id":"a-1","method":"tools/call","params":{"name":"x\ny"}}"#,
    #"{"jsonrpc":"2.0","id":"","method":"ping","params":{}}"#,
    #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    #"{"jsonrpc":"2.0","id":-9223372036854775808,"result":{}}"#,
    #"{"jsonrpc":"2.0","id":7,"result":{"content":[],"isError":false}}"#,
    #"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"no","data":[1]}}"#,
    #"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}"#,
  ])
  func `is written as it was read`(text: String) {
    #expect(MCPMessage(line: Array(text.utf8)).line == Array((text + "\n").utf8))
  }

  @Test func `never spans lines, whatever its texts hold`() throws {
    let text = "a\nb\r\nc\u{2028}d\u{0}"
    let message = MCPMessage.notification(method: text, params: ["k": .string(text)])
    #expect(message.line.filter { $0 == UInt8(ascii: "\n") }.count == 1)
    #expect(MCPMessage(line: message.line.dropLast()) == message)
  }

  @Test func `takes a null id in an error, and a whole number with a fraction as one without`() {
    let error = #"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}}"#
    #expect(
      MCPMessage(line: Array(error.utf8))
        == .error(id: nil, error: RPCError(code: -32700, message: "?")))
    let result = #"{"jsonrpc":"2.0","id":7.0,"result":{}}"#
    #expect(MCPMessage(line: Array(result.utf8)) == .result(id: .integer(7), result: [:]))
  }

  @Test(arguments: [
    (
      "",
      "The peer sent a line that is not JSON: message, line 1, column 1: the text ends where "
        + "a value should be. The file is probably incomplete."
    ),
    ("[]", "The peer sent a batch (a JSON array); MCP messages come one a line."),
    ("7", "The peer sent JSON that is not an object, so not a message."),
    ("{}", "The peer sent an object whose \"jsonrpc\" is not \"2.0\"."),
    (
      #"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
      "The peer sent an object whose \"jsonrpc\" is not \"2.0\"."
    ),
    (
      #"{"jsonrpc":"2.0"}"#,
      "The peer sent a malformed message: it has no \"method\", \"result\" or \"error\"."
    ),
    (
      #"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
      "The peer sent a malformed message: it has both \"result\" and \"error\"."
    ),
    (
      #"{"jsonrpc":"2.0","id":1,"result":[]}"#,
      "The peer sent a malformed message: \"result\" is no object."
    ),
    (
      #"{"jsonrpc":"2.0","id":1,"error":{"code":1.5,"message":""}}"#,
      "The peer sent a malformed message: \"error\" lacks a whole \"code\" or a \"message\"."
    ),
    (
      #"{"jsonrpc":"2.0","id":1,"method":"x","params":[1]}"#,
      "The peer sent a malformed message: \"params\" is no object."
    ),
    (
      #"{"jsonrpc":"2.0","id":1,"method":null}"#,
      "The peer sent a malformed message: \"method\" is no text."
    ),
  ])
  func `that is none says why`(text: String, sentence: String) {
    #expect(unusable(text)?.error.description == sentence)
  }

  @Test(arguments: [
    "null", "true", "1.5", "9223372036854775808", "1e300", "[1]", "{}",
    "\"" + String(repeating: "i", count: 257) + "\"",
  ])
  func `is not asked under an id that cannot be kept`(id: String) {
    #expect(unusable(#"{"jsonrpc":"2.0","id":\#(id),"method":"ping"}"#)?.error == .invalidID)
    #expect(unusable(#"{"jsonrpc":"2.0","id":\#(id),"result":{}}"#)?.error == .invalidID)
  }

  @Test func `tells NUL bytes and broken UTF-8 from broken JSON`() {
    #expect(unusable(Array("{\"a\":\"\u{0}\"}".utf8))?.error == .nulByte)
    #expect(
      unusable(Array("{\"a\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8))?.error == .invalidUTF8)
    #expect(unusable([0xFF, 0xFE])?.error == .invalidUTF8)
  }

  @Test(arguments: [
    (#"{"jsonrpc":"2.0","id":5,"result":{"a":"#, RequestID.integer(5), false),
    (#"{"jsonrpc":"2.0","id":"x","method":"m","params":{"#, .string("x"), true),
    (
      #"{"jsonrpc":"2.0","id":5,"result":"# + String(repeating: "[", count: 2_000), .integer(5),
      false
    ),
    (#"{"id":[5],"id":6,"id":7,"#, .integer(6), false),
  ])
  func `keeps the id that came before the damage`(text: String, id: RequestID, asks: Bool) {
    #expect(unusable(text)?.id == id)
    #expect(unusable(text)?.namesMethod == asks)
  }

  private func unusable(_ text: String) -> UnusableLine? { unusable(Array(text.utf8)) }

  private func unusable(_ bytes: [UInt8]) -> UnusableLine? {
    guard case .unusable(let line) = MCPMessage(line: bytes) else { return nil }
    return line
  }
}
