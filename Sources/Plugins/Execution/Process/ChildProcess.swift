// ChildProcess.swift — a program started inside the plugin's sandbox, its pipes and its end.

import CSandbox
import Glibc

/// What keeps a program from being started.
public struct ChildProcessError: Error, Equatable, Sendable, CustomStringConvertible {
  public var program: String
  public var errno: Int32

  public init(program: String, errno: Int32) {
    self.program = program
    self.errno = errno
  }

  public var description: String { "\(program): \(String(cString: strerror(errno)))" }
}

/// A running child in a process group of its own. The plugin is single-threaded: this type waits, polls
/// and kills on the caller's thread.
final class ChildProcess {
  let processID: pid_t
  /// Our ends of the child's descriptors, by the child's number.
  private var ends: [Int32: Int32]
  private var status: Int32?

  /// Starts `arguments[0]`, looked up in PATH.
  ///
  /// - Parameters:
  ///   - arguments: The program and its arguments.
  ///   - folder: Where it starts; nil for here.
  ///   - inputs: The child's descriptors that we write to, standard input among them if wanted;
  ///     without it, standard input is empty.
  ///   - outputs: The child's descriptors that we read from.
  /// - Throws: What kept the program from being started.
  init(
    _ arguments: [String], folder: String?, inputs: [Int32], outputs: [Int32]
  ) throws(ChildProcessError) {
    let program = arguments.first ?? ""
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var ends: [Int32: Int32] = [:]
    var childEnds: [Int32] = []
    func closeAll() { for end in childEnds + Array(ends.values) { close(end) } }
    // The child's numbers may equal ours, so its ends are first moved out of the way.
    let base: Int32 = 100
    for number in inputs + outputs {
      var pair: [Int32] = [-1, -1]
      guard pipe(&pair) == 0 else {
        closeAll()
        throw ChildProcessError(program: program, errno: Glibc.errno)
      }
      let isInput = inputs.contains(number)
      let high = fcntl(isInput ? pair[0] : pair[1], F_DUPFD_CLOEXEC, base)
      close(isInput ? pair[0] : pair[1])
      childEnds.append(high)
      let ours = isInput ? pair[1] : pair[0]
      _ = fcntl(ours, F_SETFD, FD_CLOEXEC)
      ends[number] = ours
      posix_spawn_file_actions_adddup2(&actions, high, number)
    }
    if !inputs.contains(STDIN_FILENO) {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    }
    if let folder { cs_actions_add_chdir(&actions, folder) }
    cs_actions_add_close_from(&actions, (inputs + outputs + [2]).max().map { $0 + 1 } ?? 3)
    let result = Self.spawn(arguments, &actions)
    for end in childEnds { close(end) }
    guard result.error == 0 else {
      for end in ends.values { close(end) }
      throw ChildProcessError(program: program, errno: result.error)
    }
    processID = result.processID
    self.ends = ends
    for end in ends.values { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
  }

  deinit {
    kill()
    for end in ends.values { close(end) }
  }

  private static func spawn(
    _ arguments: [String], _ actions: inout posix_spawn_file_actions_t
  ) -> (processID: pid_t, error: Int32) {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var processID: pid_t = 0
    let error = posix_spawnp(
      &processID, words[0] ?? strdup(""), &actions, &attributes, &words, environ)
    return (processID, error)
  }

  // MARK: Pipes

  /// The descriptor that we read or write for the child's `number`, for `poll`; -1 once closed.
  func end(_ number: Int32) -> Int32 { ends[number] ?? -1 }

  func closeEnd(_ number: Int32) {
    if let end = ends.removeValue(forKey: number) { close(end) }
  }

  /// What is there to read now: bytes, nothing yet (empty), or nil once the other side is closed.
  func readAvailable(_ number: Int32) -> [UInt8]? {
    guard let end = ends[number] else { return nil }
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(end, &chunk, chunk.count)
    if count > 0 { return Array(chunk[..<count]) }
    if count < 0, errno == EAGAIN || errno == EINTR { return [] }
    closeEnd(number)
    return nil
  }

  /// Writes all of `bytes`, waiting while the pipe is full. False where the other side is gone.
  func writeAll(_ bytes: [UInt8], to number: Int32) -> Bool {
    guard let end = ends[number] else { return false }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(end, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var event = pollfd(fd: end, events: Int16(POLLOUT), revents: 0)
        poll(&event, 1, -1)
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }

  // MARK: The end

  /// Sends `signal` to the child's whole group.
  func signal(_ signal: Int32) { _ = Glibc.kill(-processID, signal) }

  /// Whether it has ended; then its wait status.
  func statusIfEnded() -> Int32? {
    if let status { return status }
    var value: Int32 = 0
    if waitpid(processID, &value, WNOHANG) == processID { status = value }
    return status
  }

  /// Kills the group and waits for the child.
  func kill() {
    guard status == nil else { return }
    signal(SIGKILL)
    var value: Int32 = 0
    while waitpid(processID, &value, 0) < 0, errno == EINTR {}
    status = value
  }
}

/// A wait status as a shell shows it: the exit code, or 128 + the signal.
func shellStatus(_ status: Int32) -> Int32 {
  let signal = status & 0x7F
  return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
}
