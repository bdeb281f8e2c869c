// KeySource.swift — where the key of a service comes from; the configuration never holds the key itself.

import Base
import Glibc

/// A place that a key is read from when it is needed.
enum KeySource: Equatable, Sendable {
  /// The service wants none.
  case none
  case environment(String)
  /// A file that only its owner can read; its first line is the key.
  case file(String)
  /// A program and its arguments; the first line that it prints is the key.
  case command([String])

  /// Why there is no key, as a sentence.
  struct Problem: Error, Equatable, CustomStringConvertible {
    var description: String
  }

  private static let bytesMax = 16 << 10
  private static let keyBytesMax = 4096
  /// A password manager that asks a person for so long has been forgotten.
  static let commandSecondsMax = 60

  /// Reads "none", `{ "environment": NAME }`, `{ "file": PATH }` or `{ "command": [PROGRAM, …] }`.
  ///
  /// - Throws: ``Problem``: the end of a sentence that begins with the key's name.
  init(_ json: JSONValue) throws(Problem) {
    let problem = Problem(
      description: "must be \"none\", { \"environment\": NAME }, { \"file\": PATH } or "
        + "{ \"command\": [PROGRAM, …] }; the key itself does not belong here")
    if json.stringValue == "none" {
      self = .none
      return
    }
    guard let object = json.objectValue, object.count == 1, let kind = object.keys.first,
      let value = object[kind]
    else { throw problem }
    switch (kind, value.stringValue, value.arrayValue?.compactMap(\.stringValue)) {
    case ("environment", let name?, _) where !name.isEmpty && !name.contains("="):
      self = .environment(name)
    case ("file", let path?, _) where path.hasPrefix("/"): self = .file(path)
    case ("command", _, let words?) where words.count == value.arrayValue?.count:
      guard let program = words.first, !program.isEmpty else { throw problem }
      self = .command(words)
    default: throw problem
    }
  }

  /// The key; nil where the service wants none. May wait for a command.
  func key() throws(Problem) -> String? {
    let text: String
    switch self {
    case .none: return nil
    case .environment(let name):
      guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else {
        throw Problem(description: "The variable \(name), which should hold the key, is not set.")
      }
      text = value
    case .file(let path): text = try Self.firstLine(of: path)
    case .command(let words): text = try Self.output(of: words)
    }
    var trimmed = text.split(whereSeparator: \.isNewline).first?.drop(while: \.isWhitespace) ?? ""
    while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
    guard !trimmed.isEmpty, trimmed.utf8.count <= Self.keyBytesMax,
      trimmed.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else {
      throw Problem(
        description:
          "\(place) holds no key: it is empty, too long, or has characters that no key has.")
    }
    return String(trimmed)
  }

  /// Whether there would be a key, and where from, as a part of a sentence; the key itself is in neither. A
  /// command is looked for and not run.
  var readiness: Result<String, Problem> {
    do throws(Problem) {
      switch self {
      case .none: return .success("which wants no key")
      case .environment(let name):
        _ = try key()
        return .success("key from the variable \(name)")
      case .file(let path):
        _ = try key()
        return .success("key from \(path), which nobody else can read")
      case .command(let words):
        let program = words.first ?? ""
        guard Self.isProgram(program) else {
          throw Problem(
            description: "The command \(program), which should print the key, is not there.")
        }
        return .success("key from the command \(program), which was not run")
      }
    } catch {
      return .failure(error)
    }
  }

  /// Whether a shell would find `program`.
  private static func isProgram(_ program: String) -> Bool {
    guard !program.contains("/") else { return access(program, X_OK) == 0 }
    let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return folders.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
  }

  /// The key where it can be had without running anything, so that no record keeps it; nil where there is
  /// none, or where something is wrong with it.
  var keyAtHand: String? {
    if case .command = self { return nil }
    return try? key()
  }

  /// For a sentence.
  private var place: String {
    switch self {
    case .none: "Nothing"
    case .environment(let name): "The variable \(name)"
    case .file(let path): "The file \(path)"
    case .command(let words): "The output of \(words.first ?? "")"
    }
  }

  /// Owner and mode are those of the file that was opened.
  private static func firstLine(of path: String) throws(Problem) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw Problem(
        description: "The key's file \(path) cannot be read: \(String(cString: strerror(errno))).")
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else {
      throw Problem(description: "The key's file \(path) cannot be read.")
    }
    guard status.st_uid == geteuid() || status.st_uid == 0, status.st_mode & 0o077 == 0 else {
      throw Problem(
        description:
          "Others than you can read or change the key's file \(path), so it is not used. "
          + "Make it yours alone: chmod 600 \(path)")
    }
    do throws(FileReadError) {
      return String(decoding: try wholeFile(file, bytesMax: bytesMax), as: UTF8.self)
    } catch {
      throw Problem(description: "The key's file \(path) cannot be read: \(error.reason).")
    }
  }

  private static func output(of words: [String]) throws(Problem) -> String {
    let program = words.first ?? ""
    func problem(_ what: String) -> Problem {
      Problem(description: "The command \(program), which should print the key, \(what).")
    }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw problem("cannot be started: no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let code = posix_spawnp(&child, program, &actions, nil, &arguments, environ)
    close(ends[1])
    guard code == 0 else { throw problem("cannot be started: \(String(cString: strerror(code)))") }
    var bytes: [UInt8] = []
    let deadline = ContinuousClock.now + .seconds(commandSecondsMax)
    var isLate = false
    while bytes.count <= bytesMax {
      let left = (deadline - .now) / .milliseconds(1)
      var watched = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
      let ready = poll(&watched, 1, Int32(max(0, left)))
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else {
        isLate = true
        break
      }
      var chunk = [UInt8](repeating: 0, count: 4096)
      let count = read(ends[0], &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    if isLate || bytes.count > bytesMax { kill(child, SIGKILL) }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    if isLate { throw problem("printed nothing within \(commandSecondsMax) s") }
    guard bytes.count <= bytesMax else { throw problem("printed more than a key") }
    guard status == 0 else { throw problem("failed") }
    return String(decoding: bytes, as: UTF8.self)
  }
}
