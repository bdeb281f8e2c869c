// HeadPublisher.swift — heads of the ledger's chain to a second place, so that a ledger that was rewritten
// throughout, or cut, is found out.

import Glibc
import Planner
import Store

/// Publishes a session's heads: its first, one after so many events, and its last.
struct HeadPublisher: Sendable {
  private let sink: LedgerSettings.Sink
  private let seed: [UInt8]?
  private let isRequired: Bool
  /// Events between two heads.
  private let interval: Int
  private var published = 0

  /// Where no policy says another number.
  static let intervalDefault = 256

  /// Nil where heads go nowhere.
  init?(_ settings: LedgerSettings, every interval: Int?) {
    guard let sink = settings.sink else { return nil }
    self.sink = sink
    seed = settings.signingSeed
    isRequired = settings.isRequired
    self.interval = interval ?? Self.intervalDefault
  }

  /// Publishes `head` where it is due.
  ///
  /// - Throws: ``RunError``: it could not be, and the settings demand it.
  mutating func note(_ head: LedgerHead, isEnd: Bool) throws(RunError) {
    guard isEnd || published == 0 || head.eventCount - published >= interval else { return }
    let line = PublishedHead(head, time: .now(), seed: seed).line
    guard let reason = Self.publish(line, to: sink) else {
      published = head.eventCount
      return
    }
    guard isRequired else { return }
    throw RunError(
      .failedInternally(
        """
        A head of the ledger could not be published at \(sink.place): \(reason). Mend that, or set \
        "required": false in ledger.json.
        """))
  }

  // MARK: - Places

  /// Why it could not be done; nil where it was.
  private static func publish(_ line: String, to sink: LedgerSettings.Sink) -> String? {
    switch sink {
    case .file(let path): append(line, to: path)
    case .syslog(let path): send("<110>martlet: \(line.dropLast())", to: path)
    }
  }

  /// One write at the end of the file, on the disk when this returns.
  private static func append(_ line: String, to path: String) -> String? {
    let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { return String(cString: strerror(errno)) }
    defer { close(file) }
    let bytes = Array(line.utf8)
    var count = write(file, bytes, bytes.count)
    while count < 0, errno == EINTR { count = write(file, bytes, bytes.count) }
    guard count == bytes.count else {
      return count < 0 ? String(cString: strerror(errno)) : "only \(count) bytes were written"
    }
    // A pipe or a device has no disk.
    if fdatasync(file) != 0, errno != EINVAL, errno != EROFS {
      return String(cString: strerror(errno))
    }
    return nil
  }

  /// One datagram. Facility 13, "log audit", severity informational (RFC 5424, section 6.2.1).
  private static func send(_ text: String, to path: String) -> String? {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return String(cString: strerror(errno)) }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8)
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else {
      return "the path is too long for a socket"
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let bytes = Array(text.utf8)
    let count = withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        sendto(
          descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), address,
          socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return count == bytes.count ? nil : String(cString: strerror(errno))
  }
}

extension LedgerSettings.Sink {
  var place: String {
    switch self {
    case .file(let path): path
    case .syslog(let path): "the syslog socket \(path)"
    }
  }
}
