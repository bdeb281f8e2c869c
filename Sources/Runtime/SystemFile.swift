// SystemFile.swift — the administrator's files: believed only where nobody else could have written them.
//
// Owner and mode are read from what was opened, not from a path that may lead elsewhere by then.

import Glibc
import Policy

/// Reads files that only one user may have written.
enum SystemFile {
  /// Refuses a folder that others than `owner` can change.
  static func checkFolder(_ path: String, owner: UInt32) throws {
    let folder = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    guard folder >= 0 else { throw failure(path) }
    defer { close(folder) }
    try check(folder, path, owner, "the folder")
  }

  /// The bytes of the regular file at `path`, which is no link.
  static func bytes(_ path: String, bytesMax: Int, owner: UInt32) throws -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    guard file >= 0 else {
      guard errno == ELOOP else { throw failure(path) }
      throw PolicyError(source: path, problem: .unsafeOwner("it is a symbolic link"))
    }
    defer { close(file) }
    try check(file, path, owner, "the file")
    do throws(FileReadError) { return try wholeFile(file, bytesMax: bytesMax) } catch {
      throw PolicyPlaceError.cannotRead(path: path, reason: error.reason)
    }
  }

  private static func check(
    _ descriptor: Int32, _ path: String, _ owner: UInt32, _ what: String
  ) throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path) }
    guard status.st_uid == owner else {
      throw PolicyError(
        source: path, problem: .unsafeOwner("\(what) belongs to the user \(status.st_uid)"))
    }
    guard status.st_mode & 0o022 == 0 else {
      throw PolicyError(
        source: path, problem: .unsafeOwner("\(what) can be written by a group or by everyone"))
    }
  }

  private static func failure(_ path: String) -> PolicyPlaceError {
    .cannotRead(path: path, reason: String(cString: strerror(errno)))
  }
}
