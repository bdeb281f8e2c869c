// MCPPairTests.swift — client against server in memory, over pipes that cut and delay as they like.

import Base
import MCP
import Testing

/// Both ends, the bytes under way between them, and what the driver has seen so far.
private struct Pair {
  var random: SplitMix64
  var client = MCPClientSession.named()
  var server = MCPServerSession(
    offer: MCPOffer(
      implementation: MCPImplementation(name: "echo", version: "1"), tools: [MCPTool(name: "echo")])
  )
  var toServer: [UInt8] = []
  var toClient: [UInt8] = []
  var serverFramer = LineFramer()
  var clientFramer = LineFramer()
  var running: [(call: Int, text: String)] = []
  var openRequests: [Int64] = []
  var outcomes: [Int: [String]] = [:]
  var toolNames: [[String]] = []
  var version: MCPVersion?
  var oddities: [MCPError] = []

  mutating func tell(_ event: MCPClientSession.Event) {
    for action in client.handle(event) {
      switch action {
      case .send(let bytes): toServer += bytes
      case .expectAnswer(let request, _): openRequests.append(request)
      case .opened(let facts): version = facts.version
      case .toolsListed(let tools): toolNames.append(tools.map(\.name))
      case .completed(let call, let result): outcomes[call, default: []].append(result.text)
      case .failed(let call, let error): outcomes[call, default: []].append("\(error)")
      case .ignored(let error): oddities.append(error)
      case .toolsFailed, .toolsChanged, .progressed, .logged, .close: break
      }
    }
  }

  mutating func tell(_ event: MCPServerSession.Event) {
    for action in server.handle(event) {
      switch action {
      case .send(let bytes): toClient += bytes
      case .run(let call, _, let arguments):
        running.append((call, arguments["text"]?.stringValue ?? "?"))
      case .cancel(let call): running.removeAll { $0.call == call }
      case .exit: break
      }
    }
  }

  /// Moves a random number of bytes one way, or lets one tool finish. False if all is quiet.
  mutating func step() -> Bool {
    var choices: [Int] = []
    if !toServer.isEmpty { choices.append(0) }
    if !toClient.isEmpty { choices.append(1) }
    if !running.isEmpty { choices.append(2) }
    guard let choice = choices.randomElement(using: &random) else { return false }
    switch choice {
    case 0:
      let bytes = Self.cut(&toServer, &random)
      for piece in serverFramer.receive(bytes) { tell(MCPServerSession.Event.received(piece)) }
    case 1:
      let bytes = Self.cut(&toClient, &random)
      for piece in clientFramer.receive(bytes) { tell(MCPClientSession.Event.received(piece)) }
    default:
      let done = running.remove(at: Int.random(in: 0..<running.count, using: &random))
      tell(.finished(call: done.call, MCPToolResult(text: done.text)))
    }
    return true
  }

  private static func cut(_ bytes: inout [UInt8], _ random: inout SplitMix64) -> [UInt8] {
    let count = Int.random(in: 1...min(bytes.count, 300), using: &random)
    defer { bytes.removeFirst(count) }
    return Array(bytes.prefix(count))
  }

  mutating func settle() { while step() {} }
}

@Suite struct `A client and a server` {
  @Test(arguments: 0..<200 as Range<UInt64>)
  func `bring every call to its own answer, whatever order things take`(seed: UInt64) {
    let era: MCPEra = seed % 2 == 0 ? .modern : .legacy
    var pair = Pair(random: SplitMix64(seed: seed))
    pair.tell(.started(knownEra: era))
    pair.settle()
    #expect(pair.version == (era == .modern ? .v2026_07_28 : .v2025_11_25))
    pair.tell(.toolsRequested)
    for call in 1...20 {
      pair.tell(.callRequested(call: call, tool: "echo", arguments: ["text": .string(text(call))]))
      if Bool.random(using: &pair.random) { _ = pair.step() }
    }
    pair.settle()
    #expect(pair.toolNames == [["echo"]])
    #expect(pair.oddities == [])
    #expect(
      pair.outcomes == Dictionary(uniqueKeysWithValues: (1...20).map { ($0, [text($0)]) }))
  }

  @Test(arguments: 0..<400 as Range<UInt64>)
  func `give every call one outcome through cancellations, time-outs and the end`(seed: UInt64) {
    var pair = Pair(random: SplitMix64(seed: seed))
    pair.tell(.started(knownEra: seed % 2 == 0 ? nil : .legacy))
    pair.settle()
    pair.openRequests = []
    let callCount = 15
    var cancelled: Set<Int> = []
    for call in 1...callCount {
      pair.tell(.callRequested(call: call, tool: "echo", arguments: ["text": .string(text(call))]))
      for _ in 0..<Int.random(in: 0...4, using: &pair.random) { _ = pair.step() }
      switch Int.random(in: 0..<4, using: &pair.random) {
      case 0:
        let victim = Int.random(in: 1...call, using: &pair.random)
        cancelled.insert(victim)
        pair.tell(.cancelRequested(call: victim, reason: nil))
      case 1:
        if let request = pair.openRequests.randomElement(using: &pair.random) {
          pair.tell(.timedOut(request: request))
        }
      default: break
      }
    }
    if seed % 3 == 0 { pair.tell(.peerClosed) } else { pair.settle() }
    #expect(pair.outcomes.keys.sorted() == Array(1...callCount))
    let failures = [
      MCPError.cancelled.description, MCPError.timedOut(method: "tools/call").description,
      MCPError.peerClosed.description,
    ]
    for (call, outcome) in pair.outcomes {
      #expect(outcome.count == 1)
      #expect(outcome == [text(call)] || failures.contains(outcome[0]))
      if outcome[0] == failures[0] { #expect(cancelled.contains(call)) }
    }
    #expect(
      pair.oddities.allSatisfy { if case .lateAnswer = $0 { true } else { false } },
      "only answers that crossed a cancellation are odd")
  }

  private func text(_ call: Int) -> String { "\(call)\n\"é🚀" }
}
