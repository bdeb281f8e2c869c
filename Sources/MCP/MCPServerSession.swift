// MCPServerSession.swift — a plugin's end of one connection: events in, actions out, no waiting.
//
// Both eras are served on one connection, as the specification allows: a request whose `_meta`
// names a protocol version is modern and stands for itself; `initialize` opens the legacy session,
// in which requests need no envelope. Only tools are offered, and they never change.

public import Base

/// What a plugin is and what it can do.
public struct MCPOffer: Equatable, Sendable {
  public var implementation: MCPImplementation
  /// Text for the model.
  public var instructions: String?
  /// In the order in which they are listed; names are unique.
  public var tools: [MCPTool]

  public init(implementation: MCPImplementation, instructions: String? = nil, tools: [MCPTool]) {
    self.implementation = implementation
    self.instructions = instructions
    self.tools = tools
  }
}

/// One connection to one client, as a value. Feed it what happens, do what it says, in order.
public struct MCPServerSession: Sendable {
  /// Something that happened.
  public enum Event: Equatable, Sendable {
    case received(LineFramer.Piece)
    /// A call that was to be run has its answer.
    case finished(call: Int, MCPToolResult)
    /// Standard input has ended: the client wants the program to exit.
    case inputEnded
  }

  /// Something to do.
  public enum Action: Equatable, Sendable {
    /// Write these bytes, one whole line, and flush.
    case send([UInt8])
    /// Run a tool that was offered; report ``Event/finished(call:_:)``. Arguments that fail the
    /// tool's own checks are an answer with `isError`.
    case run(call: Int, tool: String, arguments: JSONObject)
    /// Nobody waits for this call any more. Its answer, if it still comes, is dropped.
    case cancel(call: Int)
    /// End the program with status 0.
    case exit
  }

  /// Calls under way at a time; what comes on top is refused.
  public static let callCountMax = 64

  private let offer: MCPOffer
  /// The revision that the legacy handshake settled on.
  private var legacyVersion: MCPVersion?
  private var running: [Int: Running] = [:]
  private var nextCall = 1
  private var isOver = false

  private struct Running {
    var id: RequestID
    var version: MCPVersion
  }

  public init(offer: MCPOffer) { self.offer = offer }

  /// Takes one event; returns what to do about it, in order.
  public mutating func handle(_ event: Event) -> [Action] {
    guard !isOver else { return [] }
    switch event {
    case .received(.line(let bytes)): return receive(MCPMessage(line: bytes))
    case .received(.tooLong(let bytesMax)):
      return [refuse(nil, RPCError.invalidRequest, "A line may have \(bytesMax) bytes at most.")]
    case .received(.unterminated): return []
    case .finished(let call, let result):
      guard let request = running.removeValue(forKey: call) else { return [] }
      return [answer(request.id, encode(result, for: request.version), request.version)]
    case .inputEnded:
      isOver = true
      return running.keys.sorted().map { .cancel(call: $0) } + [.exit]
    }
  }

  private mutating func receive(_ message: MCPMessage) -> [Action] {
    switch message {
    case .request(let id, let method, let params): return receive(id, method, params ?? [:])
    case .notification(let method, let params):
      guard method == Wire.cancelled else { return [] }
      return cancel(params?["requestId"])
    // Nothing is ever asked of the client.
    case .result, .error: return []
    case .unusable(let line):
      // What may have been an answer gets none.
      guard line.namesMethod || line.id == nil else { return [] }
      return [refuse(line.id, Self.code(of: line.error), line.error.description)]
    }
  }

  private static func code(of error: MCPError) -> Int {
    switch error {
    case .notJSON, .invalidUTF8, .nulByte: RPCError.parseError
    default: RPCError.invalidRequest
    }
  }

  private mutating func cancel(_ id: JSONValue?) -> [Action] {
    guard let id = id.flatMap({ RequestID($0) }),
      let call = running.first(where: { $0.value.id == id })?.key
    else { return [] }
    running[call] = nil
    return [.cancel(call: call)]
  }

  // MARK: - Requests

  private mutating func receive(
    _ id: RequestID, _ method: String, _ params: JSONObject
  ) -> [Action] {
    let version: MCPVersion
    do throws(RPCError) { version = try era(of: method, params) } catch {
      return [.send(MCPMessage.error(id: id, error: error).line)]
    }
    switch (method, version.era) {
    case (Wire.initialize, .legacy): return [initialize(id, params)]
    case (Wire.ping, .legacy): return [answer(id, [:], version)]
    case (Wire.discover, .modern): return [answer(id, discovery, version)]
    case (Wire.toolsList, _): return [listTools(id, params, version)]
    case (Wire.toolsCall, _): return [call(id, params, version)]
    default:
      return [
        refuse(id, RPCError.methodNotFound, "There is no method \"\(clipped(method))\" here.")
      ]
    }
  }

  /// The revision that a request is to be served by.
  private func era(of method: String, _ params: JSONObject) throws(RPCError) -> MCPVersion {
    let meta = params["_meta"]
    guard let name = meta?[Wire.protocolVersion] else {
      if method == Wire.initialize || method == Wire.ping { return legacyVersion ?? .newestLegacy }
      if let legacyVersion { return legacyVersion }
      let text = """
        "\(clipped(method))" needs "\(Wire.protocolVersion)" in "_meta", or an "initialize" before it.
        """
      throw RPCError(code: RPCError.invalidParams, message: text)
    }
    guard let name = name.stringValue else {
      let text = "\"\(Wire.protocolVersion)\" in \"_meta\" is no text."
      throw RPCError(code: RPCError.invalidParams, message: text)
    }
    guard let version = MCPVersion(rawValue: name), version.era == .modern else {
      let supported = MCPVersion.allCases.reversed().map { JSONValue.string($0.rawValue) }
      throw RPCError(
        code: RPCError.unsupportedProtocolVersion, message: "Unsupported protocol version",
        data: ["supported": .array(supported), "requested": .string(clipped(name))])
    }
    guard meta?[Wire.clientCapabilities]?.objectValue != nil else {
      let text = "\"\(Wire.clientCapabilities)\" is missing in \"_meta\", or is no object."
      throw RPCError(code: RPCError.invalidParams, message: text)
    }
    return version
  }

  private mutating func initialize(_ id: RequestID, _ params: JSONObject) -> Action {
    guard let name = params["protocolVersion"]?.stringValue else {
      return refuse(id, RPCError.invalidParams, "\"protocolVersion\" is missing, or is no text.")
    }
    guard legacyVersion == nil else {
      return refuse(id, RPCError.invalidRequest, "The session has been initialized already.")
    }
    let asked = MCPVersion(rawValue: name)
    // 2025-03-26 obliges a server to take batches, which no client sends; it gets the newest.
    let isServed = asked?.era == .legacy && asked != .v2025_03_26
    let version = isServed ? asked ?? .newestLegacy : .newestLegacy
    legacyVersion = version
    var result: JSONObject = [
      "protocolVersion": .string(version.rawValue), "capabilities": capabilities,
      "serverInfo": offer.implementation.json,
    ]
    result["instructions"] = offer.instructions.map(JSONValue.string)
    return answer(id, result, version)
  }

  private func listTools(_ id: RequestID, _ params: JSONObject, _ version: MCPVersion) -> Action {
    if let cursor = params["cursor"], !cursor.isNull {
      return refuse(id, RPCError.invalidParams, "The cursor is none that this server gave out.")
    }
    var result: JSONObject = ["tools": .array(offer.tools.map(\.json))]
    if version.era == .modern { addCaching(to: &result) }
    return answer(id, result, version)
  }

  private mutating func call(
    _ id: RequestID, _ params: JSONObject, _ version: MCPVersion
  ) -> Action {
    guard let name = params["name"]?.stringValue else {
      return refuse(id, RPCError.invalidParams, "\"name\" is missing, or is no text.")
    }
    guard offer.tools.contains(where: { $0.name == name }) else {
      return refuse(id, RPCError.invalidParams, "Unknown tool: \(clipped(name))")
    }
    var arguments: JSONObject = [:]
    switch params["arguments"] {
    case nil, .null?: break
    case .object(let members)?: arguments = members
    default: return refuse(id, RPCError.invalidParams, "\"arguments\" is no object.")
    }
    guard !running.values.contains(where: { $0.id == id }) else {
      return refuse(id, RPCError.invalidRequest, "The id \(id) belongs to a call under way.")
    }
    guard running.count < Self.callCountMax else {
      return refuse(
        id, RPCError.internalError, "\(Self.callCountMax) calls are under way; try again later.")
    }
    let call = nextCall
    nextCall += 1
    running[call] = Running(id: id, version: version)
    return .run(call: call, tool: name, arguments: arguments)
  }

  // MARK: - Answers

  private var capabilities: JSONValue { ["tools": [:]] }

  private var discovery: JSONObject {
    var result: JSONObject = [
      // Only what a request may name in its `_meta`; the handshake has its own negotiation.
      "supportedVersions": [.string(MCPVersion.newestModern.rawValue)],
      "capabilities": capabilities,
    ]
    result["instructions"] = offer.instructions.map(JSONValue.string)
    addCaching(to: &result)
    return result
  }

  /// Nothing here changes while the program runs, but the next start may be of a newer build.
  private func addCaching(to result: inout JSONObject) {
    result["ttlMs"] = 0
    result["cacheScope"] = "private"
  }

  /// Structured content has to be an object before the modern era; the text says it all the same.
  private func encode(_ result: MCPToolResult, for version: MCPVersion) -> JSONObject {
    var texts = result.content.map(\.text)
    if texts.isEmpty, let structured = result.structured { texts = [structured.compactText] }
    var object: JSONObject = [
      "content": .array(texts.map { ["type": "text", "text": .string($0)] })
    ]
    if version.era == .modern || result.structured?.objectValue != nil {
      object["structuredContent"] = result.structured
    }
    object["isError"] = .bool(result.isError)
    return object
  }

  private func answer(_ id: RequestID, _ result: JSONObject, _ version: MCPVersion) -> Action {
    var result = result
    if version.era == .modern {
      result["resultType"] = "complete"
      result["_meta"] = [Wire.serverInfo: offer.implementation.json]
    }
    return .send(MCPMessage.result(id: id, result: result).line)
  }

  private func refuse(_ id: RequestID?, _ code: Int, _ message: String) -> Action {
    .send(MCPMessage.error(id: id, error: RPCError(code: code, message: message)).line)
  }
}
