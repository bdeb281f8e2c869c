// SandboxLaunch.swift — one command in one sandbox with our own standard streams: `sandbox run`.

public import Base

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
      let streams = SandboxStreams(input: .inherit(0), output: .relay(1), error: .relay(2))
      let outcome = try await plan.run(SandboxCommand(command), streams: streams).outcome
      return End(
        exitStatus: outcome.verdict.exitStatus, complaint: complaint(about: outcome),
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

  private func complaint(about outcome: SandboxOutcome) -> String? {
    switch outcome.verdict {
    case .exited, .signalled: nil
    case .notExecuted(let code): "\(command.first ?? ""): \(sentence(errno: code))."
    case .timedOut, .killed, .wallFailed: outcome.summary
    }
  }
}

extension SandboxError {
  /// 2 for what the user or a file said wrongly, 8 for a sandbox that cannot be built here.
  public var exitStatus: Int32 {
    switch self {
    case .noProfile, .cannotRead, .profile, .noFolder, .folder, .tierBelowLeast, .needsMounts,
      .argument:
      2
    case .noWall, .wallProgram, .rootRefused, .landlockAsRoot, .noHardLimits, .call, .wall, .ended:
      8
    }
  }
}
