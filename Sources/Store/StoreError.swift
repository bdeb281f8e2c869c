// StoreError.swift — everything that can go wrong with a store, and the sentence for each.
//
// No sentence holds a stored value: texts, headers and bodies are private, error texts get copied
// into tickets. Paths, session ids, event and memory numbers are named.

import CSQLite
public import Digests
import Glibc

/// Why a store could not do what it was asked. Whatever was stored before is still there.
public enum StoreError: Error, Equatable, Sendable {
  /// The system's libsqlite3 is older than the store's SQL.
  case libraryTooOld(version: String)
  /// A folder or a file could not be made; `code` is an errno.
  case cannotCreate(path: String, code: Int32)
  case notFound(path: String)
  /// `code` is SQLite's extended result code.
  case cannotOpen(path: String, code: Int32)
  case symbolicLink(path: String)
  case readOnly(path: String)
  case notADatabase(path: String)
  /// A SQLite file, and not one of ours; `wanted` is "ledger" or "memory file".
  case foreign(path: String, wanted: String)
  case newer(path: String, version: Int, versionMax: Int)
  case older(path: String, version: Int, versionMax: Int)
  case busy(path: String)
  /// The disk, or the size that the file may reach.
  case full(path: String)
  case damaged(path: String)
  /// Any other failure of SQLite; `code` is its extended result code.
  case failed(path: String, code: Int32)
  case sessionExists(id: String)
  case sessionUnknown(id: String)
  /// A stored event that does not read back. `sequence` 0 is the session's own record.
  case unreadable(path: String, session: String, sequence: Int, column: String)
  case memoryUnknown(id: Int64)
  case memoryUnreadable(path: String, id: Int64)
  case leaseUnknown(id: Int64)
  case leaseUnreadable(path: String, id: Int64)
  case bodyDamaged(path: String, digest: Digest)
  case tooLarge(what: String, bytes: Int, bytesMax: Int)
  case tooMany(what: String, count: Int, countMax: Int)
  case tooDeep(what: String)
  /// A text that must not be empty is; `what` names it.
  case empty(what: String)
  /// The text is gone for every reader, but what the disk holds could not be rewritten yet.
  indirect case traceRemains(path: String, reason: StoreError)
}

extension StoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .libraryTooOld(let version):
      "libsqlite3 is version \(version); 3.37 or newer is needed. Update the system's package."
    case .cannotCreate(let path, let code):
      "\(path) cannot be created: \(String(cString: strerror(code))). Check the folder."
    case .notFound(let path): "\(path) does not exist."
    case .cannotOpen(let path, let code):
      "\(path) cannot be opened: \(Self.words(code)). Check who may read and write it."
    case .symbolicLink(let path):
      "\(path) is a symbolic link, which a store never follows. Name the file itself."
    case .readOnly(let path):
      "\(path) cannot be written. Check its permissions and those of its folder."
    case .notADatabase(let path):
      "\(path) is not a SQLite file. Move it away, or name another file."
    case .foreign(let path, let wanted):
      "\(path) is a SQLite file, but not a Martlet \(wanted). Name another file."
    case .newer(let path, let version, let versionMax):
      """
      \(path) has format \(version), and this Martlet knows formats up to \(versionMax). \
      Use the newer Martlet that wrote it.
      """
    case .older(let path, let version, let versionMax):
      """
      \(path) has the old format \(version); the present one is \(versionMax). \
      Open it once for writing, which brings it up to date.
      """
    case .busy(let path):
      "\(path) is in use by another process and did not become free. Try again."
    case .full(let path):
      """
      \(path) cannot grow: the disk is full or the file has reached its limit. \
      Make room; what was stored before is intact.
      """
    case .damaged(let path):
      "\(path) is damaged. Restore it from a backup, or move it away to start a new one."
    case .failed(let path, let code):
      "\(path): SQLite reports \"\(Self.words(code))\" (code \(code))."
    case .sessionExists(let id): "There is a session \"\(id)\" already."
    case .sessionUnknown(let id): "There is no session \"\(id)\"."
    case .unreadable(let path, let session, let sequence, let column):
      """
      \(path): \(sequence == 0 ? "the record" : "event \(sequence)") of session "\(session)" is \
      damaged in its \(column). Verify the session.
      """
    case .memoryUnknown(let id): "There is no memory \(id)."
    case .memoryUnreadable(let path, let id):
      "\(path): memory \(id) is damaged. Restore the file from a backup."
    case .leaseUnknown(let id): "There is no lease \(id)."
    case .leaseUnreadable(let path, let id):
      "\(path): lease \(id) is damaged. Revoke it."
    case .bodyDamaged(let path, let digest):
      "\(path): the body \(digest) is damaged. Verify the ledger."
    case .tooLarge(let what, let bytes, let bytesMax):
      "\(what) has \(bytes) bytes; at most \(bytesMax) can be stored."
    case .tooMany(let what, let count, let countMax):
      "There are \(count) \(what); at most \(countMax) can be stored."
    case .tooDeep(let what): "\(what) is nested too deep to be stored."
    case .empty(let what): "\(what) is empty."
    case .traceRemains(let path, let reason):
      """
      The text was removed from \(path), but the file could not be rewritten, so that its bytes \
      may still be found there. Run it again. The reason: \(reason)
      """
    }
  }

  /// SQLite's own words for a result code; they never hold values.
  private static func words(_ code: Int32) -> String {
    sqlite3_errstr(code).map { String(cString: $0) } ?? "unknown error"
  }
}

extension StoreError {
  /// The error for SQLite's extended result code `code`, met while working on `path`.
  init(code: Int32, path: String) {
    switch code & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED: self = .busy(path: path)
    case SQLITE_FULL: self = .full(path: path)
    case SQLITE_CORRUPT: self = .damaged(path: path)
    case SQLITE_NOTADB: self = .notADatabase(path: path)
    case SQLITE_READONLY, SQLITE_PERM: self = .readOnly(path: path)
    case SQLITE_CANTOPEN: self = .cannotOpen(path: path, code: code)
    default: self = .failed(path: path, code: code)
    }
  }
}
