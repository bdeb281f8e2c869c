// SandboxError.swift — why there is no sandbox, and what to do about it.

import CSandbox
import Glibc

/// A sandbox that could not be built or described. Nothing ran.
public enum SandboxError: Error, Equatable, Sendable {
  case noProfile(name: String, folders: [String])
  case cannotRead(path: String, errno: Int32)
  /// `key` is empty where the whole file is meant.
  case profile(path: String, key: String, problem: String)
  /// A grant names a folder that the host gave no path for.
  case noFolder(profile: String, folder: String)
  case folder(path: String, problem: String)
  case noWall(searched: [String])
  case wallProgram(path: String, problem: String)
  case tierBelowLeast(profile: String, least: SandboxTier, asked: SandboxTier)
  /// Something beneath a grant is to be hidden or protected, which the Landlock tier cannot do.
  case needsMounts(profile: String, folder: String)
  /// The Landlock tier would have to work on a copy of the folder, and that is larger than the profile
  /// lets a copy be.
  case tooLargeToCopy(profile: String, folder: String, limit: String)
  case rootRefused(profile: String)
  case landlockAsRoot
  /// The profile's limits are hard, and no control group can hold them here.
  case noHardLimits(profile: String)
  case argument(problem: String)
  case call(name: String, errno: Int32)
  case wall(WallFailure)
  /// The process is gone, or its input was closed.
  case ended
}

extension SandboxError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noProfile(let name, let folders):
      """
      There is no sandbox profile "\(name)" (looked for \(name).json5 in \
      \(folders.joined(separator: ", "))). Name one that exists, or add it.
      """
    case .cannotRead(let path, let code): "\(path) cannot be read: \(sentence(errno: code))."
    case .profile(let path, let key, let problem):
      key.isEmpty ? "\(path): \(problem)" : "\(path), \"\(key)\": \(problem)"
    case .noFolder(let profile, let folder):
      """
      The sandbox profile "\(profile)" grants the folder "\(folder)", and no path was given for it. \
      Give one, or mark the grant as optional.
      """
    case .folder(let path, let problem): "\(path) \(problem)"
    case .noWall(let searched):
      """
      The program martlet-wall is not there (looked at \(searched.joined(separator: ", "))). \
      Without it nothing can be sandboxed. Start martlet with ./martlet, which builds it, or run \
      Sources/CSandbox/wall/build.sh.
      """
    case .wallProgram(let path, let problem): "\(path) is not used as the wall: \(problem)"
    case .tierBelowLeast(let profile, let least, let asked):
      """
      The sandbox profile "\(profile)" asks for the tier "\(least.rawValue)"; \
      "\(asked.rawValue)" is less. Choose another profile or tier.
      """
    case .needsMounts(let profile, let folder):
      """
      The sandbox profile "\(profile)" hides or protects parts of "\(folder)", which takes the tier \
      "full": Landlock cannot take out what lies beneath a grant. Choose that tier, or say \
      belowFull: "copy" in the profile to work on a copy, or "bare" to do without.
      """
    case .tooLargeToCopy(let profile, let folder, let limit):
      """
      In the Landlock tier the sandbox profile "\(profile)" works on a copy of \(folder), because it \
      hides or protects parts of it, and the folder has more than \(limit). Use the tier "full" \
      (see martlet sandbox doctor), choose a smaller folder, or raise that limit in the profile.
      """
    case .rootRefused(let profile):
      """
      The sandbox profile "\(profile)" says rootless, and this process runs as root. Run martlet as \
      an ordinary user.
      """
    case .landlockAsRoot:
      """
      As root there is no Landlock tier: without namespaces root stays root. Run martlet as an \
      ordinary user, or where user namespaces are permitted.
      """
    case .noHardLimits(let profile):
      """
      The sandbox profile "\(profile)" says that its limits are hard, and no control group is \
      writable here. Run martlet in a delegated cgroup (systemd-run --user --scope -p Delegate=yes), \
      or set "hard" to false: then a watchdog enforces the memory limit.
      """
    case .argument(let problem): problem
    case .call(let name, let code): "\(name) failed: \(sentence(errno: code))."
    case .wall(let failure): failure.description
    case .ended: "The walled process has ended."
    }
  }
}

/// The C library's words for an errno value.
func sentence(errno code: Int32) -> String { String(cString: strerror(code)) }

/// The name of an errno value as programs write it, "EPERM".
func name(errno code: Int32) -> String {
  cs_errno_name(code).map { String(cString: $0) } ?? "errno \(code)"
}
