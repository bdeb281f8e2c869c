// PDFReader.swift — the text of a PDF, through `pdftotext` where it is installed.
//
// It runs inside the sandbox of the browser with less of everything: no memory beyond 1 GiB of addresses,
// 20 seconds of processor time, 200 pages. Files made to break such readers are common; what breaks is one
// child process.

import Glibc

enum PDFReader {
  private static let textBytesMax = 16 << 20
  private static let waitMax = Duration.seconds(30)
  private static let paths = ["/usr/bin/pdftotext", "/usr/local/bin/pdftotext", "/bin/pdftotext"]

  /// UTF-8, each page under a line with its number.
  static func text(_ pdf: [UInt8]) throws(FetchFailure) -> [UInt8] {
    guard let program = paths.first(where: { access($0, X_OK) == 0 }) else {
      throw FetchFailure(
        message: "It is a PDF, and no PDF reader is installed here (pdftotext of poppler-utils).")
    }
    let path = try scratchFile(pdf)
    defer { unlink(path) }
    let output = try run(
      [
        "/bin/sh", "-c",
        "ulimit -v 1048576; ulimit -t 20; exec \"$0\" -enc UTF-8 -layout -l 200 \"$1\" -", program,
        path,
      ])
    switch output.status {
    case 0: break
    case 1: throw FetchFailure(message: "The PDF is damaged or encrypted and cannot be read.")
    case 3: throw FetchFailure(message: "The PDF does not permit its text to be taken out.")
    default: throw FetchFailure(message: "The PDF could not be read within its limits.")
    }
    guard output.text.contains(where: { $0 > 0x20 }) else {
      return Array("[The PDF has no text: its pages are pictures.]".utf8)
    }
    return pages(output.text)
  }

  /// Form feeds end pages.
  static func pages(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    for (index, page) in text.split(separator: 0x0C, omittingEmptySubsequences: false).enumerated()
    where page.contains(where: { $0 > 0x20 }) {
      if !result.isEmpty { result.append(contentsOf: "\n\n".utf8) }
      result.append(contentsOf: "[Page \(index + 1)]\n\n".utf8)
      var end = page.endIndex
      while end > page.startIndex, page[end - 1] <= 0x20 { end -= 1 }
      result.append(contentsOf: page[..<end].drop { $0 == 0x0A })
    }
    return result
  }

  private static func scratchFile(_ bytes: [UInt8]) throws(FetchFailure) -> String {
    let failure = FetchFailure(message: "The PDF could not be put down to be read: no room.")
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var name = Array("\(folder)/page-XXXXXX".utf8CString)
    let file = name.withUnsafeMutableBufferPointer { name in
      name.baseAddress.map { mkstemp($0) } ?? -1
    }
    guard file >= 0 else { throw failure }
    defer { close(file) }
    let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        unlink(path)
        throw failure
      }
      rest = rest.dropFirst(count)
    }
    return path
  }

  /// Runs a command and reads what it writes, until its end or its time is up.
  private static func run(
    _ arguments: [String]
  ) throws(FetchFailure) -> (status: Int32, text: [UInt8]) {
    let failure = FetchFailure(message: "The PDF reader cannot be started here.")
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw failure }
    defer { close(ends[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    // What is not open is passed over.
    for file in STDERR_FILENO + 1..<64 { posix_spawn_file_actions_addclose(&actions, file) }
    var words = arguments.map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let error = posix_spawn(&pid, arguments[0], &actions, nil, words, environ)
    close(ends[1])
    guard error == 0 else { throw failure }
    let text = drain(ends[0], until: .now + waitMax)
    if text == nil { kill(pid, SIGKILL) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    // The lower seven bits are the signal that ended it.
    guard let text, status & 0x7F == 0 else { return (-1, []) }
    return (status >> 8 & 0xFF, text)
  }

  /// All bytes until the end; nil where they are too many or come too late.
  private static func drain(_ file: Int32, until deadline: ContinuousClock.Instant) -> [UInt8]? {
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let left = (deadline - .now) / .milliseconds(1)
      guard left > 0, text.count <= textBytesMax else { return nil }
      var event = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
      let ready = poll(&event, 1, Int32(left))
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else { return nil }
      let count = read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count == 0 ? text : nil }
      text.append(contentsOf: chunk[..<count])
    }
  }
}
