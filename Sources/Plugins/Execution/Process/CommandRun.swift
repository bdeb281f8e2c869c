// CommandRun.swift — one command from start to end: container.exec.

import Glibc

/// What came of one command.
public struct CommandOutcome: Equatable, Sendable {
  /// The exit code, or 128 + the signal.
  public var status: Int32
  public var output: String
  public var errors: String
  public var timedOut: Bool

  public init(status: Int32, output: String, errors: String, timedOut: Bool) {
    self.status = status
    self.output = output
    self.errors = errors
    self.timedOut = timedOut
  }
}

/// Runs commands inside the plugin's sandbox.
public enum CommandRun {
  /// Runs `arguments` and waits for the end; what it started in the background and left in its group is
  /// killed.
  ///
  /// - Parameters:
  ///   - arguments: The program, looked up in PATH, and its arguments.
  ///   - folder: Where it starts; nil for here.
  ///   - secondsMax: Wall time; then the whole group is killed.
  ///   - outputBytesMax: Bytes kept, per stream.
  /// - Returns: Status and streams, also of a command that was killed for its time.
  /// - Throws: What kept the command from being started.
  public static func run(
    _ arguments: [String], folder: String?, secondsMax: Double, outputBytesMax: Int = 64 << 10
  ) throws(ChildProcessError) -> CommandOutcome {
    let child = try ChildProcess(
      arguments, folder: folder, inputs: [], outputs: [STDOUT_FILENO, STDERR_FILENO])
    var streams = [STDOUT_FILENO, STDERR_FILENO].map { number in
      (number: number, bytes: CappedBytes(bytesMax: outputBytesMax), isOpen: true)
    }
    let deadline = now() + secondsMax
    var timedOut = false
    while true {
      for index in streams.indices where streams[index].isOpen {
        guard let bytes = child.readAvailable(streams[index].number) else {
          streams[index].isOpen = false
          continue
        }
        streams[index].bytes.append(bytes)
      }
      let left = deadline - now()
      // A background process may hold the streams open after the command itself has ended.
      if child.statusIfEnded() != nil || !streams.contains(where: \.isOpen) { break }
      guard left > 0 else {
        timedOut = true
        break
      }
      var events = streams.map {
        pollfd(fd: child.end($0.number), events: Int16(POLLIN), revents: 0)
      }
      poll(&events, nfds_t(events.count), Int32(min(left * 1000 + 1, 50)))
    }
    if !timedOut { waitBriefly(child, until: deadline, timedOut: &timedOut) }
    child.signal(SIGKILL)
    child.kill()
    for index in streams.indices {
      while let bytes = child.readAvailable(streams[index].number), !bytes.isEmpty {
        streams[index].bytes.append(bytes)
      }
    }
    return CommandOutcome(
      status: shellStatus(child.statusIfEnded() ?? 0), output: streams[0].bytes.text,
      errors: streams[1].bytes.text, timedOut: timedOut)
  }

  /// A command that closed its streams may go on; it still has until the deadline.
  private static func waitBriefly(
    _ child: ChildProcess, until deadline: Double, timedOut: inout Bool
  ) {
    while child.statusIfEnded() == nil {
      guard now() < deadline else {
        timedOut = true
        return
      }
      poll(nil, 0, 5)
    }
  }
}
