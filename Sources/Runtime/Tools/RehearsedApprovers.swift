// RehearsedApprovers.swift — stand-ins for a person, for rehearsals and tests; recorded as such.
//
//     ideal:FILE   says yes to what is in FILE and no to the rest; a JSON object a line:
//                  {"tool": …, "arguments": …, "times"?: N}, without "times" any number of times
//     tired:N      says yes to every N-th question and no to the others
//     yes          says yes
//     none         is not there: the run is headless

import Base
import Planner
import Policy
import Synchronization

/// What `--approver` says.
public enum ApproverChoice: Equatable, Sendable {
  case ideal(path: String)
  case tired(every: Int)
  case yes
  case none

  /// Nil for what is none of the four.
  public init?(_ text: String) {
    switch text {
    case "yes": self = .yes
    case "none": self = .none
    case _ where text.hasPrefix("ideal:") && text.utf8.count > 6:
      self = .ideal(path: String(text.dropFirst(6)))
    case _ where text.hasPrefix("tired:"):
      guard let every = Int(text.dropFirst(6)), (1...1_000_000).contains(every) else { return nil }
      self = .tired(every: every)
    default: return nil
    }
  }

  /// As it is recorded.
  public var name: String {
    switch self {
    case .ideal: "ideal"
    case .tired(let every): "tired:\(every)"
    case .yes: "yes"
    case .none: "none"
    }
  }

  /// The approver; nil for none.
  ///
  /// - Parameter workspace: Relative paths of the built-in tools in the file are paths in it.
  /// - Returns: A new one, which has answered nothing yet.
  /// - Throws: ``RunError`` that names the file and the line.
  public func approver(workspace: String) throws(RunError) -> (any Approver)? {
    switch self {
    case .ideal(let path): try IdealApprover(path: path, workspace: workspace)
    case .tired(let every): TiredApprover(every: every)
    case .yes: TiredApprover(every: 1, name: name)
    case .none: nil
    }
  }
}

/// Says yes to what was planned.
final class IdealApprover: Approver {
  let name = "ideal"
  /// Uses that are left of each planned action; nil for any number.
  private let plan: Mutex<[String: Int?]>

  private static let fileBytesMax = 64 << 20

  init(path: String, workspace: String) throws(RunError) {
    let bytes: [UInt8]
    do throws(FileReadError) { bytes = try wholeFile(path, bytesMax: Self.fileBytesMax) } catch {
      throw RunError(.misconfigured("\(path) cannot be read: \(error.reason)."))
    }
    var plan: [String: Int?] = [:]
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where line.contains(where: { $0 > 0x20 }) {
      let place = "\(path), line \(index + 1)"
      let json: JSONValue
      do throws(JSONError) { json = try JSONReader.value(Array(line), source: place) } catch {
        throw RunError(.misconfigured(error.description))
      }
      guard let tool = json["tool"]?.stringValue, case .object(let object) = json,
        object.keys.allSatisfy({ ["tool", "arguments", "times"].contains($0) })
      else {
        throw RunError(
          .misconfigured("\(place) should be {\"tool\": …, \"arguments\": …, \"times\"?: N}."))
      }
      let effect = Effect(
        tool: tool, arguments: json["arguments"] ?? .object([:]), workspace: workspace)
      let key = Self.key(tool, effect.canonicalArguments)
      guard let times = json["times"] else {
        plan[key] = .some(nil)
        continue
      }
      guard let count = times.intValue, count > 0 else {
        throw RunError(.misconfigured("\(place): \"times\" should be a whole number from 1."))
      }
      if case .some(.none) = plan[key] { continue }
      plan[key] = (plan[key].flatMap(\.self) ?? 0) + count
    }
    self.plan = Mutex(plan)
  }

  func ask(_ question: ApprovalQuestion) async throws(CancellationError) -> ApprovalAnswer {
    let key = Self.key(question.call.tool, question.arguments)
    return plan.withLock { plan in
      guard let left = plan[key] else { return .no }
      guard let left else { return .yes }
      guard left > 0 else { return .no }
      plan[key] = left - 1
      return .yes
    }
  }

  private static func key(_ tool: String, _ arguments: JSONValue) -> String {
    "\(tool)\n\(arguments.compactText)"
  }
}

/// Says yes to every so manieth question.
final class TiredApprover: Approver {
  let name: String
  private let every: Int
  private let count = Mutex(0)

  init(every: Int, name: String? = nil) {
    self.every = every
    self.name = name ?? "tired:\(every)"
  }

  func ask(_ question: ApprovalQuestion) async throws(CancellationError) -> ApprovalAnswer {
    let number = count.withLock { count in
      count += 1
      return count
    }
    return number.isMultiple(of: every) ? .yes : .no
  }
}
