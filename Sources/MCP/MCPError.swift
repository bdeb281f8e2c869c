// MCPError.swift — everything that can be wrong with a line, an answer, or a whole session.

public import Base

/// What went wrong between a client and a server. `description` says what, where, and what next.
public enum MCPError: Error, Equatable, Sendable {
  // A line that is no message.
  case lineTooLong(bytesMax: Int)
  case lineUnterminated(byteCount: Int)
  case nulByte
  case invalidUTF8
  case notJSON(JSONError)
  /// A JSON array. Only revision 2025-03-26 knew batches, and no known server sends them.
  case batch
  case notAnObject
  /// `jsonrpc` is not "2.0".
  case notJSONRPC
  /// `id` is neither a whole number of 64 bits nor a string of at most 256 bytes.
  case invalidID
  case invalidShape(String)

  // A request of ours that came to nothing.
  case notOpen
  case refused(RPCError)
  case timedOut(method: String)
  case cancelled
  case peerClosed
  case invalidResult(method: String, problem: String)
  /// The server wants input of a kind that the client never offered.
  case inputRequired([String])
  case tooManyRounds(roundCountMax: Int)
  case tooManyPages(pageCountMax: Int)
  case tooManyTools(toolCountMax: Int)
  /// More requests at a time than the session holds.
  case tooManyRequests(requestCountMax: Int)
  /// Two calls were given the same number by the caller.
  case duplicateCall(Int)

  // A session that cannot go on.
  case noCommonVersion([String])
  case tooMuchNoise(lineCountMax: Int)

  // Oddities that a session survives.
  case unknownAnswer(RequestID)
  /// An answer to a request that was cancelled or timed out.
  case lateAnswer(RequestID)
  /// An answer to a request that has been answered.
  case secondAnswer(RequestID)
  case unattributedError(RPCError)
  case unexpectedRequest(method: String)
  case unusableTool(name: String, problem: String)
}

extension MCPError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .lineTooLong(let bytesMax):
      "The peer sent a line of more than \(bytesMax) bytes; it was dropped."
    case .lineUnterminated(let byteCount):
      "The peer closed the stream inside a line, after \(byteCount) bytes of it."
    case .nulByte: "The peer sent a line with a NUL byte; MCP lines are JSON text."
    case .invalidUTF8: "The peer sent a line that is not UTF-8."
    case .notJSON(let error): "The peer sent a line that is not JSON: \(error)"
    case .batch: "The peer sent a batch (a JSON array); MCP messages come one a line."
    case .notAnObject: "The peer sent JSON that is not an object, so not a message."
    case .notJSONRPC: "The peer sent an object whose \"jsonrpc\" is not \"2.0\"."
    case .invalidID:
      "The peer sent an \"id\" that is neither a whole number nor a string of at most \(RequestID.bytesMax) bytes."
    case .invalidShape(let problem): "The peer sent a malformed message: \(problem)."
    case .notOpen: "The session with the server is not open, so nothing was asked of it."
    case .refused(let error): "The server answered with error \(error.code): \(error.message)"
    case .timedOut(let method): "The server did not answer \"\(method)\" in time."
    case .cancelled: "The call was cancelled."
    case .peerClosed: "The server closed the connection before it answered."
    case .invalidResult(let method, let problem):
      "The server's result for \"\(method)\" cannot be used: \(problem)."
    case .inputRequired(let methods):
      """
      The server wants input that this client does not offer (\(methods.joined(separator: ", "))); \
      the call was given up.
      """
    case .tooManyRounds(let roundCountMax):
      "The server asked for the same call again more than \(roundCountMax) times."
    case .tooManyPages(let pageCountMax):
      "The server's list of tools has more than \(pageCountMax) pages."
    case .tooManyTools(let toolCountMax): "The server offers more than \(toolCountMax) tools."
    case .tooManyRequests(let requestCountMax):
      "More than \(requestCountMax) requests are waiting for this server; try again later."
    case .duplicateCall(let call): "The call \(call) is already under way."
    case .noCommonVersion(let versions):
      """
      The server speaks none of this client's protocol versions, only \
      \(versions.isEmpty ? "unnamed ones" : versions.joined(separator: ", ")). Update one of the two.
      """
    case .tooMuchNoise(let lineCountMax):
      "The server sent more than \(lineCountMax) useless lines between two answers."
    case .unknownAnswer(let id): "The server answered the request \(id), which was never made."
    case .lateAnswer(let id): "The server answered the request \(id) after it was given up."
    case .secondAnswer(let id): "The server answered the request \(id) twice."
    case .unattributedError(let error):
      "The server reported error \(error.code) about no particular request: \(error.message)"
    case .unexpectedRequest(let method):
      "The server sent the request \"\(method)\", which this client does not offer."
    case .unusableTool(let name, let problem): "The tool \"\(name)\" is left out: \(problem)."
    }
  }
}
