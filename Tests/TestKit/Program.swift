// Program.swift — the built program, run as a user would run it.

import Foundation

/// What a finished run of the program left behind.
public struct ProgramResult: Equatable, Sendable {
  public var exitCode: Int32
  public var output: String
  public var errors: String

  public init(exitCode: Int32, output: String, errors: String) {
    self.exitCode = exitCode
    self.output = output
    self.errors = errors
  }
}

/// The `martlet` that was built together with these tests.
public enum Program {
  /// Beside the test bundle, which is where the build put both.
  public static let path: String = {
    let tests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    let beside = tests.appending(path: "martlet").path(percentEncoded: false)
    return FileManager.default.isExecutableFile(atPath: beside)
      ? beside : Repository.path(".build/release/martlet")
  }()

  /// A program that did not end in time, and what it had said by then.
  public struct TookTooLong: Error, CustomStringConvertible {
    public var description: String
  }

  /// No run of a test takes so long; one that does would hang the check.
  public static let secondsMax = 900

  /// Runs the program, or another one, with `words` and `input` on standard input, and waits for it.
  ///
  /// - Throws: ``TookTooLong`` after `secondsMax`, when it and what it started have been killed.
  public static func run(
    _ words: [String], of program: String = path, input: String = "",
    environment: [String: String] = [:], secondsMax: Int = secondsMax
  ) throws -> ProgramResult {
    // Files rather than pipes: no output can be too large for them.
    let folder = try TemporaryFolder()
    let files = try ["input", "output", "errors"].map {
      try folder.write($0, $0 == "input" ? Array(input.utf8) : [])
    }
    let child = try start(program, words, environment, files)
    func text(_ file: String) -> String {
      FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
    guard let status = end(of: child, secondsMax: secondsMax) else {
      throw TookTooLong(
        description: """
          \(program) \(words.joined(separator: " ").prefix(300)) did not end within \(secondsMax) s. It said: \
          \(text(files[1]).suffix(300)) \(text(files[2]).suffix(300))
          """)
    }
    return ProgramResult(exitCode: status, output: text(files[1]), errors: text(files[2]))
  }

  // Foundation's Process learns of the end by a socket that the child inherits, and what the child starts may
  // keep that open. Here the kernel is asked about the child itself, and not for ever.

  /// Starts a program in a process group of its own, with nothing open but its three streams.
  private static func start(
    _ program: String, _ words: [String], _ environment: [String: String], _ files: [String]
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, file) in files.enumerated() {
      let flags = number == 0 ? O_RDONLY : O_WRONLY | O_APPEND
      posix_spawn_file_actions_addopen(&actions, Int32(number), file, flags, 0)
    }
    let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    for number in open.compactMap(Int32.init) where number > 2 {
      posix_spawn_file_actions_addclose(&actions, number)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    var arguments = ([program] + words).map { strdup($0) } + [nil]
    var pairs = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + pairs { free(text) } }
    var child: pid_t = 0
    let code = posix_spawn(&child, program, &actions, &attributes, &arguments, &pairs)
    guard code == 0 else { throw POSIXError(POSIXError.Code(rawValue: code) ?? .ENOENT) }
    return child
  }

  /// The exit code, 128 and the signal's number where one ended it; nil where it had to be killed.
  private static func end(of child: pid_t, secondsMax: Int) -> Int32? {
    let deadline = ContinuousClock.now + .seconds(secondsMax)
    var pause: UInt32 = 500
    var status: Int32 = 0
    while true {
      let found = waitpid(child, &status, WNOHANG)
      if found == child { break }
      if found < 0, errno != EINTR { return nil }
      if ContinuousClock.now > deadline {
        kill(-child, SIGKILL)
        kill(child, SIGKILL)
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return nil
      }
      usleep(pause)
      pause = min(pause * 2, 10_000)
    }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}
