// Files.swift — small helpers around files that a user names.

import Glibc

/// Why a file could not be read as a whole.
public struct FileReadError: Error, Equatable, Sendable {
  /// The end of a sentence: "No such file or directory".
  public var reason: String
}

/// The bytes of the regular file at `path`; a larger one than `bytesMax`, a folder or a device is
/// refused.
public func wholeFile(_ path: String, bytesMax: Int) throws(FileReadError) -> [UInt8] {
  let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard file >= 0 else { throw FileReadError(reason: String(cString: strerror(errno))) }
  defer { close(file) }
  return try wholeFile(file, bytesMax: bytesMax)
}

/// As above, for a file that is open.
func wholeFile(_ file: Int32, bytesMax: Int) throws(FileReadError) -> [UInt8] {
  var status = stat()
  guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
    throw FileReadError(reason: "it is not a file")
  }
  guard status.st_size <= bytesMax else {
    throw FileReadError(reason: "it has more than \(bytesMax) bytes")
  }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(Int(status.st_size))
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while bytes.count <= bytesMax {
    let count = read(file, &chunk, chunk.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { throw FileReadError(reason: String(cString: strerror(errno))) }
    if count == 0 { return bytes }
    bytes += chunk[..<count]
  }
  throw FileReadError(reason: "it has more than \(bytesMax) bytes")
}

/// The names in a folder, hidden ones left out, sorted by their bytes; none where it cannot be read.
func folderNames(in folder: String) -> [String] {
  guard let stream = opendir(folder) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

extension String {
  /// The path with every link resolved and made absolute; nil where there is nothing.
  public var resolvingLinks: String? {
    guard let resolved = realpath(self, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
