// DiskWatch.swift — how much of the disk a command takes up, where no file system bounds it.
//
// Looking through a workspace costs time, asking a file system what is free does not. So a folder is
// looked through only when so much less is free than at the start that the command could have done it.
// What it did is what lies in files that were changed since, and in open files that have no name.

import Glibc

/// Watches the folders of the host that one command may write.
struct DiskWatch {
  /// A folder with what its file system had free at the start.
  private struct Watched {
    var path: String
    var device: dev_t
    var freeAtStart: FreeSpace
    var byteCountMax: UInt64
    var fileCountMax: UInt64
    /// Count what is older too: the folder was empty.
    var countsAll: Bool
    var nextLook: ContinuousClock.Instant?
  }

  private struct FreeSpace {
    var bytes: UInt64
    var files: UInt64
  }

  /// A look may take this part of the time.
  private static let effort = 10
  /// Where less than this is free, the command that took as much as it may is ended at once: its files
  /// may be hidden from us.
  private static let reserveBytes: UInt64 = 128 << 20
  /// Bounds the work of one look.
  private static let entryCountMax = 2_000_000

  private var watched: [Watched] = []
  private let startedAt: timespec

  /// Each of the folders may grow by `growthBytesMax` and `growthFileCountMax`; `scratch` stands for
  /// /tmp, bounded as that is.
  init(folders: [String], scratch: String?, _ limits: SandboxLimits) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &now)
    startedAt = now
    for folder in folders {
      add(folder, limits.growthBytesMax, limits.growthFileCountMax, countsAll: false)
    }
    if let scratch {
      add(scratch, limits.scratchBytesMax, limits.scratchFileCountMax, countsAll: true)
    }
  }

  private mutating func add(
    _ path: String, _ byteCountMax: UInt64, _ fileCountMax: UInt64, countsAll: Bool
  ) {
    var status = stat()
    guard stat(path, &status) == 0, let free = Self.free(path) else { return }
    watched.append(
      Watched(
        path: path, device: status.st_dev, freeAtStart: free, byteCountMax: byteCountMax,
        fileCountMax: fileCountMax, countsAll: countsAll))
  }

  /// Whether the command has taken more than it may. `processes` are all of its processes.
  mutating func isExceeded(by processes: () -> [pid_t]) -> Bool {
    for index in watched.indices where look(&watched[index], processes) { return true }
    return false
  }

  private func look(_ folder: inout Watched, _ processes: () -> [pid_t]) -> Bool {
    guard let free = Self.free(folder.path) else { return false }
    let start = ContinuousClock.now
    let takenBytes = folder.freeAtStart.bytes - min(free.bytes, folder.freeAtStart.bytes)
    let takenFiles = folder.freeAtStart.files - min(free.files, folder.freeAtStart.files)
    let isSuspicious = takenBytes > folder.byteCountMax || takenFiles > folder.fileCountMax
    guard isSuspicious, folder.nextLook.map({ start >= $0 }) ?? true else { return false }
    if takenBytes > folder.byteCountMax, free.bytes < Self.reserveBytes { return true }
    var tally = Tally(since: folder.countsAll ? timespec() : startedAt, device: folder.device)
    tally.addTree(folder.path, entryCountMax: Self.entryCountMax)
    tally.addUnnamed(of: processes())
    let end = ContinuousClock.now
    folder.nextLook = end + (end - start) * Self.effort
    return tally.byteCount > folder.byteCountMax || tally.fileCount > folder.fileCountMax
  }

  private static func free(_ path: String) -> FreeSpace? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return FreeSpace(
      bytes: UInt64(status.f_bavail) * UInt64(status.f_frsize), files: UInt64(status.f_favail))
  }
}

/// Adds up files, each once.
private struct Tally {
  let since: timespec
  let device: dev_t
  var byteCount: UInt64 = 0
  var fileCount: UInt64 = 0
  private var seen: Set<ino_t> = []

  init(since: timespec, device: dev_t) {
    self.since = since
    self.device = device
  }

  private mutating func add(_ status: stat) {
    let changed = status.st_ctim
    let isNew =
      (changed.tv_sec, changed.tv_nsec) >= (since.tv_sec, since.tv_nsec)
    guard status.st_dev == device, isNew, seen.insert(status.st_ino).inserted else { return }
    byteCount += UInt64(clamping: status.st_blocks) * 512
    fileCount += 1
  }

  /// Everything beneath a folder, links not followed, other file systems not entered.
  mutating func addTree(_ root: String, entryCountMax: Int) {
    var folders = [Array(root.utf8CString.dropLast())]
    var left = entryCountMax
    while let path = folders.popLast(), left > 0 {
      guard let stream = opendir(path + [0]) else { continue }
      defer { closedir(stream) }
      while let entry = readdir(stream), left > 0 {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
          bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) }
        }
        if name == [46] || name == [46, 46] { continue }
        left -= 1
        var status = stat()
        guard fstatat(dirfd(stream), name + [0], &status, AT_SYMLINK_NOFOLLOW) == 0 else {
          continue
        }
        add(status)
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        if isFolder, status.st_dev == device { folders.append(path + [47] + name) }
      }
    }
  }

  /// Files that are open and have no name any more.
  mutating func addUnnamed(of processes: [pid_t]) {
    for process in processes {
      for name in folderEntries("/proc/\(process)/fd") {
        var status = stat()
        guard stat("/proc/\(process)/fd/\(name)", &status) == 0, status.st_nlink == 0 else {
          continue
        }
        add(status)
      }
    }
  }
}
