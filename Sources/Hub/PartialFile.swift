// PartialFile.swift — a file that arrives in parts, and how far each has come.
//
//     CONTENT.data     the whole size from the start, filled where parts have arrived
//     CONTENT.parts    24 bytes: "martlet1", the file's bytes and the bytes of a part (u64, little
//                      endian); then a u32 for each part: how many of its bytes are there, from its
//                      start
//
// A count is written after its bytes are, so that whoever dies in between fetches them again. After a
// power failure a count may be there without its bytes: the digest of the whole finds that out.

import Base
import Glibc
import Synchronization

final class PartialFile: Sendable {
  let byteCount: Int
  private let dataPath: String
  private let partsPath: String
  private let data: Int32
  private let parts: Int32
  /// Bytes that are there of each part, and how many of them are on record.
  private struct Progress {
    var counts: [UInt32]
    var recorded: [UInt32]
  }
  private let progress: Mutex<Progress>
  /// Whether bytes were there when the file was opened.
  let isResumed: Bool

  static let partBytes = 8 << 20
  private static let headerBytes = 24
  /// How much a kill may cost of each part under way.
  private static let recordBytes = 512 << 10

  /// Opens what is there of a content, or begins anew.
  init(folder: String, content: ContentName, byteCount: Int) throws(HubError) {
    self.byteCount = byteCount
    dataPath = "\(folder)/\(content).data"
    partsPath = "\(folder)/\(content).parts"
    let partCount = (byteCount + Self.partBytes - 1) / Self.partBytes
    do throws(FileProblem) {
      data = try Self.open(dataPath)
    } catch {
      throw .cannotWrite(path: dataPath, reason: error.reason)
    }
    do throws(FileProblem) { parts = try Self.open(partsPath) } catch {
      close(data)
      throw .cannotWrite(path: partsPath, reason: error.reason)
    }
    let counts = Self.counts(
      parts, partsPath, dataBytes: Files.size(dataPath), byteCount: byteCount)
    isResumed = counts?.contains { $0 > 0 } ?? false
    let start = counts ?? [UInt32](repeating: 0, count: partCount)
    progress = Mutex(Progress(counts: start, recorded: start))
    if counts == nil { try beginAnew() }
  }

  deinit {
    close(data)
    close(parts)
  }

  private static func open(_ path: String) throws(FileProblem) -> Int32 {
    // Another program that is done takes the empty folder away, perhaps just now.
    for isLast in [false, false, true] {
      try Files.makeFolder(Files.folder(of: path))
      let file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
      if file >= 0 { return file }
      guard errno == ENOENT, !isLast else { break }
    }
    throw FileProblem(errno: errno)
  }

  /// The record of an earlier program; nil where it is none, or not of this file.
  private static func counts(
    _ parts: Int32, _ path: String, dataBytes: Int?, byteCount: Int
  ) -> [UInt32]? {
    let partCount = (byteCount + partBytes - 1) / partBytes
    let recordBytes = headerBytes + 4 * partCount
    guard dataBytes == byteCount, Files.size(path) == recordBytes else { return nil }
    var bytes = [UInt8](repeating: 0, count: recordBytes)
    guard pread(parts, &bytes, recordBytes, 0) == recordBytes,
      Array(bytes[..<headerBytes]) == header(byteCount: byteCount)
    else { return nil }
    var counts: [UInt32] = []
    for index in 0..<partCount {
      let start = headerBytes + 4 * index
      let count = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * $1) }
      guard Int(count) <= Self.range(ofPart: index, byteCount: byteCount).count else { return nil }
      counts.append(count)
    }
    return counts
  }

  private static func header(byteCount: Int) -> [UInt8] {
    Array("martlet1".utf8) + littleEndian(UInt64(byteCount)) + littleEndian(UInt64(partBytes))
  }

  private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private static func range(ofPart index: Int, byteCount: Int) -> Range<Int> {
    index * partBytes..<min(byteCount, (index + 1) * partBytes)
  }

  /// Forgets everything that is there.
  func beginAnew() throws(HubError) {
    let partCount = progress.withLock { progress in
      let none = [UInt32](repeating: 0, count: progress.counts.count)
      progress = Progress(counts: none, recorded: none)
      return none.count
    }
    // The record goes first and comes last: nothing is ever taken for there that is not.
    let record = Self.header(byteCount: byteCount) + [UInt8](repeating: 0, count: 4 * partCount)
    var code: Int32 = 0
    if ftruncate(parts, 0) != 0 || ftruncate(data, 0) != 0 { code = errno }
    if code == 0, byteCount > 0 { code = reserve() }
    if code == 0, pwrite(parts, record, record.count, 0) != record.count {
      code = errno == 0 ? ENOSPC : errno
    }
    guard code != 0 else { return }
    discard()
    throw problem(code)
  }

  /// Takes the room on the disk now, so that it cannot run out later. Returns an error number.
  private func reserve() -> Int32 {
    let code = posix_fallocate(data, 0, off_t(byteCount))
    guard code == EOPNOTSUPP || code == EINVAL else { return code }
    return ftruncate(data, off_t(byteCount)) == 0 ? 0 : errno
  }

  private func problem(_ code: Int32) -> HubError {
    let folder = Files.folder(of: dataPath)
    guard code == ENOSPC || code == EDQUOT || code == EFBIG else {
      return .cannotWrite(path: dataPath, reason: String(cString: strerror(code)))
    }
    return .diskFull(
      folder: folder, neededBytes: byteCount, freeBytes: DiskSpace.freeBytes(folder) ?? 0)
  }

  // MARK: - Filling

  /// The bytes that are there.
  var doneBytes: Int { progress.withLock { $0.counts.reduce(0) { $0 + Int($1) } } }

  /// What is missing, a range for each part that is not whole, in order.
  var missing: [Range<Int>] {
    progress.withLock { progress in
      progress.counts.enumerated().compactMap { index, count in
        let range = Self.range(ofPart: index, byteCount: byteCount)
        let rest = range.lowerBound + Int(count)..<range.upperBound
        return rest.isEmpty ? nil : rest
      }
    }
  }

  /// What is missing of a range that began as one of ``missing``.
  func rest(of range: Range<Int>) -> Range<Int> {
    let index = range.lowerBound / Self.partBytes
    let count = progress.withLock { Int($0.counts[index]) }
    let start = max(range.lowerBound, index * Self.partBytes + count)
    return min(start, range.upperBound)..<range.upperBound
  }

  /// Writes bytes that follow what is there of their part, and of the parts after it.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(HubError) {
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      let count = pwrite(data, rest.baseAddress, rest.count, off_t(offset + written))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw problem(count < 0 ? errno : ENOSPC) }
      written += count
    }
    try record(offset..<offset + written)
  }

  private func record(_ range: Range<Int>) throws(HubError) {
    guard !range.isEmpty else { return }
    for index in range.lowerBound / Self.partBytes...(range.upperBound - 1) / Self.partBytes {
      let part = Self.range(ofPart: index, byteCount: byteCount)
      let reached = UInt32(min(range.upperBound, part.upperBound) - part.lowerBound)
      let code = progress.withLock { progress -> Int32 in
        guard reached > progress.counts[index] else { return 0 }
        progress.counts[index] = reached
        let isWhole = Int(reached) == part.count
        guard isWhole || Int(reached - progress.recorded[index]) >= Self.recordBytes else {
          return 0
        }
        let bytes = Self.littleEndian(reached)
        guard pwrite(parts, bytes, 4, off_t(Self.headerBytes + 4 * index)) == 4 else {
          return errno
        }
        progress.recorded[index] = reached
        return 0
      }
      guard code == 0 else { throw problem(code) }
    }
  }

  // MARK: - At the end

  /// The name of the same kind as `content` that the bytes have.
  func name(
    like content: ContentName, whileTrue goesOn: () -> Bool
  ) throws(FileProblem) -> ContentName {
    try content.recomputed(over: data, byteCount: byteCount, whileTrue: goesOn)
  }

  /// Gives the file, which was found whole, its final name.
  func publish(as path: String) throws(HubError) {
    do throws(FileProblem) {
      try Files.makeFolder(Files.folder(of: path))
      guard fsync(data) == 0, rename(dataPath, path) == 0 else { throw FileProblem(errno: errno) }
    } catch {
      throw .cannotWrite(path: path, reason: error.reason)
    }
    unlink(partsPath)
  }

  /// Removes what is there.
  func discard() {
    unlink(partsPath)
    unlink(dataPath)
  }
}

/// How much room a disk has.
enum DiskSpace {
  /// Bytes that this user may still write where `path` is, or would be; nil where nobody says.
  static func freeBytes(_ path: String) -> Int? {
    var folder = path
    var status = statvfs()
    while statvfs(folder, &status) != 0 {
      guard errno == ENOENT, folder != "/", folder != "." else { return nil }
      folder = Files.folder(of: folder)
    }
    return Int(status.f_bavail) * Int(status.f_frsize)
  }

  /// Bytes that a file takes on the disk; 0 where there is none.
  static func takenBytes(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : 0
  }
}
