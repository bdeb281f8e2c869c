// ConfinedFolder.swift — files beneath one folder, for tools that run in the host itself.
//
// A path is walked by the kernel with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS: it can pass through
// links that stay inside, and never leave, however the folder is changed meanwhile. The last part is
// never followed, so a link is neither read through nor written through.

import CSandbox
import Glibc

/// What cannot be done to a file beneath a confined folder.
public enum ConfinedFolderError: Error, Equatable, Sendable {
  /// The path leaves the folder, or is not a relative path of plain names.
  case outside(path: String)
  case noFile(path: String)
  /// A link, a device, a pipe or a folder where a file should be.
  case notAFile(path: String)
  case exists(path: String)
  case tooLarge(path: String, byteCountMax: Int)
  case call(name: String, path: String, errno: Int32)
}

extension ConfinedFolderError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .outside(let path):
      "\(path) leads out of the folder. Name a path inside, relative to it."
    case .noFile(let path): "\(path) does not exist."
    case .notAFile(let path): "\(path) is not an ordinary file."
    case .exists(let path): "\(path) exists already."
    case .tooLarge(let path, let byteCountMax):
      "\(path) is larger than \(byteCountMax) bytes."
    case .call(let name, let path, let code):
      "\(name) of \(path) failed: \(sentence(errno: code))."
    }
  }
}

/// A folder, held open, whose files can be read and changed by relative path.
///
/// All calls wait for the disk; call them off the cooperative pool where that matters.
public final class ConfinedFolder: Sendable {
  public let path: String
  private let folder: Descriptor

  /// Permission bits and size of an ordinary file.
  public struct FileStatus: Equatable, Sendable {
    public var byteCount: Int
    public var mode: UInt32
  }

  /// Opens the folder at `path`, which may lead through links.
  public init(path: String) throws(ConfinedFolderError) {
    let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw .call(name: "open", path: path, errno: errno) }
    self.path = path
    folder = Descriptor(number)
  }

  /// The status of an ordinary file, nil where nothing is there.
  public func status(of path: String) throws(ConfinedFolderError) -> FileStatus? {
    do throws(ConfinedFolderError) {
      let file = try openFile(path, O_RDONLY)
      return FileStatus(byteCount: Int(file.status.st_size), mode: file.status.st_mode & 0o7777)
    } catch .noFile { return nil }
  }

  /// The bytes of an ordinary file.
  public func read(_ path: String, byteCountMax: Int) throws(ConfinedFolderError) -> [UInt8] {
    let file = try openFile(path, O_RDONLY)
    guard file.status.st_size <= byteCountMax else {
      throw .tooLarge(path: path, byteCountMax: byteCountMax)
    }
    // The file may grow meanwhile.
    guard let bytes = readAll(file.descriptor.number, byteCountMax: byteCountMax + 1) else {
      throw .call(name: "read", path: path, errno: errno)
    }
    guard bytes.count <= byteCountMax else {
      throw .tooLarge(path: path, byteCountMax: byteCountMax)
    }
    return bytes
  }

  /// Puts a file with these bytes in place in one step: whoever looks sees the old one or the new one.
  /// A file that is replaced keeps its permissions; missing folders are made.
  ///
  /// - Parameters:
  ///   - bytes: The whole content.
  ///   - path: Relative to the folder.
  ///   - mode: Permissions of a new file; set-id bits are left out.
  ///   - mayReplace: Whether an ordinary file of that name may be there.
  /// - Throws: What is in the way; nothing was changed then.
  public func write(
    _ bytes: [UInt8], to path: String, mode: UInt32 = 0o644, mayReplace: Bool = true
  ) throws(ConfinedFolderError) {
    let before = try status(of: path)
    if before != nil, !mayReplace { throw .exists(path: path) }
    let place = try openParent(of: path, making: true)
    let temporary = ".martlet-\(getpid())-\(UInt64.random(in: .min ... .max))"
    let number = openat(
      place.folder.number, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw .call(name: "open", path: path, errno: errno) }
    let file = Descriptor(number)
    do throws(ConfinedFolderError) {
      try fill(file, bytes, mode: (before?.mode ?? mode) & 0o777, like: place.folder, path)
      try move(from: place.folder, temporary, to: place, mayReplace: before != nil, path)
    } catch {
      unlinkat(place.folder.number, temporary, 0)
      throw error
    }
  }

  /// Moves an ordinary file. Missing folders are made; an existing target is refused.
  public func rename(_ path: String, to target: String) throws(ConfinedFolderError) {
    _ = try openFile(path, O_RDONLY)
    let from = try openParent(of: path, making: false)
    let to = try openParent(of: target, making: true)
    try move(from: from.folder, from.name, to: to, mayReplace: false, target)
  }

  /// Removes an ordinary file.
  public func delete(_ path: String) throws(ConfinedFolderError) {
    _ = try openFile(path, O_RDONLY)
    let place = try openParent(of: path, making: false)
    guard unlinkat(place.folder.number, place.name, 0) == 0 else {
      throw .call(name: "unlink", path: path, errno: errno)
    }
  }

  // MARK: - Walking

  private struct Place {
    var folder: Descriptor
    /// The last part of the path.
    var name: String
  }

  private func parts(_ path: String) throws(ConfinedFolderError) -> [String] {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
      .filter { $0 != "." }
    guard !path.utf8.contains(0), path.utf8.first != UInt8(ascii: "/"), !parts.isEmpty,
      !parts.contains("..")
    else { throw .outside(path: path) }
    return parts
  }

  private func walk(_ path: String, _ flags: Int32) throws(ConfinedFolderError) -> Descriptor {
    let resolve = UInt64(CS_RESOLVE_BENEATH | CS_RESOLVE_NO_MAGICLINKS)
    let number = cs_openat2(folder.number, path, flags | O_CLOEXEC, 0, resolve)
    guard number >= 0 else {
      switch errno {
      // Behind the wall the filter hides openat2, whose mode it cannot read.
      case ENOSYS: return try walkStepwise(path, flags)
      case ENOENT: throw .noFile(path: path)
      case EXDEV: throw .outside(path: path)
      case ELOOP: throw .notAFile(path: path)
      default: throw .call(name: "open", path: path, errno: errno)
      }
    }
    return Descriptor(number)
  }

  /// As ``walk(_:_:)``, folder by folder, each held open. No link is passed through, so there is none
  /// that could lead out; ``parts(_:)`` has refused "..".
  private func walkStepwise(
    _ path: String, _ flags: Int32
  ) throws(ConfinedFolderError) -> Descriptor {
    let names = path.split(separator: "/").map(String.init)
    var place = folder
    for (index, name) in names.enumerated() {
      let isLast = index == names.count - 1
      let kind = (isLast ? flags : O_RDONLY | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC
      let number = openat(place.number, name, kind)
      guard number >= 0 else {
        switch errno {
        case ENOENT: throw .noFile(path: path)
        // A link answers so where a folder is wanted.
        case ELOOP, ENOTDIR: throw .notAFile(path: path)
        default: throw .call(name: "open", path: path, errno: errno)
        }
      }
      place = Descriptor(number)
    }
    return place
  }

  /// An ordinary file, opened without waiting for whoever writes into a pipe.
  private func openFile(
    _ path: String, _ flags: Int32
  ) throws(ConfinedFolderError) -> (descriptor: Descriptor, status: stat) {
    let relative = try parts(path).joined(separator: "/")
    let file = try walk(relative, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    var status = stat()
    guard fstat(file.number, &status) == 0 else {
      throw .call(name: "stat", path: path, errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
    return (file, status)
  }

  private func openParent(of path: String, making: Bool) throws(ConfinedFolderError) -> Place {
    var parts = try parts(path)
    let name = parts.removeLast()
    if parts.isEmpty { return Place(folder: folder, name: name) }
    let parent = parts.joined(separator: "/")
    do throws(ConfinedFolderError) {
      return Place(folder: try walk(parent, O_RDONLY | O_DIRECTORY), name: name)
    } catch .noFile where making {}
    // Its own parent first; then this one, in a folder that is held open.
    let outer = try openParent(of: parent, making: true)
    if mkdirat(outer.folder.number, outer.name, 0o755) != 0, errno != EEXIST {
      throw .call(name: "mkdir", path: parent, errno: errno)
    }
    let made = try walk(parent, O_RDONLY | O_DIRECTORY)
    give(made, like: outer.folder)
    return Place(folder: made, name: name)
  }

  // MARK: - Writing

  private func fill(
    _ file: Descriptor, _ bytes: [UInt8], mode: UInt32, like parent: Descriptor, _ path: String
  ) throws(ConfinedFolderError) {
    guard writeAll(file.number, bytes) else {
      throw .call(name: "write", path: path, errno: errno)
    }
    give(file, like: parent)
    guard fchmod(file.number, mode) == 0 else {
      throw .call(name: "chmod", path: path, errno: errno)
    }
    // The bytes must be on the disk before the name is.
    guard fdatasync(file.number) == 0 else {
      throw .call(name: "sync", path: path, errno: errno)
    }
  }

  /// As root, what is made belongs to the owner of the folder it is made in.
  private func give(_ made: Descriptor, like parent: Descriptor) {
    var status = stat()
    guard geteuid() == 0, fstat(parent.number, &status) == 0, status.st_uid != 0 else { return }
    fchown(made.number, status.st_uid, status.st_gid)
  }

  private func move(
    from folder: Descriptor, _ name: String, to place: Place, mayReplace: Bool, _ path: String
  ) throws(ConfinedFolderError) {
    if cs_rename(folder.number, name, place.folder.number, place.name, mayReplace ? 1 : 0) == 0 {
      return
    }
    guard errno != EEXIST else { throw .exists(path: path) }
    throw .call(name: "rename", path: path, errno: errno)
  }
}
