// Database+Opening.swift — from a path to a connection on a file of the right kind and format.
//
// In this order: resolve the folder; make the file, for its owner alone; open it; see whose it is
// before anything in it is changed; settle the journal; bring the format up to date.
//
// The file is never opened here by any other means than SQLite: closing any descriptor of a file
// drops all of the process's locks on it, those of other connections included (fcntl(2)).

import CSQLite
import Glibc

extension Database {
  /// Opens the file of `format` at `path`.
  ///
  /// With ``StoreAccess/readWrite``, missing folders are made with mode 0700 and a missing file with
  /// mode 0600; what exists keeps its mode.
  package convenience init(
    path: String, format: FileFormat, access: StoreAccess, limits: StoreLimits
  ) throws(StoreError) {
    guard sqlite3_libversion_number() >= 3_037_000 else {
      throw .libraryTooOld(version: String(cString: sqlite3_libversion()))
    }
    let resolved = try FilePlace.prepare(path, access: access)
    try self.init(path: resolved, access: access, waitMax: limits.waitMax)
    try checkOwner(format)
    if access == .readWrite {
      try settleJournal()
      try limitSize(limits.bytesMax)
      try migrate(format)
    }
    try checkVersion(format)
    // Whoever needs the file does not have to wait for room on the disk; the next one tries again.
    if access == .readWrite { try? finishScrub() }
  }

  /// Refuses a file that another program made. An empty file is nobody's yet.
  private func checkOwner(_ format: FileFormat) throws(StoreError) {
    let owner = try integer("PRAGMA application_id")
    if owner == Int64(format.applicationID) { return }
    let byteCount = FilePlace.byteCount(path)
    if byteCount > 0, try integer("PRAGMA page_count") == 0 {
      // SQLite takes a file of some bytes for an empty one, and would write over it.
      throw .notADatabase(path: path)
    }
    guard owner == 0, try isEmpty() else { throw .foreign(path: path, wanted: format.name) }
  }

  private func isEmpty() throws(StoreError) -> Bool {
    guard try integer("PRAGMA user_version") == 0 else { return false }
    return try integer("SELECT count(*) FROM sqlite_schema") == 0
  }

  private func checkVersion(_ format: FileFormat) throws(StoreError) {
    let version = Int(try integer("PRAGMA user_version"))
    let versionMax = format.migrations.count
    if version > versionMax { throw .newer(path: path, version: version, versionMax: versionMax) }
    if version < versionMax { throw .older(path: path, version: version, versionMax: versionMax) }
  }

  /// Also turns a file back that something left in WAL mode.
  private func settleJournal() throws(StoreError) {
    let mode = try first("PRAGMA journal_mode = TRUNCATE") { $0.text(0) }
    guard mode == "truncate" else { throw .busy(path: path) }
  }

  private func limitSize(_ bytesMax: Int64) throws(StoreError) {
    let pageBytes = max(512, try integer("PRAGMA page_size"))
    // SQLite's own limit is 2^32 - 2 pages.
    let pageCountMax = min(max(1, bytesMax / pageBytes), 4_294_967_294)
    try run("PRAGMA max_page_count = \(pageCountMax)")
  }

  private func migrate(_ format: FileFormat) throws(StoreError) {
    // Read without the write lock, so that opening an up-to-date file never waits for a writer.
    if try integer("PRAGMA user_version") == Int64(format.migrations.count) { return }
    try write { () throws(StoreError) in
      // Read again: another process may have been faster.
      let version = Int(try integer("PRAGMA user_version"))
      guard version >= 0, version < format.migrations.count else { return }
      for migration in format.migrations[version...] { try migration.run(self) }
      try run("PRAGMA application_id = \(format.applicationID)")
      try run("PRAGMA user_version = \(format.migrations.count)")
    }
  }
}

/// Where a file lies: folders and the empty file itself.
private enum FilePlace {
  /// The path with its folder resolved, since SQLite refuses a symbolic link anywhere in it.
  static func prepare(_ path: String, access: StoreAccess) throws(StoreError) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard !path.utf8.contains(0), let name = parts.last, !name.isEmpty else {
      throw .cannotCreate(path: path, code: EINVAL)
    }
    let folder = parts.count == 1 ? "." : parts.dropLast().joined(separator: "/") + "/"
    if access == .readWrite { try makeFolders(folder) }
    guard let resolved = realpath(folder, nil) else {
      if access == .readOnly, errno == ENOENT { throw .notFound(path: path) }
      throw .cannotCreate(path: path, code: errno)
    }
    defer { free(resolved) }
    let prefix = String(cString: resolved)
    let file = (prefix == "/" ? "" : prefix) + "/" + name
    switch access {
    case .readWrite: try makeFile(file)
    case .readOnly:
      var info = stat()
      guard lstat(file, &info) == 0 else { throw .notFound(path: file) }
    }
    return file
  }

  static func byteCount(_ path: String) -> Int {
    var info = stat()
    return lstat(path, &info) == 0 ? Int(info.st_size) : 0
  }

  private static func makeFolders(_ folder: String) throws(StoreError) {
    var path = folder.hasPrefix("/") ? "/" : ""
    for name in folder.split(separator: "/") {
      path += name
      // Looked for first: mkdir in a folder that may not be written can say so even of one that
      // exists.
      var info = stat()
      if stat(path, &info) != 0, mkdir(path, 0o700) != 0, errno != EEXIST {
        throw .cannotCreate(path: path, code: errno)
      }
      path += "/"
    }
  }

  /// Makes the empty file, unless there is one. SQLite would make it readable to all, and gives its
  /// journal the same mode. mknod(2), because it leaves no descriptor that would have to be closed.
  private static func makeFile(_ path: String) throws(StoreError) {
    var info = stat()
    if lstat(path, &info) == 0 { return }
    if mknod(path, S_IFREG | 0o600, 0) != 0, errno != EEXIST {
      throw .cannotCreate(path: path, code: errno)
    }
  }
}
