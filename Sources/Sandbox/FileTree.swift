// FileTree.swift — what lies beneath an open folder, and enough of each file to tell whether it changed.

import CSandbox
import Glibc

/// A path beneath a folder: names with "/" between them, as bytes, since names need not be text.
typealias InnerPath = [UInt8]

/// What a file was when it was looked at.
struct FileStamp: Sendable {
  enum Kind: Equatable, Sendable { case folder, file, link, other }

  var kind: Kind
  /// Permission bits.
  var mode: UInt32
  var device: UInt64
  var inode: UInt64
  var byteCount: Int64
  /// What it takes up on the disk, which is less where it has holes.
  var heldBytes: Int64
  /// Nanoseconds.
  var modified: Int64
  var changed: Int64

  init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFDIR: .folder
      case S_IFREG: .file
      case S_IFLNK: .link
      default: .other
      }
    mode = status.st_mode & 0o7777
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    byteCount = Int64(status.st_size)
    heldBytes = min(byteCount, Int64(status.st_blocks) * 512)
    modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
  }

  /// Of the file `name` in an open folder, links not followed; nil with `errno` set.
  init?(_ folder: Descriptor, _ name: [CChar]) {
    var status = stat()
    guard fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    self.init(status)
  }

  init?(_ file: Descriptor) {
    var status = stat()
    guard fstat(file.number, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Whether nothing happened in between. What a folder holds does not count, nor where the file system
  /// puts bytes some time after they were written.
  func isSame(as other: FileStamp) -> Bool {
    guard kind == other.kind, mode == other.mode else { return false }
    return kind == .folder || (isSameContent(as: other) && changed == other.changed)
  }

  /// The same, of a file that was renamed meanwhile, which the time of its change tells.
  func isSameContent(as other: FileStamp) -> Bool {
    (kind, inode, device, byteCount, modified)
      == (other.kind, other.inode, other.device, other.byteCount, other.modified)
  }
}

enum FileTree {
  enum Problem: Error, Equatable {
    case tooMany
    case tooDeep
    case call(errno: Int32)
  }

  /// Far deeper than people go; each level is an open folder.
  private static let depthMax = 200

  /// What was found beneath a folder.
  struct Look {
    var stamps: [InnerPath: FileStamp] = [:]
    /// Folders that could not be read to their end: of what is in them nothing is known.
    var blind: Set<InnerPath> = []
  }

  /// Everything beneath `root`, links not followed.
  ///
  /// - Parameters:
  ///   - root: Where to begin.
  ///   - countMax: More than this is an error.
  ///   - leavingOut: Paths that are passed over, with what is beneath them.
  /// - Returns: A stamp for each path.
  /// - Throws: What keeps it from being looked through.
  static func scan(
    _ root: Descriptor, countMax: Int, leavingOut: Set<InnerPath>
  ) throws(Problem) -> Look {
    var look = Look()
    try scan(root, at: [], depth: 0, countMax: countMax, leavingOut, &look)
    return look
  }

  private static func scan(
    _ folder: Descriptor, at path: InnerPath, depth: Int, countMax: Int,
    _ leavingOut: Set<InnerPath>, _ look: inout Look
  ) throws(Problem) {
    guard depth < depthMax else { throw .tooDeep }
    guard let names = FolderRemoval.names(in: folder) else {
      look.blind.insert(path)
      return
    }
    for name in names {
      let bytes = name.dropLast().map { UInt8(bitPattern: $0) }
      let inner = path.isEmpty ? bytes : path + [UInt8(ascii: "/")] + bytes
      if leavingOut.contains(inner) { continue }
      // It may be gone meanwhile.
      guard let stamp = FileStamp(folder, name) else { continue }
      look.stamps[inner] = stamp
      guard look.stamps.count <= countMax else { throw .tooMany }
      guard stamp.kind == .folder else { continue }
      let number = openat(
        folder.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard number >= 0 else {
        if [EMFILE, ENFILE, ENOMEM].contains(errno) { throw .call(errno: errno) }
        look.blind.insert(inner)
        continue
      }
      try scan(
        Descriptor(number), at: inner, depth: depth + 1, countMax: countMax, leavingOut, &look)
    }
  }
}

/// One tree of files: opens the folders of paths one after the other, each held, never through a link.
struct OpenTree {
  /// Why something in the tree cannot be reached or changed.
  enum Refusal: Error, Equatable {
    /// It is not what it was a moment ago.
    case changed
    /// It is one of the places that nothing may be written to.
    case guarded
    case call(errno: Int32)
  }

  let root: Descriptor
  /// Device and inode of what nothing may be written to, or beneath: so it does not matter how a file
  /// system spells names.
  var guarded: Set<[UInt64]> = []
  private var last: (path: InnerPath, folder: Descriptor)?

  init(_ root: Descriptor) { self.root = root }

  /// The folder of a path, and the path's last name.
  mutating func place(of path: InnerPath) throws(Refusal) -> (folder: Descriptor, name: [CChar]) {
    let slash = path.lastIndex(of: UInt8(ascii: "/"))
    let parent = slash.map { Array(path[..<$0]) } ?? []
    let name = path[(slash.map { $0 + 1 } ?? 0)...].map { CChar(bitPattern: $0) } + [0]
    if parent.isEmpty { return (root, name) }
    if let last, last.path == parent { return (last.folder, name) }
    var folder = root
    for part in parent.split(separator: UInt8(ascii: "/")) {
      let number = openat(
        folder.number, part.map { CChar(bitPattern: $0) } + [0],
        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard number >= 0 else {
        throw errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? .changed : .call(errno: errno)
      }
      folder = Descriptor(number)
      guard let stamp = FileStamp(folder) else { throw .call(errno: errno) }
      if guarded.contains([stamp.device, stamp.inode]) { throw .guarded }
    }
    last = (parent, folder)
    return (folder, name)
  }

  /// What is at a path now; nil where nothing is.
  mutating func stamp(at path: InnerPath) -> FileStamp? {
    guard let place = try? self.place(of: path) else { return nil }
    return FileStamp(place.folder, place.name)
  }

  /// Forgets what was found before: folders came or went.
  mutating func forget() { last = nil }

  /// Whether what is at the place is `expected` still, and may be changed.
  private func check(
    _ folder: Descriptor, _ name: [CChar], _ expected: FileStamp?
  ) throws(Refusal) {
    let found = FileStamp(folder, name)
    if let found, guarded.contains([found.device, found.inode]) { throw .guarded }
    switch (found, expected) {
    case (nil, nil): return
    case (let found?, let expected?) where expected.isSame(as: found): return
    default: throw .changed
    }
  }

  /// UTIME_NOW. Source: linux/stat.h.
  private static let now = 0x3FFF_FFFF

  private static func temporaryName() -> [CChar] {
    Array(".martlet-\(getpid())-\(UInt64.random(in: .min ... .max))".utf8CString)
  }

  /// Removes what is at a path, if that is `expected` still. A folder has to be empty.
  mutating func remove(_ path: InnerPath, expected: FileStamp) throws(Refusal) {
    let (folder, name) = try place(of: path)
    try check(folder, name, expected)
    if expected.kind == .folder {
      forget()
      guard unlinkat(folder.number, name, AT_REMOVEDIR) == 0 else { throw .call(errno: errno) }
      return
    }
    // Whoever changes it between the look and this finds it under its name again.
    let aside = Self.temporaryName()
    guard renameat(folder.number, name, folder.number, aside) == 0 else {
      throw .call(errno: errno)
    }
    guard let taken = FileStamp(folder, aside), taken.isSameContent(as: expected) else {
      _ = cs_rename(folder.number, aside, folder.number, name, 0)
      throw .changed
    }
    unlinkat(folder.number, aside, 0)
  }

  /// Makes a folder, or gives it this mode.
  mutating func makeFolder(_ path: InnerPath, mode: UInt32, expected: FileStamp?) throws(Refusal) {
    let (folder, name) = try place(of: path)
    try check(folder, name, expected)
    if expected == nil, mkdirat(folder.number, name, 0o700) != 0 { throw .call(errno: errno) }
    let number = openat(folder.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard number >= 0 else { throw .call(errno: errno) }
    let made = Descriptor(number)
    guard fchmod(made.number, mode & 0o777) == 0 else { throw .call(errno: errno) }
  }

  /// Puts a link in place in one step.
  mutating func putLink(
    _ path: InnerPath, content: [CChar], expected: FileStamp?
  ) throws(Refusal) {
    let (folder, name) = try place(of: path)
    try check(folder, name, expected)
    let temporary = Self.temporaryName()
    guard symlinkat(content, folder.number, temporary) == 0 else { throw .call(errno: errno) }
    try put(temporary, in: folder, name, expected)
  }

  /// Puts a copy of the first `stamp.byteCount` bytes of an open file in place in one step, with its
  /// mode, without set-id bits, and its time.
  mutating func putFile(
    _ path: InnerPath, from source: Descriptor, _ stamp: FileStamp, expected: FileStamp?
  ) throws(Refusal) {
    let (folder, name) = try place(of: path)
    try check(folder, name, expected)
    let temporary = Self.temporaryName()
    let number = openat(
      folder.number, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw .call(errno: errno) }
    let file = Descriptor(number)
    do throws(Refusal) {
      guard cs_copy_content(source.number, file.number, UInt64(stamp.byteCount)) == 0,
        fchmod(file.number, stamp.mode & 0o777) == 0
      else { throw .call(errno: errno) }
      // It was being written.
      guard FileStamp(source).map(stamp.isSame(as:)) == true else { throw .changed }
      let time = timespec(
        tv_sec: Int(stamp.modified / 1_000_000_000), tv_nsec: Int(stamp.modified % 1_000_000_000))
      // Read now: what cleans up temporary folders looks at that.
      futimens(file.number, [timespec(tv_sec: 0, tv_nsec: Self.now), time])
    } catch {
      unlinkat(folder.number, temporary, 0)
      throw error
    }
    try put(temporary, in: folder, name, expected)
  }

  /// Gives the file `temporary` its name. What has that name already changes places with it first, so
  /// that it can be looked at before it is lost. A folder is not replaced.
  private func put(
    _ temporary: [CChar], in folder: Descriptor, _ name: [CChar], _ expected: FileStamp?
  ) throws(Refusal) {
    var isKept = false
    defer { if !isKept { unlinkat(folder.number, temporary, 0) } }
    if expected?.kind == .folder { throw .call(errno: EISDIR) }
    guard let expected else {
      if cs_rename(folder.number, temporary, folder.number, name, 0) == 0 { return }
      throw errno == EEXIST ? .changed : .call(errno: errno)
    }
    if cs_exchange(folder.number, temporary, folder.number, name) == 0 {
      if FileStamp(folder, temporary).map(expected.isSameContent(as:)) == true { return }
      // Where it does not come back, its bytes are kept under the other name.
      isKept = cs_exchange(folder.number, temporary, folder.number, name) != 0
      throw .changed
    }
    // Not every file system can do that.
    guard errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP else {
      throw errno == ENOENT ? .changed : .call(errno: errno)
    }
    try check(folder, name, expected)
    guard cs_rename(folder.number, temporary, folder.number, name, 1) == 0 else {
      throw .call(errno: errno)
    }
  }
}
