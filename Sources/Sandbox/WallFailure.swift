// WallFailure.swift — a wall that does not stand: which step, why, what to do.

import CSandbox
import Glibc

/// A step of martlet-wall. The names appear in records and in `--json` output.
public enum WallStep: String, Equatable, Sendable, CaseIterable {
  /// The host could not start the wall, or heard nothing of it.
  case start
  case specification
  case identity
  case clone
  case parent
  case map
  case name
  case cgroup
  case `private`
  case source
  case proc
  case root
  case files
  case place
  case pivot
  case capabilities
  case filter
  case fork
  case limits
  case folder
  case landlock
  /// The walls stood, the command could not be executed.
  case execute

  /// The step that a record of the wall means.
  init(number: UInt16) {
    let all = Self.allCases
    let index = Int(number)
    self = index < all.count ? all[index] : .start
  }
}

/// Which step failed, with what, and on what.
public struct WallFailure: Error, Equatable, Sendable {
  public var step: WallStep
  public var errno: Int32
  /// The path that the step was at work on, where it was one.
  public var subject: String?

  /// Whether this kernel, or who administers it, refuses namespaces: then another tier may work.
  public var isAboutNamespaces: Bool {
    switch step {
    case .clone, .map, .private, .proc, .root, .pivot: true
    case .source, .place, .name: errno == EPERM || errno == ENOSYS
    default: false
    }
  }
}

extension WallFailure: CustomStringConvertible {
  public var description: String {
    let place = subject.map { " (\($0))" } ?? ""
    let what = "The wall could not be built at the step \"\(step.rawValue)\"\(place): "
    return what + "\(sentence(errno: errno)). \(advice)"
  }

  private var advice: String {
    switch step {
    case .start:
      "martlet-wall ended, or was silent, before every wall stood; nothing ran. Build it anew."
    case .specification, .identity, .parent: "This is a fault in martlet; please report it."
    case .clone where errno == ENOSPC || errno == EUSERS:
      "This machine permits no user namespaces: raise the sysctl user.max_user_namespaces."
    case .clone, .map, .private, .name, .root, .pivot:
      """
      This machine does not let you make namespaces. On Ubuntu allow them for martlet-wall in \
      AppArmor; in a container, start it with a seccomp profile that permits unshare and mount.
      """
    case .proc:
      """
      A /proc of its own was refused, as containers do that mask parts of /proc. Say proc: "none" in \
      the profile, or unmask it (docker run --security-opt systempaths=unconfined).
      """
    case .source where errno == ESTALE:
      "The path leads to another file than a moment ago. Try again."
    case .source: "The user that the command runs as must be able to reach it."
    case .place, .files: "The place inside the sandbox is taken. Choose another in the profile."
    case .cgroup: "The control group refused the process. See martlet doctor."
    case .capabilities, .fork, .limits: "See martlet doctor."
    case .folder: "The folder in which the command starts cannot be entered."
    case .landlock:
      "The profile or tier needs Landlock, and this kernel offers too little of it (kernel 6.12)."
    case .filter: "The kernel refused the system call filter; it needs CONFIG_SECCOMP_FILTER."
    case .execute: "The program is not there, or may not be executed, inside the sandbox."
    }
  }
}
