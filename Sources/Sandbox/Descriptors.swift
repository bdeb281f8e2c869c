// Descriptors.swift — file descriptors that close themselves, and reads that end.

import CSandbox
import Glibc

/// A descriptor that this object owns and closes.
final class Descriptor: Sendable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { close(number) }
}

/// The rest of a file, at most `byteCountMax` bytes of it; nil with `errno` set where reading fails.
func readAll(_ file: Int32, byteCountMax: Int) -> [UInt8]? {
  var bytes: [UInt8] = []
  while bytes.count < byteCountMax {
    let room = min(64 << 10, byteCountMax - bytes.count)
    var failed = false
    let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      var got = read(file, buffer.baseAddress, room)
      while got < 0, errno == EINTR { got = read(file, buffer.baseAddress, room) }
      failed = got < 0
      count = max(got, 0)
    }
    if failed { return nil }
    if chunk.isEmpty { break }
    bytes += chunk
  }
  return bytes
}

/// A small text file of /proc, /sys or /sys/fs/cgroup; nil where it cannot be read.
func readText(_ path: String, byteCountMax: Int = 64 << 10) -> String? {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  return readAll(file, byteCountMax: byteCountMax).map { String(decoding: $0, as: UTF8.self) }
}

/// Writes all of `bytes`; false with `errno` set where that fails.
func writeAll(_ file: Int32, _ bytes: [UInt8]) -> Bool {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return false }
    rest = rest.dropFirst(count)
  }
  return true
}
