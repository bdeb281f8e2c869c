// PrefixStore.swift — keys and values of prompts' beginnings on the disk, for the next process.
//
// A file is named by how many tokens it is for and by a digest of them and of everything else that
// the numbers depend on: weights, precision, form of the cache. Logits after a restored prefix are
// the same bits as after a computed one. Whoever reads such a file could learn what was said, so only
// the user may.

import Base
import Digests
import Glibc
import ModelFiles

/// A folder of snapshots, bounded in size: the least recently used go first.
public struct PrefixStore: Equatable, Sendable {
  public let folder: String
  /// Bytes of all files together.
  public let byteCountMax: Int

  public init(folder: String, byteCountMax: Int = 2 << 30) {
    self.folder = folder
    self.byteCountMax = byteCountMax
  }

  /// Prefixes shorter than this are computed faster than they are worth a file.
  static let tokenCountMin = 64

  /// One file of the folder.
  struct Entry {
    let path: String
    let tokenCount: Int
    let byteCount: Int
    /// When it was last written or read, in nanoseconds since 1970.
    let used: Int
  }

  private static let suffix = ".prefix"

  func path(_ tokenCount: Int, _ digest: Digest) -> String {
    "\(folder)/\(tokenCount)-\(digest.hex.prefix(32))\(Self.suffix)"
  }

  func entries() -> [Entry] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var entries: [Entry] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name.hasSuffix(Self.suffix), let count = Int(name.prefix { $0 != "-" }) else {
        continue
      }
      var status = stat()
      guard stat(folder + "/" + name, &status) == 0 else { continue }
      entries.append(
        Entry(
          path: folder + "/" + name, tokenCount: count, byteCount: Int(status.st_size),
          used: status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec))
    }
    return entries
  }

  /// Makes room for a file of `byteCount` bytes. False where it never fits.
  func makeRoom(_ byteCount: Int) -> Bool {
    guard byteCount <= byteCountMax else { return false }
    var entries = entries().sorted { $0.used > $1.used }
    var total = entries.reduce(byteCount) { $0 + $1.byteCount }
    while total > byteCountMax, let oldest = entries.popLast() {
      unlink(oldest.path)
      total -= oldest.byteCount
    }
    return true
  }

  /// Removes every file, as when something that was said is to be forgotten. Returns how many.
  @discardableResult
  public func removeAll() -> Int { entries().count { unlink($0.path) == 0 } }
}

/// The first bytes of a file: magic, bytes behind it, a digest that says what it is for, and a
/// digest of the bytes.
struct PrefixHeader {
  static let byteCount = 88
  private static let magic = Array("MARTLET PREFIX 1".utf8)

  let contentByteCount: Int
  let key: Digest
  let content: Digest

  init(contentByteCount: Int, key: Digest, content: Digest) {
    self.contentByteCount = contentByteCount
    self.key = key
    self.content = content
  }

  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount, bytes.starts(with: Self.magic),
      let key = Digest(bytes: Array(bytes[24..<56])),
      let content = Digest(bytes: Array(bytes[56..<88]))
    else { return nil }
    let raw = bytes[16..<24].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    contentByteCount = Int(clamping: raw)
    self.key = key
    self.content = content
  }

  var bytes: [UInt8] {
    let count = withUnsafeBytes(of: UInt64(contentByteCount).littleEndian) { Array($0) }
    return Self.magic + count + key.bytes + content.bytes
  }
}
