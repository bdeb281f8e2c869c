// FileBytes.swift — a vocabulary file, read whole.

import Glibc

enum FileBytes {
  /// The published tokenizer.json has 27.9 MB.
  static let bytesMax = 256 << 20

  static func read(_ path: String) throws(TokenizerError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotRead(path: path, errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .cannotRead(path: path, errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .cannotRead(path: path, errno: EISDIR) }
    let size = Int(status.st_size)
    guard size <= bytesMax else {
      throw .tooLarge(source: path, bytes: size, bytesMax: bytesMax)
    }
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let got = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { code = errno }
        guard got > 0 else { return }
        count += got
      }
    }
    guard code == 0 else { throw .cannotRead(path: path, errno: code) }
    return bytes
  }
}
