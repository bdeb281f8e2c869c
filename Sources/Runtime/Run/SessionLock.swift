// SessionLock.swift — one process at a time works on a session.

import Glibc
import Planner

/// Held while a run is at work; the kernel lets go of it when the process ends, however it ends.
///
/// All sessions share one file. Each has a byte of it, at a place that its id determines, and an open
/// file description lock on that byte (fcntl(2), Linux 3.15).
final class SessionLock: Sendable {
  private let file: Int32

  /// - Throws: ``RunError`` where another process works on the session, or the file cannot be made.
  init(session: String, in folder: String) throws(RunError) {
    let path = "\(folder)/sessions.lock"
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else {
      throw RunError(
        .failedInternally("\(path) cannot be opened: \(String(cString: strerror(errno)))."))
    }
    var range = flock()
    range.l_type = Int16(F_WRLCK)
    range.l_whence = Int16(SEEK_SET)
    range.l_start = Self.place(of: session)
    range.l_len = 1
    guard fcntl(file, Self.setLock, &range) == 0 else {
      let code = errno
      close(file)
      guard code == EAGAIN || code == EACCES else {
        throw RunError(
          .failedInternally("\(path) cannot be locked: \(String(cString: strerror(code)))."))
      }
      throw RunError(
        .misconfigured("The session \(session) is at work in another process. Wait for its end."))
    }
  }

  deinit { close(file) }

  /// F_OFD_SETLK of <fcntl.h>, which Swift does not see.
  private static let setLock: Int32 = 37

  /// FNV-1a over the id, as an offset.
  private static func place(of session: String) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in session.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return Int(hash >> 2)
  }
}
