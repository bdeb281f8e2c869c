// PackedFile.swift — packed weights on the disk: made once, mapped from then on.
//
// The file: a page of header, the matrices as `PackingPlan` places them, and a table with a SHA-256
// of each. It is written under another name, and renamed when it is whole and on the disk.

import Digests
import Glibc
import ModelFiles

/// A folder of packed weights, one file a model, named by a fingerprint of what was packed.
public struct PackedStore: Equatable, Sendable {
  public let folder: String

  public init(folder: String) { self.folder = folder }

  /// The path of the file for weights with this fingerprint.
  func path(_ fingerprint: Digest) -> String {
    folder + "/" + fingerprint.hex.prefix(32) + Self.suffix
  }

  private static let suffix = ".packed"

  /// Every packed file in the folder, by name.
  public func files() -> [PackedFileFacts] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(Self.suffix) { names.append(name) }
    }
    return names.sorted().compactMap { PackedFileFacts(path: folder + "/" + $0) }
  }
}

/// What a packed file says about itself.
public struct PackedFileFacts: Equatable, Sendable {
  public let path: String
  /// The file's name, which `model list` shows and `model remove` takes.
  public var name: String {
    String(path[(path.lastIndex(of: "/") ?? path.startIndex)...].dropFirst())
  }
  /// Bytes in the file.
  public let byteCount: Int
  /// The first file of the model that it was made from.
  public let modelPath: String

  init?(path: String) {
    guard let file = try? MappedFile(path: path), let header = PackedHeader(file) else {
      return nil
    }
    self.path = path
    byteCount = file.count
    modelPath = header.modelPath
  }

  /// Hashes every matrix. True where all are as they were written.
  public func verify() -> Bool {
    guard let file = try? MappedFile(path: path), let header = PackedHeader(file) else {
      return false
    }
    return zip(header.spans, header.digests).allSatisfy { span, digest in
      SHA256.digest(of: UnsafeRawBufferPointer(rebasing: file.bytes[span])) == digest
    }
  }
}

/// The first page: magic, sizes, fingerprint, a digest of the table at the end, and the model's
/// path. The table has each matrix's offset, size and SHA-256. Numbers are little-endian, 8 bytes.
struct PackedHeader {
  static let byteCount = PackingPlan.alignment
  /// Changes when the packing or the file does.
  private static let magic = Array("MARTLET PACKED 1".utf8)
  private static let pathStart = 112
  private static let rowByteCount = 16 + Digest.byteCount

  let fingerprint: Digest
  let modelPath: String
  /// Each matrix's place in the file.
  let spans: [Range<Int>]
  let digests: [Digest]
  private let tableStart: Int

  init(fingerprint: Digest, modelPath: String, plan: PackingPlan, digests: [Digest]) {
    self.fingerprint = fingerprint
    self.modelPath = modelPath
    self.digests = digests
    spans = Self.spans(plan)
    tableStart = Self.byteCount + plan.byteCount
  }

  /// Where a plan's matrices lie in its file.
  static func spans(_ plan: PackingPlan) -> [Range<Int>] {
    plan.entries.map { entry in
      let start = byteCount + entry.offset
      return start..<start + entry.byteCount
    }
  }

  /// Reads the header of a file that is whole: as long as it says, with the table that it says.
  init?(_ file: MappedFile) {
    let bytes = file.bytes
    guard bytes.count >= Self.byteCount, bytes.prefix(16).elementsEqual(Self.magic),
      let fingerprint = Digest(bytes: Array(bytes[48..<80])),
      let tableDigest = Digest(bytes: Array(bytes[80..<112]))
    else { return nil }
    let count = Self.number(bytes, 32)
    tableStart = Self.number(bytes, 24)
    guard Self.number(bytes, 16) == bytes.count, count <= bytes.count / Self.rowByteCount,
      tableStart >= Self.byteCount, tableStart == bytes.count - count * Self.rowByteCount,
      SHA256.digest(of: Array(bytes[tableStart...])) == tableDigest
    else { return nil }
    var spans: [Range<Int>] = []
    var digests: [Digest] = []
    for row in stride(from: tableStart, to: bytes.count, by: Self.rowByteCount) {
      let (start, length) = (Self.number(bytes, row), Self.number(bytes, row + 8))
      guard start >= Self.byteCount, start <= tableStart, length <= tableStart - start,
        let digest = Digest(bytes: Array(bytes[row + 16..<row + Self.rowByteCount]))
      else { return nil }
      spans.append(start..<start + length)
      digests.append(digest)
    }
    self.spans = spans
    self.digests = digests
    self.fingerprint = fingerprint
    let path = bytes[Self.pathStart..<Self.byteCount].prefix { $0 != 0 }
    modelPath = String(decoding: path, as: UTF8.self)
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int {
    let raw = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    return Int(clamping: UInt64(littleEndian: raw))
  }

  private static func littleEndian(_ number: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt64(number).littleEndian) { Array($0) }
  }

  /// What stands behind the matrices.
  var table: [UInt8] {
    zip(spans, digests).flatMap { span, digest in
      Self.littleEndian(span.lowerBound) + Self.littleEndian(span.count) + digest.bytes
    }
  }

  /// The header's page, for a file with this table.
  func page(_ table: [UInt8]) -> [UInt8] {
    var page = Self.magic + Self.littleEndian(tableStart + table.count)
    page += Self.littleEndian(tableStart) + Self.littleEndian(spans.count) + Self.littleEndian(0)
    page += fingerprint.bytes + SHA256.digest(of: table).bytes
    page += Array(modelPath.utf8).prefix(Self.byteCount - page.count)
    return page + [UInt8](repeating: 0, count: Self.byteCount - page.count)
  }
}

extension PackedStore {
  /// The packed weights of a model: mapped, after they were packed where they were not there yet.
  ///
  /// - Returns: Nil where the file cannot be written; `problem` then says why.
  func weights(
    _ plan: PackingPlan, fingerprint: Digest, modelPath: String, pool: ThreadPool,
    progress: @Sendable (PackingProgress) -> Void, problem: inout String?
  ) throws(InferenceError) -> PackedWeights? {
    let path = path(fingerprint)
    if let held = open(path, plan, fingerprint) { return held }
    do throws(FileFailure) {
      try makeFolder()
      try write(
        plan, fingerprint: fingerprint, modelPath: modelPath, to: path, pool: pool,
        progress: progress)
    } catch {
      switch error {
      case .system(let what, let code):
        problem = "\(what): \(String(cString: strerror(code)))"
        return nil
      case .model(let error): throw error
      }
    }
    if let made = open(path, plan, fingerprint) { return made }
    problem = "\(path) does not read as it was written"
    return nil
  }

  private enum FileFailure: Error {
    case system(String, Int32)
    case model(InferenceError)
  }

  private func open(_ path: String, _ plan: PackingPlan, _ fingerprint: Digest) -> PackedWeights? {
    guard let file = try? MappedFile(path: path), let header = PackedHeader(file),
      header.fingerprint == fingerprint, header.spans == PackedHeader.spans(plan)
    else { return nil }
    return PackedWeights(plan, file: file)
  }

  private func makeFolder() throws(FileFailure) {
    var made = ""
    for part in folder.split(separator: "/") {
      made += "/" + part
      guard mkdir(made, 0o700) == 0 || errno == EEXIST else { throw .system(made, errno) }
    }
  }

  private func write(
    _ plan: PackingPlan, fingerprint: Digest, modelPath: String, to path: String,
    pool: ThreadPool, progress: @Sendable (PackingProgress) -> Void
  ) throws(FileFailure) {
    let draft = "\(path).\(getpid())"
    let descriptor = Glibc.open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system(draft, errno) }
    var isWhole = false
    defer {
      close(descriptor)
      if !isWhole { unlink(draft) }
    }
    let dataEnd = PackedHeader.byteCount + plan.byteCount
    // All of it now: a write to a mapping that finds the disk full would end the process.
    let code = posix_fallocate(descriptor, 0, off_t(dataEnd))
    guard code == 0 else { throw .system(draft, code) }
    guard
      let mapping = mmap(nil, dataEnd, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      mapping != MAP_FAILED
    else { throw .system(draft, errno) }
    defer { munmap(mapping, dataEnd) }
    let digests: [Digest]
    do throws(InferenceError) {
      digests = try plan.pack(
        to: mapping + PackedHeader.byteCount, pool: pool, isHashed: true, progress: progress)
    } catch {
      throw .model(error)
    }
    let header = PackedHeader(
      fingerprint: fingerprint, modelPath: modelPath, plan: plan, digests: digests)
    let table = header.table
    mapping.copyMemory(from: header.page(table), byteCount: PackedHeader.byteCount)
    guard msync(mapping, dataEnd, MS_SYNC) == 0 else { throw .system(draft, errno) }
    guard pwrite(descriptor, table, table.count, off_t(dataEnd)) == table.count,
      fsync(descriptor) == 0, rename(draft, path) == 0
    else { throw .system(draft, errno) }
    isWhole = true
  }
}
