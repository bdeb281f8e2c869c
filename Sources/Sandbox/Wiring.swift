// Wiring.swift — pipes between the host and a walled command, and what comes out of them.

import CSandbox
import Glibc

/// The descriptors of one start.
struct Wiring {
  /// What becomes the command's descriptors 0, 1 and 2.
  let given: [Descriptor]
  let inputPipe: Descriptor?
  /// What feeds the pipe, where that is a file.
  let inputFile: InputFile?
  /// Standard output and standard error.
  let ports: [OutputPort]

  init(
    _ streams: SandboxStreams, _ limits: SandboxLimits, _ desk: WalledDesk
  ) throws(SandboxError) {
    let input: Descriptor
    var inputFile: InputFile?
    switch streams.input {
    case .none:
      input = try Self.own(open("/dev/null", O_RDONLY | O_CLOEXEC), "open")
      inputPipe = nil
    case .inherit(let descriptor):
      input = try Self.own(cs_duplicate(descriptor, Self.leastNumber), "fcntl")
      inputPipe = nil
    case .stream, .bytes:
      let pipe = try Self.pipe()
      input = pipe.reading
      inputPipe = pipe.writing
      _ = cs_set_nonblocking(pipe.writing.number)
    case .file(let descriptor):
      let pipe = try Self.pipe()
      input = pipe.reading
      inputPipe = pipe.writing
      _ = cs_set_nonblocking(pipe.writing.number)
      inputFile = InputFile(
        try Self.own(cs_duplicate(descriptor, Self.leastNumber), "fcntl"), pipe: pipe.reading)
    }
    self.inputFile = inputFile
    if case .bytes(let bytes) = streams.input { desk.input.preload(bytes) }
    let output = try Self.port(streams.output, limits, desk.output)
    let error = try Self.port(streams.error, limits, desk.error)
    given = [input, output.given, error.given]
    ports = [output.port, error.port]
  }

  private static func port(
    _ kind: SandboxStreams.Output, _ limits: SandboxLimits, _ stream: WalledOutput
  ) throws(SandboxError) -> (given: Descriptor, port: OutputPort) {
    if case .inherit(let descriptor) = kind {
      let given = try own(cs_duplicate(descriptor, leastNumber), "fcntl")
      return (given, OutputPort(nil, kind, limits.outputBytesMax, stream))
    }
    let pipe = try pipe()
    _ = cs_set_nonblocking(pipe.reading.number)
    return (pipe.writing, OutputPort(pipe.reading, kind, limits.outputBytesMax, stream))
  }

  /// Above every number that the wall is given, so that arranging them overwrites none.
  private static let leastNumber: Int32 = 16

  /// Takes a new descriptor over, moved out of the way.
  private static func own(_ number: Int32, _ call: String) throws(SandboxError) -> Descriptor {
    guard number >= 0 else { throw .call(name: call, errno: errno) }
    guard number < leastNumber else { return Descriptor(number) }
    let moved = cs_duplicate(number, leastNumber)
    let code = errno
    close(number)
    guard moved >= 0 else { throw .call(name: "fcntl", errno: code) }
    return Descriptor(moved)
  }

  private static func pipe() throws(SandboxError) -> (reading: Descriptor, writing: Descriptor) {
    var ends: [Int32] = [-1, -1]
    guard cs_pipe(&ends) == 0 else { throw .call(name: "pipe", errno: errno) }
    return (try own(ends[0], "pipe"), try own(ends[1], "pipe"))
  }

  static func channel() throws(SandboxError) -> (ours: Descriptor, theirs: Descriptor) {
    var ends: [Int32] = [-1, -1]
    guard cs_channel(&ends) == 0 else { throw .call(name: "socketpair", errno: errno) }
    return (try own(ends[0], "socketpair"), try own(ends[1], "socketpair"))
  }

  /// Starts the wall with `given` as its descriptors from 0 on.
  static func spawn(_ path: String, _ given: [Descriptor]) throws(SandboxError) -> pid_t {
    var numbers: [Int32] = []
    var moved: [Descriptor] = []
    for descriptor in given {
      if descriptor.number < leastNumber {
        moved.append(try own(cs_duplicate(descriptor.number, leastNumber), "fcntl"))
        numbers.append(moved[moved.count - 1].number)
      } else {
        numbers.append(descriptor.number)
      }
    }
    var process: pid_t = 0
    let code = cs_spawn(path, numbers, UInt32(numbers.count), &process)
    withExtendedLifetime((given, moved)) {}
    guard code == 0 else { throw .wallProgram(path: path, problem: "\(sentence(errno: code)).") }
    return process
  }
}

/// An ordinary file that a command reads through a pipe.
struct InputFile {
  private static let chunkBytes = 64 << 10

  private let file: Descriptor
  /// The end that the command reads from, to see what it left there.
  private let pipe: Descriptor
  private let start: off_t
  private var position: off_t
  private var isAtEnd = false

  init(_ file: Descriptor, pipe: Descriptor) {
    (self.file, self.pipe) = (file, pipe)
    start = max(0, lseek(file.number, 0, SEEK_CUR))
    position = start
  }

  /// Queues what comes next, as long as little waits; closes the input at the end.
  mutating func feed(_ input: WalledInput) {
    while !isAtEnd, input.backlogByteCount < Self.chunkBytes {
      var count = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: Self.chunkBytes) { buffer, filled in
        count = pread(file.number, buffer.baseAddress, buffer.count, position)
        filled = max(0, count)
      }
      if count < 0, errno == EINTR { continue }
      if count > 0 {
        position += off_t(count)
        input.take(chunk)
      } else {
        isAtEnd = true
        input.close()
      }
    }
  }

  /// Moves the file's position, which the host shares, behind what the command has read.
  func settle(sent: Int) {
    lseek(file.number, start + off_t(sent) - off_t(max(0, cs_waiting_bytes(pipe.number))), SEEK_SET)
  }
}

/// The host's end of one output stream.
final class OutputPort {
  /// Bytes that a relay takes from the command before the other side has taken them.
  private static let relayBacklogMax = 64 << 10
  /// What a pipe or terminal that has room takes without making us wait.
  private static let relayPiece = Int(PIPE_BUF)
  private static let chunkBytes = 64 << 10

  private var pipe: Descriptor?
  private let kind: SandboxStreams.Output
  private let byteCountMax: Int
  private let stream: WalledOutput
  private(set) var captured: CapturedOutput
  private(set) var byteCount = 0
  private var backlog: [UInt8] = []
  private var isRelayBroken = false

  init(
    _ pipe: Descriptor?, _ kind: SandboxStreams.Output, _ byteCountMax: Int, _ stream: WalledOutput
  ) {
    self.pipe = pipe
    self.kind = kind
    self.byteCountMax = byteCountMax
    self.stream = stream
    captured = CapturedOutput(byteCountMax: byteCountMax)
    if case .stream = kind { return }
    stream.end()
  }

  var isTruncated: Bool {
    switch kind {
    case .capture: byteCount > byteCountMax
    case .stream, .relay, .inherit: false
    }
  }

  /// The pipe, when more can be taken in.
  var wantsToRead: Int32? {
    guard let pipe else { return nil }
    switch kind {
    case .capture, .inherit: return pipe.number
    case .stream: return stream.isFull ? nil : pipe.number
    case .relay: return backlog.count < Self.relayBacklogMax ? pipe.number : nil
    }
  }

  /// The relay's target, when something waits for it.
  var wantsToWrite: Int32? {
    guard case .relay(let target) = kind, !backlog.isEmpty else { return nil }
    return target
  }

  /// Moves what can be moved without waiting.
  func move() {
    if wantsToRead != nil { readOnce() }
    writeOnce()
  }

  /// Moves everything that is left, after the last writer is gone.
  func drain() {
    while let before = wantsToRead, readOnce(), wantsToRead == before { writeOnce() }
    writeOnce()
  }

  /// Returns whether there may be more at once.
  @discardableResult private func readOnce() -> Bool {
    guard let pipe else { return false }
    return withUnsafeTemporaryAllocation(byteCount: Self.chunkBytes, alignment: 16) { buffer in
      let count = read(pipe.number, buffer.baseAddress, buffer.count)
      if count > 0 {
        take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return true
      }
      if count == 0 || (errno != EAGAIN && errno != EINTR) { close() }
      return count < 0 && errno == EINTR
    }
  }

  private func close() {
    pipe = nil
    if case .stream = kind { stream.end() }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) {
    byteCount += bytes.count
    switch kind {
    case .capture: captured.append(bytes)
    case .stream: stream.deliver(bytes)
    case .relay: if !isRelayBroken { backlog += bytes }
    case .inherit: break
    }
  }

  private func writeOnce() {
    guard let target = wantsToWrite else { return }
    var ready = pollfd(fd: target, events: Int16(POLLOUT), revents: 0)
    guard poll(&ready, 1, 0) == 1 else { return }
    let count = backlog.withUnsafeBytes {
      write(target, $0.baseAddress, min($0.count, Self.relayPiece))
    }
    if count > 0 {
      backlog.removeFirst(count)
    } else if errno != EAGAIN, errno != EINTR {
      // Nobody reads any more: the command finds out when it writes next.
      isRelayBroken = true
      backlog = []
      close()
    }
  }
}
