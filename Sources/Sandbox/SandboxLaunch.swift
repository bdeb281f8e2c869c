// SandboxLaunch.swift — one command in one sandbox with our own standard streams: `sandbox run`.

public import Base
import CSandbox
import Glibc

/// `martlet sandbox run --profile P [--workspace DIR] [--tier T] -- COMMAND`.
public struct SandboxLaunch: Sendable {
  /// The profile's name, and the folders to look for it in, in order.
  public var profile: String
  public var profileFolders: [String]
  public var workspace: String?
  /// Exactly this tier; nil for the best that works and that the profile accepts.
  public var tier: SandboxTier?
  public var command: [String]

  public init(
    profile: String, profileFolders: [String], workspace: String?, tier: SandboxTier? = nil,
    command: [String]
  ) {
    self.profile = profile
    self.profileFolders = profileFolders
    self.workspace = workspace
    self.tier = tier
    self.command = command
  }

  /// What the caller is to do: exit with the status; where there is a complaint, write it to standard
  /// error behind "martlet: sandbox: "; where the record is wanted, write it.
  public struct End: Equatable, Sendable {
    public var exitStatus: Int32
    public var complaint: String?
    public var record: JSONValue
  }

  /// Runs the command with the host's standard streams: its input as it is, its output copied as it
  /// comes, as much as whoever reads it takes. Cancel the task to end it.
  public func run() async -> End {
    do throws(SandboxError) {
      let profile = try SandboxProfile(named: profile, in: profileFolders)
      let folders = workspace.map { [SandboxProfile.workspace: $0] } ?? [:]
      let plan = try SandboxPlan(profile, folders: folders, wall: .find(), tier: tier)
      let streams = SandboxStreams(input: try Self.input(), output: .relay(1), error: .relay(2))
      let before = InputState()
      defer { before.restore() }
      let outcome = try await plan.run(SandboxCommand(command), streams: streams).outcome
      return End(
        exitStatus: exitStatus(of: outcome), complaint: complaint(about: outcome),
        record: outcome.json)
    } catch {
      let record: JSONObject = [
        "profile": .string(profile), "verdict": "notStarted",
        "sentence": .string(error.description),
        "exitStatus": .number(.integer(Int64(error.exitStatus))),
      ]
      return End(
        exitStatus: error.exitStatus, complaint: error.description, record: .object(record))
    }
  }

  /// What the command gets for standard input: what we have, and of a file its bytes only.
  private static func input() throws(SandboxError) -> SandboxStreams.Input {
    var status = stat()
    guard fstat(0, &status) == 0 else { return .none }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file(0)
    case S_IFDIR, S_IFBLK:
      throw .argument(
        problem: "Standard input is a folder or a disk. Give a file, or </dev/null.")
    case S_IFCHR, S_IFIFO, S_IFSOCK: return .inherit(0)
    // Something of this process's own, where nobody gave it a standard input.
    default: return .none
    }
  }

  /// The command's own status; 7 where it went well and not all that it did was brought back.
  private func exitStatus(of outcome: SandboxOutcome) -> Int32 {
    let isWhole = outcome.copyReport?.sentence == nil
    return outcome.verdict == .exited(code: 0) && !isWhole ? 7 : outcome.verdict.exitStatus
  }

  private func complaint(about outcome: SandboxOutcome) -> String? {
    let parts = [end(of: outcome), outcome.copyReport?.sentence].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: " ")
  }

  private func end(of outcome: SandboxOutcome) -> String? {
    switch outcome.verdict {
    case .exited, .signalled: nil
    case .notExecuted(let code): "\(command.first ?? ""): \(sentence(errno: code))."
    case .timedOut, .killed, .wallFailed: outcome.summary
    }
  }
}

/// What standard input was like: the command has it as it is, and others have it afterwards.
private struct InputState {
  private let flags = fcntl(0, F_GETFL)
  private let terminal: cs_terminal?

  init() {
    var terminal = cs_terminal()
    self.terminal = cs_save_terminal(0, &terminal) == 0 ? terminal : nil
  }

  func restore() {
    if let terminal { withUnsafePointer(to: terminal) { cs_restore_terminal(0, $0) } }
    if flags >= 0, fcntl(0, F_GETFL) != flags { _ = fcntl(0, F_SETFL, flags) }
  }
}

extension SandboxError {
  /// 2 for what the user or a file said wrongly, 8 for a sandbox that cannot be built here.
  public var exitStatus: Int32 {
    switch self {
    case .noProfile, .cannotRead, .profile, .noFolder, .folder, .tierBelowLeast, .needsMounts,
      .argument:
      2
    case .tooLargeToCopy, .noWall, .wallProgram, .rootRefused, .landlockAsRoot, .noHardLimits,
      .call, .wall, .ended:
      8
    }
  }
}
