// KeySource.swift — where a key comes from: an environment variable, a file of the user's alone, or a
// program that prints it. Never the configuration itself, and never an argument.

import Base
import Glibc

/// Where a key is, not the key.
enum KeySource: Equatable, Sendable {
  case environment(String)
  case file(String)
  case command([String])

  private static let bytesMax = 64 << 10
  private static let commandSecondsMax = 30

  /// Why there is no key, in words.
  struct Problem: Error, Equatable {
    var words: String

    init(_ words: String) { self.words = words }
  }

  /// Reads a source as a configuration names it; nil where it is none.
  init?(_ json: JSONValue) {
    guard let object = json.objectValue, object.count == 1 else { return nil }
    if let name = object["environment"]?.stringValue, !name.isEmpty {
      self = .environment(name)
    } else if let path = object["file"]?.stringValue, path.hasPrefix("/") {
      self = .file(path)
    } else if let words = object["command"]?.arrayValue, !words.isEmpty,
      words.allSatisfy({ $0.stringValue?.isEmpty == false })
    {
      self = .command(words.compactMap(\.stringValue))
    } else {
      return nil
    }
  }

  /// The key.
  func read() throws(Problem) -> String {
    switch self {
    case .environment(let name):
      guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else {
        throw Problem("the environment variable \(name) is not set")
      }
      return try Self.key(Array(value.utf8), from: "the environment variable \(name)")
    case .file(let path): return try Self.key(Self.ownFile(path), from: path)
    case .command(let words): return try Self.key(Self.output(of: words), from: words[0])
    }
  }

  /// The first line, without what surrounds it.
  private static func key(_ bytes: [UInt8], from place: String) throws(Problem) -> String {
    let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
    guard let text = String(validating: line, as: UTF8.self) else {
      throw Problem("what \(place) gives is no text")
    }
    let key = text.drop(while: \.isWhitespace)
    let trimmed = key[
      ..<(key.lastIndex { !$0.isWhitespace }.map(key.index(after:)) ?? key.endIndex)]
    guard !trimmed.isEmpty, trimmed.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw Problem("what \(place) gives is no key: one line without spaces")
    }
    return String(trimmed)
  }

  /// A file that nobody else can read.
  private static func ownFile(_ path: String) throws(Problem) -> [UInt8] {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw Problem("the key's file \(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() else {
      throw Problem(
        "the key's file \(path) can be read by others, or is another user's. Run: chmod 600 \(path)"
      )
    }
    do throws(FileReadError) { return try wholeFile(path, bytesMax: bytesMax) } catch {
      throw Problem("the key's file \(path) cannot be read: \(error.reason)")
    }
  }

  /// What a program prints. Its standard error is this program's.
  private static func output(of words: [String]) throws(Problem) -> [UInt8] {
    func failed(_ what: String) -> Problem { Problem("the key's command \(words[0]) \(what)") }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw failed("could not be started") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child = pid_t()
    let code = posix_spawnp(&child, words[0], &actions, nil, &arguments, environ)
    close(ends[1])
    defer { close(ends[0]) }
    guard code == 0 else {
      throw failed("could not be started: \(String(cString: strerror(code)))")
    }
    var bytes: [UInt8] = []
    let deadline = ContinuousClock.now + .seconds(commandSecondsMax)
    var isOver = false
    while !isOver, bytes.count <= bytesMax, ContinuousClock.now < deadline {
      var wanted = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, 200) > 0 else { continue }
      var chunk = [UInt8](repeating: 0, count: 4096)
      let count = Glibc.read(ends[0], &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      isOver = count <= 0
      bytes += chunk.prefix(max(0, count))
    }
    if !isOver { kill(child, SIGKILL) }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard isOver else { throw failed("did not end within \(commandSecondsMax) s") }
    guard status == 0 else { throw failed("failed") }
    return bytes
  }
}
