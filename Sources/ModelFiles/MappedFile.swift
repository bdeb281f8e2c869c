// MappedFile.swift — a file's bytes without reading them.

import Glibc

/// A whole file, mapped read-only and private for as long as the object lives.
///
/// Pages come in on first touch and can be dropped by the kernel at any time, so a mapping of 14 GB
/// costs nothing until it is used. The file must not be cut short by someone else meanwhile.
public final class MappedFile: Sendable {
  public let path: String
  /// Bytes in the file.
  public let count: Int
  /// When the file was last changed, in nanoseconds since 1970; 0 for one in memory.
  public let changed: Int
  private let isOnDisk: Bool
  /// Safe to share: the mapping is never written once made, and lives as long as `self`.
  private nonisolated(unsafe) let base: UnsafeMutableRawPointer?

  /// Maps the regular file at `path`, symbolic links followed. Anything else (a folder, a pipe, a
  /// device) is refused without being read or waited for.
  public init(path: String) throws(ModelFileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .cannotOpen(path: path, errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .notARegularFile(path: path, kind: FileKind(mode: status.st_mode))
    }
    let count = Int(status.st_size)
    var base: UnsafeMutableRawPointer?
    if count > 0 {
      base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard base != MAP_FAILED else { throw .cannotOpen(path: path, errno: errno) }
    }
    self.path = path
    self.count = count
    self.base = base
    changed = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
    isOnDisk = true
  }

  /// A file that exists in memory alone, for parsers under test; `path` is what messages call it.
  package init(copying bytes: [UInt8], path: String) throws(ModelFileError) {
    var base: UnsafeMutableRawPointer?
    if !bytes.isEmpty {
      base = mmap(
        nil, bytes.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      guard let base, base != MAP_FAILED else { throw .cannotOpen(path: path, errno: errno) }
      base.copyMemory(from: bytes, byteCount: bytes.count)
    }
    self.path = path
    self.count = bytes.count
    self.base = base
    changed = 0
    isOnDisk = false
  }

  deinit {
    if let base { munmap(base, count) }
  }

  /// Drops the whole pages within `range` from this process; they are read again when touched. A file
  /// that exists in memory alone keeps them.
  func forget(_ range: Range<Int>) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let first = (range.lowerBound + page - 1) / page * page
    let end = range.upperBound / page * page
    guard isOnDisk, let base, first < end else { return }
    madvise(base + first, end - first, MADV_DONTNEED)
  }

  /// The file's bytes. Valid only while the file object lives: keep the object next to any copy of
  /// the pointer, and hold a local one with `withExtendedLifetime`.
  public var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base, count: count)
  }
}

/// What a path turned out to be where a file with bytes was needed.
public enum FileKind: String, Equatable, Sendable {
  case folder = "a folder"
  case pipe = "a named pipe"
  case socket = "a socket"
  case device = "a device"
  case file = "a file"
  case other = "not a file"

  init(mode: mode_t) {
    switch mode & S_IFMT {
    case S_IFREG: self = .file
    case S_IFDIR: self = .folder
    case S_IFIFO: self = .pipe
    case S_IFSOCK: self = .socket
    case S_IFCHR, S_IFBLK: self = .device
    default: self = .other
    }
  }
}

extension FileKind {
  /// What is at `path`, symbolic links followed; nil where nothing is, or nothing may be seen.
  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(mode: status.st_mode)
  }
}
