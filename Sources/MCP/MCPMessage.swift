// MCPMessage.swift — JSON-RPC 2.0 as MCP restricts it: one object a line, ids never null.
//
//   request       {"jsonrpc":"2.0","id":ID,"method":M,"params":{…}}
//   notification  {"jsonrpc":"2.0","method":M,"params":{…}}
//   result        {"jsonrpc":"2.0","id":ID,"result":{…}}
//   error         {"jsonrpc":"2.0","id":ID,"error":{"code":N,"message":S,"data":…}}
//
// `params` may be absent; `id` is absent (some peers write null) in an error about a message whose
// id could not be read. Unknown members are ignored.

public import Base

/// What a request is known by, echoed with the JSON type it came with.
public enum RequestID: Hashable, Sendable, CustomStringConvertible {
  case integer(Int64)
  case string(String)

  /// Longer ids are refused, since they have to be kept until the answer.
  public static let bytesMax = 256

  public var description: String {
    switch self {
    case .integer(let value): String(value)
    case .string(let text): JSONValue.string(text).compactText
    }
  }

  init?(_ json: JSONValue) {
    switch json {
    case .number(.integer(let value)): self = .integer(value)
    case .number(.double(let value)):
      // Some encoders write every number with a fraction; beyond 2^53 it would not be exact.
      guard abs(value) <= 0x1p53, let whole = Int64(exactly: value) else { return nil }
      self = .integer(whole)
    case .string(let text) where text.utf8.count <= Self.bytesMax: self = .string(text)
    default: return nil
    }
  }

  var json: JSONValue {
    switch self {
    case .integer(let value): .number(.integer(value))
    case .string(let text): .string(text)
    }
  }
}

/// A JSON-RPC error as it travels.
public struct RPCError: Error, Equatable, Sendable {
  public var code: Int
  public var message: String
  public var data: JSONValue?

  public init(code: Int, message: String, data: JSONValue? = nil) {
    self.code = code
    self.message = message
    self.data = data
  }

  static let parseError = -32700
  static let invalidRequest = -32600
  static let methodNotFound = -32601
  static let invalidParams = -32602
  static let internalError = -32603
  static let unsupportedProtocolVersion = -32022
}

/// A line that is no message.
public struct UnusableLine: Equatable, Sendable {
  public var error: MCPError
  /// The line's id, where it could still be made out.
  public var id: RequestID?
  /// Whether the line names a method, so is no answer.
  public var namesMethod: Bool
}

/// One line of the protocol. Reading is total: what is no message is the last case.
public enum MCPMessage: Equatable, Sendable {
  case request(id: RequestID, method: String, params: JSONObject?)
  case notification(method: String, params: JSONObject?)
  case result(id: RequestID, result: JSONObject)
  case error(id: RequestID?, error: RPCError)
  case unusable(UnusableLine)
}

// MARK: - Writing

extension MCPMessage {
  /// The message as one line with its ending. Line feeds within texts are escaped, so there is
  /// exactly one; an unusable line has no bytes.
  public var line: [UInt8] {
    var object: JSONObject = ["jsonrpc": "2.0"]
    switch self {
    case .request(let id, let method, let params):
      object["id"] = id.json
      object["method"] = .string(method)
      object["params"] = params.map(JSONValue.object)
    case .notification(let method, let params):
      object["method"] = .string(method)
      object["params"] = params.map(JSONValue.object)
    case .result(let id, let result):
      object["id"] = id.json
      object["result"] = .object(result)
    case .error(let id, let error):
      object["id"] = id?.json
      var body: JSONObject = [
        "code": .number(.integer(Int64(error.code))), "message": .string(error.message),
      ]
      body["data"] = error.data
      object["error"] = .object(body)
    case .unusable: return []
    }
    return Array(JSONValue.object(object).compactText.utf8) + [UInt8(ascii: "\n")]
  }
}

// MARK: - Reading

extension MCPMessage {
  /// Deep enough for any schema met in practice, shallow enough for any thread's stack.
  static let limits = JSONReader.Limits(depthMax: 96, valueCountMax: 500_000)

  /// Reads one line, its ending removed.
  public init(line: [UInt8]) {
    do {
      self.init(try JSONReader.value(line, source: "message", limits: Self.limits))
    } catch {
      self = .unusable(Self.salvage(line, error))
    }
  }

  private init(_ json: JSONValue) {
    guard case .object(let object) = json else {
      let isBatch = json.arrayValue != nil
      self = .unusable(
        UnusableLine(error: isBatch ? .batch : .notAnObject, id: nil, namesMethod: false))
      return
    }
    do { self = try Self.read(object) } catch {
      let id = object["id"].flatMap { RequestID($0) }
      self = .unusable(UnusableLine(error: error, id: id, namesMethod: object["method"] != nil))
    }
  }

  private static func read(_ object: JSONObject) throws(MCPError) -> MCPMessage {
    guard object["jsonrpc"] == "2.0" else { throw .notJSONRPC }
    if let member = object["method"] {
      guard let method = member.stringValue else { throw .invalidShape("\"method\" is no text") }
      let params = try readParams(object["params"])
      guard let id = object["id"] else { return .notification(method: method, params: params) }
      guard let id = RequestID(id) else { throw .invalidID }
      return .request(id: id, method: method, params: params)
    }
    switch (object["result"], object["error"]) {
    case (let result?, nil):
      guard let id = object["id"].flatMap({ RequestID($0) }) else { throw .invalidID }
      guard case .object(let members) = result else {
        throw .invalidShape("\"result\" is no object")
      }
      return .result(id: id, result: members)
    case (nil, let error?):
      return .error(id: try readErrorID(object["id"]), error: try readError(error))
    case (_?, _?): throw .invalidShape("it has both \"result\" and \"error\"")
    case (nil, nil): throw .invalidShape("it has no \"method\", \"result\" or \"error\"")
    }
  }

  private static func readParams(_ json: JSONValue?) throws(MCPError) -> JSONObject? {
    switch json {
    case nil, .null?: return nil
    case .object(let members)?: return members
    default: throw .invalidShape("\"params\" is no object")
    }
  }

  private static func readErrorID(_ json: JSONValue?) throws(MCPError) -> RequestID? {
    guard let json, !json.isNull else { return nil }
    guard let id = RequestID(json) else { throw .invalidID }
    return id
  }

  private static func readError(_ json: JSONValue) throws(MCPError) -> RPCError {
    guard let code = json["code"]?.intValue, let message = json["message"]?.stringValue else {
      throw .invalidShape("\"error\" lacks a whole \"code\" or a \"message\"")
    }
    return RPCError(code: code, message: message, data: json["data"])
  }

  /// What can still be said of a line that is not JSON, or breaks a limit. An id that comes before
  /// the damage lets the one request fail at once that would otherwise wait for its time-out.
  private static func salvage(_ line: [UInt8], _ error: JSONError) -> UnusableLine {
    var unusable = UnusableLine(error: .notJSON(error), id: nil, namesMethod: false)
    if line.contains(0) {
      unusable.error = .nulByte
    } else if String(validating: line, as: UTF8.self) == nil {
      unusable.error = .invalidUTF8
    }
    var reader = JSONReader(line, source: "message", limits: limits)
    var first = true
    do {
      try reader.beginObject()
      while let key = try reader.nextKey(first: &first) {
        if key == "method" { unusable.namesMethod = true }
        if key == "id", unusable.id == nil {
          switch try reader.peekKind() {
          case .number: unusable.id = RequestID(.number(try reader.readNumber()))
          case .string: unusable.id = RequestID(.string(try reader.readString()))
          default: try reader.skipValue()
          }
        } else {
          try reader.skipValue()
        }
      }
    } catch {
      // The damage has been reached; what came before it is known.
    }
    return unusable
  }
}
