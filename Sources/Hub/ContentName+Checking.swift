// ContentName+Checking.swift — the name that a content ought to have, from its bytes.

import Digests
import Glibc

extension ContentName {
  /// The name of the same kind that the first `byteCount` bytes of an open file have.
  ///
  /// - Parameters:
  ///   - file: A descriptor; where it stands does not matter.
  ///   - byteCount: How many bytes to read.
  ///   - goesOn: Asked now and then; false ends it with an error.
  /// - Returns: The name.
  /// - Throws: Why the bytes could not be read.
  func recomputed(
    over file: Int32, byteCount: Int, whileTrue goesOn: () -> Bool
  ) throws(FileProblem) -> ContentName {
    switch self {
    case .sha256:
      var hash = SHA256()
      try Self.forEachChunk(of: file, byteCount, goesOn) { hash.update($0) }
      return .sha256(hash.finish())
    case .git:
      var hash = GitBlobHash(byteCount: byteCount)
      try Self.forEachChunk(of: file, byteCount, goesOn) { hash.update($0) }
      return .git(hash.finish())
    }
  }

  private static let chunkBytes = 1 << 20

  private static func forEachChunk(
    of file: Int32, _ byteCount: Int, _ goesOn: () -> Bool, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(FileProblem) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 16)
    defer { buffer.deallocate() }
    var offset = 0
    while offset < byteCount {
      guard goesOn() else { throw FileProblem(errno: ECANCELED) }
      let wanted = min(chunkBytes, byteCount - offset)
      let count = pread(file, buffer.baseAddress, wanted, off_t(offset))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw FileProblem(errno: count < 0 ? errno : EIO) }
      body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      offset += count
    }
  }
}

/// What caches know of a model's files: in the shared one each is a link to a blob that is named by its
/// digest, in Ollama's store the blob is the file.
public enum CacheCheck {
  /// A file whose bytes are not those of its name.
  public struct Damage: Equatable, Sendable {
    public var path: String
    public var expected: String
    public var found: String
  }

  /// Reads every file of a snapshot, or one GGUF file of it, and compares digests.
  ///
  /// - Parameter path: Of a folder or a file.
  /// - Returns: How many files have a digest to compare with, and those that do not match it.
  /// - Throws: ``HubError/cannotRead(path:reason:)``.
  public static func check(_ path: String) throws(HubError) -> (fileCount: Int, damaged: [Damage]) {
    let files =
      Files.isFolder(path) ? Files.names(in: path).map { "\(path)/\($0)" } : [path]
    var fileCount = 0
    var damaged: [Damage] = []
    for file in files {
      guard let content = ContentName(blob: Files.linkTarget(file) ?? file) else { continue }
      fileCount += 1
      let found = try name(of: file, like: content)
      if found != content {
        damaged.append(
          Damage(path: file, expected: content.description, found: found.description))
      }
    }
    return (fileCount, damaged)
  }

  private static func name(
    of path: String, like content: ContentName
  ) throws(HubError) -> ContentName {
    do throws(FileProblem) {
      let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard file >= 0, let byteCount = Files.size(path) else { throw FileProblem(errno: errno) }
      defer { close(file) }
      return try content.recomputed(over: file, byteCount: byteCount) { true }
    } catch {
      throw .cannotRead(path: path, reason: error.reason)
    }
  }
}

extension ContentName {
  /// Reads the path of a blob: …/blobs/CONTENT, or Ollama's …/blobs/sha256-DIGEST.
  fileprivate init?(blob path: String) {
    let parts = path.split(separator: "/").suffix(2).map(String.init)
    guard parts.count == 2, parts[0] == "blobs" else { return nil }
    if parts[1].hasPrefix("sha256-") {
      guard let digest = Digest(hex: String(parts[1].dropFirst("sha256-".count))) else {
        return nil
      }
      self = .sha256(digest)
    } else if let digest = Digest(hex: parts[1]) {
      self = .sha256(digest)
    } else if HubCache.isCommit(parts[1]) {
      self = .git(parts[1])
    } else {
      return nil
    }
  }
}
