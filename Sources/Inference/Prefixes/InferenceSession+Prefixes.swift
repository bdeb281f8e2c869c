// InferenceSession+Prefixes.swift — a session's keys and values to the disk and back.

public import Base
import Digests
import Glibc

extension InferenceSession {
  /// Takes over the longest beginning of `prefix` that `store` has, where that is more than what is
  /// held in common with it already.
  ///
  /// A file that is damaged or not readable is as good as none.
  ///
  /// - Returns: Tokens that were taken over; 0 for none.
  @discardableResult
  public func restore(_ prefix: [TokenID], from store: PrefixStore) -> Int {
    let held = zip(tokens, prefix).prefix { $0 == $1 }.count
    let counts = Set(store.entries().map(\.tokenCount)).filter { $0 > held && $0 < prefix.count }
    for count in counts.sorted(by: >) where count <= contextLimit {
      let beginning = Array(prefix[..<count])
      let key = engine.prefixKey(beginning)
      guard read(store.path(count, key), key: key, count: count) else { continue }
      adopt(beginning)
      return count
    }
    return 0
  }

  /// Writes the first `count` of the tokens that are held.
  ///
  /// - Returns: False where there is no need or no way: the store has them, they are few or no longer
  ///   all there, the disk is full. Nothing is lost then but time.
  @discardableResult
  public func save(_ count: Int, to store: PrefixStore) -> Bool {
    guard count >= PrefixStore.tokenCountMin, count <= tokens.count, let state = state(of: count)
    else { return false }
    let key = engine.prefixKey(Array(tokens[..<count]))
    let path = store.path(count, key)
    guard access(path, F_OK) != 0 else { return false }
    let byteCount = state.reduce(0) { $0 + $1.count }
    guard store.makeRoom(PrefixHeader.byteCount + byteCount), makeFolder(store.folder) else {
      return false
    }
    let header = PrefixHeader(
      contentByteCount: byteCount, key: key, content: Self.digest(state))
    let draft = "\(path).\(getpid())"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    let isWritten =
      header.bytes.withUnsafeBytes { writeAll($0, descriptor) }
      && state.allSatisfy { writeAll(UnsafeRawBufferPointer($0), descriptor) }
    guard close(descriptor) == 0, isWritten, rename(draft, path) == 0 else {
      unlink(draft)
      return false
    }
    return true
  }

  /// Reads a file into the cache. What was held is gone, whatever comes of it.
  private func read(_ path: String, key: Digest, count: Int) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: PrefixHeader.byteCount)
    let isRead = bytes.withUnsafeMutableBytes { readAll($0, descriptor) }
    guard isRead, let header = PrefixHeader(bytes), header.key == key else { return false }
    forgetAll()
    guard let state = emptyState(of: count),
      header.contentByteCount == state.reduce(0, { $0 + $1.count }),
      state.allSatisfy({ readAll($0, descriptor) }), Self.digest(state) == header.content
    else {
      forgetAll()
      return false
    }
    // The time of last use, which says what may go.
    futimens(descriptor, nil)
    return true
  }

  private static func digest(_ state: [UnsafeMutableRawBufferPointer]) -> Digest {
    var hash = SHA256()
    for part in state { hash.update(UnsafeRawBufferPointer(part)) }
    return hash.finish()
  }

  private func makeFolder(_ path: String) -> Bool {
    var made = ""
    for part in path.split(separator: "/") {
      made += "/" + part
      guard mkdir(made, 0o700) == 0 || errno == EEXIST else { return false }
    }
    return true
  }
}

private func writeAll(_ bytes: UnsafeRawBufferPointer, _ descriptor: Int32) -> Bool {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return false }
    rest = rest.dropFirst(count)
  }
  return true
}

private func readAll(_ bytes: UnsafeMutableRawBufferPointer, _ descriptor: Int32) -> Bool {
  var rest = bytes[...]
  while !rest.isEmpty {
    let part = UnsafeMutableRawBufferPointer(rebasing: rest)
    let count = Glibc.read(descriptor, part.baseAddress, part.count)
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return false }
    rest = rest.dropFirst(count)
  }
  return true
}

extension InferenceEngine {
  /// A digest of some tokens and of all that their keys and values depend on.
  func prefixKey(_ tokens: [TokenID]) -> Digest {
    var hash = SHA256()
    hash.update(fingerprint.bytes)
    hash.update(Array("\(precision.rawValue) \(options.kvFormat.rawValue) \(tokens.count)\n".utf8))
    tokens.withUnsafeBytes { hash.update($0) }
    return hash.finish()
  }
}
