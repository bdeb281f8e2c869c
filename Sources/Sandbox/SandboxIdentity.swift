// SandboxIdentity.swift — as whom the command runs.

import CSandbox
import Glibc

/// The user and group of a walled command, outside and inside its user namespace.
public struct SandboxIdentity: Equatable, Sendable {
  public var outerUser: UInt32
  public var outerGroup: UInt32
  /// Never 0: a process that is root by number is root to many programs and some files of the kernel.
  public var innerUser: UInt32
  public var innerGroup: UInt32

  /// Whether the host's root stands behind the command: without any capability, with nothing in sight
  /// but what was granted, and still the owner of root's files among that.
  public var isRoot: Bool { outerUser == 0 }

  init(user: UInt32, group: UInt32) {
    outerUser = user
    outerGroup = group
    innerUser = user == 0 ? Self.stranger : user
    innerGroup = group == 0 ? Self.stranger : group
  }

  private static let stranger: UInt32 = 1000

  /// The identity for a command on `workspace`: the caller's own; where that is root, the workspace's
  /// owner, who may be root again.
  init(workspace: String?) {
    guard geteuid() == 0 else {
      self.init(user: geteuid(), group: getegid())
      return
    }
    var status = stat()
    guard let workspace, stat(workspace, &status) == 0 else {
      self.init(user: 0, group: 0)
      return
    }
    self.init(user: status.st_uid, group: status.st_uid == 0 ? 0 : status.st_gid)
  }

  /// /etc/passwd and /etc/group as the command sees them.
  var accounts: (passwd: String, group: String) {
    (
      """
      root:x:0:0:root:/:/usr/sbin/nologin
      user:x:\(innerUser):\(innerGroup):user:/tmp:/bin/sh
      nobody:x:65534:65534:nobody:/:/usr/sbin/nologin

      """,
      "root:x:0:\nuser:x:\(innerGroup):\nnogroup:x:65534:\n"
    )
  }
}
