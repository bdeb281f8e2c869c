// ToolHostError.swift — what keeps tools from being offered or run at all.

public import Base
import Glibc
public import Sandbox

/// A manifest that cannot be used, or a sandbox that cannot be built. What a plugin does wrong is no
/// error: it is a result that the model reads.
public enum ToolHostError: Error, Equatable, Sendable {
  case cannotRead(path: String, errno: Int32)
  case notJSON(JSONError)
  /// `key` is empty where the whole file is meant.
  case manifest(path: String, key: String, problem: String)
  case nameTakenTwice(name: String, first: String, second: String)
  /// Nothing ran.
  case sandbox(tool: String, SandboxError)
  /// The host was shut down; no plugin is started any more.
  case shutDown
}

extension ToolHostError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cannotRead(let path, let code):
      "\(path) cannot be read: \(String(cString: strerror(code)))."
    case .notJSON(let error): error.description
    case .manifest(let path, let key, let problem):
      key.isEmpty ? "\(path): \(problem)" : "\(path), \"\(key)\": \(problem)"
    case .nameTakenTwice(let name, let first, let second):
      """
      The tool name "\(name)" is taken by both \(first) and \(second). Rename it in one of them.
      """
    case .sandbox(let tool, let error):
      "The sandbox of the tool \"\(tool)\" cannot be built: \(error)"
    case .shutDown: "The tools were shut down; start a new run."
    }
  }

  /// 2 for a file that says something wrong, 8 for a sandbox that cannot be built here, 1 for a bug.
  public var exitStatus: Int32 {
    switch self {
    case .cannotRead, .notJSON, .manifest, .nameTakenTwice: 2
    case .sandbox(_, let error): error.exitStatus
    case .shutDown: 1
    }
  }
}
