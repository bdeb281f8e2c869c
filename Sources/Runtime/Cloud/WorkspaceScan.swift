// WorkspaceScan.swift — which files of the workspace a text has words of.

import Glibc
import Policy

/// Reads the files of a folder, within bounds, and compares texts with each.
struct WorkspaceScan {
  /// What may be read for one comparison.
  struct Limits: Equatable, Sendable {
    var fileCountMax = 50_000
    var bytesMax = 512 << 20
    var depthMax = 64
    var timeMax = Duration.seconds(30)
  }

  /// A file, and the parts of each text that it has too.
  struct Finding: Equatable, Sendable {
    /// Absolute.
    var path: String
    /// By the text's number.
    var ranges: [Int: [Range<Int>]]
  }

  private static let chunkBytes = 4 << 20
  /// Read twice, so that nothing is missed between two chunks: white space may be long.
  private static let overlapBytes = 4 << 10

  private let texts: [SharedText]
  private let limits: Limits
  private let deadline: ContinuousClock.Instant
  private(set) var findings: [Finding] = []
  /// Whether everything was read.
  private(set) var isWhole = true
  private var fileCount = 0
  private var byteCount = 0

  /// Compares `texts` with every regular file in `folder`; links are not followed, and git's own folder,
  /// which holds the same files packed, is left out.
  init(_ texts: [String], folder: String, limits: Limits = Limits()) {
    self.texts = texts.map { SharedText($0) }
    self.limits = limits
    deadline = .now + limits.timeMax
    guard self.texts.contains(where: { !$0.isEmpty }) else { return }
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      isWhole = false
      return
    }
    walk(descriptor, folder, depth: 0)
  }

  private var isSpent: Bool {
    fileCount >= limits.fileCountMax || byteCount >= limits.bytesMax
      || ContinuousClock.now >= deadline
  }

  /// Takes the open folder over.
  private mutating func walk(_ descriptor: Int32, _ path: String, depth: Int) {
    guard let stream = fdopendir(descriptor) else {
      close(descriptor)
      isWhole = false
      return
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard name != ".", name != "..", name != ".git" else { continue }
      guard !isSpent else {
        isWhole = false
        return
      }
      visit(
        withUnsafePointer(to: &entry.pointee.d_name) { UnsafeRawPointer($0) }, name, of: descriptor,
        path, depth)
    }
  }

  private mutating func visit(
    _ rawName: UnsafeRawPointer, _ name: String, of folder: Int32, _ path: String, _ depth: Int
  ) {
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
    let file = openat(folder, rawName.assumingMemoryBound(to: CChar.self), flags)
    guard file >= 0 else {
      // A link is no file of its own; what cannot be read cannot be ruled out.
      if errno != ELOOP, errno != ENXIO { isWhole = false }
      return
    }
    var status = stat()
    guard fstat(file, &status) == 0 else {
      close(file)
      isWhole = false
      return
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR where depth < limits.depthMax: walk(file, path + "/" + name, depth: depth + 1)
    case S_IFREG:
      compare(file, path + "/" + name)
      close(file)
    case S_IFDIR:
      isWhole = false
      close(file)
    default: close(file)
    }
  }

  private mutating func compare(_ file: Int32, _ path: String) {
    fileCount += 1
    var ranges: [Int: [Range<Int>]] = [:]
    var chunk: [UInt8] = []
    while true {
      let kept = chunk.suffix(Self.overlapBytes)
      var more = [UInt8](repeating: 0, count: Self.chunkBytes)
      let count = read(file, &more, more.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        isWhole = false
        break
      }
      if count == 0 { break }
      byteCount += count
      chunk = Array(kept) + more[..<count]
      for (number, text) in texts.enumerated() {
        let found = text.ranges(sharedWith: chunk)
        if !found.isEmpty { ranges[number, default: []] += found }
      }
      if isSpent {
        isWhole = false
        break
      }
    }
    if !ranges.isEmpty { findings.append(Finding(path: path, ranges: ranges)) }
  }
}
