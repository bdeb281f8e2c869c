// InputText.swift — a text that is either typed on the command line or read from standard input.

import Glibc

extension Input {
  /// `word`, or for "-" all of standard input without its last line end.
  ///
  /// - Throws: A usage error for input that is no UTF-8 or has more than `bytesMax` bytes.
  static func text(_ word: String, bytesMax: Int) throws(CommandError) -> String {
    guard word == "-" else { return word }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw .usage("Standard input cannot be read: \(String(cString: strerror(errno))).")
      }
      guard count > 0 else { break }
      bytes += chunk[..<count]
      guard bytes.count <= bytesMax + 2 else {
        throw .usage("Standard input has more than \(bytesMax) bytes.")
      }
    }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .usage("Standard input is not UTF-8 text.")
    }
    return text
  }
}
