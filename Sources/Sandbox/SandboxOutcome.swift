// SandboxOutcome.swift — what became of a walled command: the record for ledger, model and `--json`.

public import Base
import CSandbox

/// How a walled command ended.
public enum SandboxVerdict: Equatable, Sendable {
  case exited(code: Int32)
  /// By a signal that the host did not send.
  case signalled(Int32)
  /// At the end of its wall time.
  case timedOut
  /// By the host, for `reason`.
  case killed(KillReason)
  /// Every wall stood; the command could not be executed.
  case notExecuted(errno: Int32)
  /// Nothing ran.
  case wallFailed(WallFailure)

  public enum KillReason: String, Equatable, Sendable {
    /// The caller asked for it.
    case stopped
    case memory
    case processes
    /// What it may write grew by more than the limit.
    case disk
    /// The wall itself died, and the command with it.
    case wallDied
  }

  /// The exit status that a shell would show: the command's, 128 + the signal, 127 for a program that
  /// is not there, 8 for a sandbox that could not be built.
  public var exitStatus: Int32 {
    switch self {
    case .exited(let code): code
    case .signalled(let signal): 128 + signal
    case .timedOut, .killed: 128 + 9
    case .notExecuted(let errno): errno == 2 ? 127 : 126
    case .wallFailed: 8
    }
  }
}

/// Everything about one run of a walled command except its output.
public struct SandboxOutcome: Equatable, Sendable {
  /// What holds the memory limit.
  public enum Enforcement: String, Equatable, Sendable {
    case cgroup2 = "cgroup-v2"
    case cgroup1 = "cgroup-v1"
    /// Every 100 ms the host adds up what the processes use.
    case watchdog
  }

  public var profile: String
  public var verdict: SandboxVerdict
  public var tier: SandboxTier
  /// The failure of a better tier that was tried first; nothing ran in it.
  public var droppedFrom: WallFailure?
  /// The layers that stood, by name. Empty where the wall failed.
  public var layers: [String] = []
  /// 0 where Landlock was not in force.
  public var landlockABI: Int32 = 0
  public var identity: SandboxIdentity
  public var enforcement: Enforcement
  /// Whether the profile hides or protects something that this tier cannot, and says to do without.
  public var isBare = false
  /// The folders that the command got copies of, as in the record; nil for none.
  var copies: JSONValue?
  /// What was brought back from the copies.
  public var copyReport: CopyReport?
  public var inputByteCount = 0
  /// All that the command wrote, kept or not.
  public var outputByteCount = 0
  public var errorByteCount = 0
  /// Whether output was dropped because it passed the limit.
  public var isTruncated = false
  /// From the start of the wall to its last wall.
  public var timeToReady: Duration = .zero
  /// From the start of the wall to the end of everything.
  public var timeTotal: Duration = .zero
  /// Processor time of the command and those children that it waited for.
  public var timeOfUser: Duration = .zero
  public var timeOfSystem: Duration = .zero
  /// Of the largest of these processes.
  public var residentBytesMax = 0
  /// Time since the wall began at which each step was done, where the command was traced.
  public var steps: [(step: WallStep, time: Duration)] = []

  public static func == (left: SandboxOutcome, right: SandboxOutcome) -> Bool {
    left.json == right.json
  }
}

extension SandboxOutcome {
  /// The record as it is written by `--json` and into the ledger.
  public var json: JSONValue {
    var object: JSONObject = ["profile": .string(profile)]
    for (key, value) in verdictMembers { object[key] = value }
    object["exitStatus"] = .number(.integer(Int64(verdict.exitStatus)))
    for (key, value) in walls { object[key] = value }
    object["bytes"] = [
      "input": count(inputByteCount), "output": count(outputByteCount),
      "error": count(errorByteCount), "truncated": .bool(isTruncated),
    ]
    object["microseconds"] = [
      "ready": count(timeToReady.microseconds), "total": count(timeTotal.microseconds),
      "user": count(timeOfUser.microseconds), "system": count(timeOfSystem.microseconds),
    ]
    object["residentBytesMax"] = count(residentBytesMax)
    if let copyReport { object["copyReport"] = .object(copyReport.members) }
    if !steps.isEmpty {
      object["steps"] = .array(
        steps.map { ["step": .string($0.step.rawValue), "at": count($0.time.microseconds)] })
    }
    return .object(object)
  }

  /// The part that is known as soon as the walls stand.
  var walls: JSONObject {
    var object: JSONObject = ["profile": .string(profile), "tier": .string(tier.rawValue)]
    if let droppedFrom { object["droppedFrom"] = .object(droppedFrom.members) }
    object["layers"] = .array(layers.map { .string($0) })
    object["landlockABI"] = .number(.integer(Int64(landlockABI)))
    object["user"] = [
      "outer": .number(.integer(Int64(identity.outerUser))),
      "inner": .number(.integer(Int64(identity.innerUser))),
      "root": .bool(identity.isRoot),
    ]
    object["memoryLimit"] = .string(enforcement.rawValue)
    object["processLimit"] = .string(processEnforcement)
    if isBare { object["unprotected"] = true }
    if let copies { object["copies"] = copies }
    return object
  }

  /// What holds the number of processes. The kernel counts those of a user namespace, and none of
  /// root's, of whom it can bound the numbers that there are for processes.
  var processEnforcement: String {
    if enforcement != .watchdog { return enforcement.rawValue }
    if tier == .full, !identity.isRoot { return "rlimit" }
    return layers.contains("numbers") ? "process-numbers" : enforcement.rawValue
  }

  private func count(_ value: Int) -> JSONValue { .number(.integer(Int64(value))) }

  private var verdictMembers: [(String, JSONValue)] {
    switch verdict {
    case .exited(let code):
      [("verdict", "exited"), ("code", .number(.integer(Int64(code))))]
    case .signalled(let signal):
      [("verdict", "signalled"), ("signal", .number(.integer(Int64(signal))))]
    case .timedOut: [("verdict", "timedOut")]
    case .killed(let reason): [("verdict", "killed"), ("reason", .string(reason.rawValue))]
    case .notExecuted(let code):
      [("verdict", "notExecuted"), ("errno", .string(name(errno: code)))]
    case .wallFailed(let failure):
      [("verdict", "wallFailed"), ("failure", .object(failure.members))]
    }
  }

  /// One sentence for people and models: what happened to the command.
  public var summary: String {
    switch verdict {
    case .exited(let code): "The command exited with status \(code)."
    case .signalled(let signal): "The command was ended by signal \(signal)."
    case .timedOut: "The command was stopped at the end of its time."
    case .killed(.stopped): "The command was stopped."
    case .killed(.memory): "The command was stopped because it used more memory than its limit."
    case .killed(.processes): "The command was stopped because it started too many processes."
    case .killed(.disk): "The command was stopped because it wrote more to the disk than its limit."
    case .killed(.wallDied): "The command's sandbox died, and the command with it."
    case .notExecuted(let code):
      "The command could not be executed: \(sentence(errno: code))."
    case .wallFailed(let failure): failure.description
    }
  }

  static func layerNames(_ bits: UInt32) -> [String] {
    let names: [(wall_layer, String)] = [
      (WALL_LAYER_NAMESPACES, "namespaces"), (WALL_LAYER_ROOT, "root"),
      (WALL_LAYER_CAPABILITIES, "capabilities"), (WALL_LAYER_LIMITS, "limits"),
      (WALL_LAYER_LANDLOCK, "landlock"), (WALL_LAYER_FILTER, "filter"),
      (WALL_LAYER_CGROUP, "cgroup"), (WALL_LAYER_NUMBERS, "numbers"),
    ]
    return names.filter { bits & $0.0.rawValue != 0 }.map(\.1)
  }
}

extension CopyReport {
  fileprivate var members: JSONObject {
    [
      "broughtBack": .number(.integer(Int64(broughtBackCount))),
      "notBroughtBack": .number(.integer(Int64(notBroughtBackCount))),
      "first": .array(
        notBroughtBack.map { ["path": .string($0.path), "reason": .string($0.reason.rawValue)] }),
    ]
  }
}

extension WallFailure {
  fileprivate var members: JSONObject {
    var object: JSONObject = [
      "step": .string(step.rawValue), "errno": .string(name(errno: errno)),
      "sentence": .string(description),
    ]
    if let subject { object["subject"] = .string(subject) }
    return object
  }
}

extension Duration {
  /// Whole microseconds.
  var microseconds: Int {
    Int(components.seconds) * 1_000_000 + Int(components.attoseconds / 1_000_000_000_000)
  }
}
