// MCPClientSession+Answers.swift — what the answer to each kind of request leads to.

public import Base

/// What a server says of itself. All of it is the server's word.
public struct MCPServerFacts: Equatable, Sendable {
  public var version: MCPVersion
  public var implementation: MCPImplementation?
  /// Text for the model.
  public var instructions: String?
  public var capabilities: JSONObject

  /// Without this capability the server must not be asked for its tools.
  public var offersTools: Bool { capabilities["tools"]?.objectValue != nil }
}

extension MCPClientSession {
  mutating func receiveResult(_ result: JSONObject, for purpose: Purpose) {
    switch purpose {
    case .probe: receiveDiscovery(result)
    case .handshake: receiveInitialization(result)
    case .page(let tools, let pageCount): receivePage(result, tools, pageCount)
    case .call(let call): receiveCallResult(result, call)
    }
  }

  mutating func receiveError(_ error: MCPError, for purpose: Purpose) {
    switch purpose {
    case .probe: receiveProbeError(error)
    case .handshake: receiveHandshakeError(error)
    case .page: actions.append(.toolsFailed(error))
    case .call(let call): actions.append(.failed(call: call.number, error))
    }
  }

  // MARK: - Opening, modern

  private mutating func receiveDiscovery(_ result: JSONObject) {
    guard isComplete(result), let names = Self.names(result["supportedVersions"]) else {
      sendHandshake(.newestLegacy)
      return
    }
    guard names.contains(MCPVersion.newestModern.rawValue) else {
      fallBack(from: names)
      return
    }
    open(
      MCPServerFacts(
        version: .newestModern,
        implementation: MCPImplementation(result["_meta"]?[Wire.serverInfo]),
        instructions: result["instructions"]?.stringValue,
        capabilities: result["capabilities"]?.objectValue ?? [:]))
  }

  private mutating func receiveProbeError(_ error: MCPError) {
    guard case .refused(let rpcError) = error,
      rpcError.code == RPCError.unsupportedProtocolVersion,
      let names = Self.names(rpcError.data?["supported"])
    else {
      sendHandshake(.newestLegacy)
      return
    }
    fallBack(from: names)
  }

  /// The server is modern, but not in our revision; perhaps it still shakes hands.
  private mutating func fallBack(from names: [String]) {
    let common = names.compactMap { MCPVersion(rawValue: $0) }.filter { $0.era == .legacy }
    if common.isEmpty {
      close(.noCommonVersion(names))
    } else {
      sendHandshake(common.contains(.newestLegacy) ? .newestLegacy : common[0])
    }
  }

  // MARK: - Opening, legacy

  private mutating func receiveInitialization(_ result: JSONObject) {
    guard let name = result["protocolVersion"]?.stringValue else {
      close(.invalidResult(method: Wire.initialize, problem: "it lacks \"protocolVersion\""))
      return
    }
    guard let version = MCPVersion(rawValue: name), version.era == .legacy else {
      close(.noCommonVersion([name]))
      return
    }
    send(.notification(method: Wire.initialized, params: nil))
    open(
      MCPServerFacts(
        version: version, implementation: MCPImplementation(result["serverInfo"]),
        instructions: result["instructions"]?.stringValue,
        capabilities: result["capabilities"]?.objectValue ?? [:]))
  }

  private mutating func receiveHandshakeError(_ error: MCPError) {
    guard case .refused(let rpcError) = error else {
      close(error)
      return
    }
    if rpcError.code == RPCError.unsupportedProtocolVersion, probeCount == 1 {
      sendProbe()
      return
    }
    let names = Self.names(rpcError.data?["supported"]) ?? []
    let untried = names.compactMap { MCPVersion(rawValue: $0) }
      .first { $0.era == .legacy && !handshakeVersionsTried.contains($0) }
    if let untried {
      sendHandshake(untried)
    } else {
      close(names.isEmpty ? error : .noCommonVersion(names))
    }
  }

  private mutating func open(_ facts: MCPServerFacts) {
    phase = .open(facts)
    actions.append(.opened(facts))
  }

  // MARK: - Tools

  private mutating func receivePage(_ result: JSONObject, _ tools: [MCPTool], _ pageCount: Int) {
    guard isComplete(result), let list = result["tools"]?.arrayValue else {
      let problem = "it is incomplete, or lacks the list \"tools\""
      actions.append(.toolsFailed(.invalidResult(method: Wire.toolsList, problem: problem)))
      return
    }
    guard tools.count + list.count <= Self.toolCountMax else {
      actions.append(.toolsFailed(.tooManyTools(toolCountMax: Self.toolCountMax)))
      return
    }
    let all = adding(list, to: tools)
    guard let cursor = result["nextCursor"]?.stringValue else {
      actions.append(.toolsListed(all))
      return
    }
    guard pageCount < Self.pageCountMax else {
      actions.append(.toolsFailed(.tooManyPages(pageCountMax: Self.pageCountMax)))
      return
    }
    sendPage(cursor: cursor, .page(tools: all, pageCount: pageCount + 1))
  }

  /// Adds the usable ones; of two tools of one name the first stays.
  private mutating func adding(_ list: [JSONValue], to tools: [MCPTool]) -> [MCPTool] {
    var tools = tools
    var names = Set(tools.map(\.name))
    for element in list {
      do throws(MCPError) {
        let tool = try MCPTool(element)
        guard names.insert(tool.name).inserted else {
          throw .unusableTool(name: tool.name, problem: "another tool has the same name")
        }
        tools.append(tool)
      } catch {
        actions.append(.ignored(error))
      }
    }
    return tools
  }

  private mutating func receiveCallResult(_ result: JSONObject, _ call: Call) {
    switch resultType(result) {
    case "complete":
      do { actions.append(.completed(call: call.number, try MCPToolResult(result))) } catch {
        actions.append(.failed(call: call.number, error))
      }
    case "input_required": askAgain(call, result)
    case let type:
      let problem = "it is of the unknown type \"\(clipped(type))\""
      actions.append(
        .failed(call: call.number, .invalidResult(method: Wire.toolsCall, problem: problem)))
    }
  }

  /// The server may want the same request once more with the state that it hands out, and nothing
  /// else: this client declared no capability, so it must not be asked for input.
  private mutating func askAgain(_ call: Call, _ result: JSONObject) {
    var next = call
    next.round += 1
    next.requestState = result["requestState"]?.stringValue
    let wanted = result["inputRequests"]?.objectValue ?? [:]
    if !wanted.isEmpty {
      let methods = Set(wanted.map { $0.value["method"]?.stringValue ?? $0.key }).sorted()
      let shown = methods.prefix(8).map(clipped)
      actions.append(.failed(call: call.number, .inputRequired(shown)))
    } else if next.requestState == nil {
      let problem = "it wants input, but names neither an input nor a state"
      actions.append(
        .failed(call: call.number, .invalidResult(method: Wire.toolsCall, problem: problem)))
    } else if next.round > Self.roundCountMax {
      actions.append(
        .failed(call: call.number, .tooManyRounds(roundCountMax: Self.roundCountMax)))
    } else {
      sendCall(next)
    }
  }

  // MARK: - Results

  private func isComplete(_ result: JSONObject) -> Bool { resultType(result) == "complete" }

  /// Legacy results have no type. A type that is no text is as unknown as any other.
  private func resultType(_ result: JSONObject) -> String {
    guard let type = result["resultType"], server?.version.era != .legacy else {
      return "complete"
    }
    return type.stringValue ?? type.compactText
  }

  private static func names(_ json: JSONValue?) -> [String]? {
    guard let elements = json?.arrayValue else { return nil }
    return elements.prefix(64).compactMap { $0.stringValue.map { clipped($0) } }
  }
}
