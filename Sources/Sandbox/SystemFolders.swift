// SystemFolders.swift — what the grant "system" stands for: enough of the operating system to run its
// programs, nothing about this machine or its people.

import Glibc

/// One thing that is put into the sandbox, before anything was opened.
struct PlannedMount: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    case folder
    case file
    case device
    /// In place of a folder or file of the host's, one with nothing in it.
    case emptyFolder
    case emptyFile
  }

  var source: String
  var target: String
  var kind: Kind
  var access: SandboxProfile.Access
}

struct SystemFolders: Sendable {
  var mounts: [PlannedMount] = []
  /// Path and content of symbolic links.
  var links: [(path: String, content: String)] = []

  /// Top-level folders of programs. On most systems all but the first are links into it.
  private static let programs = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store",
  ]
  /// Parts of /etc that programs need to start at all: the linker's cache, the links behind names
  /// such as awk, and the public certificates.
  private static let settings = ["/etc/ld.so.cache", "/etc/alternatives", "/etc/ssl/certs"]
  private static let devices = [
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
  ]

  /// Looks at this machine.
  init() {
    for path in Self.programs + Self.settings { add(path) }
    if let zone = SandboxPath.linkContent("/etc/localtime") {
      links.append(("/etc/localtime", zone))
    }
  }

  private mutating func add(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    switch status.st_mode & S_IFMT {
    case S_IFLNK:
      if let content = SandboxPath.linkContent(path) { links.append((path, content)) }
    case S_IFDIR:
      mounts.append(PlannedMount(source: path, target: path, kind: .folder, access: .read))
    case S_IFREG:
      mounts.append(PlannedMount(source: path, target: path, kind: .file, access: .read))
    default: break
    }
  }

  /// The device files that every sandbox has.
  static var deviceMounts: [PlannedMount] {
    devices.filter { access($0, F_OK) == 0 }.map {
      PlannedMount(source: $0, target: $0, kind: .device, access: .write)
    }
  }

  /// Links that programs expect in /dev.
  static let deviceLinks: [(path: String, content: String)] = [
    ("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"), ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/shm", "/tmp/.shm"),
  ]
}
