// GrantExceptions.swift — what lies beneath a grant and is hidden or protected, turned into mounts.
//
// A mount over a path holds only as long as nobody can move the folder above it away and make another
// one in its place. So every folder between the grant and the path becomes a mount of its own, which
// the kernel refuses to rename (EBUSY). And what can be seen at two places is treated at both.

import CSandbox
import Glibc

/// The exceptions of one profile, as paths of the host.
struct GrantExceptions: Sendable {
  private enum Wish: Sendable {
    case hide, protect, protectWhereThere
  }

  private var wishes: [(folder: String, path: String, wish: Wish)] = []

  /// Adds those of a grant whose folder is `source`.
  mutating func add(_ grant: SandboxProfile.Grant, source: String) {
    wishes += grant.hidden.map { (source, $0, .hide) }
    wishes += grant.protected.map { (source, $0, .protect) }
    wishes += grant.protectedWhereThere.map { (source, $0, .protectWhereThere) }
  }

  /// What is hidden and protected beneath a granted folder, looking at the disk now. What is to be
  /// protected and is not there is among it where the profile says that it is to be made.
  ///
  /// - Throws: A path that leads through a link.
  func found(
    in folder: String
  ) throws(SandboxError) -> (hidden: [(path: String, isFolder: Bool)], protected: [String]) {
    guard try Self.isFolder(folder, isInner: false) != nil else {
      throw .cannotRead(path: folder, errno: ENOENT)
    }
    var hidden: [(path: String, isFolder: Bool)] = []
    var protected: [String] = []
    for (wishFolder, path, wish) in wishes where wishFolder == folder {
      let kind = try Self.isFolder(folder + "/" + path)
      switch wish {
      case .hide: if let kind { hidden.append((path, kind)) }
      case .protect: protected.append(path)
      case .protectWhereThere: if kind != nil { protected.append(path) }
      }
    }
    return (hidden, protected)
  }

  /// What the full tier mounts beside `mounts`, looking at the disk now. Folders that are to be
  /// protected and are missing are made.
  ///
  /// - Throws: A path that leads through a link, which could lead elsewhere a moment later.
  func mounts(beside mounts: [PlannedMount]) throws(SandboxError) -> [PlannedMount] {
    var found: [(path: String, isFolder: Bool, isHidden: Bool)] = []
    for (folder, path, wish) in wishes {
      let full = folder + "/" + path
      guard try Self.isFolder(folder, isInner: false) != nil else {
        throw .cannotRead(path: folder, errno: ENOENT)
      }
      var kind = try Self.isFolder(full)
      if kind == nil, wish == .protect {
        try Self.make(path, in: folder)
        kind = true
      }
      if let kind { found.append((full, kind, wish == .hide)) }
    }
    var added: [String: PlannedMount] = [:]
    for exception in found {
      let isUnseen = found.contains {
        $0.isHidden && $0.path != exception.path && SandboxPath.isInside(exception.path, $0.path)
      }
      if isUnseen { continue }
      for mount in mounts where mount.kind == .folder && exception.path != mount.source {
        guard SandboxPath.isInside(exception.path, mount.source) else { continue }
        Self.add(exception, in: mount, to: &added)
      }
    }
    return added.values.sorted { $0.target < $1.target }
  }

  private static func add(
    _ exception: (path: String, isFolder: Bool, isHidden: Bool), in mount: PlannedMount,
    to added: inout [String: PlannedMount]
  ) {
    if mount.access == .read, !exception.isHidden { return }
    let rest = exception.path.utf8.dropFirst(mount.source.utf8.count)
    let inner = String(decoding: Array(rest), as: UTF8.self).split(separator: "/")
    var place = PlannedMount(
      source: mount.source, target: mount.target, kind: .folder, access: mount.access)
    for (index, name) in inner.enumerated() {
      place.source += "/" + name
      place.target += "/" + name
      if index == inner.count - 1 {
        place.access = .read
        switch (exception.isHidden, exception.isFolder) {
        case (true, true): place.kind = .emptyFolder
        case (true, false): place.kind = .emptyFile
        case (false, true): place.kind = .folder
        case (false, false): place.kind = .file
        }
      }
      // Of two wishes for one place the stricter one counts.
      if let before = added[place.target], before.strictness >= place.strictness { continue }
      added[place.target] = place
    }
  }

  /// Nil where nothing is there.
  private static func isFolder(
    _ path: String, isInner: Bool = true
  ) throws(SandboxError) -> Bool? {
    let resolve = UInt64(CS_RESOLVE_NO_SYMLINKS | CS_RESOLVE_NO_MAGICLINKS)
    let number = cs_openat2(
      AT_FDCWD, path, Int32(CS_PATH_ONLY) | O_CLOEXEC | O_NOFOLLOW, 0, resolve)
    guard number >= 0 else {
      switch errno {
      case ENOENT, ENOTDIR: return nil
      case ELOOP where !isInner: throw .cannotRead(path: path, errno: ELOOP)
      case ELOOP: throw linked(path)
      default: throw .cannotRead(path: path, errno: errno)
      }
    }
    let file = Descriptor(number)
    var status = stat()
    guard fstat(file.number, &status) == 0 else { throw .cannotRead(path: path, errno: errno) }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return true
    case S_IFREG: return false
    case S_IFLNK where !isInner: throw .cannotRead(path: path, errno: ELOOP)
    default: throw linked(path)
    }
  }

  private static func linked(_ path: String) -> SandboxError {
    .folder(
      path: path,
      problem: """
        is to be hidden or protected, and is neither a folder nor a file reached without symbolic \
        links. Put it there itself, or change the profile.
        """)
  }

  /// Makes the folders of `path` that are missing, owned as `folder` is.
  private static func make(_ path: String, in folder: String) throws(SandboxError) {
    var place = folder
    var owner = stat()
    guard stat(folder, &owner) == 0 else { throw .cannotRead(path: folder, errno: errno) }
    for name in path.split(separator: "/") {
      place += "/" + name
      guard mkdir(place, 0o755) == 0 else {
        if errno == EEXIST { continue }
        throw .folder(path: place, problem: "could not be made: \(sentence(errno: errno)).")
      }
      if geteuid() == 0 { lchown(place, owner.st_uid, owner.st_gid) }
    }
    // Somebody may have put a link there meanwhile.
    guard try isFolder(place) == true else { throw linked(place) }
  }
}

extension PlannedMount {
  /// A hidden place is stricter than one to read, that than one to write.
  fileprivate var strictness: Int {
    switch kind {
    case .emptyFile, .emptyFolder: 2
    case .folder, .file, .device: access == .read ? 1 : 0
    }
  }
}
