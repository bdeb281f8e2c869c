// SandboxPath.swift — which paths can be granted, and where.

import Glibc

enum SandboxPath {
  /// Folders that the wall makes itself, or that describe the machine: nothing may be put there.
  private static let reserved = ["/proc", "/sys", "/dev"]
  /// Folders too broad to grant: everything, everyone's files, the system's secrets and sockets.
  private static let tooBroad = ["/", "/home", "/root", "/etc", "/var", "/run", "/tmp", "/boot"]

  /// Why `target` cannot be a place inside the sandbox, nil where it can.
  static func problem(withTarget target: String) -> String? {
    guard isPlain(target) else {
      return "is not an absolute path without \".\", \"..\" and doubled or trailing slashes."
    }
    return reserved.contains { isInside(target, $0) }
      ? "lies in a folder that the wall makes." : nil
  }

  /// Why the folder `source` of the host cannot be granted, nil where it can.
  static func problem(withSource source: String) -> String? {
    if source == "/" || tooBroad.contains(source) { return "is too broad to grant." }
    guard isPlain(source) else { return "is not an absolute path." }
    return reserved.contains { isInside(source, $0) } ? "describes the machine." : nil
  }

  /// Absolute, every part a plain name. Compared as bytes: two spellings of one character are two
  /// names to the kernel.
  static func isPlain(_ path: String) -> Bool {
    let bytes = Array(path.utf8)
    guard bytes.count < Int(PATH_MAX), bytes.first == UInt8(ascii: "/"), !bytes.contains(0) else {
      return false
    }
    return bytes.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .allSatisfy { part in
        !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
      }
  }

  static func isInside(_ path: String, _ folder: String) -> Bool {
    path.utf8.elementsEqual(folder.utf8) || path.utf8.starts(with: "\(folder)/".utf8)
  }

  /// The path without symbolic links; nil with `errno` set where it leads nowhere.
  static func resolved(_ path: String) -> String? {
    guard let pointer = realpath(path, nil) else { return nil }
    defer { free(pointer) }
    // A name that is not UTF-8 would come back as another name; refuse it.
    return String(validatingCString: pointer)
  }

  static func linkContent(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    guard count > 0 else { return nil }
    return String(validating: buffer.prefix(count), as: UTF8.self)
  }
}
