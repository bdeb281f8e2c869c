// PrivateFolder.swift — a folder of the host that belongs to one run, removed with all that the command
// left in it.
//
// Whoever uses one holds a lock on it. A host that was killed lets go of the lock and leaves the folder:
// the next host of the same user removes what nobody holds.

import CSandbox
import Glibc
import Synchronization

final class PrivateFolder: Sendable {
  enum Purpose: String, CaseIterable {
    /// Stands for /tmp where the command has no root of its own.
    case scratch = "martlet-scratch-"
    /// Holds copies of granted folders.
    case copies = "martlet-copies-"

    /// Where such folders lie. Copies can be large, and /tmp can lie in memory.
    var place: String {
      self == .copies && access("/var/tmp", W_OK | X_OK) == 0
        ? SandboxPath.resolved("/var/tmp") ?? "/tmp" : "/tmp"
    }
  }

  let path: String
  /// Open on the folder, and the lock on it.
  private let folder: Descriptor
  private let isRemoved = Atomic(false)

  init(_ purpose: Purpose) throws(SandboxError) {
    _ = Self.sweep
    for _ in 0..<64 {
      var template = Array("\(purpose.place)/\(purpose.rawValue)XXXXXX".utf8CString)
      guard mkdtemp(&template) != nil else { throw .call(name: "mkdtemp", errno: errno) }
      let made = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let opened = open(made, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      // Between making and locking it, another host may have taken it for left behind.
      if opened >= 0, let folder = Self.lock(Descriptor(opened)) {
        path = made
        self.folder = folder
        return
      }
    }
    throw .call(name: "flock", errno: EWOULDBLOCK)
  }

  deinit { remove() }

  func remove() {
    guard isRemoved.exchange(true, ordering: .relaxed) == false else { return }
    if rmdir(path) == 0 { return }
    FolderRemoval.remove(AT_FDCWD, Array(path.utf8CString))
  }

  /// Locks a folder of this user's that nobody holds; nil where that is not to be had.
  private static func lock(_ folder: Descriptor) -> Descriptor? {
    var status = stat()
    guard flock(folder.number, LOCK_EX | LOCK_NB) == 0, fstat(folder.number, &status) == 0,
      status.st_uid == geteuid(), status.st_nlink > 0
    else { return nil }
    return folder
  }

  /// Once in the life of this process, on a thread of its own: what was left behind can be large.
  private static let sweep: Void = {
    _ = OwnThread.start { for purpose in Purpose.allCases { removeLeftovers(of: purpose) } }
  }()

  /// Removes folders of this user that no process holds.
  static func removeLeftovers(of purpose: Purpose) {
    let place = open(purpose.place, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard place >= 0 else { return }
    let parent = Descriptor(place)
    for name in folderEntries(purpose.place) where name.hasPrefix(purpose.rawValue) {
      var status = stat()
      guard fstatat(parent.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
        status.st_uid == geteuid(),
        let folder = FolderRemoval.open(parent.number, Array(name.utf8CString)),
        let held = lock(folder)
      else { continue }
      FolderRemoval.remove(parent.number, Array(name.utf8CString))
      withExtendedLifetime(held) {}
    }
  }
}

/// Removes a folder and everything in it, however deep that is, and never follows a link.
enum FolderRemoval {
  /// How many folders are open at one time; what lies deeper is moved up first.
  private static let depthMax = 64
  /// Bounds the work where somebody goes on making folders.
  private static let turnCountMax = 65_536

  /// Opens a folder by its name, no link; where its owner took away the right to look into it, that is
  /// given back. Nil where there is none.
  static func open(_ parent: Int32, _ name: [CChar]) -> Descriptor? {
    let path = openat(parent, name, Int32(CS_PATH_ONLY) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard path >= 0 else { return nil }
    let place = Descriptor(path)
    var status = stat()
    if fstat(place.number, &status) == 0, status.st_mode & 0o700 != 0o700 {
      chmod("/proc/self/fd/\(place.number)", 0o700)
    }
    let folder = openat(place.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    return folder >= 0 ? Descriptor(folder) : nil
  }

  /// `name` need not be UTF-8.
  static func remove(_ parent: Int32, _ name: [CChar]) {
    if unlinkat(parent, name, 0) == 0 { return }
    guard let folder = open(parent, name) else { return }
    for turn in 0..<turnCountMax {
      var moved = 0
      empty(folder, top: folder, turn: turn, moved: &moved, depthLeft: depthMax)
      if unlinkat(parent, name, AT_REMOVEDIR) == 0 || moved == 0 { return }
    }
  }

  private static func empty(
    _ folder: Descriptor, top: Descriptor, turn: Int, moved: inout Int, depthLeft: Int
  ) {
    for name in names(in: folder) ?? [] where unlinkat(folder.number, name, 0) != 0 {
      guard let inner = open(folder.number, name) else { continue }
      if depthLeft > 0 {
        empty(inner, top: top, turn: turn, moved: &moved, depthLeft: depthLeft - 1)
        unlinkat(folder.number, name, AT_REMOVEDIR)
      } else if renameat(folder.number, name, top.number, ".deep-\(turn)-\(moved)") == 0 {
        moved += 1
      }
    }
  }

  /// The names in an open folder, without itself and its parent, as bytes that end in 0; nil where it
  /// cannot be read to its end.
  static func names(in folder: Descriptor) -> [[CChar]]? {
    let again = openat(folder.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard again >= 0 else { return nil }
    guard let stream = fdopendir(again) else {
      close(again)
      return nil
    }
    defer { closedir(stream) }
    var names: [[CChar]] = []
    errno = 0
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
      }
      if name != [46, 0], name != [46, 46, 0] { names.append(name) }
      errno = 0
    }
    return errno == 0 ? names : nil
  }
}
