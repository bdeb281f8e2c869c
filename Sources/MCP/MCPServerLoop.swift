// MCPServerLoop.swift — a plugin's whole life: standard input to the session, its actions to standard
// output. The only file here that holds descriptors.

public import Base
public import Glibc

/// A server on one thread: it reads, runs, answers, and reads on.
///
/// Nothing is read while a call runs. The host limits each call and ends the whole sandbox when it has
/// waited enough, so a cancellation that arrives meanwhile has nothing to cancel any more.
public struct MCPServerLoop {
  private let input: Int32
  private let output: Int32
  private var session: MCPServerSession
  private var framer = LineFramer()

  /// - Parameters:
  ///   - name: Of the plugin; clients are told "martlet-NAME".
  ///   - tools: What is offered.
  ///   - input: Where requests come from, a line each.
  ///   - output: Where answers go.
  public init(
    name: String, tools: [MCPTool], input: Int32 = STDIN_FILENO, output: Int32 = STDOUT_FILENO
  ) {
    self.input = input
    self.output = output
    session = MCPServerSession(
      offer: MCPOffer(
        implementation: MCPImplementation(name: "martlet-\(name)", version: "1"), tools: tools))
  }

  /// Serves until the input ends or nobody reads the output.
  ///
  /// - Parameter answer: Runs one call of a tool that was offered. What is wrong with the arguments is
  ///   an answer too.
  public mutating func run(_ answer: (_ tool: String, JSONObject) -> MCPToolResult) {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(input, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      let events: [MCPServerSession.Event] =
        count > 0
        ? framer.receive(Array(chunk[..<count])).map { .received($0) } : [.inputEnded]
      for event in events {
        guard carryOut(event, answer) else { return }
      }
    }
  }

  /// Takes one event and does all that follows from it; false when the loop should end.
  private mutating func carryOut(
    _ event: MCPServerSession.Event, _ answer: (String, JSONObject) -> MCPToolResult
  ) -> Bool {
    var actions = session.handle(event)[...]
    while let action = actions.popFirst() {
      switch action {
      case .send(let line): guard writeAll(line) else { return false }
      case .run(let call, let tool, let arguments):
        actions += session.handle(.finished(call: call, answer(tool, arguments)))
      case .cancel: break
      case .exit: return false
      }
    }
    return true
  }

  private func writeAll(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var event = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
        poll(&event, 1, -1)
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }
}
