// MCPClientSession.swift — the host's end of one connection: events in, actions out, no waiting.
//
// Opening, on standard streams (specification 2026-07-28, "stdio: Backward Compatibility"):
//
//   server/discover ─ result with a version of ours ───────────────▶ open, modern
//         │         └ result or error -32022 without one ─────────▶ initialize, or closed
//         └ any other error, a useless result, no answer in time ─▶ initialize ─▶ open, legacy
//                                                                      └ -32022: discover once more
//
// The second probe is for a server that starts slowly: it reads the probe after we gave it up, is
// modern from then on, and refuses the handshake.

public import Base

/// One connection to one server, as a value. Feed it what happens, do what it says, in order.
///
/// Every call that is requested ends in exactly one ``Action/completed(call:_:)`` or
/// ``Action/failed(call:_:)``, at the latest when the driver reports a time-out or the peer's end.
public struct MCPClientSession: Sendable {
  /// Something that happened.
  public enum Event: Equatable, Sendable {
    /// The server's process is up. An era known from an earlier start saves the probe.
    case started(knownEra: MCPEra?)
    /// The server wrote something.
    case received(LineFramer.Piece)
    /// The server's end of the connection is gone.
    case peerClosed
    /// Nothing answered the request in the time that ``Action/expectAnswer(request:to:)`` began.
    case timedOut(request: Int64)
    case toolsRequested
    /// `call` is the caller's number for it; arguments of nil are sent as none.
    case callRequested(call: Int, tool: String, arguments: JSONObject?)
    case cancelRequested(call: Int, reason: String?)
  }

  /// What a request is about; the driver chooses its patience by it.
  public enum Subject: Equatable, Sendable {
    case opening
    case tools
    case call(Int)
  }

  /// Something to do.
  public enum Action: Equatable, Sendable {
    /// Write these bytes, one whole line.
    case send([UInt8])
    /// Start a clock; report ``Event/timedOut(request:)`` when it runs out. A report that comes
    /// after the answer does no harm, so no clock has to be stopped.
    case expectAnswer(request: Int64, to: Subject)
    /// Tools may be listed and called from now on.
    case opened(MCPServerFacts)
    case toolsListed([MCPTool])
    case toolsFailed(MCPError)
    /// The list that the server gave is out of date.
    case toolsChanged
    case completed(call: Int, MCPToolResult)
    case failed(call: Int, MCPError)
    /// The server is working on the call. The clock of the call may start anew, within a maximum.
    case progressed(call: Int, message: String?)
    /// The server said something for the log.
    case logged(level: String, text: String)
    /// Something odd came that changes nothing; for the log.
    case ignored(MCPError)
    /// The session is over: end the process. Calls under way have been failed.
    case close(MCPError)
  }

  /// A server that always names one more page must not keep us reading.
  public static let pageCountMax = 100
  public static let toolCountMax = 4_096
  /// Answers of the kind "ask again" that one call may get.
  public static let roundCountMax = 8
  public static let requestCountMax = 256
  /// Useless lines between two answers. Stray prints stay far below, a flood does not.
  public static let noiseLineCountMax = 10_000
  /// How many given-up requests are remembered, to know a late answer from an invented one.
  static let abandonedCountMax = 256

  enum Phase: Equatable {
    case new
    case opening
    case open(MCPServerFacts)
    case closed
  }

  /// Why a request was sent.
  enum Purpose: Equatable {
    case probe
    case handshake
    case page(tools: [MCPTool], pageCount: Int)
    case call(Call)
  }

  struct Call: Equatable {
    var number: Int
    var tool: String
    var arguments: JSONObject?
    var round = 0
    var requestState: String?
  }

  let client: MCPImplementation
  var phase = Phase.new
  var pending: [Int64: Purpose] = [:]
  var actions: [Action] = []
  private var nextRequest: Int64 = 1
  private var abandoned: [Int64] = []
  private var noiseLineCount = 0
  private(set) var probeCount = 0
  var handshakeVersionsTried: [MCPVersion] = []

  public init(client: MCPImplementation) { self.client = client }

  /// Who is at the other end, once that is known.
  public var server: MCPServerFacts? {
    guard case .open(let facts) = phase else { return nil }
    return facts
  }

  /// Takes one event; returns what to do about it, in order.
  public mutating func handle(_ event: Event) -> [Action] {
    switch event {
    case .started(let knownEra): start(knownEra)
    case .received(let piece): receive(piece)
    case .peerClosed: close(.peerClosed)
    case .timedOut(let request): timeOut(request)
    case .toolsRequested: requestTools()
    case .callRequested(let call, let tool, let arguments):
      requestCall(Call(number: call, tool: tool, arguments: arguments))
    case .cancelRequested(let call, let reason): cancel(call, reason)
    }
    let result = actions
    actions = []
    return result
  }

  // MARK: - What the driver wants

  private mutating func start(_ knownEra: MCPEra?) {
    guard phase == .new else { return }
    phase = .opening
    if knownEra == .legacy { sendHandshake(.newestLegacy) } else { sendProbe() }
  }

  private mutating func requestTools() {
    guard case .open(let facts) = phase else {
      actions.append(.toolsFailed(.notOpen))
      return
    }
    guard facts.offersTools else {
      actions.append(.toolsListed([]))
      return
    }
    guard pending.count < Self.requestCountMax else {
      actions.append(.toolsFailed(.tooManyRequests(requestCountMax: Self.requestCountMax)))
      return
    }
    sendPage(cursor: nil, .page(tools: [], pageCount: 1))
  }

  private mutating func requestCall(_ call: Call) {
    var refusal: MCPError?
    if server == nil {
      refusal = .notOpen
    } else if pendingRequest(of: call.number) != nil {
      // Failing it by number would end the first one, which is still under way.
      actions.append(.ignored(.duplicateCall(call.number)))
      return
    } else if pending.count >= Self.requestCountMax {
      refusal = .tooManyRequests(requestCountMax: Self.requestCountMax)
    }
    if let refusal {
      actions.append(.failed(call: call.number, refusal))
    } else {
      sendCall(call)
    }
  }

  private mutating func cancel(_ call: Int, _ reason: String?) {
    guard let request = pendingRequest(of: call) else { return }
    abandon(request)
    sendCancelled(request, reason: reason)
    actions.append(.failed(call: call, .cancelled))
  }

  private mutating func timeOut(_ request: Int64) {
    guard let purpose = pending[request] else { return }
    abandon(request)
    switch purpose {
    // A legacy server may never answer a method it does not know.
    case .probe: sendHandshake(.newestLegacy)
    case .handshake: close(.timedOut(method: Wire.initialize))
    case .page:
      sendCancelled(request, reason: "no answer in time")
      actions.append(.toolsFailed(.timedOut(method: Wire.toolsList)))
    case .call(let call):
      sendCancelled(request, reason: "no answer in time")
      actions.append(.failed(call: call.number, .timedOut(method: Wire.toolsCall)))
    }
  }

  private func pendingRequest(of call: Int) -> Int64? {
    pending.first { if case .call(let other) = $0.value { other.number == call } else { false } }?
      .key
  }

  // MARK: - What the server wrote

  private mutating func receive(_ piece: LineFramer.Piece) {
    guard phase != .new, phase != .closed else { return }
    switch piece {
    case .line(let bytes): receive(MCPMessage(line: bytes))
    // Too much to be a stray print, so it was an answer, and which one is lost with it.
    case .tooLong(let bytesMax): close(.lineTooLong(bytesMax: bytesMax))
    case .unterminated(let byteCount): noteNoise(.lineUnterminated(byteCount: byteCount))
    }
  }

  private mutating func receive(_ message: MCPMessage) {
    switch message {
    case .result(let id, let result):
      guard let purpose = takePending(id) else { return }
      receiveResult(result, for: purpose)
    case .error(let id?, let error):
      guard let purpose = takePending(id) else { return }
      receiveError(.refused(error), for: purpose)
    case .error(nil, let error): receiveUnattributed(error)
    case .request(let id, let method, _): receiveRequest(id, method)
    case .notification(let method, let params): receiveNotification(method, params)
    case .unusable(let line):
      guard let id = line.id, !line.namesMethod, isPending(id), let purpose = takePending(id) else {
        noteNoise(line.error)
        return
      }
      receiveError(line.error, for: purpose)
    }
  }

  /// An error without an id is about a line that the server could not read: the one it was sent.
  private mutating func receiveUnattributed(_ error: RPCError) {
    guard pending.count == 1, let only = pending.first?.key,
      let purpose = takePending(.integer(only))
    else {
      noteNoise(.unattributedError(error))
      return
    }
    receiveError(.refused(error), for: purpose)
  }

  /// A legacy server may ask back. All that this client offers is to be pinged. In the modern era
  /// servers must not ask, and clients must not answer.
  private mutating func receiveRequest(_ id: RequestID, _ method: String) {
    noteNoise(method == Wire.ping ? nil : .unexpectedRequest(method: method))
    guard phase != .closed, server?.version.era != .modern else { return }
    if method == Wire.ping {
      send(.result(id: id, result: [:]))
    } else {
      let text = "This client does not offer \"\(method)\"."
      send(.error(id: id, error: RPCError(code: RPCError.methodNotFound, message: text)))
    }
  }

  private mutating func receiveNotification(_ method: String, _ params: JSONObject?) {
    switch method {
    case Wire.toolsChanged: actions.append(.toolsChanged)
    case Wire.message:
      let data = params?["data"] ?? .null
      actions.append(
        .logged(
          level: params?["level"]?.stringValue ?? "info",
          text: data.stringValue ?? data.compactText))
    case Wire.progress:
      guard let token = params?["progressToken"]?.intValue, let purpose = pending[Int64(token)],
        case .call(let call) = purpose
      else { return }
      actions.append(.progressed(call: call.number, message: params?["message"]?.stringValue))
    default: return
    }
  }

  /// Removes and returns what the id answers; what answers nothing is noted.
  private mutating func takePending(_ id: RequestID) -> Purpose? {
    guard case .integer(let number) = id, number > 0, number < nextRequest else {
      noteNoise(.unknownAnswer(id))
      return nil
    }
    guard let purpose = pending.removeValue(forKey: number) else {
      if let index = abandoned.firstIndex(of: number) {
        abandoned.remove(at: index)
        noteNoise(.lateAnswer(id))
      } else {
        noteNoise(.secondAnswer(id))
      }
      return nil
    }
    noiseLineCount = 0
    return purpose
  }

  private func isPending(_ id: RequestID) -> Bool {
    guard case .integer(let number) = id else { return false }
    return pending[number] != nil
  }

  private mutating func noteNoise(_ oddity: MCPError?) {
    if let oddity { actions.append(.ignored(oddity)) }
    noiseLineCount += 1
    if noiseLineCount > Self.noiseLineCountMax {
      close(.tooMuchNoise(lineCountMax: Self.noiseLineCountMax))
    }
  }

  // MARK: - Ends

  /// Ends the session: everything under way fails for the same reason, in the order of asking.
  mutating func close(_ reason: MCPError) {
    guard phase != .closed else { return }
    phase = .closed
    for request in pending.keys.sorted() {
      switch pending[request] {
      case .page: actions.append(.toolsFailed(reason))
      case .call(let call): actions.append(.failed(call: call.number, reason))
      case .probe, .handshake, nil: break
      }
    }
    pending = [:]
    actions.append(.close(reason))
  }

  private mutating func abandon(_ request: Int64) {
    pending[request] = nil
    abandoned.append(request)
    if abandoned.count > Self.abandonedCountMax { abandoned.removeFirst() }
  }

  // MARK: - Sending

  mutating func send(_ message: MCPMessage) { actions.append(.send(message.line)) }

  /// Sends a request under a fresh id, which is also its progress token.
  mutating func request(_ method: String, _ params: JSONObject, _ purpose: Purpose) {
    let id = nextRequest
    nextRequest += 1
    pending[id] = purpose
    var params = params
    let subject: Subject
    switch purpose {
    case .probe, .handshake: subject = .opening
    case .page: subject = .tools
    case .call(let call):
      subject = .call(call.number)
      var meta = params["_meta"]?.objectValue ?? [:]
      meta["progressToken"] = .number(.integer(id))
      params["_meta"] = .object(meta)
    }
    send(.request(id: .integer(id), method: method, params: params.isEmpty ? nil : params))
    actions.append(.expectAnswer(request: id, to: subject))
  }

  mutating func sendProbe() {
    probeCount += 1
    request(Wire.discover, ["_meta": modernMeta()], .probe)
  }

  mutating func sendHandshake(_ version: MCPVersion) {
    handshakeVersionsTried.append(version)
    request(
      Wire.initialize,
      [
        "protocolVersion": .string(version.rawValue), "capabilities": [:],
        "clientInfo": client.json,
      ], .handshake)
  }

  mutating func sendPage(cursor: String?, _ purpose: Purpose) {
    var params = eraParams()
    params["cursor"] = cursor.map(JSONValue.string)
    request(Wire.toolsList, params, purpose)
  }

  mutating func sendCall(_ call: Call) {
    var params = eraParams()
    params["name"] = .string(call.tool)
    params["arguments"] = call.arguments.map(JSONValue.object)
    params["requestState"] = call.requestState.map(JSONValue.string)
    request(Wire.toolsCall, params, .call(call))
  }

  private mutating func sendCancelled(_ request: Int64, reason: String?) {
    var params: JSONObject = ["requestId": .number(.integer(request))]
    params["reason"] = reason.map(JSONValue.string)
    send(.notification(method: Wire.cancelled, params: params))
  }

  private func eraParams() -> JSONObject {
    server?.version.era == .modern ? ["_meta": modernMeta()] : [:]
  }

  /// The envelope of every modern request. No capability is declared: this client samples, elicits
  /// and lists roots for nobody.
  private func modernMeta() -> JSONValue {
    [
      Wire.protocolVersion: .string(MCPVersion.newestModern.rawValue),
      Wire.clientCapabilities: [:],
      Wire.clientInfo: client.json,
    ]
  }
}
