// SandboxCommand.swift — what is to run behind the walls.

/// A command and the few things that differ from call to call.
public struct SandboxCommand: Equatable, Sendable {
  /// How long the command may live.
  public enum Lifetime: Equatable, Sendable {
    /// As the profile says.
    case profile
    case atMost(Duration)
    /// For a plugin that serves many calls: the host limits each call, and stops the process.
    case unbounded
  }

  /// The program and its arguments. The program is a path inside the sandbox, or a name that is looked
  /// up in the PATH inside.
  public var arguments: [String]
  /// A program of the host to run instead of looking `arguments[0]` up: it appears inside, read-only.
  public var hostProgram: String?
  /// Variables beside those of the profile; these win.
  public var environment: [String: String]
  public var lifetime: Lifetime
  /// Have the wall report each step, for `doctor` and measurements.
  public var isTraced: Bool

  public init(
    _ arguments: [String], hostProgram: String? = nil, environment: [String: String] = [:],
    lifetime: Lifetime = .profile, isTraced: Bool = false
  ) {
    self.arguments = arguments
    self.hostProgram = hostProgram
    self.environment = environment
    self.lifetime = lifetime
    self.isTraced = isTraced
  }
}
