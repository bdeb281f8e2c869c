// MappedFile.swift — a file's bytes without reading them.

import Base
import Glibc

/// A whole file, mapped read-only and private for as long as the object lives.
///
/// Pages come in on first touch and can be dropped by the kernel at any time, so a mapping of 14 GB
/// costs nothing until it is used. The file must not be cut short by someone else meanwhile.
public final class MappedFile: Sendable {
  public let path: String
  /// Bytes in the file.
  public let count: Int
  /// Safe to share: the mapping is never written and lives as long as `self`.
  private nonisolated(unsafe) let base: UnsafeMutableRawPointer?

  public init(path: String) throws(ModelFileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .cannotOpen(path: path, errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .cannotOpen(path: path, errno: EISDIR) }
    let count = Int(status.st_size)
    var base: UnsafeMutableRawPointer?
    if count > 0 {
      base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard base != MAP_FAILED else { throw .cannotOpen(path: path, errno: errno) }
    }
    self.path = path
    self.count = count
    self.base = base
  }

  deinit {
    if let base { munmap(base, count) }
  }

  /// The file's bytes. Valid only while the file object lives; keep the object next to any copy.
  public var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base, count: count)
  }
}
