// Files.swift — small files of the cache: read whole, replaced whole.

import Glibc

/// Why a file could not be read or written: the end of a sentence.
struct FileProblem: Error {
  var reason: String
  var code: Int32

  init(_ reason: String) {
    self.reason = reason
    code = 0
  }

  /// For the C library's last error.
  init(errno code: Int32) {
    reason = String(cString: strerror(code))
    self.code = code
  }
}

enum Files {
  /// The bytes of a regular file that is not larger than `bytesMax`.
  static func bytes(_ path: String, bytesMax: Int) throws(FileProblem) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw FileProblem(errno: errno) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw FileProblem("it is not a file")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileProblem(errno: errno) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= bytesMax else {
        throw FileProblem("it has more than \(bytesMax) bytes")
      }
    }
  }

  /// Writes a file as `temporary`, then gives it the name `path`.
  static func replace(
    _ path: String, with text: String, by temporary: String
  ) throws(FileProblem) {
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard file >= 0 else { throw FileProblem(errno: errno) }
    let bytes = Array(text.utf8)
    let count = write(file, bytes, bytes.count)
    let code = count == bytes.count && fsync(file) == 0 ? 0 : (count < 0 ? errno : ENOSPC)
    close(file)
    guard code == 0, rename(temporary, path) == 0 else {
      let problem = FileProblem(errno: code == 0 ? errno : code)
      unlink(temporary)
      throw problem
    }
  }

  /// Makes a folder and those above it.
  static func makeFolder(_ path: String) throws(FileProblem) {
    if isFolder(path) { return }
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeFolder(String(path[..<slash]))
    }
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw FileProblem(errno: errno) }
    guard isFolder(path) else { throw FileProblem(errno: ENOTDIR) }
  }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The size of the regular file that `path` leads to; nil where there is none.
  static func size(_ path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  /// What a symbolic link says; nil for anything else.
  static func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    return count >= 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }

  /// The names in a folder, sorted by their bytes; none where it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Removes a file, a link (never what it leads to), or a folder with everything in it.
  static func remove(_ path: String) throws(FileProblem) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      guard errno == ENOENT else { throw FileProblem(errno: errno) }
      return
    }
    if status.st_mode & S_IFMT == S_IFDIR {
      for name in names(in: path) { try remove(path + "/" + name) }
      guard rmdir(path) == 0 else { throw FileProblem(errno: errno) }
    } else {
      guard unlink(path) == 0 else { throw FileProblem(errno: errno) }
    }
  }

  /// The bytes that a file, or everything in a folder, takes; what links lead to is not counted.
  static func bytesTaken(_ path: String) -> Int {
    var status = stat()
    guard lstat(path, &status) == 0 else { return 0 }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return names(in: path).reduce(0) { $0 + bytesTaken(path + "/" + $1) }
    case S_IFREG: return Int(status.st_size)
    default: return 0
    }
  }

  /// The folder that `path` lies in.
  static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  }
}
